#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "staronnx/model/content.h"
#include "staronnx/model/model_for_test.h"

namespace staronnx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const TensorInfo x{"x", DataType::float32, {1, 4}};
const TensorInfo w{"w", DataType::float32, {4, 4}};

std::vector<NodeId> ids(std::initializer_list<std::uint32_t> positions) {
  std::vector<NodeId> nodes;
  for (std::uint32_t position : positions) nodes.push_back(NodeId{position});
  return nodes;
}

// a = x * w; b = Relu(a); c = a + b; y = c * w
Model diamond() {
  Result<Model> model = model_from({{.inputs = {x},
                                     .outputs = {{"y", DataType::float32, {1, 4}}},
                                     .constants = {"w", "unused"},
                                     .nodes = {{"MatMul", {"x", "w"}, {"a"}, "first"},
                                               {"Relu", {"a"}, {"b"}},
                                               {"Add", {"a", "b"}, {"c"}},
                                               {"MatMul", {"c", "w"}, {"y"}}},
                                     .value_info = {{"b", DataType::float32, {1, 4}}}}});
  EXPECT_TRUE(model.ok()) << model.error().message;
  return *std::move(model);
}

// Every tensor as float32 of shape 1x4, as if measured.
std::vector<TensorInfo> measured(std::initializer_list<const char*> names) {
  std::vector<TensorInfo> types;
  for (const char* name : names) types.push_back({name, DataType::float32, {1, 4}, {"", ""}});
  return types;
}

TEST(Extract, ASegmentTakesWhatItReadsAndGivesWhatOthersNeed) {
  const Result<Model> segment = extract(diamond(), ids({1, 0}), measured({"a"}));
  ASSERT_TRUE(segment.ok()) << segment.error().message;
  EXPECT_THAT(names_of(segment->signature().inputs), ElementsAre("x"));
  EXPECT_THAT(names_of(segment->signature().outputs), ElementsAre("a", "b"));
  ASSERT_EQ(segment->nodes().size(), 2u);
  EXPECT_EQ(segment->nodes()[0].name, "first");
  EXPECT_TRUE(segment->is_constant("w"));
  EXPECT_FALSE(segment->is_initializer("unused"));
}

TEST(Extract, NodesNeedNotStandTogether) {
  const Result<Model> segment = extract(diamond(), ids({3, 1}), measured({"a", "c"}));
  ASSERT_TRUE(segment.ok()) << segment.error().message;
  EXPECT_THAT(names_of(segment->signature().inputs), ElementsAre("a", "c"));
  EXPECT_THAT(names_of(segment->signature().outputs), ElementsAre("b", "y"));
}

TEST(Extract, TypesInsideASegmentAreKept) {
  const Result<Model> segment = extract(diamond(), ids({1, 2}), measured({"a", "c"}));
  ASSERT_TRUE(segment.ok()) << segment.error().message;
  EXPECT_THAT(names_of(segment->signature().outputs), ElementsAre("c"));
  EXPECT_EQ(segment->tensor_info("b")->shape, (Shape{1, 4}));
}

TEST(Extract, TheWholeModelIsASegmentToo) {
  const Model model = diamond();
  const Result<Model> segment = extract(model, ids({0, 1, 2, 3}), {});
  ASSERT_TRUE(segment.ok()) << segment.error().message;
  EXPECT_EQ(segment->signature(), model.signature());
}

TEST(Extract, RefusesNodesThatAreNoneOrTwiceOrNotThere) {
  EXPECT_FALSE(extract(diamond(), {}, {}).ok());
  EXPECT_FALSE(extract(diamond(), ids({0, 0}), measured({"a"})).ok());
  EXPECT_FALSE(extract(diamond(), ids({4}), {}).ok());
}

TEST(Extract, ATypeThatNobodyKnowsIsRefusedByName) {
  const Result<Model> segment = extract(diamond(), ids({0}), {});
  ASSERT_FALSE(segment);
  EXPECT_THAT(segment.error().message, testing::AllOf(HasSubstr("'a'"), HasSubstr("node 'first' (MatMul)")));
}

TEST(Extract, AnInitializerThatCanBeOverriddenStaysAnOptionalInput) {
  const Result<Model> model = model_from({{.inputs = {x, w},
                                           .outputs = {{"y"}},
                                           .constants = {"w"},
                                           .nodes = {{"MatMul", {"x", "w"}, {"a"}}, {"MatMul", {"a", "w"}, {"y"}}}}});
  for (std::uint32_t node : {0U, 1U}) {
    const Result<Model> segment = extract(*model, ids({node}), measured({"a"}));
    ASSERT_TRUE(segment.ok()) << segment.error().message;
    ASSERT_EQ(segment->signature().inputs.size(), 2u);
    EXPECT_EQ(segment->signature().inputs[1].name, "w");
    EXPECT_TRUE(segment->signature().inputs[1].optional);
    EXPECT_TRUE(segment->is_initializer("w"));
  }
}

TEST(Extract, WhatBodiesCaptureIsAnInputOrADuplicatedConstant) {
  const std::string branch = body_of({.outputs = {{"t"}}, .nodes = {{"MatMul", {"a", "w"}, {"t"}}}});
  const Result<Model> model = model_from({{.inputs = {x, {"c", DataType::boolean, {}}},
                                           .outputs = {{"y"}},
                                           .constants = {"w"},
                                           .nodes = {{"Relu", {"x"}, {"a"}}, {"If", {"c"}, {"y"}, "", "", {branch, branch}}}}});
  const Result<Model> first = extract(*model, ids({0}), measured({"a"}));
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_THAT(names_of(first->signature().outputs), ElementsAre("a"));
  const Result<Model> second = extract(*model, ids({1}), measured({"a"}));
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_THAT(names_of(second->signature().inputs), ElementsAre("c", "a"));
  EXPECT_TRUE(second->is_constant("w"));
}

TEST(Extract, ExternalWeightsStayReferences) {
  onnx::ModelProto proto = diamond().content().proto;
  onnx::TensorProto& weight = *proto.mutable_graph()->mutable_initializer(0);
  weight.clear_float_data();
  weight.set_data_location(onnx::TensorProto::EXTERNAL);
  weight.add_external_data()->set_value("weights.data");
  const Result<Model> segment = extract(*model_from(proto), ids({0}), measured({"a"}));
  ASSERT_TRUE(segment.ok()) << segment.error().message;
  EXPECT_EQ(segment->content().proto.graph().initializer(0).SerializeAsString(), weight.SerializeAsString());
}

TEST(Extract, TheModelsOwnPropertiesAreKept) {
  onnx::ModelProto proto = diamond().content().proto;
  proto.add_opset_import()->set_domain("mine");
  proto.add_functions()->set_name("F");
  proto.add_metadata_props()->set_key("labels");
  proto.set_producer_name("somebody");
  const Result<Model> segment = extract(*model_from(proto), ids({0}), measured({"a"}));
  ASSERT_TRUE(segment.ok()) << segment.error().message;
  const onnx::ModelProto& kept = segment->content().proto;
  EXPECT_EQ(kept.ir_version(), 8);
  EXPECT_EQ(kept.opset_import(0).version(), 17);
  EXPECT_EQ(kept.opset_import(1).domain(), "mine");
  EXPECT_EQ(kept.functions(0).name(), "F");
  EXPECT_EQ(kept.metadata_props(0).key(), "labels");
  EXPECT_EQ(kept.producer_name(), "somebody");
}

TEST(Extract, AMeasuredShapeIsWrittenOnlyAsFarAsItLasts) {
  const auto input_of = [](const TensorInfo& model_input, NodeForTest node, std::vector<TensorInfo> value_info = {}) {
    const Result<Model> model = model_from({{.inputs = {model_input},
                                             .outputs = {{.name = "y", .any_shape = true}},
                                             .nodes = {std::move(node), {"Neg", {"a"}, {"y"}}},
                                             .value_info = std::move(value_info)}});
    const Result<Model> segment = extract(*model, ids({1}), measured({"a"}));
    EXPECT_TRUE(segment.ok()) << segment.error().message;
    return segment->signature().inputs[0];
  };
  const TensorInfo dynamic{"x", DataType::float32, {-1, 4}};
  EXPECT_EQ(input_of(x, {"Relu", {"x"}, {"a"}}).shape, (Shape{1, 4}));
  EXPECT_EQ(input_of(dynamic, {"Relu", {"x"}, {"a"}}).shape, (Shape{-1, -1}));
  EXPECT_EQ(input_of(dynamic, {"Relu", {"x"}, {"a"}}, {{"a", DataType::float32, {-1, 4}}}).shape, (Shape{-1, 4}));
  EXPECT_TRUE(input_of(x, {"Mine", {"x"}, {"a"}, "", "my.domain"}).any_shape);
}

TEST(Extract, ASequenceCannotLeaveASegment) {
  const Result<Model> model =
      model_from({{.inputs = {x, {"i", DataType::int64, {}}},
                   .outputs = {{"y"}},
                   .nodes = {{"SequenceConstruct", {"x"}, {"s"}, "maker"}, {"SequenceAt", {"s", "i"}, {"y"}}}}});
  const Result<Model> segment = extract(*model, ids({0}), {});
  ASSERT_FALSE(segment);
  EXPECT_EQ(segment.error().code, ErrorCode::unsupported);
  EXPECT_THAT(segment.error().message, HasSubstr("'s'"));
  EXPECT_TRUE(extract(*model, ids({0, 1}), {}).ok());
}

// A model of `nodes` nodes, each reading one to three earlier tensors or constants; what nobody reads is an output.
Model random_model(std::mt19937& random, int nodes) {
  ModelForTest spec{{.inputs = {x, {"x2", DataType::float32, {1, 4}}}, .constants = {"w", "w2"}}};
  std::vector<std::string> tensors{"x", "x2", "w", "w2"};
  std::set<std::string> unread;
  for (int i = 0; i < nodes; ++i) {
    NodeForTest node{"Sum", {}, {"t" + std::to_string(i)}};
    for (unsigned inputs = random() % 3 + 1; inputs > 0; --inputs) node.inputs.push_back(tensors[random() % tensors.size()]);
    for (const std::string& input : node.inputs) unread.erase(input);
    if (random() % 8 == 0) spec.graph.outputs.push_back({node.outputs[0]});
    unread.insert(node.outputs[0]);
    tensors.push_back(node.outputs[0]);
    spec.graph.nodes.push_back(std::move(node));
  }
  for (const std::string& name : unread) {
    const auto same = [&](const TensorInfo& info) { return info.name == name; };
    if (std::none_of(spec.graph.outputs.begin(), spec.graph.outputs.end(), same)) spec.graph.outputs.push_back({name});
  }
  for (const std::string& name : tensors) spec.graph.value_info.push_back({name});
  Result<Model> model = model_from(spec);
  EXPECT_TRUE(model.ok()) << model.error().message;
  return *std::move(model);
}

// For each node a segment, not lower than those of the nodes it reads from.
std::vector<std::size_t> random_partition(const Model& model, std::mt19937& random, std::size_t segments) {
  std::map<std::string, std::size_t> segment_of_tensor;
  std::vector<std::size_t> of_node;
  for (const ModelNode& node : model.nodes()) {
    std::size_t least = 0;
    for (const std::string& input : node.inputs) {
      if (segment_of_tensor.contains(input)) least = std::max(least, segment_of_tensor[input]);
    }
    of_node.push_back(least + (random() % 4 == 0 ? random() % (segments - least) : 0));
    for (const std::string& output : node.outputs) segment_of_tensor[output] = of_node.back();
  }
  return of_node;
}

TEST(Extract, SegmentsOfAnyPartitionFitTogether) {
  constexpr std::size_t segments = 3;
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const Model model = random_model(random, 1 + static_cast<int>(random() % 30));
    const std::vector<std::size_t> of_node = random_partition(model, random, segments);
    std::set<std::string> there{"x", "x2"};
    std::multiset<std::string> produced;
    std::size_t nodes = 0;
    for (std::size_t s = 0; s < segments; ++s) {
      std::vector<NodeId> members;
      for (std::uint32_t i = 0; i < of_node.size(); ++i) {
        if (of_node[i] == s) members.push_back(NodeId{i});
      }
      if (members.empty()) continue;
      std::shuffle(members.begin(), members.end(), random);
      const Result<Model> segment = extract(model, members, {});
      ASSERT_TRUE(segment.ok()) << segment.error().message;
      nodes += segment->nodes().size();
      for (const TensorInfo& input : segment->signature().inputs) ASSERT_TRUE(there.contains(input.name)) << input.name;
      for (const TensorInfo& output : segment->signature().outputs) {
        there.insert(output.name);
        produced.insert(output.name);
      }
      ASSERT_THAT(segment->signature().outputs, testing::Not(IsEmpty()));
    }
    EXPECT_EQ(nodes, model.nodes().size());
    for (const TensorInfo& output : model.signature().outputs) EXPECT_EQ(produced.count(output.name), 1u) << output.name;
    for (const std::string& name : produced) EXPECT_EQ(produced.count(name), 1u) << name;
  }
}

}  // namespace
}  // namespace staronnx
