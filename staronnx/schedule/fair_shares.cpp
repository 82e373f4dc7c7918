#include "staronnx/schedule/fair_shares.h"

#include <algorithm>
#include <numeric>

namespace staronnx {

double FairShares::start_of(std::size_t pipeline) const {
  const auto found = finished_.find(pipeline);
  return found == finished_.end() ? now_ : std::max(now_, found->second);
}

std::vector<std::size_t> FairShares::order(std::span<const Claim> claims) const {
  std::vector<double> starts;
  std::map<std::size_t, double> next;  // start of its next task, by pipeline
  for (const Claim& claim : claims) {
    double& start = next.try_emplace(claim.pipeline, start_of(claim.pipeline)).first->second;
    starts.push_back(start);
    start += claim.time.count() / claim.share;
  }
  std::vector<std::size_t> order(claims.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t claim) { return starts[claim]; });
  return order;
}

void FairShares::started(const Claim& claim) {
  const double start = start_of(claim.pipeline);
  now_ = std::max(now_, start);
  finished_[claim.pipeline] = start + claim.time.count() / claim.share;
  std::erase_if(finished_, [this](const auto& entry) { return entry.second <= now_; });
}

}  // namespace staronnx
