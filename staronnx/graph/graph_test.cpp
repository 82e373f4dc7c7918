#include "staronnx/graph/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace staronnx {
namespace {

using testing::HasSubstr;

const std::vector<GraphNode> two{{"a", {NodeId{0}}}, {"b", {NodeId{1}, NodeId{2}}}};

std::string refusal_of(std::vector<GraphNode> nodes, std::vector<GraphTensor> tensors) {
  const Result<Graph> graph = Graph::create(std::move(nodes), std::move(tensors));
  return graph ? "accepted" : graph.error().message;
}

TEST(Graph, KeepsWhatItIsGiven) {
  const Result<Graph> graph = Graph::create(two, {{"t", NodeId{0}, {NodeId{1}}}});
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph->nodes()[1].label, "b");
  EXPECT_EQ(graph->tensors()[0].name, "t");
}

TEST(Graph, ATensorGoesFromLowerToHigherNumbers) {
  EXPECT_THAT(refusal_of(two, {{"t", NodeId{1}, {NodeId{0}}}}), HasSubstr("'t' goes from node 1 to node 0"));
  EXPECT_THAT(refusal_of(two, {{"t", NodeId{1}, {NodeId{1}}}}), HasSubstr("'t'"));
}

TEST(Graph, ConsumersAreThereAscendingAndEachOnce) {
  EXPECT_THAT(refusal_of(two, {{"t", NodeId{0}, {}}}), HasSubstr("consumers"));
  EXPECT_THAT(refusal_of(two, {{"t", NodeId{0}, {NodeId{1}, NodeId{1}}}}), HasSubstr("consumers"));
  EXPECT_THAT(refusal_of(two, {{"t", NodeId{0}, {NodeId{2}}}}), HasSubstr("does not have"));
}

TEST(Graph, ANodeHasMembers) {
  EXPECT_THAT(refusal_of({{"empty", {}}}, {}), HasSubstr("'empty' needs members"));
}

}  // namespace
}  // namespace staronnx
