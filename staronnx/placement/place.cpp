#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
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

constexpr double kNoLimit = std::numeric_limits<double>::infinity();
constexpr double kProved = 1e-9;  // relative: a bound this near proves

Error refused(std::string message) {
  return {ErrorCode::invalid_argument, std::move(message)};
}

struct Found {
  Cut cut;
  CutWorth worth;
  PlacementMethod method = PlacementMethod::order;
};

// One question on its way through the methods.
class Placing {
 public:
  Placing(const PlacementProblem& problem, const SegmentLimits& segments, const PlacementOptions& options)
      : problem_(problem), segments_(segments), options_(options), deadline_(Deadline::after(options.time_limit, Clock::now())) {}

  Result<Placement> run() {
    if (wanted(PlacementMethod::metis))
      consider(best_metis_cut(problem_, segments_, options_.seed, deadline_), PlacementMethod::metis);
    if (wanted(PlacementMethod::order)) search_orders();
    if (!found_) consider(cut_of_given_order(), PlacementMethod::order);
    if (!found_) return refused("no cut was found that gives every node a processor that can run it");
    if (wanted(PlacementMethod::exact)) {
      if (Status answered = search_exactly(); !answered) return answered.error();
    }
    return placement();
  }

  const Cut& cut() const { return found_->cut; }

 private:
  bool wanted(PlacementMethod method) const { return options_.method == PlacementMethod::best || options_.method == method; }

  void consider(std::optional<Cut> cut, PlacementMethod method) {
    if (!cut) return;
    const CutWorth worth = worth_of(problem_, *cut);
    if (!found_ || worth < found_->worth) found_ = {*std::move(cut), worth, method};
  }

  std::optional<Cut> cut_of_given_order() const {
    std::vector<std::uint32_t> order(problem_.nodes());
    std::iota(order.begin(), order.end(), 0U);
    const std::size_t ends = std::max<std::size_t>(segments_.least, 200);
    return best_intervals(problem_, segments_, order, ends, kNoLimit);
  }

  // A cut place costs a pass over the nodes behind it, some ns each.
  void search_orders() {
    constexpr std::size_t kMostEnds = 2'000, kMostOrders = 50, kStepsInAll = 400'000'000;
    const std::size_t ends = std::min(std::max(kMostEnds, segments_.least), problem_.nodes());
    const std::size_t count = std::clamp<std::size_t>(kStepsInAll / (ends * problem_.nodes()), 2, kMostOrders);
    for (const std::vector<std::uint32_t>& order : some_orders(problem_, count, options_.seed)) {
      if (deadline_.passed(Clock::now())) return;
      std::optional<Cut> cut = best_intervals(problem_, segments_, order, ends, found_ ? found_->worth.period : kNoLimit);
      if (cut) consider(improve(problem_, *std::move(cut)), PlacementMethod::order);
    }
  }

  Status search_exactly() {
    ExactAnswer answer = exact_cut(problem_, segments_, found_->worth.period, deadline_);
    exact_is_complete_ = answer.complete;
    if (!answer.complete && options_.method == PlacementMethod::exact) {
      return Error{ErrorCode::unsupported,
                   "the graph has too many down-sets to try all cuts in this time; use the method 'best'"};
    }
    if (options_.method == PlacementMethod::exact) found_.reset();  // it led the way; exact found one at least as good
    consider(std::move(answer.cut), PlacementMethod::exact);
    return {};
  }

  Placement placement() {
    Placement result;
    result.period = found_->worth.period;
    result.lone_latency = found_->worth.lone_latency;
    result.transferred = found_->worth.transferred;
    result.method = found_->method;
    result.proved_optimal = exact_is_complete_;
    result.lower_bound = exact_is_complete_ ? result.period : period_bound(problem_, found_->cut, bound_deadline());
    if (result.period <= result.lower_bound * (1 + kProved)) result.proved_optimal = true;
    return result;
  }

  // The bound gets some time even where the methods took all of theirs.
  Deadline bound_deadline() const { return std::max(deadline_, Deadline::after(options_.time_limit / 10, Clock::now())); }

  const PlacementProblem& problem_;
  const SegmentLimits& segments_;
  const PlacementOptions& options_;
  Deadline deadline_;
  std::optional<Found> found_;
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

Result<Placement> place_contracted(const PlacementProblem& problem, const Contracted& contracted, const SegmentLimits& segments,
                                   const PlacementOptions& options) {
  Placing placing(contracted.problem, segments, options);
  Result<Placement> result = placing.run();
  if (!result) return result;
  const Cut cut = expand(problem, contracted, placing.cut());
  result->segment_of_node = cut.segment;
  result->segments = segments_of(problem, cut);
  return result;
}

}  // namespace

std::size_t PlacementProblem::processors() const {
  std::size_t sum = 0;
  for (const ProcessorClass& one : classes) sum += one.count;
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
    for (const ProcessorClass& one : problem.classes) {
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

Result<Placement> place(const PlacementProblem& given, const PlacementOptions& options) {
  if (Status valid = check(given); !valid) return valid.error();
  if (Status possible = check_segments(given, options); !possible) return possible.error();
  PlacementProblem problem = given;
  std::erase_if(problem.classes, [](const ProcessorClass& one) { return one.count == 0; });
  const std::size_t most = options.segments.value_or(std::min(problem.processors(), problem.nodes()));
  Result<Placement> result = place_contracted(problem, reduce(problem), {1, most}, options);
  if (options.segments && (!result || result->segments.size() < most)) {
    // A node that takes no time may then be worth a segment of its own, so nothing is contracted.
    result = place_contracted(problem, unchanged(problem), {most, most}, options);
  }
  if (!result) return result;
  for (PlacedSegment& segment : result->segments) segment.processor_class = position_of(given, segment.processor_class);
  return result;
}

}  // namespace staronnx
