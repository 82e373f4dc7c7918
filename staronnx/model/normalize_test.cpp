#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "staronnx/model/content.h"
#include "staronnx/model/model_for_test.h"

namespace staronnx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const TensorInfo x{"x", DataType::float32, {1, 4}};
const TensorInfo w{"w", DataType::float32, {4, 4}};

std::vector<std::string> node_names(const Model& model) {
  std::vector<std::string> names;
  for (const ModelNode& node : model.nodes()) names.push_back(node.name);
  return names;
}

TEST(Normalized, EveryNodeHasANameOfItsOwn) {
  const std::string body = body_of({.outputs = {{"b"}}, .nodes = {{"Neg", {"x"}, {"n"}, "same"}, {"Neg", {"n"}, {"b"}}}});
  const Result<Model> model = model_from({{.inputs = {x, {"c", DataType::boolean, {}}},
                                           .outputs = {{"y"}},
                                           .nodes = {{"Relu", {"x"}, {"r"}},
                                                     {"Relu", {"r"}, {"s"}, "same"},
                                                     {"Relu", {"s"}, {"t"}, "same"},
                                                     {"Relu", {"t"}, {"u"}, "same_1"},
                                                     {"If", {"c"}, {"v"}, "quo\"te\\d", "", {body, body}},
                                                     {"Add", {"u", "v"}, {"y"}}}}});
  ASSERT_TRUE(model.ok()) << model.error().message;
  const Result<Model> tidy = normalized(*model, model->signature());
  ASSERT_TRUE(tidy.ok()) << tidy.error().message;
  EXPECT_THAT(node_names(*tidy), ElementsAre("Relu", "same", "same_2", "same_1", "quo_te_d", "Add"));
  std::set<std::string> all;
  std::size_t count = 0;
  const auto count_names = [&](const auto& self, const onnx::GraphProto& graph) -> void {
    for (const onnx::NodeProto& node : graph.node()) {
      all.insert(node.name());
      ++count;
      for (const onnx::AttributeProto& attribute : node.attribute()) self(self, attribute.g());
    }
  };
  count_names(count_names, tidy->content().proto.graph());
  EXPECT_EQ(count, 10u);
  EXPECT_EQ(all.size(), count);
}

TEST(Normalized, IsTheSameEachTime) {
  const Result<Model> model =
      model_from({{.inputs = {x}, .outputs = {{"y"}}, .nodes = {{"Relu", {"x"}, {"r"}}, {"Relu", {"r"}, {"y"}}}}});
  const Result<Model> once = normalized(*model, model->signature());
  const Result<Model> twice = normalized(*once, model->signature());
  EXPECT_EQ(once->content().proto.SerializeAsString(), twice->content().proto.SerializeAsString());
}

TEST(Normalized, AConstantOutputComesFromAnIdentity) {
  const Result<Model> model = model_from({{.inputs = {x},
                                           .outputs = {{"y"}, w, w},
                                           .constants = {"w", "w_constant"},
                                           .nodes = {{"MatMul", {"x", "w"}, {"m"}}, {"Add", {"m", "w_constant"}, {"y"}}}}});
  ASSERT_TRUE(model.ok()) << model.error().message;
  const Result<Model> tidy = normalized(*model, model->signature());
  ASSERT_TRUE(tidy.ok()) << tidy.error().message;
  ASSERT_EQ(tidy->nodes().size(), 3u);
  EXPECT_EQ(tidy->nodes()[0].op_type, "Identity");
  EXPECT_THAT(tidy->nodes()[0].outputs, ElementsAre("w"));
  EXPECT_TRUE(tidy->is_constant(tidy->nodes()[0].inputs[0]));
  EXPECT_FALSE(tidy->is_constant("w"));
  EXPECT_EQ(tidy->signature(), model->signature());
}

TEST(Normalized, AnOutputThatIsAnInputStays) {
  const Result<Model> model = model_from({{.inputs = {x}, .outputs = {{"y"}, x}, .nodes = {{"Relu", {"x"}, {"y"}}}}});
  const Result<Model> tidy = normalized(*model, model->signature());
  ASSERT_TRUE(tidy.ok()) << tidy.error().message;
  EXPECT_EQ(tidy->signature(), model->signature());
  EXPECT_EQ(tidy->nodes().size(), 1u);
}

TEST(Normalized, NodesThatNobodyNeedsAreGone) {
  const Result<Model> model = model_from(
      {{.inputs = {x},
        .outputs = {{"y"}},
        .nodes = {{"Neg", {"x"}, {"d"}, "dead"}, {"Relu", {"x"}, {"y"}, "live"}, {"Neg", {"d"}, {"e"}, "also dead"}}}});
  const Result<Model> tidy = normalized(*model, model->signature());
  ASSERT_TRUE(tidy.ok()) << tidy.error().message;
  EXPECT_THAT(node_names(*tidy), ElementsAre("live"));
}

// ONNX Runtime saves models of ir_version 3 with inputs for weights that it has folded away.
TEST(Normalized, InputsThatTheOriginalDoesNotHaveAreGone) {
  const GraphForTest graph{
      .inputs = {x, w, {"left over"}}, .outputs = {{"y"}}, .constants = {"w"}, .nodes = {{"MatMul", {"x", "w"}, {"y"}}}};
  const Result<Model> model = model_from({graph, 3});
  ASSERT_TRUE(model.ok()) << model.error().message;
  ASSERT_EQ(model->signature().inputs.size(), 2u);
  const Result<Model> tidy = normalized(*model, {{x}, model->signature().outputs});
  ASSERT_TRUE(tidy.ok()) << tidy.error().message;
  ASSERT_EQ(tidy->signature().inputs.size(), 1u);
  EXPECT_EQ(tidy->signature().inputs[0].name, "x");
  EXPECT_TRUE(tidy->is_constant("w"));
}

TEST(Normalized, AnInputThatIsNeededCannotGo) {
  const Result<Model> model =
      model_from({{.inputs = {x, {"extra"}}, .outputs = {{"y"}}, .nodes = {{"Add", {"x", "extra"}, {"y"}}}}});
  const Result<Model> tidy = normalized(*model, {{x}, {}});
  ASSERT_FALSE(tidy);
  EXPECT_THAT(tidy.error().message, HasSubstr("'extra'"));
}

}  // namespace
}  // namespace staronnx
