// OpenVINO beside ONNX Runtime's own provider. What needs OpenVINO is skipped where the library has none.
#include <algorithm>
#include <filesystem>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "staronnx/base/temporary_directory.h"
#include "staronnx/execute/engine.h"
#include "staronnx/execute/testing/onnx_builder.h"
#include "staronnx/model/difference.h"
#include "staronnx/model/tensor_for_test.h"

namespace staronnx {
namespace {

using ::testing::HasSubstr;

bool has_openvino() {
  return available_providers().size() > 1;
}

Result<Tensor> output_of(Executor& executor, const Tensor& input) {
  const TensorView view = input.view();
  std::vector<OutputSlot> outputs(executor.signature().outputs.size());
  if (Status ran = executor.run({&view, 1}, outputs); !ran) return ran.error();
  return copy_of(outputs[0].view);
}

TEST(Providers, AreNamedAndTheLibrarysOwnIsAlwaysThere) {
  EXPECT_EQ(available_providers().front(), Provider::cpu);
  EXPECT_EQ(provider_named("openvino"), Provider::openvino);
  EXPECT_EQ(provider_named("cpu"), Provider::cpu);
  EXPECT_EQ(provider_named("OpenVINO"), std::nullopt);
}

TEST(Providers, OneThatTheLibraryLacksIsRefusedWithARemedy) {
  if (has_openvino()) GTEST_SKIP() << "this ONNX Runtime has OpenVINO";
  const auto engine = *Engine::create();
  const auto executor = engine->prepare(testing::light_model("squeezenet"), CoreGroup{{0}, 0}, Provider::openvino);
  ASSERT_FALSE(executor.ok());
  EXPECT_EQ(executor.error().code, ErrorCode::unsupported);
  EXPECT_THAT(executor.error().message, HasSubstr("openvino"));
  EXPECT_THAT(executor.error().message, HasSubstr("scripts/build --openvino"));
}

class OpenVino : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_openvino()) GTEST_SKIP() << "this ONNX Runtime has no OpenVINO; scripts/build --openvino builds with one that has";
  }

  // x -> nodes -> y.
  Result<std::shared_ptr<Executor>> prepare(const onnx::GraphProto& graph) {
    const std::filesystem::path file = folder_.path() / "model.onnx";
    testing::write_model(testing::model_of(graph), file);
    return engine_->prepare(file, CoreGroup{{0}, 0}, Provider::openvino);
  }

  TemporaryDirectory folder_ = *TemporaryDirectory::create();
  std::unique_ptr<Engine> engine_ = *Engine::create();
};

TEST_F(OpenVino, ComputesInFloat32WhatTheOtherProviderDoes) {
  const std::filesystem::path model = testing::light_model("densenet121");
  const auto own = engine_->prepare(model, CoreGroup{{0}, 0});
  const auto openvino = engine_->prepare(model, CoreGroup{{0}, 0}, Provider::openvino);
  ASSERT_TRUE(own.ok() && openvino.ok());
  EXPECT_NE(*own, *openvino);
  EXPECT_EQ((*openvino)->note(), "");
  const auto expected = output_of(**own, testing::light_input()), actual = output_of(**openvino, testing::light_input());
  ASSERT_TRUE(expected.ok() && actual.ok());
  const Result<Difference> apart = difference(actual->view(), expected->view(), 1e-4);  // bfloat16 is farther off
  ASSERT_TRUE(apart.ok());
  EXPECT_TRUE(apart->equal) << apart->max_rel;
}

TEST_F(OpenVino, IsRefusedWhereADimensionIsOpen) {
  onnx::GraphProto graph;
  testing::add_input(graph, "x", DataType::float32, {-1, 2});
  testing::add_output(graph, "y", DataType::float32, {-1, 2});
  testing::add_node(graph, "Neg", {"x"}, {"y"});
  const auto executor = prepare(graph);
  ASSERT_FALSE(executor.ok());
  EXPECT_EQ(executor.error().code, ErrorCode::unsupported);
  EXPECT_THAT(executor.error().message, HasSubstr("model.onnx': 'x' has an open dimension"));
}

TEST_F(OpenVino, AModelMayBeWrongAboutTheShapeOfItsOutput) {
  onnx::GraphProto graph;
  testing::add_input(graph, "x", DataType::float32, {2, 2});
  testing::add_output(graph, "y", DataType::float32, {1, 2});
  testing::add_node(graph, "Relu", {"x"}, {"y"});
  const auto executor = *prepare(graph);
  const Tensor input = floats({2, 2}, {-1, 2, -3, 4});
  const TensorView view = input.view();
  Tensor memory(DataType::float32, {8}, 32);
  OutputSlot output;
  output.buffer = memory.data();
  for (int run = 0; run < 2; ++run) {
    const Status ran = executor->run({&view, 1}, {&output, 1});
    ASSERT_TRUE(ran.ok()) << ran.error().message;
    EXPECT_TRUE(difference(output.view, floats({2, 2}, {0, 2, 0, 4}).view())->equal);
  }
}

TEST_F(OpenVino, SaysWhenItLeavesNodesToTheOtherProvider) {
  onnx::GraphProto graph;
  testing::add_input(graph, "x", DataType::float32, {2, 2});
  testing::add_output(graph, "y", DataType::float32, {});
  testing::add_node(graph, "Neg", {"x"}, {"negative"});
  testing::add_node(graph, "Det", {"negative"}, {"y"});
  const auto executor = *prepare(graph);
  EXPECT_THAT(executor->note(), HasSubstr("OpenVINO does not take all nodes"));
  const auto output = output_of(*executor, floats({2, 2}, {2, 0, 0, 3}));
  ASSERT_TRUE(output.ok()) << output.error().message;
  EXPECT_EQ(difference(output->view(), floats({}, {6}).view())->max_abs, 0);
}

TEST_F(OpenVino, EachGroupHasASessionOfItsOwnThatSeveralMayCall) {
  const std::filesystem::path model = testing::light_model("densenet121");
  const auto executor = *engine_->prepare(model, CoreGroup{{0}, 0}, Provider::openvino);
  EXPECT_EQ(executor, *engine_->prepare(model, CoreGroup{{0}, 0}, Provider::openvino));
  EXPECT_NE(executor, *engine_->prepare(model, CoreGroup{{1}, 0}, Provider::openvino));
  const Result<Tensor> expected = output_of(*executor, testing::light_input());
  ASSERT_TRUE(expected.ok());
  std::vector<Result<Tensor>> outputs(2, Result<Tensor>(Tensor()));
  {
    std::vector<std::jthread> threads;
    for (Result<Tensor>& output : outputs) threads.emplace_back([&] { output = output_of(*executor, testing::light_input()); });
  }
  for (const Result<Tensor>& output : outputs) {
    ASSERT_TRUE(output.ok()) << output.error().message;
    EXPECT_TRUE(difference(output->view(), expected->view())->equal);
  }
}

}  // namespace
}  // namespace staronnx
