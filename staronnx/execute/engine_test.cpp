#include "staronnx/execute/engine.h"

#include <algorithm>
#include <fstream>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "staronnx/base/temporary_directory.h"
#include "staronnx/execute/testing/onnx_builder.h"
#include "staronnx/model/difference.h"
#include "staronnx/model/tensor_for_test.h"

namespace staronnx {
namespace {

using ::testing::HasSubstr;

Tensor integers(const Shape& shape, const std::vector<std::int64_t>& values) {
  Tensor tensor(DataType::int64, shape, values.size() * sizeof(std::int64_t));
  std::ranges::copy(std::as_bytes(std::span(values)), tensor.data().begin());
  return tensor;
}

// The bytes of string tensors: a little-endian length of four bytes before each.
Tensor strings(const Shape& shape, const std::vector<std::string>& values) {
  std::string bytes;
  for (const std::string& value : values) bytes += std::string{static_cast<char>(value.size()), '\0', '\0', '\0'} + value;
  Tensor tensor(DataType::string, shape, bytes.size());
  std::ranges::copy(std::as_bytes(std::span(bytes)), tensor.data().begin());
  return tensor;
}

// y = relu(x), for x of `input` and y said to be of `output`.
onnx::GraphProto relu(const Shape& input, const Shape& output) {
  onnx::GraphProto graph;
  testing::add_input(graph, "x", DataType::float32, input);
  testing::add_output(graph, "y", DataType::float32, output);
  testing::add_node(graph, "Relu", {"x"}, {"y"});
  return graph;
}

onnx::GraphProto identity(DataType type, const Shape& shape) {
  onnx::GraphProto graph;
  testing::add_input(graph, "x", type, shape);
  testing::add_output(graph, "y", type, shape);
  testing::add_node(graph, "Identity", {"x"}, {"y"});
  return graph;
}

class EngineTest : public ::testing::Test {
 protected:
  std::filesystem::path write(const onnx::GraphProto& graph) const {
    std::filesystem::path file = folder_.path() / "model.onnx";
    testing::write_model(testing::model_of(graph), file);
    return file;
  }

  std::shared_ptr<Executor> prepare(const onnx::GraphProto& graph) {
    auto executor = engine_->prepare(write(graph), CoreGroup{{0}, 0});
    if (!executor) throw std::runtime_error(executor.error().message);
    return *executor;
  }

  // The only output, allocated by the executor.
  static OutputSlot run(Executor& executor, const std::vector<Tensor>& inputs) {
    std::vector<TensorView> views;
    views.reserve(inputs.size());
    for (const Tensor& input : inputs) views.push_back(input.view());
    OutputSlot output;
    const Status ran = executor.run(views, {&output, 1});
    if (!ran) throw std::runtime_error(ran.error().message);
    return output;
  }

  static Status status_of_run(Executor& executor, const std::vector<TensorView>& inputs) {
    OutputSlot output;
    return executor.run(inputs, {&output, 1});
  }

  TemporaryDirectory folder_ = *TemporaryDirectory::create();
  std::unique_ptr<Engine> engine_ = *Engine::create();
};

// "y" is "x" in the shape "s".
onnx::GraphProto reshape_by_input() {
  onnx::GraphProto graph;
  testing::add_input(graph, "x", DataType::float32, {-1});
  testing::add_input(graph, "s", DataType::int64, {-1});
  testing::add_output(graph, "y", DataType::float32, {-1, -1});
  testing::add_node(graph, "Reshape", {"x", "s"}, {"y"});
  return graph;
}

class LightModel : public EngineTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void expect_the_authors_output(const Result<std::shared_ptr<Executor>>& executor) {
    ASSERT_TRUE(executor.ok()) << executor.error().message;
    std::vector<Tensor> inputs;
    inputs.push_back(testing::light_input());
    const OutputSlot output = run(**executor, inputs);
    const Result<Difference> off = difference(output.view, testing::light_output(file_).view(), 1e-3);
    ASSERT_TRUE(off.ok()) << off.error().message;
    EXPECT_TRUE(off->equal) << off->max_rel;
  }

  std::filesystem::path file_ = testing::light_model(GetParam());
};

TEST_P(LightModel, GivesTheAuthorsOutputOnOneCore) {
  expect_the_authors_output(engine_->prepare(file_, CoreGroup{{0}, 0}));
}

TEST_P(LightModel, GivesTheAuthorsOutputOnSeveralCores) {
  const Result<Machine> machine = detect_machine();
  ASSERT_TRUE(machine.ok());
  const Result<std::vector<CoreGroup>> groups = core_groups(*machine, "2");
  if (!groups) GTEST_SKIP() << "needs two cores";
  expect_the_authors_output(engine_->prepare(file_, groups->front()));
}

TEST_P(LightModel, GivesTheAuthorsOutputInPlainOnnxRuntime) {
  expect_the_authors_output(engine_->prepare_plain(file_, 0));
  expect_the_authors_output(engine_->prepare_unoptimized(file_, 0));
}

INSTANTIATE_TEST_SUITE_P(Engine, LightModel, ::testing::Values("squeezenet", "shufflenet"),
                         [](const auto& parameter) { return std::string(parameter.param); });

TEST_F(EngineTest, AnOutputThatFitsIsComputedInTheCallersBuffer) {
  const auto executor = prepare(relu({2}, {2}));
  const Tensor input = floats({2}, {-1, 2});
  Tensor memory(DataType::float32, {4}, 16);
  OutputSlot output;
  output.buffer = memory.data();
  const TensorView view = input.view();
  ASSERT_TRUE(executor->run({&view, 1}, {&output, 1}).ok());
  EXPECT_EQ(output.view.data.data(), memory.data().data());
  EXPECT_EQ(floats_of(output.view), (std::vector<float>{0, 2}));
  EXPECT_EQ(output.shape, (Shape{2}));
  EXPECT_TRUE(output.overflow.empty());
}

TEST_F(EngineTest, AnOutputThatDoesNotFitIsKeptInOverflow) {
  const auto executor = prepare(relu({2}, {2}));
  const Tensor input = floats({2}, {-1, 2});
  std::byte memory[4] = {};
  OutputSlot output;
  output.buffer = memory;
  const TensorView view = input.view();
  ASSERT_TRUE(executor->run({&view, 1}, {&output, 1}).ok());
  EXPECT_EQ(output.view.data.data(), output.overflow.data());
  EXPECT_EQ(floats_of(output.view), (std::vector<float>{0, 2}));
}

TEST_F(EngineTest, ADynamicOutputIsCopiedIntoTheBuffer) {
  const auto executor = prepare(relu({-1, 2}, {-1, 2}));
  Tensor memory(DataType::float32, {8}, 32);
  OutputSlot output;
  output.buffer = memory.data();
  for (const Tensor& input : {floats({1, 2}, {-1, 2}), floats({3, 2}, {1, 2, 3, 4, 5, 6})}) {
    const TensorView view = input.view();
    ASSERT_TRUE(executor->run({&view, 1}, {&output, 1}).ok());
    EXPECT_EQ(output.view.data.data(), memory.data().data());
    EXPECT_EQ(output.shape, input.shape());
  }
  EXPECT_EQ(floats_of(output.view), (std::vector<float>{1, 2, 3, 4, 5, 6}));
}

TEST_F(EngineTest, AnEmptyTensorGoesThrough) {
  for (const Shape& said : {Shape{-1, 2}, Shape{0, 2}}) {
    const auto executor = prepare(relu(said, said));
    std::vector<Tensor> inputs;
    inputs.push_back(floats({0, 2}, {}));
    const OutputSlot output = run(*executor, inputs);
    EXPECT_EQ(output.shape, (Shape{0, 2}));
    EXPECT_TRUE(output.view.data.empty());
  }
}

TEST_F(EngineTest, AModelMayBeWrongAboutTheShapeOfItsOutput) {
  const auto executor = prepare(relu({-1, 2}, {1, 2}));
  Tensor memory(DataType::float32, {8}, 32);
  OutputSlot output;
  output.buffer = memory.data();
  const Tensor input = floats({2, 2}, {-1, 2, -3, 4});
  const TensorView view = input.view();
  for (int run = 0; run < 2; ++run) {
    const Status ran = executor->run({&view, 1}, {&output, 1});
    ASSERT_TRUE(ran.ok()) << ran.error().message;
    EXPECT_EQ(output.shape, (Shape{2, 2}));
    EXPECT_EQ(floats_of(output.view), (std::vector<float>{0, 2, 0, 4}));
  }
}

// Where the last run had such inputs its outputs are computed in place, too.
TEST_F(EngineTest, ADynamicOutputMayHaveTheShapeOfTheLastRunOrAnother) {
  const auto executor = prepare(reshape_by_input());
  Tensor memory(DataType::float32, {8}, 32);
  OutputSlot output;
  output.buffer = memory.data();
  const Tensor input = floats({4}, {1, 2, 3, 4});
  for (const auto& shape : {Shape{2, 2}, Shape{2, 2}, Shape{1, 4}, Shape{2, 2}, Shape{2, 2}}) {
    Tensor wanted(DataType::int64, {2}, 16);
    std::ranges::copy(std::as_bytes(std::span(shape)), wanted.data().begin());
    const std::vector<TensorView> views = {input.view(), wanted.view()};
    const Status ran = executor->run(views, {&output, 1});
    ASSERT_TRUE(ran.ok()) << ran.error().message;
    EXPECT_EQ(output.shape, shape);
    EXPECT_EQ(output.view.data.data(), memory.data().data());
    EXPECT_EQ(floats_of(output.view), (std::vector<float>{1, 2, 3, 4}));
  }
}

TEST_F(EngineTest, AFailingRunDoesNotChangeHowTheNextGoes) {
  const auto executor = prepare(reshape_by_input());
  Tensor memory(DataType::float32, {8}, 32);
  OutputSlot output;
  output.buffer = memory.data();
  const Tensor input = floats({4}, {1, 2, 3, 4});
  for (const std::int64_t size : {4, 5, 4}) {
    const Shape shape = {1, size};
    Tensor wanted(DataType::int64, {2}, 16);
    std::ranges::copy(std::as_bytes(std::span(shape)), wanted.data().begin());
    const std::vector<TensorView> views = {input.view(), wanted.view()};
    EXPECT_EQ(executor->run(views, {&output, 1}).ok(), size == 4);
  }
  EXPECT_EQ(floats_of(output.view), (std::vector<float>{1, 2, 3, 4}));
}

TEST_F(EngineTest, StringsGoThroughUnchanged) {
  const auto executor = prepare(identity(DataType::string, {-1}));
  const std::vector<std::string> values = {"", "Grüße", std::string("a\0b", 3)};
  std::vector<Tensor> inputs;
  inputs.push_back(strings({3}, values));
  const OutputSlot output = run(*executor, inputs);
  EXPECT_EQ(output.view.type, DataType::string);
  EXPECT_TRUE(difference(output.view, inputs[0].view())->equal);
}

TEST_F(EngineTest, NoStringsGoThroughUnchanged) {
  const auto executor = prepare(identity(DataType::string, {-1}));
  std::vector<Tensor> inputs;
  inputs.push_back(strings({0}, {}));
  EXPECT_EQ(run(*executor, inputs).shape, (Shape{0}));
}

TEST_F(EngineTest, EveryElementTypeOfOnnxRuntimeGoesThroughUnchanged) {
  for (DataType type : {DataType::float32, DataType::uint8, DataType::int8, DataType::uint16, DataType::int16, DataType::int32,
                        DataType::int64, DataType::boolean, DataType::float16, DataType::float64, DataType::uint32,
                        DataType::uint64, DataType::bfloat16, DataType::float8e4m3fn, DataType::float8e4m3fnuz,
                        DataType::float8e5m2, DataType::float8e5m2fnuz, DataType::uint4, DataType::int4}) {
    onnx::GraphProto graph;
    testing::add_input(graph, "x", type, {1, 3});
    testing::add_output(graph, "y", type, {3, 1});
    testing::add_node(graph, "Transpose", {"x"}, {"y"});
    const auto executor = prepare(graph);
    std::vector<Tensor> inputs;
    inputs.emplace_back(type, Shape{1, 3}, byte_size(type, Shape{1, 3})->count);
    inputs[0].data()[0] = std::byte{1};
    const OutputSlot output = run(*executor, inputs);
    EXPECT_EQ(output.view.type, type);
    EXPECT_TRUE(std::ranges::equal(output.view.data, inputs[0].data())) << to_string(type);
  }
}

// b has a default value and comes before x.
onnx::GraphProto sum_with_default() {
  onnx::GraphProto graph;
  testing::add_input(graph, "b", DataType::float32, {1});
  testing::add_input(graph, "x", DataType::float32, {1});
  testing::add_output(graph, "y", DataType::float32, {1});
  testing::add_constant(graph, "b", {1}, std::vector<float>{10});
  testing::add_node(graph, "Add", {"x", "b"}, {"y"});
  return graph;
}

TEST_F(EngineTest, AnOptionalInputMayBeLeftOut) {
  const auto executor = prepare(sum_with_default());
  ASSERT_EQ(executor->signature().inputs.size(), 2u);
  std::vector<Tensor> inputs(2);
  inputs[1] = floats({1}, {5});
  EXPECT_EQ(floats_of(run(*executor, inputs).view), std::vector<float>{15});
  inputs[0] = floats({1}, {1});
  EXPECT_EQ(floats_of(run(*executor, inputs).view), std::vector<float>{6});
}

TEST_F(EngineTest, WhatDoesNotFitIsRefused) {
  const auto executor = prepare(sum_with_default());
  const Tensor x = floats({1}, {5});
  const TensorView too_short{DataType::float32, x.shape(), x.data().first(3)};
  EXPECT_FALSE(status_of_run(*executor, {TensorView{}, TensorView{}}).ok()) << "x is required";
  EXPECT_FALSE(status_of_run(*executor, {x.view()}).ok()) << "one input of two";
  EXPECT_FALSE(executor->run(std::vector<TensorView>{{}, x.view()}, {}).ok()) << "no place for the output";
  const Status refused = status_of_run(*executor, {TensorView{}, too_short});
  ASSERT_FALSE(refused.ok()) << "three bytes of a float";
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(refused.error().message, HasSubstr("x"));
}

TEST_F(EngineTest, AnotherTypeIsRefused) {
  const auto executor = prepare(relu({1}, {1}));
  const Tensor input = integers({1}, {5});
  const Status refused = status_of_run(*executor, {input.view()});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
}

TEST_F(EngineTest, AFailedRunIsAValueAndTheNextOneWorks) {
  onnx::GraphProto graph;
  testing::add_input(graph, "which", DataType::int64, {1});
  testing::add_output(graph, "y", DataType::float32, {1});
  testing::add_constant(graph, "table", {3}, std::vector<float>{1, 2, 3});
  testing::add_node(graph, "Gather", {"table", "which"}, {"y"});
  const auto executor = prepare(graph);

  const Tensor outside = integers({1}, {7});
  const Status failed = status_of_run(*executor, {outside.view()});
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(failed.error().message, HasSubstr("Gather"));

  std::vector<Tensor> inside;
  inside.push_back(integers({1}, {2}));
  EXPECT_EQ(floats_of(run(*executor, inside).view), std::vector<float>{3});
}

TEST_F(EngineTest, TwoThreadsMayRunOneExecutor) {
  const auto executor = prepare(relu({-1}, {-1}));
  const auto runs_right = [&](float value, bool& right) {
    right = true;
    std::vector<Tensor> inputs;
    inputs.push_back(floats({1000}, std::vector<float>(1000, value)));
    for (int i = 0; i < 200; ++i) right = right && floats_of(run(*executor, inputs).view) == std::vector<float>(1000, value);
  };
  bool first = false;
  bool second = false;
  std::thread other([&] { runs_right(1, first); });
  runs_right(2, second);
  other.join();
  EXPECT_TRUE(first);
  EXPECT_TRUE(second);
}

TEST_F(EngineTest, GroupsOfOneCoreShareOneSession) {
  const auto file = write(relu({2}, {2}));
  const auto first = engine_->prepare(file, CoreGroup{{0}, 0});
  const auto second = engine_->prepare(file, CoreGroup{{1}, 0});
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(*first, *second);
}

TEST_F(EngineTest, AReplacedFileIsLoadedAnew) {
  const auto before = prepare(identity(DataType::float32, {1}));
  const auto after = prepare(relu({1}, {1}));
  std::vector<Tensor> inputs;
  inputs.push_back(floats({1}, {-1}));
  EXPECT_EQ(floats_of(run(*before, inputs).view), std::vector<float>{-1});
  EXPECT_EQ(floats_of(run(*after, inputs).view), std::vector<float>{0});
}

TEST_F(EngineTest, AnExecutorOutlivesTheEngineAndTheFile) {
  const auto executor = prepare(relu({1}, {1}));
  engine_.reset();
  std::filesystem::remove(folder_.path() / "model.onnx");
  std::vector<Tensor> inputs;
  inputs.push_back(floats({1}, {-1}));
  EXPECT_EQ(floats_of(run(*executor, inputs).view), std::vector<float>{0});
}

TEST_F(EngineTest, AFileThatIsNoModelIsNamed) {
  const std::filesystem::path text = folder_.path() / "notes.onnx";
  std::ofstream(text) << "these are no weights";
  for (const auto& [file, code] :
       {std::pair(text, ErrorCode::invalid_argument), {folder_.path() / "none.onnx", ErrorCode::not_found}}) {
    const auto executor = engine_->prepare(file, CoreGroup{{0}, 0});
    ASSERT_FALSE(executor.ok());
    EXPECT_EQ(executor.error().code, code);
    EXPECT_THAT(executor.error().message, HasSubstr(file.string()));
    EXPECT_FALSE(engine_->prepare_plain(file, 1).ok());
  }
}

TEST_F(EngineTest, AnOperatorThatOnnxRuntimeLacksIsNamed) {
  onnx::GraphProto graph = relu({1}, {1});
  graph.mutable_node(0)->set_op_type("Abracadabra");
  const auto executor = engine_->prepare(write(graph), CoreGroup{{0}, 0});
  ASSERT_FALSE(executor.ok());
  EXPECT_THAT(executor.error().message, HasSubstr("Abracadabra"));
}

TEST(OnnxRuntime, SaysItsVersion) {
  EXPECT_THAT(onnxruntime_version(), ::testing::MatchesRegex("1\\.[0-9]+\\.[0-9]+.*"));
}

}  // namespace
}  // namespace staronnx
