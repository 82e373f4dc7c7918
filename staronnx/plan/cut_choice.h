// Which cut into k segments to keep: of the best by prediction, the best by measurement; private to this room.
#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "staronnx/base/deadline.h"
#include "staronnx/placement/placement.h"
#include "staronnx/plan/segment_costs.h"
#include "staronnx/plan/study.h"

namespace staronnx {

struct CandidateCut {
  Partition partition;
  std::string method;            // that found it: "metis", "order", "exact"
  double period_over_bound = 1;  // by node times: of the busiest of k equal processors, over the lower bound
};

// The ten best different cuts by node times for k >= 2 equal processors, best first, of those that place_candidates() and METIS with
// nearly even shares find. A tensor that crosses costs its sender and its receiver a copy in memory.
Result<std::vector<CandidateCut>> candidate_cuts(const Study& study, std::size_t k, unsigned seed);

struct CutChoice {
  CandidateCut cut;
  std::size_t measured = 0;  // candidates that were built and timed
};

// Builds the candidates in `directory`, in their order until the budget is spent, times them on one core each while the other
// cores are busy, and takes the one whose slowest segment is fastest (without any time, the first). Leaves no files there. The choice is remembered for `budget`.
Result<CutChoice> choose_cut(const Study& study, std::vector<CandidateCut> candidates, SegmentCosts& costs,
                             const std::filesystem::path& directory, Seconds budget,
                             const std::function<void(const std::string&)>& progress);

}  // namespace staronnx
