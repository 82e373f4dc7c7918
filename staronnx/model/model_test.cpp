#include "staronnx/model/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "onnx/onnx-ml.pb.h"
#include "staronnx/base/temporary_directory.h"
#include "staronnx/model/content.h"
#include "staronnx/model/model_for_test.h"

namespace staronnx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const TensorInfo x{"x", DataType::float32, {1, 4}};
const TensorInfo w{"w", DataType::float32, {4, 4}};

std::string refusal_of(const ModelForTest& spec) {
  const Result<Model> model = model_from(spec);
  return model ? "accepted" : model.error().message;
}

TEST(ModelLoad, NamesAFileThatIsMissingOrNoModel) {
  const Result<TemporaryDirectory> directory = TemporaryDirectory::create();
  const Result<Model> missing = Model::load(directory->path() / "none.onnx");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_THAT(missing.error().message, HasSubstr("none.onnx"));
  std::ofstream(directory->path() / "empty.onnx") << "";
  EXPECT_THAT(Model::load(directory->path() / "empty.onnx").error().message, HasSubstr("no ONNX model"));
  std::ofstream(directory->path() / "text.onnx") << "a text";
  EXPECT_THAT(Model::load(directory->path() / "text.onnx").error().message, HasSubstr("text.onnx': no ONNX model"));
}

TEST(ModelLoad, AFileOverTwoGigabytesIsRefusedWithTheRemedy) {
  const Result<TemporaryDirectory> directory = TemporaryDirectory::create();
  const std::filesystem::path file = directory->path() / "large.onnx";
  std::ofstream(file).put('\0');
  std::filesystem::resize_file(file, (std::uintmax_t{1} << 31) + 1);  // sparse: takes no space
  const Result<Model> model = Model::load(file);
  ASSERT_FALSE(model);
  EXPECT_THAT(model.error().message, HasSubstr("external data"));
}

TEST(ModelLoad, WhatIsSavedLoadsAgain) {
  const Result<TemporaryDirectory> directory = TemporaryDirectory::create();
  const Result<Model> model =
      model_from({{.inputs = {x}, .outputs = {{"y"}}, .constants = {"w"}, .nodes = {{"MatMul", {"x", "w"}, {"y"}, "m"}}}});
  ASSERT_TRUE(model.ok()) << model.error().message;
  ASSERT_TRUE(model->save(directory->path() / "m.onnx").ok());
  const Result<Model> again = Model::load(directory->path() / "m.onnx");
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->signature(), model->signature());
  EXPECT_EQ(again->nodes()[0].name, "m");
  EXPECT_EQ(again->nodes()[0].op_type, "MatMul");
}

TEST(ModelLoad, ShapesAndDimensionNamesAreRead) {
  const TensorInfo dynamic{"x", DataType::int64, {-1, 3}, {"batch", ""}};
  onnx::ModelProto proto;
  ASSERT_TRUE(proto.ParseFromString(bytes_of({{.inputs = {x}, .outputs = {{"y"}}, .nodes = {{"Relu", {"x"}, {"y"}}}}})));
  onnx::TypeProto::Tensor& type = *proto.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::INT64);
  type.mutable_shape()->mutable_dim(0)->set_dim_param("batch");
  type.mutable_shape()->mutable_dim(1)->set_dim_value(3);
  proto.mutable_graph()->mutable_output(0)->mutable_type()->mutable_tensor_type()->clear_shape();
  const Result<Model> model = model_from(std::move(proto));
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_EQ(model->signature().inputs, std::vector<TensorInfo>{dynamic});
  EXPECT_TRUE(model->signature().outputs[0].any_shape);
}

TEST(ModelLoad, BeforeVersion4InitializersAreConstantsThoughListedAsInputs) {
  const GraphForTest graph{.inputs = {x, w}, .outputs = {{"y"}}, .constants = {"w"}, .nodes = {{"MatMul", {"x", "w"}, {"y"}}}};
  const Result<Model> old = model_from({graph, 3});
  ASSERT_TRUE(old.ok()) << old.error().message;
  EXPECT_THAT(names_of(old->signature().inputs), ElementsAre("x"));
  EXPECT_TRUE(old->is_constant("w"));

  const Result<Model> today = model_from({graph, 8});
  ASSERT_TRUE(today.ok()) << today.error().message;
  ASSERT_THAT(names_of(today->signature().inputs), ElementsAre("x", "w"));
  EXPECT_FALSE(today->signature().inputs[0].optional);
  EXPECT_TRUE(today->signature().inputs[1].optional);
  EXPECT_FALSE(today->is_constant("w"));
  EXPECT_TRUE(today->is_initializer("w"));
}

TEST(ModelLoad, ConstantNodesAreInitializers) {
  onnx::ModelProto proto;
  ASSERT_TRUE(proto.ParseFromString(
      bytes_of({{.inputs = {x}, .outputs = {{"y"}}, .nodes = {{"Constant", {}, {"c"}}, {"Reshape", {"x", "c"}, {"y"}}}}})));
  onnx::AttributeProto& value = *proto.mutable_graph()->mutable_node(0)->add_attribute();
  value.set_name("value_ints");
  value.add_ints(-1);
  const Result<Model> model = model_from(std::move(proto));
  ASSERT_TRUE(model.ok()) << model.error().message;
  ASSERT_EQ(model->nodes().size(), 1u);
  EXPECT_TRUE(model->is_constant("c"));
  EXPECT_EQ(model->tensor_info("c")->type, DataType::int64);
  EXPECT_EQ(model->tensor_info("c")->shape, Shape{1});
}

TEST(ModelLoad, SparseInitializersAreConstants) {
  onnx::ModelProto proto;
  ASSERT_TRUE(proto.ParseFromString(bytes_of({{.inputs = {x}, .outputs = {{"y"}}, .nodes = {{"MatMul", {"x", "s"}, {"y"}}}}})));
  onnx::SparseTensorProto& sparse = *proto.mutable_graph()->add_sparse_initializer();
  sparse.mutable_values()->set_name("s");
  sparse.mutable_values()->set_data_type(onnx::TensorProto::FLOAT);
  for (int dimension : {4, 2}) sparse.add_dims(dimension);
  const Result<Model> model = model_from(std::move(proto));
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_TRUE(model->is_constant("s"));
  EXPECT_EQ(model->tensor_info("s")->shape, (Shape{4, 2}));
}

TEST(ModelLoad, NodesAreBroughtIntoTopologicalOrder) {
  const Result<Model> model = model_from(
      {{.inputs = {x},
        .outputs = {{"y"}},
        .nodes = {{"Relu", {"b"}, {"y"}, "last"}, {"Relu", {"a"}, {"b"}, "middle"}, {"Relu", {"x"}, {"a"}, "first"}}}});
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_EQ(model->nodes()[0].name, "first");
  EXPECT_EQ(model->nodes()[1].name, "middle");
  EXPECT_EQ(model->nodes()[2].name, "last");
}

TEST(ModelLoad, ACycleIsRefusedNamingANodeOnIt) {
  const std::string refusal =
      refusal_of({{.inputs = {x},
                   .outputs = {{"y"}},
                   .nodes = {{"Relu", {"b"}, {"y"}, "after"}, {"Add", {"x", "b"}, {"a"}, "in"}, {"Relu", {"a"}, {"b"}, "out"}}}});
  EXPECT_THAT(refusal, HasSubstr("cycle"));
  EXPECT_THAT(refusal, testing::AnyOf(HasSubstr("'in'"), HasSubstr("'out'")));
}

TEST(ModelLoad, DamagedGraphsAreRefusedByName) {
  EXPECT_THAT(refusal_of({{.inputs = {x}, .outputs = {{"y"}}, .nodes = {{"Add", {"x", "ghost"}, {"y"}, "sum"}}}}),
              testing::AllOf(HasSubstr("node 'sum' (Add)"), HasSubstr("'ghost'")));
  EXPECT_THAT(refusal_of({{.inputs = {x}, .outputs = {{"y"}}, .nodes = {{"Relu", {"x"}, {"y"}}, {"Neg", {"x"}, {"y"}}}}}),
              HasSubstr("'y' is produced by"));
  EXPECT_THAT(refusal_of({{.inputs = {x}, .outputs = {{"x"}}, .nodes = {{"Relu", {"x"}, {"x"}}}}}), HasSubstr("'x'"));
  EXPECT_THAT(refusal_of({{.inputs = {x}, .outputs = {{"nowhere"}}, .nodes = {{"Relu", {"x"}, {"y"}}}}}), HasSubstr("'nowhere'"));
}

TEST(ModelLoad, SequencesAsInputsOrOutputsAreRefusedByName) {
  onnx::ModelProto proto;
  ASSERT_TRUE(proto.ParseFromString(bytes_of({{.inputs = {x, {"s"}}, .outputs = {{"y"}}, .nodes = {{"Relu", {"x"}, {"y"}}}}})));
  proto.mutable_graph()->mutable_input(1)->mutable_type()->mutable_sequence_type();
  const Result<Model> input = model_from(std::move(proto));
  ASSERT_FALSE(input);
  EXPECT_EQ(input.error().code, ErrorCode::unsupported);
  EXPECT_THAT(input.error().message, HasSubstr("input 's'"));

  ASSERT_TRUE(
      proto.ParseFromString(bytes_of({{.inputs = {x}, .outputs = {{"s"}}, .nodes = {{"SequenceConstruct", {"x"}, {"s"}}}}})));
  proto.mutable_graph()->mutable_output(0)->clear_type();
  const Result<Model> output = model_from(std::move(proto));
  ASSERT_FALSE(output);
  EXPECT_THAT(output.error().message, HasSubstr("output 's'"));
}

TEST(ModelNodes, CaptureWhatBodiesReadFromOutsideHoweverDeep) {
  const std::string inner = body_of({.outputs = {{"i"}}, .nodes = {{"Add", {"deep", "local"}, {"i"}}}});
  const std::string outer =
      body_of({.outputs = {{"o"}},
               .constants = {"own"},
               .nodes = {{"Mul", {"a", "own"}, {"local"}}, {"If", {"cond"}, {"o"}, "", "", {inner, inner}}}});
  const Result<Model> model = model_from({{.inputs = {{"cond", DataType::boolean}, {"a"}, {"deep"}},
                                           .outputs = {{"y"}},
                                           .nodes = {{"If", {"cond"}, {"y"}, "", "", {outer, outer}}}}});
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_THAT(model->nodes()[0].captured, ElementsAre("a", "cond", "deep"));
}

TEST(ModelNodes, ABodysOwnNamesAreNotCaptured) {
  const std::string body =
      body_of({.inputs = {{"i"}, {"c"}, {"state"}}, .outputs = {{"c"}, {"next"}}, .nodes = {{"Add", {"state", "i"}, {"next"}}}});
  const Result<Model> model = model_from({{.inputs = {{"n", DataType::int64}, {"start"}, {"state"}},
                                           .outputs = {{"y"}},
                                           .nodes = {{"Loop", {"n", "", "start"}, {"y"}, "", "", {body}}}}});
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_THAT(model->nodes()[0].captured, IsEmpty());
}

TEST(ModelTypes, SequencesAreKnownByTheirOperatorsAndFollowed) {
  const std::string body = body_of(
      {.inputs = {{"i"}, {"c"}, {"in"}}, .outputs = {{"c"}, {"out"}}, .nodes = {{"SequenceInsert", {"in", "i"}, {"out"}}}});
  onnx::ModelProto proto;
  ASSERT_TRUE(proto.ParseFromString(bytes_of({{.inputs = {{"n", DataType::int64}, x},
                                               .outputs = {{"y"}},
                                               .nodes = {{"SequenceEmpty", {}, {"none"}},
                                                         {"Loop", {"n", "", "none"}, {"all"}, "", "", {body}},
                                                         {"Identity", {"all"}, {"same"}},
                                                         {"SequenceAt", {"same", "n"}, {"y"}}}}})));
  onnx::GraphProto& loop_body = *proto.mutable_graph()->mutable_node(1)->mutable_attribute(0)->mutable_g();
  loop_body.mutable_input(2)->clear_type();
  loop_body.mutable_output(1)->clear_type();
  const Result<Model> model = model_from(std::move(proto));
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_FALSE(model->is_tensor("none"));
  EXPECT_FALSE(model->is_tensor("all"));
  EXPECT_FALSE(model->is_tensor("same"));
  EXPECT_TRUE(model->is_tensor("y"));
  EXPECT_TRUE(model->is_tensor("x"));
}

TEST(ModelTypes, ResultsOfFunctionsAreTensorsOnlyWhereTheFileSaysSo) {
  onnx::ModelProto proto;
  ASSERT_TRUE(proto.ParseFromString(bytes_of(
      {{.inputs = {x},
        .outputs = {{"y"}},
        .nodes = {{"F", {"x"}, {"said"}, "", "mine"}, {"F", {"x"}, {"unsaid"}, "", "mine"}, {"Add", {"said", "unsaid"}, {"y"}}},
        .value_info = {{"said", DataType::float32, {1, 4}}}}})));
  onnx::FunctionProto& function = *proto.add_functions();
  function.set_name("F");
  function.set_domain("mine");
  const Result<Model> model = model_from(std::move(proto));
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_TRUE(model->is_tensor("said"));
  EXPECT_FALSE(model->is_tensor("unsaid"));
}

}  // namespace
}  // namespace staronnx
