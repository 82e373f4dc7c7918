#include "staronnx/plan/folding.h"

#include <gmock/gmock.h>

#include "staronnx/plan/plan_for_test.h"

namespace staronnx {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Reads = std::vector<std::vector<std::size_t>>;

std::vector<Box> folded(const Reads& reads, const std::vector<std::size_t>& node_segment) {
  const Plan plan = plan_of(reads, node_segment);
  return folded(plan, plan.variants[0]);
}

// A residual network: three nodes and a shortcut.
Reads residual_blocks(std::size_t nodes) {
  Reads reads = chain(nodes);
  for (std::size_t node = 3; node < nodes; node += 3) reads[node].push_back(node - 3);
  return reads;
}

// No node has an only neighbour, but for two corners.
Reads grid(std::size_t nodes, std::size_t columns) {
  Reads reads(nodes);
  for (std::size_t node = 1; node < nodes; ++node) {
    if (node % columns != 0) reads[node].push_back(node - 1);
    if (node >= columns) reads[node].push_back(node - columns);
  }
  return reads;
}

std::vector<std::size_t> halves(std::size_t nodes, std::size_t first) {
  std::vector<std::size_t> node_segment(nodes, 0);
  std::fill(node_segment.begin() + static_cast<std::ptrdiff_t>(first), node_segment.end(), 1);
  return node_segment;
}

// The box of each node, by position; every node has one.
std::vector<std::size_t> box_by_node(const std::vector<Box>& boxes, std::size_t nodes) {
  std::vector<std::size_t> box(nodes, boxes.size());
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    EXPECT_FALSE(boxes[i].nodes.empty());
    EXPECT_TRUE(std::ranges::is_sorted(boxes[i].nodes));
    for (const std::size_t node : boxes[i].nodes) {
      EXPECT_EQ(box[node], boxes.size()) << "node " << node << " is in two boxes";
      box[node] = i;
    }
  }
  EXPECT_EQ(std::ranges::count(box, boxes.size()), 0) << "nodes are in no box";
  return box;
}

// That the boxes are joined as their nodes are, each in its segment.
void expect_sound(const std::vector<Box>& boxes, const Reads& reads, const std::vector<std::size_t>& node_segment) {
  const std::vector<std::size_t> box = box_by_node(boxes, reads.size());
  std::vector<std::set<std::size_t>> before(boxes.size()), after(boxes.size());
  for (std::size_t node = 0; node < reads.size(); ++node) {
    EXPECT_EQ(boxes[box[node]].segment, node_segment[node]);
    for (const std::size_t read : reads[node]) {
      if (box[read] == box[node]) continue;
      before[box[node]].insert(box[read]);
      after[box[read]].insert(box[node]);
    }
  }
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    EXPECT_EQ(boxes[i].before, before[i]);
    EXPECT_EQ(boxes[i].after, after[i]);
  }
}

// Boxes left when those that read no other are taken away, again and again.
std::size_t boxes_on_cycles(std::vector<Box> boxes) {
  for (std::size_t round = 0; round < boxes.size(); ++round) {
    for (Box& box : boxes) {
      if (!box.before.empty()) continue;
      for (const std::size_t next : box.after) boxes[next].before.erase(static_cast<std::size_t>(&box - boxes.data()));
    }
  }
  return static_cast<std::size_t>(std::ranges::count_if(boxes, [](const Box& box) { return !box.before.empty(); }));
}

TEST(Folding, MakesAChainOfOneSegmentOneBox) {
  EXPECT_THAT(folded(chain(6), {0, 0, 0, 1, 1, 2}),
              ElementsAre(Box{{0, 1, 2}, {}, {1}, 0}, Box{{3, 4}, {0}, {2}, 1}, Box{{5}, {1}, {}, 2}));
}

TEST(Folding, KeepsTheBranchesOfASmallGraphApart) {
  EXPECT_THAT(folded({{}, {0}, {1}, {0}, {2, 3}}, {0, 0, 0, 0, 0}),
              ElementsAre(Box{{0}, {}, {1, 2}, 0}, Box{{1, 2}, {0}, {3}, 0}, Box{{3}, {0}, {3}, 0}, Box{{4}, {1, 2}, {}, 0}));
}

TEST(Folding, OfNoNodesIsNoBox) {
  EXPECT_THAT(folded(Plan{}, Variant{}), IsEmpty());
}

TEST(Folding, LeavesAViewableNumberOfBoxesOfALargeGraph) {
  const std::vector<std::size_t> node_segment = halves(1000, 600);
  for (const Reads& reads : {residual_blocks(1000), grid(1000, 25)}) {
    const std::vector<Box> boxes = folded(reads, node_segment);
    EXPECT_LE(boxes.size(), 31u);
    EXPECT_GE(boxes.size(), 10u);
    expect_sound(boxes, reads, node_segment);
    EXPECT_EQ(boxes_on_cycles(boxes), 0u);
  }
}

}  // namespace
}  // namespace staronnx
