// Models on a GPU. In builds with CUDA; what needs a GPU is skipped where there is none.
#include "staronnx/execute/gpu_executor.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <stdexcept>
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

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double with_tf32 = 1e-2;  // ten bits of the fraction in every convolution

void must(cudaError_t code) {
  if (code != cudaSuccess) throw std::runtime_error(cudaGetErrorString(code));
}

int gpus() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

class Stream {
 public:
  Stream() { must(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }
  ~Stream() { cudaStreamDestroy(stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  cudaStream_t get() const { return stream_; }
  void synchronize() const { must(cudaStreamSynchronize(stream_)); }

 private:
  cudaStream_t stream_ = nullptr;
};

class OnGpu {
 public:
  explicit OnGpu(std::size_t size) : size_(size) { must(cudaMalloc(&memory_, std::max<std::size_t>(size, 1))); }
  OnGpu(const Tensor& tensor, const Stream& stream) : OnGpu(tensor.data().size()) {
    must(cudaMemcpyAsync(memory_, tensor.data().data(), size_, cudaMemcpyDefault, stream.get()));
  }
  ~OnGpu() { cudaFree(memory_); }
  OnGpu(const OnGpu&) = delete;
  OnGpu& operator=(const OnGpu&) = delete;

  std::span<std::byte> bytes() const { return {static_cast<std::byte*>(memory_), size_}; }

 private:
  void* memory_ = nullptr;
  std::size_t size_ = 0;
};

// The tensor that a view shows, wherever it is.
Tensor fetched(const TensorView& view, const Stream& stream) {
  Tensor tensor(view.type, Shape(view.shape.begin(), view.shape.end()), view.data.size());
  must(cudaMemcpyAsync(tensor.data().data(), view.data.data(), view.data.size(), cudaMemcpyDefault, stream.get()));
  stream.synchronize();
  return tensor;
}

// The only output, for the only input, in `room` bytes of the GPU.
Result<Tensor> output_of(GpuExecutor& executor, const Stream& stream, const Tensor& input, std::size_t room) {
  const OnGpu there(input, stream), back(room);
  const TensorView view{input.type(), input.shape(), there.bytes()};
  OutputSlot output{.buffer = back.bytes(), .view = {}, .shape = {}, .overflow = {}};
  const Status run = executor.enqueue({&view, 1}, {&output, 1});
  if (!run) return run.error();
  return fetched(output.view, stream);
}

class Gpu0 : public ::testing::Test {
 protected:
  void SetUp() override {
    if (gpus() == 0) GTEST_SKIP() << "no GPU on this machine";
    must(cudaSetDevice(0));
    stream_ = std::make_unique<Stream>();
  }

  std::unique_ptr<GpuExecutor> prepare(const std::filesystem::path& model, std::optional<Bytes> limit = {}) {
    auto executor = engine_->prepare_on_gpu(model, {.ordinal = 0, .stream = stream_->get(), .memory_limit = limit});
    if (!executor) throw std::runtime_error(executor.error().message);
    return *std::move(executor);
  }

  std::unique_ptr<GpuExecutor> prepare(const onnx::GraphProto& graph) {
    testing::write_model(testing::model_of(graph), folder_.path() / "model.onnx");
    return prepare(folder_.path() / "model.onnx");
  }

  // y = relu(x), for x of `input` and y said to be of `output`.
  static onnx::GraphProto relu(const Shape& input, const Shape& output) {
    onnx::GraphProto graph;
    testing::add_input(graph, "x", DataType::float32, input);
    testing::add_output(graph, "y", DataType::float32, output);
    testing::add_node(graph, "Relu", {"x"}, {"y"});
    return graph;
  }

  TemporaryDirectory folder_ = *TemporaryDirectory::create();
  std::unique_ptr<Engine> engine_ = *Engine::create();
  std::unique_ptr<Stream> stream_;
};

TEST_F(Gpu0, ComputesWhatTheCpuDoes) {
  for (const char* name : {"squeezenet", "densenet121", "inception_v1", "resnet50"}) {
    const std::filesystem::path model = testing::light_model(name);
    const auto executor = prepare(model);
    EXPECT_EQ(executor->note(), "") << name;
    EXPECT_TRUE(executor->asynchronous()) << name;
    const Tensor expected = testing::light_output(model);
    for (int run = 0; run < 4; ++run) {  // the last two are played
      const auto output = output_of(*executor, *stream_, testing::light_input(), expected.data().size());
      ASSERT_TRUE(output.ok()) << name << ": " << output.error().message;
      const auto apart = difference(output->view(), expected.view(), with_tf32);
      ASSERT_TRUE(apart.ok()) << name << ": " << apart.error().message;
      EXPECT_TRUE(apart->equal) << name << ": " << apart->max_rel;
    }
  }
}

TEST_F(Gpu0, RunsFollowEachOtherInTheStreamWithoutWaiting) {
  const auto executor = prepare(relu({-1, 2}, {-1, 2}));
  ASSERT_TRUE(executor->asynchronous());
  std::vector<std::unique_ptr<OnGpu>> memory;
  memory.push_back(std::make_unique<OnGpu>(floats({2, 2}, {-1, 2, -3, 4}), *stream_));
  OutputSlot output;
  for (int run = 0; run < 8; ++run) {  // each takes what the one before gives
    const Shape shape{2, 2};
    const TensorView input{DataType::float32, shape, memory.back()->bytes()};
    memory.push_back(std::make_unique<OnGpu>(16));
    output = OutputSlot{.buffer = memory.back()->bytes(), .view = {}, .shape = {}, .overflow = {}};
    ASSERT_TRUE(executor->enqueue({&input, 1}, {&output, 1}).ok());
  }
  EXPECT_THAT(floats_of(fetched(output.view, *stream_).view()), ElementsAre(0, 2, 0, 4));
}

TEST_F(Gpu0, RunsThatComeAgainComputeWithTheirOwnInputs) {
  const auto executor = prepare(relu({-1, 2}, {-1, 2}));
  for (float run = 1; run < 6; ++run) {
    for (const std::int64_t rows : {1, 2}) {
      const Tensor input =
          floats({rows, 2}, rows == 1 ? std::vector<float>{run, -run} : std::vector<float>{-run, run, 0, run + 1});
      const auto output = output_of(*executor, *stream_, input, 64);
      ASSERT_TRUE(output.ok()) << output.error().message;
      const std::vector<float> expected = rows == 1 ? std::vector<float>{run, 0} : std::vector<float>{0, run, 0, run + 1};
      EXPECT_EQ(floats_of(output->view()), expected);
    }
    ASSERT_TRUE(executor->allocate(16).ok());  // after which recordings are made anew
  }
}

TEST_F(Gpu0, AModelThatWaitsForItsOwnResultsRunsAgainAndAgain) {
  onnx::GraphProto graph;
  testing::add_input(graph, "x", DataType::float32, {4});
  testing::add_output(graph, "y", DataType::int64, {1, -1});
  testing::add_node(graph, "NonZero", {"x"}, {"y"});
  const auto executor = prepare(graph);
  for (int run = 0; run < 5; ++run) {
    const auto output = output_of(*executor, *stream_, floats({4}, {0, 1, 0, 1}), 64);
    ASSERT_TRUE(output.ok()) << output.error().message;
    EXPECT_THAT(output->shape(), ElementsAre(1, 2));
  }
}

TEST_F(Gpu0, RandomNumbersAreOthersInEveryRun) {
  onnx::GraphProto graph;
  testing::add_input(graph, "x", DataType::float32, {4});
  testing::add_output(graph, "y", DataType::float32, {4});
  testing::add_node(graph, "RandomUniformLike", {"x"}, {"y"});
  const auto executor = prepare(graph);
  std::set<std::vector<float>> seen;
  for (int run = 0; run < 5; ++run) {
    const auto output = output_of(*executor, *stream_, floats({4}, {0, 0, 0, 0}), 16);
    ASSERT_TRUE(output.ok()) << output.error().message;
    seen.insert(floats_of(output->view()));
  }
  EXPECT_EQ(seen.size(), 5U);
}

TEST_F(Gpu0, AnExecutorMayHaveAStreamOfItsOwn) {
  auto executor = engine_->prepare_on_gpu(testing::light_model("squeezenet"), {.ordinal = 0});
  ASSERT_TRUE(executor.ok()) << executor.error().message;
  const Tensor input = testing::light_input(), expected = testing::light_output(testing::light_model("squeezenet"));
  const auto there = (*executor)->allocate(input.data().size());
  ASSERT_TRUE(there.ok() && (*executor)->copy(there->bytes, input.data()).ok());
  const TensorView view{input.type(), input.shape(), there->bytes};
  OutputSlot output;  // no room: it comes to the host
  ASSERT_TRUE((*executor)->enqueue({&view, 1}, {&output, 1}).ok());
  const auto apart = difference(output.view, expected.view(), with_tf32);
  EXPECT_TRUE(apart.ok() && apart->equal);
}

TEST(TensorRt, SaysHowToGetItWhereItIsNot) {
  const auto engine = Engine::create({.tensorrt = "."});
  if (engine.ok()) GTEST_SKIP() << "TensorRT is installed";
  EXPECT_EQ(engine.error().code, ErrorCode::not_found);
  EXPECT_THAT(engine.error().message, HasSubstr("install TensorRT 10 for CUDA 13"));
}

class TensorRtOnGpu : public Gpu0 {};

TEST_F(TensorRtOnGpu, ComputesWhatTheCpuDoes) {
  const auto engine = Engine::create({.tensorrt = folder_.path() / "tensorrt"});
  if (!engine.ok()) GTEST_SKIP() << engine.error().message;
  const std::filesystem::path model = testing::light_model("squeezenet");
  const auto executor =
      (*engine)->prepare_on_gpu(model, {.ordinal = 0, .stream = stream_->get(), .provider = GpuProvider::tensorrt});
  ASSERT_TRUE(executor.ok()) << executor.error().message;
  const Tensor expected = testing::light_output(model);
  const auto output = output_of(**executor, *stream_, testing::light_input(), expected.data().size());
  ASSERT_TRUE(output.ok()) << output.error().message;
  const auto apart = difference(output->view(), expected.view(), with_tf32);
  ASSERT_TRUE(apart.ok()) << apart.error().message;
  EXPECT_TRUE(apart->equal) << apart->max_rel;
  EXPECT_FALSE(std::filesystem::is_empty(folder_.path() / "tensorrt"));
}

TEST_F(Gpu0, LendsMemoryAndCopiesInTheStream) {
  const auto executor = prepare(relu({-1, 2}, {-1, 2}));
  const Result<GpuMemory> first = executor->allocate(16), second = executor->allocate(16);
  ASSERT_TRUE(first.ok() && second.ok());
  const Tensor input = floats({2, 2}, {-1, 2, -3, 4});
  const OnGpu there(input, *stream_);
  ASSERT_TRUE(executor->copy(first->bytes, there.bytes()).ok());
  ASSERT_TRUE(executor->copy(second->bytes, first->bytes).ok());
  const Shape shape{2, 2};
  EXPECT_THAT(floats_of(fetched({DataType::float32, shape, second->bytes}, *stream_).view()), ElementsAre(-1, 2, -3, 4));
  EXPECT_TRUE(executor->synchronize().ok());
}

TEST_F(Gpu0, OutputsOfOpenAndWrongShapesComeToTheirPlaceOrToTheHost) {
  const Tensor input = floats({2, 2}, {-1, 2, -3, 4});
  for (const Shape& shape : {Shape{2, 2}, Shape{-1, 2}, Shape{1, 2}}) {
    const auto executor = prepare(relu(shape[0] == -1 ? shape : Shape{2, 2}, shape));
    for (const std::size_t room : {64, 8}) {
      const auto output = output_of(*executor, *stream_, input, room);
      ASSERT_TRUE(output.ok()) << output.error().message;
      EXPECT_THAT(floats_of(output->view()), ElementsAre(0, 2, 0, 4));
    }
  }
}

TEST_F(Gpu0, NodesThatItLeavesToTheCpuAreNamed) {
  onnx::GraphProto graph;
  testing::add_input(graph, "x", DataType::float32, {2, 2});
  testing::add_output(graph, "y", DataType::float32, {});
  testing::add_node(graph, "Neg", {"x"}, {"negative"});
  testing::add_node(graph, "Det", {"negative"}, {"y"});
  const auto executor = prepare(graph);
  EXPECT_THAT(executor->note(), HasSubstr("(Det)"));
  EXPECT_FALSE(executor->asynchronous());
  const auto output = output_of(*executor, *stream_, floats({2, 2}, {2, 0, 0, 3}), 4);
  ASSERT_TRUE(output.ok()) << output.error().message;
  EXPECT_THAT(floats_of(output->view()), ElementsAre(6));
}

TEST_F(Gpu0, AnInputThatTheCpuWantsIsReadWhereItIs) {
  onnx::GraphProto graph;
  testing::add_input(graph, "x", DataType::float32, {4});
  testing::add_input(graph, "shape", DataType::int64, {2});
  testing::add_output(graph, "y", DataType::float32, {-1, -1});
  testing::add_node(graph, "Reshape", {"x", "shape"}, {"y"});
  const auto executor = prepare(graph);
  EXPECT_THAT(executor->note(), HasSubstr("input 'shape'"));
  Tensor shape(DataType::int64, {2}, 16);
  shape.data()[0] = shape.data()[8] = std::byte{2};  // 2, 2, little-endian
  const Tensor four = floats({4}, {1, 2, 3, 4});
  const OnGpu x(four, *stream_), wanted(shape, *stream_), back(16);
  const std::vector<TensorView> inputs{{DataType::float32, four.shape(), x.bytes()},
                                       {DataType::int64, shape.shape(), wanted.bytes()}};
  OutputSlot output{.buffer = back.bytes(), .view = {}, .shape = {}, .overflow = {}};
  ASSERT_TRUE(executor->enqueue(inputs, {&output, 1}).ok());
  EXPECT_THAT(output.shape, ElementsAre(2, 2));
  EXPECT_THAT(floats_of(fetched(output.view, *stream_).view()), ElementsAre(1, 2, 3, 4));
}

TEST_F(Gpu0, TwoWorkersOfOneGpuComputeAtOnce) {
  const std::filesystem::path model = testing::light_model("squeezenet");
  const Tensor expected = testing::light_output(model);
  std::vector<Result<Tensor>> outputs(2, Result<Tensor>(Tensor()));
  {
    std::vector<std::jthread> workers;
    workers.reserve(outputs.size());
    for (Result<Tensor>& output : outputs) {
      workers.emplace_back([&] {
        must(cudaSetDevice(0));
        const Stream stream;
        const auto executor = engine_->prepare_on_gpu(model, {.ordinal = 0, .stream = stream.get()});
        for (int run = 0; executor.ok() && run < 20; ++run)
          output = output_of(**executor, stream, testing::light_input(), expected.data().size());
      });
    }
  }
  for (const Result<Tensor>& output : outputs) {
    ASSERT_TRUE(output.ok()) << output.error().message;
    const auto apart = difference(output->view(), expected.view(), with_tf32);
    EXPECT_TRUE(apart.ok() && apart->equal);
  }
}

TEST_F(Gpu0, ARunThatNeedsMoreThanItsMemoryIsRefused) {
  testing::write_model(testing::model_of(relu({-1, 2}, {-1, 2})), folder_.path() / "model.onnx");
  const auto executor = prepare(folder_.path() / "model.onnx", Bytes{1'000'000});
  const Tensor small = floats({1, 2}, {-1, 2}), large = floats({500'000, 2}, std::vector<float>(1'000'000, 1));
  EXPECT_FALSE(output_of(*executor, *stream_, large, large.data().size()).ok());
  const auto output = output_of(*executor, *stream_, small, 8);
  ASSERT_TRUE(output.ok()) << output.error().message;
  EXPECT_THAT(floats_of(output->view()), ElementsAre(0, 2));
}

TEST_F(Gpu0, ThePlainExecutorTakesAndGivesTheHostsMemory) {
  const std::filesystem::path model = testing::light_model("squeezenet");
  const auto executor = engine_->prepare_plain_on_gpu(model, 0);
  ASSERT_TRUE(executor.ok()) << executor.error().message;
  const Tensor input = testing::light_input(), expected = testing::light_output(model);
  const TensorView view = input.view();
  OutputSlot output;
  ASSERT_TRUE((*executor)->run({&view, 1}, {&output, 1}).ok());
  const auto apart = difference(output.view, expected.view(), with_tf32);
  EXPECT_TRUE(apart.ok() && apart->equal);
}

TEST(Gpu1, ComputesWhileTheCallersDeviceIsTheFirst) {
  if (gpus() < 2) GTEST_SKIP() << "no second GPU on this machine";
  must(cudaSetDevice(1));
  const Stream stream;
  const std::filesystem::path model = testing::light_model("squeezenet");
  const Tensor input = testing::light_input(), expected = testing::light_output(model);
  const auto engine = *Engine::create();
  const auto executor = engine->prepare_on_gpu(model, {.ordinal = 1, .stream = stream.get()});
  ASSERT_TRUE(executor.ok()) << executor.error().message;
  const OnGpu there(input, stream), back(expected.data().size());
  const TensorView view{input.type(), input.shape(), there.bytes()};
  OutputSlot output{.buffer = back.bytes(), .view = {}, .shape = {}, .overflow = {}};
  must(cudaSetDevice(0));
  ASSERT_TRUE((*executor)->enqueue({&view, 1}, {&output, 1}).ok());
  const auto apart = difference(fetched(output.view, stream).view(), expected.view(), with_tf32);
  EXPECT_TRUE(apart.ok() && apart->equal);
}

TEST(PrepareOnGpu, RefusesStringsByTheirName) {
  const auto folder = *TemporaryDirectory::create();
  onnx::GraphProto graph;
  testing::add_input(graph, "words", DataType::string, {2});
  testing::add_output(graph, "same", DataType::string, {2});
  testing::add_node(graph, "Identity", {"words"}, {"same"});
  testing::write_model(testing::model_of(graph), folder.path() / "model.onnx");
  const auto engine = *Engine::create();
  const auto executor = engine->prepare_on_gpu(folder.path() / "model.onnx", GpuPlace{});
  ASSERT_FALSE(executor.ok());
  EXPECT_EQ(executor.error().code, ErrorCode::unsupported);
  EXPECT_THAT(executor.error().message, HasSubstr("'words' is of strings"));
}

TEST(PrepareOnGpu, SaysThatThereIsNoGpu) {
  if (gpus() > 0) GTEST_SKIP() << "there is a GPU";
  const auto engine = *Engine::create();
  const std::filesystem::path model = testing::light_model("squeezenet");
  const auto bound = engine->prepare_on_gpu(model, GpuPlace{});
  ASSERT_FALSE(bound.ok());
  EXPECT_EQ(bound.error().code, ErrorCode::unavailable);
  EXPECT_THAT(bound.error().message, HasSubstr("GPU 0"));
  const auto plain = engine->prepare_plain_on_gpu(model, 0);
  ASSERT_FALSE(plain.ok());
  EXPECT_THAT(plain.error().message, HasSubstr("ONNX Runtime"));
}

}  // namespace
}  // namespace staronnx
