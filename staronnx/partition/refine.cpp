#include "staronnx/partition/refine.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <queue>

namespace staronnx {
namespace {

constexpr int kMaxPasses = 20;
constexpr std::size_t kPatience = 200;  // moves without a new best before a pass ends
constexpr std::size_t kMany = 100;      // tensors with more readers, and nodes with more tensors, are looked at once a pass only

struct Move {
  std::uint32_t node = 0;
  std::uint32_t from = 0;
  std::uint32_t to = 0;
};

// Segments with all that is needed to know at once what a move changes.
class State {
 public:
  State(const Problem& problem, Segments segments);

  const Segments& segments() const { return segments_; }
  const Score& score() const { return score_; }
  bool may_shrink(std::size_t segment) const { return size_[segment] > problem_.least[segment]; }

  bool allowed(const Move& move) const;
  std::int64_t cut_change(const Move& move) const;
  Score score_after(const Move& move, std::int64_t cut_change) const;
  void apply(const Move& move);

 private:
  struct Readers {
    std::uint32_t segment;
    std::uint32_t count;

    static bool before(const Readers& readers, std::uint32_t segment) { return readers.segment < segment; }
  };

  std::uint32_t readers_in(std::uint32_t tensor, std::uint32_t segment) const;
  void add_reader(std::uint32_t tensor, std::uint32_t segment);
  void remove_reader(std::uint32_t tensor, std::uint32_t segment);
  void add_load(Score& score, std::size_t segment, std::int64_t load, int sign) const;

  const Problem& problem_;
  Segments segments_;
  std::vector<std::int64_t> load_;             // work, by segment
  std::vector<std::size_t> size_;              // nodes, by segment
  std::vector<std::vector<Readers>> readers_;  // by tensor, ascending by segment, counts are not 0
  Score score_;
};

State::State(const Problem& problem, Segments segments)
    : problem_(problem),
      segments_(std::move(segments)),
      load_(problem.segments()),
      size_(problem.segments()),
      readers_(problem.tensors.size()),
      score_(score_of(problem, segments_)) {
  for (std::size_t node = 0; node < problem.nodes(); ++node) {
    load_[segments_[node]] += problem.work[node];
    ++size_[segments_[node]];
    for (const std::uint32_t tensor : problem.reads[node]) add_reader(tensor, segments_[node]);
  }
}

std::uint32_t State::readers_in(std::uint32_t tensor, std::uint32_t segment) const {
  const auto& list = readers_[tensor];
  const auto at = std::lower_bound(list.begin(), list.end(), segment, Readers::before);
  return at != list.end() && at->segment == segment ? at->count : 0;
}

void State::add_reader(std::uint32_t tensor, std::uint32_t segment) {
  auto& list = readers_[tensor];
  auto at = std::lower_bound(list.begin(), list.end(), segment, Readers::before);
  if (at == list.end() || at->segment != segment) at = list.insert(at, {segment, 0});
  ++at->count;
}

void State::remove_reader(std::uint32_t tensor, std::uint32_t segment) {
  auto& list = readers_[tensor];
  const auto at = std::lower_bound(list.begin(), list.end(), segment, Readers::before);
  if (--at->count == 0) list.erase(at);
}

bool State::allowed(const Move& move) const {
  if (move.to < move.from) {
    return std::ranges::all_of(problem_.reads[move.node],
                               [&](std::uint32_t tensor) { return segments_[problem_.tensors[tensor].producer] <= move.to; });
  }
  return std::ranges::all_of(problem_.writes[move.node],
                             [&](std::uint32_t tensor) { return readers_[tensor].front().segment >= move.to; });
}

std::int64_t State::cut_change(const Move& move) const {
  std::int64_t change = 0;
  for (const std::uint32_t tensor : problem_.writes[move.node]) {
    const int received = (readers_in(tensor, move.from) > 0) - (readers_in(tensor, move.to) > 0);
    change += received * problem_.tensors[tensor].bytes;
  }
  for (const std::uint32_t tensor : problem_.reads[move.node]) {
    const std::uint32_t home = segments_[problem_.tensors[tensor].producer];
    const bool arrives = move.to != home && readers_in(tensor, move.to) == 0;
    const bool leaves = move.from != home && readers_in(tensor, move.from) == 1;
    change += (arrives - leaves) * problem_.tensors[tensor].bytes;
  }
  return change;
}

void State::add_load(Score& score, std::size_t segment, std::int64_t load, int sign) const {
  const std::int64_t deviation = deviation_of(problem_, segment, load);
  score.deviation += sign * deviation;
  score.excess += sign * std::max<std::int64_t>(0, deviation - problem_.slack[segment]);
}

Score State::score_after(const Move& move, std::int64_t cut_change) const {
  Score score = score_;
  score.cut += cut_change;
  add_load(score, move.from, load_[move.from], -1);
  add_load(score, move.to, load_[move.to], -1);
  add_load(score, move.from, load_[move.from] - problem_.work[move.node], 1);
  add_load(score, move.to, load_[move.to] + problem_.work[move.node], 1);
  return score;
}

void State::apply(const Move& move) {
  score_ = score_after(move, cut_change(move));
  for (const std::uint32_t tensor : problem_.reads[move.node]) {
    remove_reader(tensor, move.from);
    add_reader(tensor, move.to);
  }
  load_[move.from] -= problem_.work[move.node];
  load_[move.to] += problem_.work[move.node];
  --size_[move.from];
  ++size_[move.to];
  segments_[move.node] = move.to;
}

// One pass. The moves that may still be made wait in one queue for each segment and direction, since which queue's first is the best
// depends on the loads. What a move is worth is looked at again when it is chosen.
class Pass {
 public:
  Pass(const Problem& problem, State& state);

  bool run();  // whether the state is better than before

 private:
  struct Entry {
    std::int64_t cut_change;
    std::uint64_t age;  // the youngest of equals first: the search follows a chain instead of jumping about
    std::uint32_t node;

    bool operator<(const Entry& other) const {  // std::priority_queue has the greatest on top
      return cut_change != other.cut_change ? cut_change > other.cut_change : age < other.age;
    }
  };
  using Queue = std::priority_queue<Entry>;

  bool forward(std::size_t queue) const { return queue % 2 == 1; }
  Move move_of(std::size_t queue, std::uint32_t node) const {
    const auto from = static_cast<std::uint32_t>(queue / 2);
    return {node, from, forward(queue) ? from + 1 : from - 1};
  }
  std::uint64_t& newest(std::size_t queue, std::uint32_t node) { return newest_[2 * node + forward(queue)]; }

  void offer(std::uint32_t node);
  void offer(std::size_t queue, std::uint32_t node);
  void offer_neighbours(std::uint32_t node);
  void drop_outdated(std::size_t queue);
  std::optional<std::size_t> best_queue();
  std::optional<Move> next_move();
  void make(const Move& move);

  const Problem& problem_;
  State& state_;
  std::vector<Queue> queues_;          // 2 * segment, and 1 more for moves to the next segment
  std::vector<std::uint64_t> newest_;  // 2 * node, and 1 more for the next segment: age of the entry that counts
  std::vector<bool> moved_;            // by node
  std::vector<Move> moves_;
  std::uint64_t clock_ = 0;
};

Pass::Pass(const Problem& problem, State& state)
    : problem_(problem), state_(state), queues_(2 * problem.segments()), newest_(2 * problem.nodes()), moved_(problem.nodes()) {
  for (std::uint32_t node = 0; node < problem.nodes(); ++node) offer(node);
}

void Pass::offer(std::uint32_t node) {
  const std::size_t segment = state_.segments()[node];
  if (moved_[node]) return;
  if (segment > 0) offer(2 * segment, node);
  if (segment + 1 < problem_.segments()) offer(2 * segment + 1, node);
}

void Pass::offer(std::size_t queue, std::uint32_t node) {
  const Move move = move_of(queue, node);
  newest(queue, node) = ++clock_;
  if (state_.allowed(move)) queues_[queue].push({state_.cut_change(move), clock_, node});
}

void Pass::offer_neighbours(std::uint32_t node) {
  const auto offer_unless_wide = [&](std::uint32_t neighbour) {
    if (problem_.reads[neighbour].size() + problem_.writes[neighbour].size() <= kMany) offer(neighbour);
  };
  const auto offer_readers = [&](const CutTensor& tensor) {
    if (tensor.consumers.size() <= kMany) std::ranges::for_each(tensor.consumers, offer_unless_wide);
  };
  for (const std::uint32_t tensor : problem_.reads[node]) {
    offer_unless_wide(problem_.tensors[tensor].producer);
    offer_readers(problem_.tensors[tensor]);
  }
  for (const std::uint32_t tensor : problem_.writes[node]) offer_readers(problem_.tensors[tensor]);
}

void Pass::drop_outdated(std::size_t queue) {
  Queue& entries = queues_[queue];
  while (!entries.empty() && (moved_[entries.top().node] || newest(queue, entries.top().node) != entries.top().age))
    entries.pop();
}

std::optional<std::size_t> Pass::best_queue() {
  std::optional<std::size_t> best;
  Score best_score;
  for (std::size_t queue = 0; queue < queues_.size(); ++queue) {
    drop_outdated(queue);
    if (queues_[queue].empty() || !state_.may_shrink(queue / 2)) continue;
    const Entry& entry = queues_[queue].top();
    const Score score = state_.score_after(move_of(queue, entry.node), entry.cut_change);
    if (best && score >= best_score) continue;
    best = queue;
    best_score = score;
  }
  return best;
}

std::optional<Move> Pass::next_move() {
  while (const std::optional<std::size_t> queue = best_queue()) {
    const Entry entry = queues_[*queue].top();
    const Move move = move_of(*queue, entry.node);
    if (state_.allowed(move) && state_.cut_change(move) == entry.cut_change) return move;
    queues_[*queue].pop();
    offer(*queue, entry.node);
  }
  return std::nullopt;
}

void Pass::make(const Move& move) {
  state_.apply(move);
  moved_[move.node] = true;
  moves_.push_back(move);
  offer_neighbours(move.node);
}

bool Pass::run() {
  Score best = state_.score();
  std::size_t best_length = 0;
  while (moves_.size() - best_length < kPatience) {
    const std::optional<Move> move = next_move();
    if (!move) break;
    make(*move);
    if (state_.score() >= best) continue;
    best = state_.score();
    best_length = moves_.size();
  }
  for (; moves_.size() > best_length; moves_.pop_back()) {
    const Move& last = moves_.back();
    state_.apply({last.node, last.to, last.from});
  }
  return best_length > 0;
}

}  // namespace

Segments refine(const Problem& problem, Segments segments) {
  State state(problem, std::move(segments));
  for (int pass = 0; pass < kMaxPasses && Pass(problem, state).run(); ++pass) {
  }
  return state.segments();
}

}  // namespace staronnx
