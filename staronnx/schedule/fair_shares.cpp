#include "staronnx/schedule/fair_shares.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

namespace staronnx {

double FairShares::start_of(std::size_t pipeline) const {
  const auto found = finished_.find(pipeline);
  return found == finished_.end() ? now_ : std::max(now_, found->second);
}

std::pmr::vector<std::size_t> FairShares::order(std::span<const Claim> claims, std::pmr::memory_resource* memory) const {
  std::pmr::vector<double> starts(memory);
  std::pmr::map<std::size_t, double> next(memory);  // start of its next task, by pipeline
  for (const Claim& claim : claims) {
    double& start = next.try_emplace(claim.pipeline, start_of(claim.pipeline)).first->second;
    starts.push_back(start);
    start += claim.time.count() / claim.share;
  }
  std::pmr::vector<std::size_t> order(claims.size(), memory);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t claim) { return std::tuple(claims[claim].beyond, starts[claim], claim); });
  return order;
}

void FairShares::started(const Claim& claim) {
  const double start = start_of(claim.pipeline);
  now_ = std::max(now_, start);
  finished_[claim.pipeline] = start + claim.time.count() / claim.share;
  for (auto entry = finished_.begin(); entry != finished_.end();) {
    entry = entry->second <= now_ ? finished_.erase(entry) : std::next(entry);
  }
}

}  // namespace staronnx
