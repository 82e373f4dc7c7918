#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "staronnx/graph/graph.h"
#include "staronnx/model/model_for_test.h"

namespace staronnx {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

const TensorInfo x{"x", DataType::float32, {-1, 4}};

// Groups of operator types, such as {"MatMul Shape", "Reshape"}, in the graph's order.
std::vector<std::string> groups_of(const Model& model, const Graph& graph) {
  std::vector<std::string> groups;
  for (const GraphNode& node : graph.nodes()) {
    std::string types;
    for (NodeId member : node.members) types += (types.empty() ? "" : " ") + model.nodes()[index(member)].op_type;
    groups.push_back(types);
  }
  return groups;
}

std::vector<std::string> groups_of(const GraphForTest& spec) {
  const Result<Model> model = model_from({spec});
  EXPECT_TRUE(model.ok()) << model.error().message;
  const Result<Graph> graph = graph_of(*model);
  EXPECT_TRUE(graph.ok()) << graph.error().message;
  return groups_of(*model, *graph);
}

std::vector<std::string> tensors_of(const GraphForTest& spec) {
  const Result<Model> model = model_from({spec});
  const Result<Graph> graph = graph_of(*model);
  std::vector<std::string> names;
  for (const GraphTensor& tensor : graph->tensors()) names.push_back(tensor.name);
  return names;
}

TEST(GraphOf, OperatorsWithTheirOwnDataStayApart) {
  const GraphForTest spec{.inputs = {x},
                          .outputs = {{"y"}},
                          .constants = {"w"},
                          .nodes = {{"MatMul", {"x", "w"}, {"a"}}, {"Softmax", {"a"}, {"b"}}, {"MatMul", {"b", "a"}, {"y"}}}};
  EXPECT_THAT(groups_of(spec), ElementsAre("MatMul", "Softmax", "MatMul"));
  EXPECT_THAT(tensors_of(spec), ElementsAre("a", "b"));
}

TEST(GraphOf, ATensorKnowsItsConsumersOnce) {
  const Result<Model> model =
      model_from({{.inputs = {x},
                   .outputs = {{"y"}},
                   .nodes = {{"Neg", {"x"}, {"a"}}, {"Mul", {"a", "a"}, {"b"}}, {"Add", {"a", "b"}, {"y"}}}}});
  const Result<Graph> graph = graph_of(*model);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph->tensors()[0].name, "a");
  EXPECT_EQ(graph->tensors()[0].producer, NodeId{0});
  EXPECT_THAT(graph->tensors()[0].consumers, ElementsAre(NodeId{1}, NodeId{2}));
}

TEST(GraphOf, WhatABodyCapturesCrosses) {
  const std::string branch = body_of({.outputs = {{"b"}}, .nodes = {{"Neg", {"a"}, {"b"}}}});
  EXPECT_THAT(tensors_of({.inputs = {x, {"c", DataType::boolean, {}}},
                          .outputs = {{"y"}},
                          .nodes = {{"Exp", {"x"}, {"a"}}, {"If", {"c"}, {"y"}, "", "", {branch, branch}}}}),
              ElementsAre("a"));
}

TEST(GraphOf, AShapeChainJoinsTheProducerItMeasures) {
  const GraphForTest spec{.inputs = {x},
                          .outputs = {{"y"}},
                          .constants = {"w", "i"},
                          .nodes = {{"MatMul", {"x", "w"}, {"a"}},
                                    {"Shape", {"a"}, {"s"}},
                                    {"Gather", {"s", "i"}, {"g"}},
                                    {"Concat", {"g", "i"}, {"v"}},
                                    {"Softmax", {"a"}, {"b"}},
                                    {"Reshape", {"b", "v"}, {"y"}}}};
  EXPECT_THAT(groups_of(spec), ElementsAre("MatMul Shape Gather Concat", "Softmax", "Reshape"));
  EXPECT_THAT(tensors_of(spec), ElementsAre("a", "v", "b"));
}

TEST(GraphOf, AShapeOfAModelInputJoinsTheFirstOfItsReaders) {
  EXPECT_THAT(groups_of({.inputs = {x},
                         .outputs = {{"y"}},
                         .constants = {"i"},
                         .nodes = {{"Shape", {"x"}, {"s"}},
                                   {"Exp", {"x"}, {"a"}},
                                   {"Gather", {"s", "i"}, {"g"}},
                                   {"Reshape", {"a", "g"}, {"b"}},
                                   {"Softmax", {"b"}, {"c"}},
                                   {"Reshape", {"c", "g"}, {"y"}}}}),
              ElementsAre("Exp", "Shape Gather Reshape", "Softmax", "Reshape"));
}

TEST(GraphOf, SizesOfTwoTensorsJoinTheLaterOne) {
  EXPECT_THAT(groups_of({.inputs = {x},
                         .outputs = {{"y"}},
                         .nodes = {{"Exp", {"x"}, {"a"}},
                                   {"Softmax", {"a"}, {"b"}},
                                   {"Shape", {"a"}, {"sa"}},
                                   {"Shape", {"b"}, {"sb"}},
                                   {"Concat", {"sa", "sb"}, {"v"}},
                                   {"Transpose", {"b"}, {"t"}},
                                   {"Reshape", {"t", "v"}, {"y"}}}}),
              ElementsAre("Exp Shape", "Softmax Shape Concat", "Transpose", "Reshape"));
}

TEST(GraphOf, ArithmeticUsedOnlyAsSizesIsSizes) {
  EXPECT_THAT(groups_of({.inputs = {x},
                         .outputs = {{"y"}},
                         .constants = {"i"},
                         .nodes = {{"ArgMax", {"x"}, {"a"}},
                                   {"Cast", {"a"}, {"n"}},
                                   {"ConstantOfShape", {"n"}, {"v"}},
                                   {"Mul", {"v", "i"}, {"m"}},
                                   {"Exp", {"x"}, {"e"}},
                                   {"Expand", {"e", "m"}, {"y"}}}}),
              ElementsAre("ArgMax Cast ConstantOfShape Mul", "Exp", "Expand"));
}

TEST(GraphOf, TheSameArithmeticOnDataStaysApart) {
  EXPECT_THAT(groups_of({.inputs = {x},
                         .outputs = {{"y"}},
                         .nodes = {{"Exp", {"x"}, {"a"}}, {"Mul", {"a", "a"}, {"b"}}, {"Add", {"b", "x"}, {"y"}}}}),
              ElementsAre("Exp", "Mul", "Add"));
}

TEST(GraphOf, NodesWithoutDataJoinTheirReader) {
  EXPECT_THAT(groups_of({.inputs = {x},
                         .outputs = {{"y"}},
                         .constants = {"w"},
                         .nodes = {{"Exp", {"x"}, {"a"}},
                                   {"Transpose", {"w"}, {"t"}},
                                   {"RandomNormal", {}, {"r"}},
                                   {"Sum", {"a", "t", "r"}, {"y"}}}}),
              ElementsAre("Exp", "Transpose RandomNormal Sum"));
}

TEST(GraphOf, ActivationsStayWithTheirOperatorUnlessOthersReadIt) {
  EXPECT_THAT(groups_of({.inputs = {x},
                         .outputs = {{"y"}},
                         .constants = {"w"},
                         .nodes = {{"Conv", {"x", "w"}, {"a"}},
                                   {"Relu", {"a"}, {"b"}},
                                   {"Conv", {"b", "w"}, {"c"}},
                                   {"Sigmoid", {"c"}, {"d"}},
                                   {"Mul", {"c", "d"}, {"y"}}}}),
              ElementsAre("Conv Relu", "Conv", "Sigmoid", "Mul"));
}

TEST(GraphOf, QuantizationStaysWithTheOperatorItWraps) {
  EXPECT_THAT(
      groups_of({.inputs = {x},
                 .outputs = {{"y"}},
                 .constants = {"s", "w8"},
                 .nodes = {{"QuantizeLinear", {"x", "s"}, {"q"}},
                           {"DequantizeLinear", {"q", "s"}, {"d"}},
                           {"DequantizeLinear", {"w8", "s"}, {"w"}},
                           {"Conv", {"d", "w"}, {"c"}},
                           {"Relu", {"c"}, {"r"}},
                           {"QuantizeLinear", {"r", "s"}, {"q2"}},
                           {"DequantizeLinear", {"q2", "s"}, {"d2"}},
                           {"Softmax", {"d2"}, {"y"}}}}),
      ElementsAre("QuantizeLinear", "DequantizeLinear DequantizeLinear Conv Relu QuantizeLinear", "DequantizeLinear Softmax"));
}

TEST(GraphOf, SequencesKeepTheirNodesAndWhatLiesBetweenTogether) {
  EXPECT_THAT(groups_of({.inputs = {x, {"i", DataType::int64, {}}},
                         .outputs = {{"y"}},
                         .nodes = {{"Exp", {"x"}, {"a"}},
                                   {"SequenceConstruct", {"a"}, {"s"}},
                                   {"SequenceAt", {"s", "i"}, {"b"}},
                                   {"Softmax", {"b"}, {"c"}},
                                   {"SequenceInsert", {"s", "c"}, {"s2"}},
                                   {"ConcatFromSequence", {"s2"}, {"d"}},
                                   {"Exp", {"d"}, {"y"}}}}),
              ElementsAre("Exp", "SequenceConstruct SequenceAt Softmax SequenceInsert ConcatFromSequence", "Exp"));
}

TEST(GraphOf, AModelWithoutNodesIsAnEmptyGraph) {
  EXPECT_THAT(groups_of({.inputs = {x}, .outputs = {x}}), IsEmpty());
}

TEST(GraphOf, LabelsNameTheHeaviestOperator) {
  const Result<Model> model = model_from({{.inputs = {x},
                                           .outputs = {{"y"}},
                                           .constants = {"w"},
                                           .nodes = {{"Shape", {"x"}, {"s"}, "shape"},
                                                     {"Reshape", {"x", "s"}, {"a"}, "reshape"},
                                                     {"Conv", {"a", "w"}, {"b"}, "conv1"},
                                                     {"Relu", {"b"}, {"c"}, "relu1"},
                                                     {"Softmax", {"c"}, {"y"}, "Softmax"}}}});
  const Result<Graph> graph = graph_of(*model);
  std::vector<std::string> labels;
  for (const GraphNode& node : graph->nodes()) labels.push_back(node.label);
  EXPECT_THAT(labels, ElementsAre("Shape shape", "Conv conv1", "Softmax"));
}

// As PyTorch exports a layer with dynamic dimensions: each Reshape takes its sizes from the input's Shape.
GraphForTest transformer(int layers) {
  GraphForTest spec{.inputs = {x}, .constants = {"w", "i", "axis"}};
  std::string data = "x";
  spec.nodes = {{"Shape", {"x"}, {"s"}}, {"Gather", {"s", "i"}, {"batch"}}};
  const auto add = [&](const std::string& type, std::vector<std::string> inputs, const std::string& output) {
    spec.nodes.push_back({type, std::move(inputs), {output}});
  };
  for (int layer = 0; layer < layers; ++layer) {
    const std::string n = std::to_string(layer);
    add("LayerNormalization", {data, "w"}, "norm" + n);
    add("MatMul", {"norm" + n, "w"}, "q" + n);
    add("Shape", {"q" + n}, "qs" + n);
    add("Gather", {"qs" + n, "i"}, "length" + n);
    add("Unsqueeze", {"length" + n, "axis"}, "u" + n);
    add("Concat", {"batch", "u" + n, "i"}, "sizes" + n);
    add("Reshape", {"q" + n, "sizes" + n}, "heads" + n);
    add("Transpose", {"heads" + n}, "t" + n);
    add("MatMul", {"t" + n, "heads" + n}, "scores" + n);
    add("Softmax", {"scores" + n}, "p" + n);
    add("MatMul", {"p" + n, "t" + n}, "o" + n);
    add("Reshape", {"o" + n, "sizes" + n}, "merged" + n);
    add("Add", {"merged" + n, data}, "out" + n);
    data = "out" + n;
  }
  spec.outputs = {{data}};
  return spec;
}

TEST(GraphOf, ATransformerStaysCuttable) {
  constexpr int layers = 12;
  const std::vector<std::string> groups = groups_of(transformer(layers));
  EXPECT_EQ(groups.size(), 9u * layers);
  EXPECT_THAT(groups, Contains("MatMul Shape Gather Unsqueeze Concat").Times(layers - 1));
}

// A random model with every kind of node that is contracted.
GraphForTest random_model(std::mt19937& random, int nodes) {
  const std::vector<std::string> types{"MatMul",
                                       "Add",
                                       "Relu",
                                       "Shape",
                                       "Concat",
                                       "Reshape",
                                       "Gather",
                                       "QuantizeLinear",
                                       "DequantizeLinear",
                                       "SequenceConstruct",
                                       "SequenceAt",
                                       "Identity",
                                       "RandomNormal",
                                       "Softmax"};
  GraphForTest spec{.inputs = {x}, .constants = {"w"}};
  std::vector<std::string> tensors{"x", "w"};
  for (int i = 0; i < nodes; ++i) {
    NodeForTest node{types[random() % types.size()], {}, {"t" + std::to_string(i)}};
    // Mostly near neighbours, so that there are chains.
    const std::size_t near = std::min<std::size_t>(tensors.size(), random() % 4 == 0 ? tensors.size() : 4);
    for (unsigned inputs = node.op_type == "RandomNormal" ? 0 : random() % 2 + 1; inputs > 0; --inputs) {
      node.inputs.push_back(tensors[tensors.size() - 1 - random() % near]);
    }
    tensors.push_back(node.outputs[0]);
    spec.nodes.push_back(std::move(node));
  }
  spec.outputs = {};
  return spec;
}

TEST(GraphOf, EveryModelNodeIsInOneGraphNodeAndEveryEdgeGoesForward) {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    const Result<Model> model = model_from({random_model(random, static_cast<int>(random() % 40))});
    ASSERT_TRUE(model.ok()) << model.error().message;
    const Result<Graph> graph = graph_of(*model);
    ASSERT_TRUE(graph.ok()) << graph.error().message;  // create() refuses edges that go backward
    std::map<std::string, std::size_t> group_of_tensor;
    std::set<NodeId> members;
    for (std::size_t group = 0; group < graph->nodes().size(); ++group) {
      for (NodeId member : graph->nodes()[group].members) {
        EXPECT_TRUE(members.insert(member).second);
        for (const std::string& output : model->nodes()[index(member)].outputs) group_of_tensor[output] = group;
      }
    }
    EXPECT_EQ(members.size(), model->nodes().size());
    std::set<std::pair<std::string, std::size_t>> listed;
    for (const GraphTensor& tensor : graph->tensors()) {
      EXPECT_EQ(index(tensor.producer), group_of_tensor.at(tensor.name));
      EXPECT_TRUE(model->is_tensor(tensor.name));
      for (NodeId consumer : tensor.consumers) listed.insert({tensor.name, index(consumer)});
    }
    std::set<std::pair<std::string, std::size_t>> wanted;
    for (std::size_t group = 0; group < graph->nodes().size(); ++group) {
      for (NodeId member : graph->nodes()[group].members) {
        for (const std::string& input : model->nodes()[index(member)].inputs) {
          if (group_of_tensor.contains(input) && group_of_tensor.at(input) != group) wanted.insert({input, group});
        }
      }
    }
    EXPECT_EQ(listed, wanted);
  }
}

}  // namespace
}  // namespace staronnx
