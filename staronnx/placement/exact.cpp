#include "staronnx/placement/exact.h"

#include <algorithm>
#include <limits>

#include "staronnx/placement/down_sets.h"
#include "staronnx/placement/growing_segment.h"
#include "staronnx/placement/used.h"

namespace staronnx {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr double kEqual = 1e-9;  // relative: sums of times in another order

// Looking at a pair of down-sets takes about 40 ns, so the search ends in some seconds.
constexpr std::size_t kMostPairs = 150'000'000;

// Finding the down-sets takes a few ns times nodes for each. The largest public graph that was tried has 37,000.
std::size_t most_down_sets(std::size_t nodes) {
  return std::min<std::size_t>(500'000, 400'000'000 / nodes);
}

// The best way to have done a down-set with some processors used.
struct Best {
  double period = kNever;
  std::uint32_t before = 0;    // the down-set before the last segment
  std::uint32_t of_class = 0;  // of the last segment
};

class Search {
 public:
  Search(const PlacementProblem& problem, const SegmentLimits& segments, const DownSets& sets, double limit,
         const Deadline& deadline)
      : problem_(problem),
        segments_(segments),
        sets_(sets),
        deadline_(deadline),
        used_(problem),
        segment_(problem),
        limit_(limit * (1 + kEqual)),
        best_(sets.count() * used_.states()),
        seen_(sets.count(), kNobody) {
    at(0, 0).period = 0;
  }

  ExactAnswer run() {
    for (std::size_t from = 0; from + 1 < sets_.count(); ++from) {
      if (pairs_ > kMostPairs || deadline_.passed(Clock::now())) return {false, answer()};
      end_from(from);
      if (may_continue(from)) grow_from(from);
    }
    return {true, answer()};
  }

 private:
  static constexpr std::uint32_t kNobody = 0xffffffff;

  struct Frame {
    std::uint32_t set = 0, node = 0;  // `node` was added last
    std::size_t next_step = 0;
    GrowingSegment::Loads before;  // it was
  };

  Best& at(std::size_t set, std::size_t state) { return best_[set * used_.states() + state]; }

  // All the rest as the last segment.
  void end_from(std::size_t from) {
    SegmentLoad rest;
    for (const PlacementTensor& tensor : problem_.tensors) {
      const auto is_outside = [&](std::uint32_t consumer) { return !sets_.has(from, consumer); };
      if (!is_outside(tensor.producer) && std::any_of(tensor.consumers.begin(), tensor.consumers.end(), is_outside)) {
        rest.in += tensor.transfer;
      }
    }
    for (std::size_t c = 0; c < problem_.classes.size(); ++c) {
      rest.compute = 0;
      for (std::uint32_t node = 0; node < problem_.nodes(); ++node) {
        if (!sets_.has(from, node)) rest.compute += problem_.classes[c].time[node];
      }
      const double busy = busy_time(problem_, c, rest);
      if (busy < limit_) end_with(from, c, busy);
    }
  }

  void end_with(std::size_t from, std::size_t of_class, double busy) {
    for (std::size_t state = 0; state < used_.states(); ++state) {
      const double period = std::max(at(from, state).period, busy);
      const std::size_t count = used_.total(state) + 1;
      if (period >= limit_ || !used_.has_free(state, of_class) || count < segments_.least || count > segments_.most) continue;
      limit_ = period;
      end_ = {period, static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(of_class)};
      end_state_ = state;
    }
  }

  // Whether a segment after this down-set can be followed by another.
  bool may_continue(std::size_t from) {
    for (std::size_t state = 0; state < used_.states(); ++state) {
      if (at(from, state).period < limit_ && used_.total(state) + 2 <= segments_.most) return true;
    }
    return false;
  }

  // Every larger down-set, once, by depth-first search; a segment that computes too long is not grown further.
  void grow_from(std::size_t from) {
    std::vector<std::uint32_t> before;
    for (std::uint32_t node = 0; node < problem_.nodes(); ++node) {
      if (sets_.has(from, node)) before.push_back(node);
    }
    segment_.begin(before);
    stack_.assign(1, {static_cast<std::uint32_t>(from), 0, 0, {}});
    while (!stack_.empty()) {
      Frame& frame = stack_.back();
      const std::vector<DownSets::Step>& steps = sets_.steps[frame.set];
      if (frame.next_step == steps.size()) {
        if (stack_.size() > 1) segment_.remove(frame.node, frame.before);
        stack_.pop_back();
        continue;
      }
      const DownSets::Step step = steps[frame.next_step++];
      if (seen_[step.to] != from) visit(from, step);
    }
  }

  void visit(std::size_t from, const DownSets::Step& step) {
    ++pairs_;
    seen_[step.to] = static_cast<std::uint32_t>(from);
    if (step.to + 1 == sets_.count()) return;  // all the rest: end_from() did it
    const GrowingSegment::Loads before = segment_.loads();
    segment_.add(step.node);
    if (segment_.least_compute() >= limit_) {
      segment_.remove(step.node, before);
      return;
    }
    for (std::size_t c = 0; c < problem_.classes.size(); ++c) extend(from, step.to, c, segment_.busy(c));
    stack_.push_back({step.to, step.node, 0, before});
  }

  void extend(std::size_t from, std::size_t to, std::size_t of_class, double busy) {
    if (busy >= limit_) return;
    for (std::size_t state = 0; state < used_.states(); ++state) {
      const double period = std::max(at(from, state).period, busy);
      if (period >= limit_ || !used_.has_free(state, of_class) || used_.total(state) + 2 > segments_.most) continue;
      Best& best = at(to, used_.with_one_more(state, of_class));
      if (period < best.period) best = {period, static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(of_class)};
    }
  }

  std::optional<Cut> answer() {
    if (end_.period == kNever) return std::nullopt;
    std::vector<std::uint32_t> sets{end_.before};  // before each segment, the last first
    Cut cut{std::vector<std::uint32_t>(problem_.nodes(), 0), {end_.of_class}};
    for (std::size_t state = end_state_; sets.back() != 0;) {
      const Best& best = at(sets.back(), state);
      state -= used_.with_one_more(0, best.of_class);
      cut.of_class.push_back(best.of_class);
      sets.push_back(best.before);
    }
    std::reverse(cut.of_class.begin(), cut.of_class.end());
    for (const std::uint32_t set : sets) {
      for (std::uint32_t node = 0; node < problem_.nodes(); ++node) {
        if (!sets_.has(set, node) && set != 0) ++cut.segment[node];
      }
    }
    return cut;
  }

  const PlacementProblem& problem_;
  const SegmentLimits& segments_;
  const DownSets& sets_;
  const Deadline& deadline_;
  UsedProcessors used_;
  GrowingSegment segment_;
  double limit_;
  std::vector<Best> best_;           // [down-set][state]
  std::vector<std::uint32_t> seen_;  // by down-set: from where it was seen last
  std::vector<Frame> stack_;
  std::size_t pairs_ = 0;
  Best end_;
  std::size_t end_state_ = 0;
};

}  // namespace

ExactAnswer exact_cut(const PlacementProblem& problem, const SegmentLimits& segments, double limit, const Deadline& deadline) {
  const std::optional<DownSets> sets = down_sets_of(problem, most_down_sets(problem.nodes()));
  if (!sets) return {};
  return Search(problem, segments, *sets, limit, deadline).run();
}

}  // namespace staronnx
