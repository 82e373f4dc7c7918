#include "staronnx/plan/cut_choice.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "staronnx/plan/variants.h"

namespace staronnx {
namespace {

constexpr std::size_t kCandidates = 10;

// Copies within a machine's memory: 10 GB/s (11.4 on the machine of docs/performance.md, by `staronnx machine`).
constexpr double kBytesPerMicrosecond = 10'000;

PlacementProblem problem_of(const Study& study, std::size_t k) {
  PlacementProblem problem{{{"cpu", k, true, {}}}, {}, false};
  const Weights weights = study.weights();
  problem.classes[0].time = weights.of_node;
  for (std::size_t t = 0; t < study.graph.tensors().size(); ++t) {
    const GraphTensor& tensor = study.graph.tensors()[t];
    PlacementTensor placed{
        static_cast<std::uint32_t>(index(tensor.producer)), {}, static_cast<double>(weights.of_tensor[t]) / kBytesPerMicrosecond};
    for (const NodeId consumer : tensor.consumers) placed.consumers.push_back(static_cast<std::uint32_t>(index(consumer)));
    problem.tensors.push_back(std::move(placed));
  }
  return problem;
}

Partition partition_of(const Placement& placement) {
  Partition partition{placement.segments.size(), {}};
  for (const std::uint32_t segment : placement.segment_of_node) partition.of_node.push_back(SegmentId{segment});
  return partition;
}

std::vector<std::uint32_t> segments_of(const Partition& partition) {
  std::vector<std::uint32_t> segments;
  for (const SegmentId segment : partition.of_node) segments.push_back(static_cast<std::uint32_t>(index(segment)));
  return segments;
}

// Targets for METIS, which looks for few bytes near them: even, tilted, and with a lighter or heavier middle.
std::vector<Shares> nearly_even(std::size_t k) {
  std::vector<Shares> all;
  for (const double change : {0.0, 0.03, -0.03, 0.06, -0.06}) {
    Shares tilted = Shares::even(k), bent = Shares::even(k);
    const double middle = static_cast<double>(k - 1) / 2;
    for (std::size_t s = 0; s < k; ++s) {
      const double from_middle = (static_cast<double>(s) - middle) / middle;  // -1 to 1
      tilted.of_work[s] *= 1 + change * from_middle;
      bent.of_work[s] *= 1 + change * (0.5 - std::abs(from_middle));
    }
    all.push_back(std::move(tilted));
    if (k > 2 && change != 0) all.push_back(std::move(bent));
  }
  for (Shares& shares : all) {
    const double sum = std::accumulate(shares.of_work.begin(), shares.of_work.end(), 0.0);
    for (double& share : shares.of_work) share /= sum;
  }
  return all;
}

Microseconds measured_period(const CutTimes& times) {
  Microseconds period{};
  for (const CpuTimes& segment : times.segments) period = std::max(period, segment.busy.at(1));
  return period;
}

// All that the choice depends on.
std::string question_of(const std::vector<CandidateCut>& candidates, Seconds budget) {
  std::string question = "choice within " + std::to_string(budget.count()) + " s:";
  for (const CandidateCut& candidate : candidates) {
    question += ' ';
    for (const SegmentId segment : candidate.partition.of_node) question += std::to_string(index(segment)) + ",";
  }
  return question;
}

}  // namespace

Result<std::vector<CandidateCut>> candidate_cuts(const Study& study, std::size_t k, unsigned seed) {
  const PlacementProblem problem = problem_of(study, k);
  Result<std::vector<Placement>> placements =
      place_candidates(problem, {PlacementMethod::best, k, Seconds(5), seed}, kCandidates);
  if (!placements) return placements.error();
  const double bound = placements->front().lower_bound;
  std::vector<CandidateCut> candidates;
  for (const Placement& placement : *placements) {
    candidates.push_back(
        {partition_of(placement), std::string(to_string(placement.method)), bound > 0 ? placement.period / bound : 1});
  }
  const Weights weights = study.weights();
  for (const Shares& shares : nearly_even(k)) {
    Result<Partition> cut = partition(study.graph, weights, shares, seed);
    if (!cut) return cut.error();
    const auto is_known = [&](const CandidateCut& candidate) { return candidate.partition == *cut; };
    if (std::ranges::any_of(candidates, is_known)) continue;
    const double period = period_of(problem, segments_of(*cut), std::vector<std::uint32_t>(k, 0));
    candidates.push_back({*std::move(cut), "metis", bound > 0 ? period / bound : 1});
  }
  std::ranges::stable_sort(candidates, {}, &CandidateCut::period_over_bound);
  if (candidates.size() > kCandidates) candidates.resize(kCandidates);
  return candidates;
}

Result<CutChoice> choose_cut(const Study& study, std::vector<CandidateCut> candidates, SegmentCosts& costs,
                             const std::filesystem::path& directory, Seconds budget,
                             const std::function<void(const std::string&)>& progress) {
  const std::string question = question_of(candidates, budget), question_of_count = question + " measured";
  const std::optional<std::size_t> known = costs.remembered(question), count = costs.remembered(question_of_count);
  if (known && count && *known < candidates.size()) return CutChoice{std::move(candidates[*known]), *count};

  const Deadline deadline = Deadline::after(budget, Clock::now());
  const std::size_t k = candidates.front().partition.segments;
  Microseconds best{std::numeric_limits<double>::infinity()};
  std::size_t chosen = 0, measured = 0;
  for (; measured < candidates.size() && !deadline.passed(Clock::now()); ++measured) {
    progress("measuring cut " + std::to_string(measured + 1) + " of " + std::to_string(candidates.size()) + " into " +
             std::to_string(k));
    Result<Variant> built = build_variant(study, "candidate", candidates[measured].partition, Shares::even(k), directory);
    if (!built) return built.error();
    Result<CutTimes> times = costs.measure(*built, {1});
    remove_variant(*built, directory);
    if (!times) return times.error();
    if (measured_period(*times) < best) best = measured_period(*times), chosen = measured;
  }
  costs.remember(question, chosen);
  costs.remember(question_of_count, measured);
  return CutChoice{std::move(candidates[chosen]), measured};
}

}  // namespace staronnx
