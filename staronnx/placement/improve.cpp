#include "staronnx/placement/improve.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace staronnx {
namespace {

// Moves in a row without a new best after which a pass ends, and candidates looked at for each move; 50 and 500 gave the same periods
// on the public graphs as 200 and 5,000.
constexpr int kPatience = 50;
constexpr std::size_t kMostCandidates = 500;

// The busiest segment, then how uneven the others are, so that progress on one of several busy segments counts.
struct Balance {
  double period = 0, squares = 0;
  auto operator<=>(const Balance&) const = default;
};

struct Move {
  std::uint32_t node = 0, to = 0;
  Balance after{std::numeric_limits<double>::infinity(), 0};
};

// A cut whose loads follow each move.
class Moving {
 public:
  Moving(const PlacementProblem& problem, Cut cut)
      : problem_(problem), adjacency_(problem), cut_(std::move(cut)), loads_(loads_of(problem, cut_)), size_(segments(), 0) {
    readers_.assign(problem.tensors.size() * segments(), 0);
    for (std::size_t t = 0; t < problem.tensors.size(); ++t) {
      for (const std::uint32_t consumer : problem.tensors[t].consumers) ++readers_[t * segments() + cut_.segment[consumer]];
    }
    for (const std::uint32_t segment : cut_.segment) ++size_[segment];
  }

  const Cut& cut() const { return cut_; }
  std::size_t segments() const { return cut_.of_class.size(); }
  std::uint32_t segment(std::uint32_t node) const { return cut_.segment[node]; }

  Balance balance() const {
    Balance balance;
    for (std::size_t s = 0; s < segments(); ++s) {
      const double busy = busy_time(problem_, cut_.of_class[s], loads_[s]);
      balance.period = std::max(balance.period, busy);
      balance.squares += busy * busy;
    }
    return balance;
  }

  std::uint32_t busiest() const {
    std::uint32_t result = 0;
    double most = -1;
    for (std::uint32_t s = 0; s < segments(); ++s) {
      const double busy = busy_time(problem_, cut_.of_class[s], loads_[s]);
      if (busy > most) most = busy, result = s;
    }
    return result;
  }

  // The segments where `node` may lie.
  std::pair<std::uint32_t, std::uint32_t> range(std::uint32_t node) const {
    std::uint32_t first = 0, last = static_cast<std::uint32_t>(segments()) - 1;
    if (size_[cut_.segment[node]] == 1) return {cut_.segment[node], cut_.segment[node]};  // it would be left empty
    for (const std::uint32_t t : adjacency_.reads[node]) first = std::max(first, cut_.segment[problem_.tensors[t].producer]);
    for (const std::uint32_t t : adjacency_.writes[node]) {
      for (const std::uint32_t consumer : problem_.tensors[t].consumers) last = std::min(last, cut_.segment[consumer]);
    }
    return {first, last};
  }

  bool can_run(std::uint32_t node, std::uint32_t segment) const {
    return problem_.classes[cut_.of_class[segment]].time[node] != std::numeric_limits<double>::infinity();
  }

  void move(std::uint32_t node, std::uint32_t to) {
    const std::uint32_t from = cut_.segment[node];
    for (const std::uint32_t t : adjacency_.writes[node]) count_transfers(t, -1);
    for (const std::uint32_t t : adjacency_.reads[node]) count_transfers(t, -1);
    loads_[from].compute -= problem_.classes[cut_.of_class[from]].time[node];
    loads_[to].compute += problem_.classes[cut_.of_class[to]].time[node];
    --size_[from];
    ++size_[to];
    cut_.segment[node] = to;
    for (const std::uint32_t t : adjacency_.reads[node]) {
      --readers_[t * segments() + from];
      ++readers_[t * segments() + to];
    }
    for (const std::uint32_t t : adjacency_.writes[node]) count_transfers(t, 1);
    for (const std::uint32_t t : adjacency_.reads[node]) count_transfers(t, 1);
  }

 private:
  void count_transfers(std::uint32_t t, double sign) {
    const PlacementTensor& tensor = problem_.tensors[t];
    const std::uint32_t home = cut_.segment[tensor.producer];
    bool leaves = false;
    for (std::uint32_t s = home + 1; s < segments(); ++s) {
      if (readers_[t * segments() + s] == 0) continue;
      leaves = true;
      loads_[s].in += sign * tensor.transfer;
    }
    if (leaves) loads_[home].out += sign * tensor.transfer;
  }

  const PlacementProblem& problem_;
  Adjacency adjacency_;
  Cut cut_;
  std::vector<SegmentLoad> loads_;
  std::vector<std::uint32_t> readers_;  // [tensor][segment]: consumers there
  std::vector<std::size_t> size_;       // by segment: nodes
};

class Pass {
 public:
  explicit Pass(Moving& moving, std::size_t nodes) : moving_(moving), moved_(nodes, false) {}

  // True when the cut is better than before; else it is as before.
  bool run() {
    const Balance before = moving_.balance();
    Balance best = before;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> undo;  // node, where it was; after the best
    for (int patience = kPatience; patience > 0; --patience) {
      const Move move = best_move();
      if (move.after.period == std::numeric_limits<double>::infinity()) break;
      undo.emplace_back(move.node, moving_.segment(move.node));
      moving_.move(move.node, move.to);
      moved_[move.node] = true;
      if (move.after < best) {
        best = move.after;
        undo.clear();
        patience = kPatience;
      }
    }
    for (auto last = undo.rbegin(); last != undo.rend(); ++last) moving_.move(last->first, last->second);
    return best < before;
  }

 private:
  // Of those into or out of the busiest segment.
  Move best_move() {
    Move best;
    const std::uint32_t busiest = moving_.busiest();
    std::size_t looked_at = 0;
    const std::size_t nodes = moved_.size();
    for (std::size_t i = 0; i < nodes && looked_at < kMostCandidates; ++i) {
      const auto node = static_cast<std::uint32_t>((start_ + i) % nodes);
      if (moved_[node]) continue;
      const auto [first, last] = moving_.range(node);
      if (first == last) continue;
      const std::uint32_t home = moving_.segment(node);
      for (std::uint32_t to = first; to <= last; ++to) {
        if (to == home || (home != busiest && to != busiest) || !moving_.can_run(node, to)) continue;
        ++looked_at;
        moving_.move(node, to);
        const Balance after = moving_.balance();
        moving_.move(node, home);
        if (after < best.after) best = {node, to, after};
      }
    }
    if (looked_at >= kMostCandidates) start_ = (start_ + nodes / 7) % nodes;  // others next time
    return best;
  }

  Moving& moving_;
  std::vector<bool> moved_;
  std::size_t start_ = 0;
};

}  // namespace

void visit_neighbours(const PlacementProblem& problem, const Cut& cut, const std::function<bool(Cut)>& visit) {
  const Moving moving(problem, cut);
  for (std::uint32_t node = 0; node < problem.nodes(); ++node) {
    const auto [first, last] = moving.range(node);
    for (std::uint32_t to = first; to <= last; ++to) {
      if (to == cut.segment[node] || !moving.can_run(node, to)) continue;
      Cut neighbour = cut;
      neighbour.segment[node] = to;
      if (!visit(std::move(neighbour))) return;
    }
  }
}

Cut improve(const PlacementProblem& problem, const Cut& cut) {
  const CutWorth before = worth_of(problem, cut);
  Moving moving(problem, cut);
  while (Pass(moving, problem.nodes()).run()) {
  }
  return worth_of(problem, moving.cut()) < before ? moving.cut() : cut;
}

}  // namespace staronnx
