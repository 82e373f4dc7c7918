#include <algorithm>
#include <cmath>
#include <optional>

#include "staronnx/placement/bound.h"
#include "staronnx/placement/contract.h"
#include "staronnx/placement/exact.h"
#include "staronnx/placement/improve.h"
#include "staronnx/placement/metis_sweep.h"
#include "staronnx/placement/order_search.h"
#include "staronnx/placement/placement.h"

namespace staronnx {
namespace {

constexpr double kProved = 1e-9;  // relative: a bound this near proves

Error refused(std::string message) {
  return {ErrorCode::invalid_argument, std::move(message)};
}

// One question on its way through the methods.
class Placing {
 public:
  Placing(const PlacementProblem& problem, const SegmentLimits& segments, const PlacementOptions& options, std::size_t most)
      : problem_(problem),
        segments_(segments),
        options_(options),
        deadline_(Deadline::after(options.time_limit, Clock::now())),
        pool_(problem, most) {}

  // The best cuts, with what is known of the first.
  Status run() {
    if (wanted(PlacementMethod::metis)) add_metis_cuts(problem_, segments_, options_.seed, deadline_, pool_);
    if (wanted(PlacementMethod::order)) search_orders();
    if (pool_.empty()) search_given_order();
    if (pool_.empty()) return refused("no cut was found that gives every node a processor that can run it");
    return wanted(PlacementMethod::exact) ? search_exactly() : Status();
  }

  // The cuts found with one node moved, as far as there is time: others as good may be among them.
  void add_neighbours() {
    const std::vector<CutPool::Found> found = pool_.found();
    for (const CutPool::Found& one : found) {
      visit_neighbours(problem_, one.cut, [&](Cut cut) {
        pool_.add(std::move(cut), one.method);
        return !deadline_.passed(Clock::now());
      });
    }
  }

  const std::vector<CutPool::Found>& found() const { return pool_.found(); }

  // Of the best cut.
  double lower_bound() const {
    return exact_is_complete_ ? pool_.found()[0].worth.period : period_bound(problem_, pool_.found()[0].cut, bound_deadline());
  }

 private:
  bool wanted(PlacementMethod method) const { return options_.method == PlacementMethod::best || options_.method == method; }

  void search_given_order() {
    const std::vector<std::uint32_t> order = some_orders(problem_, 1, options_.seed).front();
    std::optional<Cut> cut =
        best_intervals(problem_, segments_, order, std::max<std::size_t>(segments_.least, 200), pool_.limit());
    if (cut) pool_.add(*std::move(cut), PlacementMethod::order);
  }

  // A cut place costs a pass over the nodes behind it, some ns each.
  void search_orders() {
    constexpr std::size_t kMostEnds = 2'000, kMostOrders = 50, kStepsInAll = 400'000'000;
    const std::size_t ends = std::min(std::max(kMostEnds, segments_.least), problem_.nodes());
    const std::size_t count = std::clamp<std::size_t>(kStepsInAll / (ends * problem_.nodes()), 2, kMostOrders);
    for (const std::vector<std::uint32_t>& order : some_orders(problem_, count, options_.seed)) {
      if (deadline_.passed(Clock::now())) return;
      std::optional<Cut> cut = best_intervals(problem_, segments_, order, ends, pool_.limit());
      if (cut) pool_.add(improve(problem_, *cut), PlacementMethod::order);
    }
  }

  Status search_exactly() {
    ExactAnswer answer = exact_cut(problem_, segments_, pool_.found()[0].worth.period, deadline_);
    exact_is_complete_ = answer.complete;
    if (!answer.complete && options_.method == PlacementMethod::exact) {
      return Error{ErrorCode::unsupported,
                   "the graph has too many down-sets to try all cuts in this time; use the method 'best'"};
    }
    if (options_.method == PlacementMethod::exact) pool_.clear();  // it led the way; exact found one at least as good
    if (answer.cut) pool_.add(*std::move(answer.cut), PlacementMethod::exact);
    return {};
  }

  // The bound gets some time even where the methods took all of theirs.
  Deadline bound_deadline() const { return std::max(deadline_, Deadline::after(options_.time_limit / 10, Clock::now())); }

  const PlacementProblem& problem_;
  const SegmentLimits& segments_;
  const PlacementOptions& options_;
  Deadline deadline_;
  CutPool pool_;
  bool exact_is_complete_ = false;
};

// Segments numbered, each on the next free processor of its class.
std::vector<PlacedSegment> segments_of(const PlacementProblem& problem, const Cut& cut) {
  std::vector<std::size_t> used(problem.classes.size());
  std::vector<PlacedSegment> segments;
  const std::vector<SegmentLoad> loads = loads_of(problem, cut);
  for (std::size_t s = 0; s < loads.size(); ++s) {
    const std::size_t c = cut.of_class[s];
    const bool pays = problem.classes[c].pays_transfers;
    segments.push_back(
        {c, used[c]++, {loads[s].compute, pays ? loads[s].in : 0, pays ? loads[s].out : 0}, busy_time(problem, c, loads[s])});
  }
  return segments;
}

// Of the class that is `number`th among those that have processors.
std::size_t position_of(const PlacementProblem& problem, std::size_t number) {
  std::size_t position = 0;
  while (problem.classes[position].count == 0 || number-- > 0) ++position;
  return position;
}

Status check_segments(const PlacementProblem& problem, const PlacementOptions& options) {
  if (!options.segments) return {};
  const std::string asked = "cannot make " + std::to_string(*options.segments) + " segments: ";
  if (*options.segments == 0) return refused(asked + "there is at least one");
  if (*options.segments > problem.nodes()) {
    return refused(asked + "the graph has " + std::to_string(problem.nodes()) + " nodes to divide; ask for fewer segments");
  }
  if (*options.segments > problem.processors()) {
    return refused(asked + "each needs a processor of its own, and there are " + std::to_string(problem.processors()));
  }
  return {};
}

Status check_tensors(const PlacementProblem& problem) {
  for (const PlacementTensor& tensor : problem.tensors) {
    const bool forward = !tensor.consumers.empty() && tensor.producer < tensor.consumers.front() &&
                         std::is_sorted(tensor.consumers.begin(), tensor.consumers.end()) &&
                         tensor.consumers.back() < problem.nodes();
    if (!forward)
      return refused("a tensor of node " + std::to_string(tensor.producer) + " does not go forward to nodes of the graph");
    if (!(std::isfinite(tensor.transfer) && tensor.transfer >= 0)) {
      return refused("a tensor of node " + std::to_string(tensor.producer) +
                     " has a transfer time that is negative or not a number");
    }
  }
  return {};
}

Placement placement_of(const PlacementProblem& problem, const Contracted& contracted, const CutPool::Found& found) {
  const Cut cut = expand(problem, contracted, found.cut);
  Placement placement;
  placement.segment_of_node = cut.segment;
  placement.segments = segments_of(problem, cut);
  placement.period = found.worth.period;
  placement.lone_latency = found.worth.lone_latency;
  placement.transferred = found.worth.transferred;
  placement.method = found.method;
  return placement;
}

Result<std::vector<Placement>> place_contracted(const PlacementProblem& problem, const Contracted& contracted,
                                                const SegmentLimits& segments, const PlacementOptions& options,
                                                std::size_t most) {
  Placing placing(contracted.problem, segments, options, most);
  if (Status searched = placing.run(); !searched) return searched.error();
  if (most > 1) placing.add_neighbours();
  std::vector<Placement> placements;
  for (const CutPool::Found& found : placing.found()) placements.push_back(placement_of(problem, contracted, found));
  const double bound = placing.lower_bound();
  for (Placement& placement : placements) placement.lower_bound = bound;
  placements[0].proved_optimal = placements[0].period <= bound * (1 + kProved);
  return placements;
}

}  // namespace

std::size_t PlacementProblem::processors() const {
  std::size_t sum = 0;
  for (const DeviceClass& one : classes) sum += one.count;
  return sum;
}

Status check(const PlacementProblem& problem) {
  if (problem.classes.empty() || problem.classes.size() > PlacementProblem::kMaxClasses) {
    return refused("a placement needs 1 to " + std::to_string(PlacementProblem::kMaxClasses) + " processor classes");
  }
  if (problem.processors() == 0) return refused("there is no processor to place the graph on");
  if (problem.nodes() == 0) return refused("the graph has no nodes");
  for (std::size_t node = 0; node < problem.nodes(); ++node) {
    bool runs = false;
    for (const DeviceClass& one : problem.classes) {
      if (one.time.size() != problem.nodes()) return refused("class " + one.name + " does not have a time for each node");
      if (!(one.time[node] >= 0)) return refused("node " + std::to_string(node) + " has a time that is negative or not a number");
      runs = runs || (one.count > 0 && std::isfinite(one.time[node]));
    }
    if (!runs) return refused("node " + std::to_string(node) + " can run on none of the processors");
  }
  return check_tensors(problem);
}

Result<PlacementMethod> parse_placement_method(std::string_view name) {
  for (const PlacementMethod method :
       {PlacementMethod::metis, PlacementMethod::order, PlacementMethod::exact, PlacementMethod::best}) {
    if (name == to_string(method)) return method;
  }
  return refused("no method '" + std::string(name) + "'; choose one of: metis, order, exact, best");
}

std::string_view to_string(PlacementMethod method) {
  switch (method) {
    case PlacementMethod::metis: return "metis";
    case PlacementMethod::order: return "order";
    case PlacementMethod::exact: return "exact";
    case PlacementMethod::best: break;
  }
  return "best";
}

Result<Placement> place(const PlacementProblem& problem, const PlacementOptions& options) {
  Result<std::vector<Placement>> placements = place_candidates(problem, options, 1);
  if (!placements) return placements.error();
  return std::move(placements->front());
}

Result<std::vector<Placement>> place_candidates(const PlacementProblem& given, const PlacementOptions& options,
                                                std::size_t most) {
  if (Status valid = check(given); !valid) return valid.error();
  if (Status possible = check_segments(given, options); !possible) return possible.error();
  PlacementProblem problem = given;
  std::erase_if(problem.classes, [](const DeviceClass& one) { return one.count == 0; });
  const std::size_t segments = options.segments.value_or(std::min(problem.processors(), problem.nodes()));
  Result<std::vector<Placement>> result = place_contracted(problem, reduce(problem), {1, segments}, options, most);
  if (options.segments && (!result || result->front().segments.size() < segments)) {
    // A node that takes no time may then be worth a segment of its own, so nothing is contracted.
    result = place_contracted(problem, unchanged(problem), {segments, segments}, options, most);
  }
  if (!result) return result;
  if (options.segments) std::erase_if(*result, [&](const Placement& one) { return one.segments.size() < segments; });
  for (Placement& placement : *result) {
    for (PlacedSegment& segment : placement.segments) segment.processor_class = position_of(given, segment.processor_class);
  }
  return result;
}

}  // namespace staronnx
