// A BoundExecutor whose device is the CPU: all that is not CUDA's about a model on a GPU. The rest is in gpu_executor_test.cpp.
#include "staronnx/execute/bound_executor.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "staronnx/base/temporary_directory.h"
#include "staronnx/execute/testing/onnx_builder.h"
#include "staronnx/model/model.h"
#include "staronnx/model/tensor_for_test.h"

namespace staronnx {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Says what was asked of it, in order.
class HostStream final : public DeviceStream {
 public:
  explicit HostStream(std::string& asked) : asked_(asked) {}

  Ort::MemoryInfo memory() const override { return Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeDefault); }
  Status enter() override {
    asked_ += "enter ";
    return {};
  }
  Status copy(std::span<std::byte> to, std::span<const std::byte> from) override {
    asked_ += "copy ";
    std::ranges::copy(from, to.begin());
    return {};
  }
  Status synchronize() override {
    asked_ += "synchronize ";
    return {};
  }
  Result<std::unique_ptr<Recording>> record(const std::function<void()>&) override {
    return Error{ErrorCode::unsupported, "the host's work is not recorded"};
  }

 private:
  std::string& asked_;
};

class BoundExecutorTest : public ::testing::Test {
 protected:
  BoundExecutor open(const onnx::GraphProto& graph) {
    const std::filesystem::path file = folder_.path() / "model.onnx";
    testing::write_model(testing::model_of(graph), file);
    auto environment = std::make_shared<const Ort::Env>(ort::quiet_environment());
    Ort::SessionOptions options = ort::options_for(CoreGroup{{0}, 0});
    auto placement = std::make_unique<NodePlacement>();
    placement->listen(options);
    Ort::Session session(*environment, file.c_str(), options);
    return {"model.onnx",
            Model::load(file)->signature(),
            {environment, std::make_unique<HostStream>(asked_), std::move(placement), std::move(session)}};
  }

  // y = relu(x), for x of `input` and y said to be of `output`.
  BoundExecutor relu(const Shape& input, const Shape& output) {
    onnx::GraphProto graph;
    testing::add_input(graph, "x", DataType::float32, input);
    testing::add_output(graph, "y", DataType::float32, output);
    testing::add_node(graph, "Relu", {"x"}, {"y"});
    return open(graph);
  }

  TemporaryDirectory folder_ = *TemporaryDirectory::create();
  std::string asked_;
  Tensor memory_ = Tensor(DataType::uint8, {64}, 64);
};

const Tensor four = floats({2, 2}, {-1, 2, -3, 4});

TEST_F(BoundExecutorTest, AnOutputOfAStatedShapeIsComputedWhereItBelongs) {
  BoundExecutor executor = relu({2, 2}, {2, 2});
  const TensorView input = four.view();
  OutputSlot output{.buffer = memory_.data(), .view = {}, .shape = {}, .overflow = {}};
  const Status run = executor.enqueue({&input, 1}, {&output, 1});
  ASSERT_TRUE(run.ok()) << run.error().message;
  EXPECT_EQ(output.view.data.data(), memory_.data().data());
  EXPECT_THAT(floats_of(output.view), ElementsAre(0, 2, 0, 4));
  EXPECT_EQ(asked_, "enter synchronize ");
}

TEST_F(BoundExecutorTest, AnOutputOfAnOpenShapeIsCopiedInTheStream) {
  BoundExecutor executor = relu({-1, 2}, {-1, 2});
  const TensorView input = four.view();
  OutputSlot output{.buffer = memory_.data(), .view = {}, .shape = {}, .overflow = {}};
  ASSERT_TRUE(executor.enqueue({&input, 1}, {&output, 1}).ok());
  EXPECT_EQ(output.view.data.data(), memory_.data().data());
  EXPECT_THAT(output.shape, ElementsAre(2, 2));
  EXPECT_THAT(floats_of(output.view), ElementsAre(0, 2, 0, 4));
  EXPECT_EQ(asked_, "enter synchronize copy ");
}

TEST_F(BoundExecutorTest, AnOutputThatDoesNotFitIsThereInTheHostsMemory) {
  for (const Shape& shape : {Shape{2, 2}, Shape{-1, 2}}) {
    BoundExecutor executor = relu(shape, shape);
    const TensorView input = four.view();
    OutputSlot output{.buffer = memory_.data().first(8), .view = {}, .shape = {}, .overflow = {}};
    asked_.clear();
    ASSERT_TRUE(executor.enqueue({&input, 1}, {&output, 1}).ok());
    EXPECT_EQ(output.view.data.data(), output.overflow.data());
    EXPECT_THAT(floats_of(output.view), ElementsAre(0, 2, 0, 4));
    EXPECT_EQ(asked_, "enter synchronize copy synchronize ");
  }
}

TEST_F(BoundExecutorTest, AModelMayBeWrongAboutTheShapeOfItsOutput) {
  BoundExecutor executor = relu({2, 2}, {1, 2});
  const TensorView input = four.view();
  for (int run = 0; run < 2; ++run) {
    OutputSlot output{.buffer = memory_.data(), .view = {}, .shape = {}, .overflow = {}};
    ASSERT_TRUE(executor.enqueue({&input, 1}, {&output, 1}).ok());
    EXPECT_THAT(output.shape, ElementsAre(2, 2));
    EXPECT_THAT(floats_of(output.view), ElementsAre(0, 2, 0, 4));
  }
}

TEST_F(BoundExecutorTest, WhatIsLeftToTheCpuIsNamed) {
  const BoundExecutor executor = relu({2, 2}, {2, 2});
  EXPECT_FALSE(executor.asynchronous());
  EXPECT_EQ(executor.note(), "left to the CPU: 1 of 1 nodes, input 'x', output 'y'; so every run waits for the GPU");
}

TEST_F(BoundExecutorTest, AnOptionalInputMayBeLeftOutInOneRunAndGivenInTheNext) {
  onnx::GraphProto graph;
  testing::add_input(graph, "x", DataType::float32, {2, 2});
  testing::add_input(graph, "more", DataType::float32, {2, 2});
  testing::add_output(graph, "y", DataType::float32, {2, 2});
  testing::add_constant(graph, "more", {2, 2}, std::vector<float>{1, 1, 1, 1});
  testing::add_node(graph, "Add", {"x", "more"}, {"y"});
  BoundExecutor executor = open(graph);
  for (int round = 0; round < 2; ++round) {
    for (const bool given : {true, false}) {
      const std::vector<TensorView> inputs{four.view(), given ? four.view() : TensorView{}};
      OutputSlot output{.buffer = memory_.data(), .view = {}, .shape = {}, .overflow = {}};
      ASSERT_TRUE(executor.enqueue(inputs, {&output, 1}).ok());
      if (given) {
        EXPECT_THAT(floats_of(output.view), ElementsAre(-2, 4, -6, 8));
      } else {
        EXPECT_THAT(floats_of(output.view), ElementsAre(0, 3, -2, 5));
      }
    }
  }
}

TEST_F(BoundExecutorTest, WhatIsWrongComesBackAsAValueAndTheNextRunIsRight) {
  BoundExecutor executor = relu({2, 2}, {2, 2});
  const Tensor wide = floats({1, 4}, {1, 2, 3, 4});
  const Tensor text(DataType::string, {1}, 4);
  TensorView cut = four.view();
  cut.data = cut.data.first(4);
  OutputSlot output{.buffer = memory_.data(), .view = {}, .shape = {}, .overflow = {}};
  const auto error = [&](const TensorView& input) { return executor.enqueue({&input, 1}, {&output, 1}).error().message; };
  EXPECT_THAT(error(wide.view()), HasSubstr("model.onnx: ONNX Runtime: "));
  EXPECT_THAT(error(text.view()), HasSubstr("input 'x' is of strings"));
  EXPECT_THAT(error(cut), HasSubstr("model.onnx: x"));
  EXPECT_THAT(executor.enqueue({}, {&output, 1}).error().message, HasSubstr("0 inputs; give 1"));
  const TensorView input = four.view();
  EXPECT_THAT(executor.enqueue({&input, 1}, {}).error().message, HasSubstr("0 places for outputs; give 1"));
  ASSERT_TRUE(executor.enqueue({&input, 1}, {&output, 1}).ok());
  EXPECT_THAT(floats_of(output.view), ElementsAre(0, 2, 0, 4));
}

TEST_F(BoundExecutorTest, LendsMemoryAndCopiesInTheStream) {
  BoundExecutor executor = relu({2, 2}, {2, 2});
  const Result<GpuMemory> lent = executor.allocate(16);
  ASSERT_TRUE(lent) << lent.error().message;
  ASSERT_EQ(lent->bytes.size(), 16u);
  asked_.clear();
  ASSERT_TRUE(executor.copy(lent->bytes, four.data()));
  EXPECT_EQ(asked_, "enter copy ");
  EXPECT_TRUE(std::ranges::equal(lent->bytes, four.data()));
}

#ifndef STARONNX_WITH_CUDA
TEST(Engine, ABuildWithoutCudaHasNoTensorRt) {
  const auto engine = Engine::create({.tensorrt = "."});
  ASSERT_FALSE(engine.ok());
  EXPECT_EQ(engine.error().code, ErrorCode::unsupported);
  EXPECT_THAT(engine.error().message, HasSubstr("scripts/build --gpu"));
  EXPECT_FALSE((*Engine::create())->has_tensorrt());
}

TEST(Engine, ABuildWithoutCudaSaysHowToGetOneThatHasIt) {
  const auto engine = *Engine::create();
  const std::filesystem::path model = testing::light_model("squeezenet");
  const auto bound = engine->prepare_on_gpu(model, GpuPlace{});
  const auto plain = engine->prepare_plain_on_gpu(model, 0);
  ASSERT_FALSE(bound.ok() || plain.ok());
  for (const Error& error : {bound.error(), plain.error()}) {
    EXPECT_EQ(error.code, ErrorCode::unsupported);
    EXPECT_THAT(error.message, HasSubstr("scripts/build --gpu"));
  }
}
#endif

}  // namespace
}  // namespace staronnx
