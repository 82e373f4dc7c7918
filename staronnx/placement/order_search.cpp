#include "staronnx/placement/order_search.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>

#include "staronnx/placement/growing_segment.h"
#include "staronnx/placement/used.h"

namespace staronnx {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

// Draws from those that are ready: the newest (depth first) or any.
std::vector<std::uint32_t> drawn_order(const PlacementProblem& problem, const Adjacency& adjacency, bool depth_first,
                                       std::mt19937& random) {
  std::vector<std::size_t> awaited(problem.nodes());
  for (std::size_t node = 0; node < problem.nodes(); ++node) awaited[node] = adjacency.reads[node].size();
  std::vector<std::uint32_t> ready, order, freed;
  for (std::uint32_t node = 0; node < problem.nodes(); ++node) {
    if (awaited[node] == 0) ready.push_back(node);
  }
  std::shuffle(ready.begin(), ready.end(), random);
  while (!ready.empty()) {
    if (!depth_first) std::swap(ready[random() % ready.size()], ready.back());
    const std::uint32_t node = ready.back();
    ready.pop_back();
    order.push_back(node);
    freed.clear();
    for (const std::uint32_t t : adjacency.writes[node]) {
      for (const std::uint32_t consumer : problem.tensors[t].consumers) {
        if (--awaited[consumer] == 0) freed.push_back(consumer);
      }
    }
    std::shuffle(freed.begin(), freed.end(), random);
    ready.insert(ready.end(), freed.begin(), freed.end());
  }
  return order;
}

// The best way to have done all nodes before a place with some processors used.
struct Best {
  double period = kNever;
  std::uint32_t begin = 0;     // place where the last segment begins
  std::uint32_t of_class = 0;  // of the last segment
};

class Intervals {
 public:
  Intervals(const PlacementProblem& problem, const SegmentLimits& segments, std::span<const std::uint32_t> order,
            std::size_t ends, double limit)
      : problem_(problem), segments_(segments), order_(order), used_(problem), limit_(limit) {
    const std::size_t places = std::min(ends, order.size());
    for (std::size_t i = 0; i <= places; ++i) end_.push_back(order.size() * i / places);
    best_.resize(end_.size(), std::vector<Best>(used_.states()));
    best_[0][0].period = 0;
  }

  std::optional<Cut> search() {
    GrowingSegment segment(problem_);
    for (std::size_t place = 0; place + 1 < end_.size(); ++place) {
      segment.begin(order_.first(end_[place]));
      grow(segment, place);
    }
    const std::size_t state = best_end();
    if (best_.back()[state].period >= limit_) return std::nullopt;
    return cut_of(state);
  }

 private:
  void grow(GrowingSegment& segment, std::size_t begin) {
    const std::vector<Best>& from = best_[begin];
    if (std::all_of(from.begin(), from.end(), [](const Best& best) { return best.period == kNever; })) return;
    for (std::size_t place = begin + 1; place < end_.size(); ++place) {
      for (std::size_t i = end_[place - 1]; i < end_[place]; ++i) segment.add(order_[i]);
      if (segment.least_compute() >= limit_) return;
      for (std::size_t c = 0; c < problem_.classes.size(); ++c) extend(begin, place, c, segment.busy(c));
    }
  }

  void extend(std::size_t begin, std::size_t place, std::size_t of_class, double busy) {
    if (busy >= limit_) return;
    for (std::size_t state = 0; state < used_.states(); ++state) {
      const double period = std::max(best_[begin][state].period, busy);
      if (period >= limit_ || !used_.has_free(state, of_class) || used_.total(state) == segments_.most) continue;
      Best& best = best_[place][used_.with_one_more(state, of_class)];
      if (period < best.period) best = {period, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(of_class)};
    }
  }

  std::size_t best_end() const {
    std::size_t best = 0;
    for (std::size_t state = 0; state < used_.states(); ++state) {
      if (used_.total(state) >= segments_.least && best_.back()[state].period < best_.back()[best].period) best = state;
    }
    return best;
  }

  Cut cut_of(std::size_t state) const {
    Cut cut{std::vector<std::uint32_t>(order_.size()), {}};
    std::size_t place = end_.size() - 1;
    std::vector<std::size_t> begins;
    while (place > 0) {
      const Best& best = best_[place][state];
      begins.push_back(best.begin);
      cut.of_class.push_back(best.of_class);
      state -= used_.with_one_more(0, best.of_class);
      place = best.begin;
    }
    std::reverse(begins.begin(), begins.end());
    std::reverse(cut.of_class.begin(), cut.of_class.end());
    for (std::uint32_t s = 0; s < begins.size(); ++s) {
      for (std::size_t i = end_[begins[s]]; i < order_.size(); ++i) cut.segment[order_[i]] = s;
    }
    return cut;
  }

  const PlacementProblem& problem_;
  const SegmentLimits& segments_;
  std::span<const std::uint32_t> order_;
  UsedProcessors used_;
  double limit_;
  std::vector<std::size_t> end_;         // by place: nodes before it
  std::vector<std::vector<Best>> best_;  // [place][state]
};

}  // namespace

std::vector<std::vector<std::uint32_t>> some_orders(const PlacementProblem& problem, std::size_t count, unsigned seed) {
  std::vector<std::vector<std::uint32_t>> orders{std::vector<std::uint32_t>(problem.nodes())};
  std::iota(orders[0].begin(), orders[0].end(), 0U);
  const Adjacency adjacency(problem);
  std::mt19937 random(seed);
  while (orders.size() < count) orders.push_back(drawn_order(problem, adjacency, orders.size() % 4 != 0, random));
  return orders;
}

std::optional<Cut> best_intervals(const PlacementProblem& problem, const SegmentLimits& segments,
                                  std::span<const std::uint32_t> order, std::size_t ends, double limit) {
  return Intervals(problem, segments, order, ends, limit).search();
}

}  // namespace staronnx
