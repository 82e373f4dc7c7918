#include "staronnx/plan/folding.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace staronnx {
namespace {

// While boxes are merged they keep their positions; a box that is merged into another has no nodes left.
using Boxes = std::vector<Box>;

Boxes boxes_of(const Plan& plan, const Variant& variant) {
  Boxes boxes(plan.nodes.size());
  for (std::size_t node = 0; node < boxes.size(); ++node) {
    boxes[node].nodes = {node};
    boxes[node].segment = variant.node_segment[node];
    for (const std::size_t read : plan.nodes[node].reads) {
      boxes[node].before.insert(read);
      boxes[read].after.insert(node);
    }
  }
  return boxes;
}

// Moves all of `from` into `into`.
void merge(Boxes& boxes, std::size_t into, std::size_t from) {
  Box gone = std::exchange(boxes[from], {});
  for (const std::size_t b : gone.before) boxes[b].after.erase(from);
  for (const std::size_t b : gone.after) boxes[b].before.erase(from);
  gone.before.erase(into);
  gone.after.erase(into);
  for (const std::size_t b : gone.before) boxes[b].after.insert(into);
  for (const std::size_t b : gone.after) boxes[b].before.insert(into);
  boxes[into].before.merge(gone.before);
  boxes[into].after.merge(gone.after);
  std::vector<std::size_t> both;
  std::ranges::merge(boxes[into].nodes, gone.nodes, std::back_inserter(both));
  boxes[into].nodes = std::move(both);
}

std::size_t count(const Boxes& boxes) {
  return static_cast<std::size_t>(std::ranges::count_if(boxes, [](const Box& box) { return !box.nodes.empty(); }));
}

// The only box of `neighbours`, when it is of the same segment.
std::optional<std::size_t> only_one(const Boxes& boxes, const Box& box, const std::set<std::size_t>& neighbours) {
  if (neighbours.size() != 1 || boxes[*neighbours.begin()].segment != box.segment) return std::nullopt;
  return *neighbours.begin();
}

void fold_chains(Boxes& boxes) {
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const std::optional<std::size_t> before = only_one(boxes, boxes[i], boxes[i].before);
    if (before && boxes[*before].after.size() == 1) merge(boxes, *before, i);
  }
}

// Merges boxes with their only predecessor, or only successor, into boxes of at most `most` nodes: no cycle can arise.
void fold_branches(Boxes& boxes, std::size_t most) {
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const auto small_enough = [&](std::optional<std::size_t> into) {
      return into && boxes[i].nodes.size() + boxes[*into].nodes.size() <= most;
    };
    const std::optional<std::size_t> before = only_one(boxes, boxes[i], boxes[i].before);
    const std::optional<std::size_t> after = only_one(boxes, boxes[i], boxes[i].after);
    if (small_enough(before)) {
      merge(boxes, *before, i);
    } else if (small_enough(after)) {
      merge(boxes, *after, i);
    }
  }
}

// Merges boxes that follow each other in topological order, connected or not, up to `most` boxes into one.
void fold_neighbours(Boxes& boxes, std::size_t segments, std::size_t most) {
  std::vector<std::size_t> last(segments, boxes.size()), merged(segments, most);
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    if (boxes[i].nodes.empty()) continue;
    const std::size_t s = boxes[i].segment;
    if (++merged[s] <= most) {
      merge(boxes, last[s], i);
    } else {
      last[s] = i;
      merged[s] = 1;
    }
  }
}

// The boxes that have nodes, and their positions among themselves.
Boxes without_merged(const Boxes& boxes) {
  std::vector<std::size_t> position(boxes.size());
  Boxes left;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    position[i] = left.size();
    if (!boxes[i].nodes.empty()) left.push_back(boxes[i]);
  }
  const auto renumbered = [&](const std::set<std::size_t>& neighbours) {
    std::set<std::size_t> result;
    for (const std::size_t neighbour : neighbours) result.insert(position[neighbour]);
    return result;
  };
  for (Box& box : left) {
    box.before = renumbered(box.before);
    box.after = renumbered(box.after);
  }
  return left;
}

}  // namespace

std::vector<Box> folded(const Plan& plan, const Variant& variant) {
  constexpr std::size_t kMostBoxes = 30;  // ResNet-50 by its residual blocks: 1,300 pixels high
  Boxes boxes = boxes_of(plan, variant);
  fold_chains(boxes);
  for (std::size_t most = 4; most < boxes.size() && count(boxes) > kMostBoxes; most *= 2) fold_branches(boxes, most);
  if (const std::size_t left = count(boxes); left > kMostBoxes)
    fold_neighbours(boxes, variant.segments.size(), left / kMostBoxes + 1);
  return without_merged(boxes);
}

}  // namespace staronnx
