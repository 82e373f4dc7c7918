#include "staronnx/placement/down_sets.h"

#include <string_view>
#include <unordered_map>

#include "staronnx/placement/cut.h"

namespace staronnx {
namespace {

using Bits = std::vector<std::uint64_t>;

std::string_view key_of(const Bits& bits) {
  return {reinterpret_cast<const char*>(bits.data()), bits.size() * sizeof(bits[0])};
}

class Enumeration {
 public:
  Enumeration(const PlacementProblem& problem, std::size_t most) : problem_(problem), adjacency_(problem), most_(most) {}

  // Level by level: a down-set of n nodes is found from those of n - 1.
  std::optional<DownSets> run() {
    result_.words = (problem_.nodes() + 63) / 64;
    result_.members.resize(result_.words);
    result_.steps.emplace_back();
    std::size_t level_begin = 0;
    for (std::size_t size = 0; size < problem_.nodes(); ++size) {
      const std::size_t level_end = result_.count();
      known_.clear();
      for (std::size_t at = level_begin; at < level_end; ++at) extend(at);
      if (result_.count() > most_) return std::nullopt;
      level_begin = level_end;
    }
    return std::move(result_);
  }

 private:
  void extend(std::size_t from) {
    Bits bits(result_.members.begin() + static_cast<std::ptrdiff_t>(from * result_.words),
              result_.members.begin() + static_cast<std::ptrdiff_t>((from + 1) * result_.words));
    for (std::uint32_t node = 0; node < problem_.nodes(); ++node) {
      if (result_.has(from, node) || !is_next(from, node)) continue;
      bits[node / 64] ^= 1ULL << (node % 64);
      const auto [found, is_new] = known_.try_emplace(std::string(key_of(bits)), static_cast<std::uint32_t>(result_.count()));
      if (is_new) {
        result_.members.insert(result_.members.end(), bits.begin(), bits.end());
        result_.steps.emplace_back();
      }
      result_.steps[from].push_back({node, found->second});
      bits[node / 64] ^= 1ULL << (node % 64);
      if (result_.count() > most_) return;
    }
  }

  bool is_next(std::size_t from, std::uint32_t node) const {
    for (const std::uint32_t t : adjacency_.reads[node]) {
      if (!result_.has(from, problem_.tensors[t].producer)) return false;
    }
    return true;
  }

  const PlacementProblem& problem_;
  Adjacency adjacency_;
  std::size_t most_;
  DownSets result_;
  std::unordered_map<std::string, std::uint32_t> known_;  // of the level being found
};

}  // namespace

std::optional<DownSets> down_sets_of(const PlacementProblem& problem, std::size_t most) {
  return Enumeration(problem, most).run();
}

}  // namespace staronnx
