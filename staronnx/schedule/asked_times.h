// What tasks are expected to take, asked for once in a decision: it compares every place for every task, several times over, and many cores make
// many places of few kinds.
//
// With 62 cores and two GPUs (124 places of eight kinds) and a plan of nine variants, choosing a variant took 270 us at a third of the machine's rate, 90 of
// them with this, and 45 since places are passed over whose run alone would cost more than the best so far.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <memory_resource>
#include <vector>

#include "staronnx/base/units.h"
#include "staronnx/schedule/prepared_variant.h"

namespace staronnx {

class AskedTimes {
 public:
  // Data comes from memories with smaller numbers than that.
  AskedTimes(std::size_t memories, std::pmr::memory_resource* memory) : memories_(memories), chains_(memory), times_(memory) {}

  // Tasks for the segments of a variant, which outlives it, from one on. Chains are numbered as they come.
  void add_chain(const PreparedVariant& variant, std::size_t first) {
    const std::size_t kinds = variant.segments[0]->kinds();
    chains_.push_back({&variant, first, times_.size()});
    times_.resize(times_.size() + (variant.segments.size() - first) * memories_ * kinds, kNotAsked);
  }

  // `ask(variant, segment)`: what the segment takes there with data from that memory; equally long in all places of a kind.
  template <class Ask>
  Microseconds of(std::size_t chain, std::size_t task, std::size_t place, unsigned from, const Ask& ask) {
    const auto& [variant, first, begin] = chains_[chain];
    const PreparedSegment& segment = *variant->segments[first + task];
    Microseconds& time = times_[begin + (task * memories_ + from) * segment.kinds() + segment.kind(place)];
    if (std::isnan(time.count())) time = ask(*variant, first + task);
    return time;
  }

 private:
  static constexpr Microseconds kNotAsked{std::numeric_limits<double>::quiet_NaN()};

  struct Chain {
    const PreparedVariant* variant;
    std::size_t first, begin;  // its first segment, and its first time
  };

  std::size_t memories_;
  std::pmr::vector<Chain> chains_;
  std::pmr::vector<Microseconds> times_;  // by task, memory, kind of place
};

}  // namespace staronnx
