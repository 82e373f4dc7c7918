#include "staronnx/schedule/gpu_choice.h"

#include <gmock/gmock.h>

#include <memory>
#include <utility>

#include "staronnx/model/tensor_for_test.h"

namespace staronnx {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Clock::time_point now;

// y = x + `off`, `takes` after it was put into the stream.
class Adding final : public GpuExecutor {
 public:
  Adding(Microseconds takes, float off) : takes_(takes), off_(off) {}

  const Signature& signature() const override { return signature_; }
  std::string note() const override { return {}; }
  bool asynchronous() const override { return true; }

  Status enqueue(std::span<const TensorView> inputs, std::span<OutputSlot> outputs) override {
    if (fails) return Error{ErrorCode::internal, "no engine for it"};
    std::vector<float> y = floats_of(inputs[0]);
    for (float& each : y) each += off_;
    OutputSlot& output = outputs[0];
    output.shape = {std::ssize(y)};
    const auto bytes = std::as_bytes(std::span(y));
    output.overflow.assign(bytes.begin(), bytes.end());
    output.view = {DataType::float32, output.shape, output.overflow};
    under_way_ = true;
    return {};
  }
  Result<GpuMemory> allocate(std::size_t bytes) override {
    auto memory = std::make_shared<std::vector<std::byte>>(bytes);
    return GpuMemory{*memory, memory};
  }
  Status copy(std::span<std::byte> to, std::span<const std::byte> from) override {
    std::ranges::copy(from, to.begin());
    return {};
  }
  Status synchronize() override {
    if (std::exchange(under_way_, false)) now += std::chrono::duration_cast<Clock::duration>(takes_);
    return {};
  }

  bool fails = false;

 private:
  Signature signature_{{{.name = "x", .type = DataType::float32, .shape = {2}}},
                       {{.name = "y", .type = DataType::float32, .shape = {2}}}};
  Microseconds takes_;
  float off_;
  bool under_way_ = false;
};

Result<GpuChoice> choose(Adding cuda, Adding tensorrt) {
  std::vector<Tensor> inputs;
  inputs.push_back(floats({2}, {1, 2}));
  return choose_on_gpu(cuda, tensorrt, inputs, [] { return now; });
}

TEST(GpuChoice, TakesTheFasterOne) {
  const Result<GpuChoice> tensorrt = choose({Microseconds(300), 0}, {Microseconds(200), 0});
  ASSERT_TRUE(tensorrt);
  EXPECT_EQ(tensorrt->provider, GpuProvider::tensorrt);
  EXPECT_EQ(tensorrt->why, "TensorRT (TensorRT takes 0.2 ms, CUDA 0.3 ms)");
  EXPECT_THAT(floats_of(tensorrt->outputs[0].view()), ElementsAre(1, 2));
  const Result<GpuChoice> cuda = choose({Microseconds(300), 0}, {Microseconds(295), 0});
  ASSERT_TRUE(cuda);
  EXPECT_EQ(cuda->provider, GpuProvider::cuda);
  EXPECT_EQ(cuda->why, "CUDA (TensorRT takes 0.295 ms, CUDA 0.3 ms)");
}

TEST(GpuChoice, TakesNoOtherResultsHoweverFast) {
  const Result<GpuChoice> choice = choose({Microseconds(300), 0}, {Microseconds(10), 0.1F});
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->provider, GpuProvider::cuda);
  EXPECT_THAT(choice->why, HasSubstr("its 'y' is not CUDA's"));
}

TEST(GpuChoice, SaysWhyTensorRtFails) {
  Adding broken(Microseconds(10), 0);
  broken.fails = true;
  const Result<GpuChoice> choice = choose({Microseconds(300), 0}, broken);
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->provider, GpuProvider::cuda);
  EXPECT_EQ(choice->why, "CUDA, as TensorRT fails: no engine for it");
  EXPECT_FALSE(choose(broken, {Microseconds(10), 0}));
}

}  // namespace
}  // namespace staronnx
