// Recorded runs of a session on the CPU; of CUDA graphs gpu_executor_test.cpp.
#include "staronnx/execute/recorded_runs.h"

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

// A recording here is the work itself, to be done at every play.
class RecordingStream final : public DeviceStream {
 public:
  Ort::MemoryInfo memory() const override { return Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeDefault); }
  Status enter() override { return {}; }
  Status copy(std::span<std::byte> to, std::span<const std::byte> from) override {
    std::ranges::copy(from, to.begin());
    return {};
  }
  Status synchronize() override { return {}; }
  Result<std::unique_ptr<Recording>> record(const std::function<void()>& work) override {
    if (!records) return Error{ErrorCode::unsupported, "it waits inside"};
    ++recorded;
    return std::unique_ptr<Recording>(std::make_unique<Work>(*this, work));
  }

  bool records = true;
  int recorded = 0, played = 0;

 private:
  struct Work final : Recording {
    Work(RecordingStream& of, std::function<void()> done) : stream(of), work(std::move(done)) {}
    Status play() override {
      ++stream.played;
      work();
      return {};
    }
    RecordingStream& stream;
    std::function<void()> work;
  };
};

class RecordedRunsTest : public ::testing::Test {
 protected:
  // y = relu(x), for two-dimensional x
  RecordedRunsTest() {
    onnx::GraphProto graph;
    testing::add_input(graph, "x", DataType::float32, {-1, 2});
    testing::add_output(graph, "y", DataType::float32, {-1, 2});
    testing::add_node(graph, "Relu", {"x"}, {"y"});
    const std::filesystem::path file = folder_.path() / "model.onnx";
    testing::write_model(testing::model_of(graph), file);
    session_ = Ort::Session(environment_, file.c_str(), ort::options_for(CoreGroup{{0}, 0}));
    signature_ = Model::load(file)->signature();
    allocator_ = Ort::Allocator(session_, memory_);
    runs_ = std::make_unique<RecordedRuns>(RecordedRuns::Parts{session_, stream_, allocator_, memory_, run_options_, signature_});
  }

  // What the runs give for x; nothing when there is no such run.
  std::vector<float> output_for(const Tensor& x) {
    const TensorView input = x.view();
    const auto outputs = runs_->enqueue({&input, 1});
    if (!outputs.ok() || outputs->empty()) return {};
    const float* data = (*outputs)[0].GetTensorData<float>();
    return {data, data + (*outputs)[0].GetTensorTypeAndShapeInfo().GetElementCount()};
  }

  // A run without recording, which saw() is told of.
  void run_anew(const Tensor& x) {
    const TensorView input = x.view();
    std::vector<Ort::Value> outputs;
    outputs.push_back(Ort::Value::CreateTensor<float>(allocator_, input.shape.data(), input.shape.size()));
    runs_->saw({&input, 1}, outputs);
  }

  TemporaryDirectory folder_ = *TemporaryDirectory::create();
  Ort::Env environment_ = ort::quiet_environment();
  Ort::Session session_{nullptr};
  RecordingStream stream_;
  Ort::MemoryInfo memory_ = stream_.memory();
  Ort::Allocator allocator_{nullptr};
  Ort::RunOptions run_options_;
  Signature signature_;
  std::unique_ptr<RecordedRuns> runs_;
};

const Tensor four = floats({2, 2}, {-1, 2, -3, 4}), other_four = floats({2, 2}, {5, -6, 7, -8}), two = floats({1, 2}, {-1, 9});

TEST_F(RecordedRunsTest, ARunIsRecordedWhenItComesAgainAndThenPlayed) {
  EXPECT_TRUE(output_for(four).empty()) << "nobody said what its outputs are like";
  run_anew(four);
  EXPECT_EQ(stream_.recorded, 0);
  EXPECT_THAT(output_for(four), ElementsAre(0, 2, 0, 4));
  EXPECT_EQ(stream_.recorded, 1);
  EXPECT_THAT(output_for(other_four), ElementsAre(5, 0, 7, 0));
  EXPECT_THAT(output_for(four), ElementsAre(0, 2, 0, 4));
  EXPECT_EQ(stream_.played, 2);
}

TEST_F(RecordedRunsTest, EveryShapeHasItsOwnUpToANumber) {
  run_anew(four);
  EXPECT_TRUE(output_for(two).empty());
  run_anew(two);
  EXPECT_THAT(output_for(two), ElementsAre(0, 9));
  EXPECT_THAT(output_for(four), ElementsAre(0, 2, 0, 4));
  EXPECT_EQ(stream_.recorded, 2);
  for (std::int64_t rows = 3; rows <= static_cast<std::int64_t>(kMostRecorded) + 1; ++rows) {
    const Tensor rows_of_ones = floats({rows, 2}, std::vector<float>(static_cast<std::size_t>(2 * rows), 1));
    run_anew(rows_of_ones);
    EXPECT_EQ(output_for(rows_of_ones).empty(), rows > static_cast<std::int64_t>(kMostRecorded));
  }
}

TEST_F(RecordedRunsTest, WhatCannotBeRecordedIsNotTriedAgain) {
  stream_.records = false;
  run_anew(four);
  EXPECT_THAT(output_for(four), ElementsAre(0, 2, 0, 4)) << "this run itself was right";
  stream_.records = true;
  EXPECT_TRUE(output_for(four).empty());
  run_anew(four);
  EXPECT_TRUE(output_for(four).empty());
  EXPECT_EQ(stream_.recorded, 0);
}

TEST_F(RecordedRunsTest, WhatWasForgottenIsRecordedAnew) {
  run_anew(four);
  output_for(four);
  ASSERT_TRUE(runs_->forget());
  EXPECT_THAT(output_for(other_four), ElementsAre(5, 0, 7, 0));
  EXPECT_EQ(stream_.recorded, 2);
  EXPECT_EQ(stream_.played, 0);
}

}  // namespace
}  // namespace staronnx
