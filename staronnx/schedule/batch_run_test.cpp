#include "staronnx/schedule/batch_run.h"

#include <gmock/gmock.h>

#include <functional>
#include <memory>
#include <utility>

#include "staronnx/model/tensor_for_test.h"

namespace staronnx {
namespace {

using ::testing::HasSubstr;

// y: the sum of each row of x, which has two columns.
class RowSums final : public Executor {
 public:
  const Signature& signature() const override { return signature_; }

  Status run(std::span<const TensorView> inputs, std::span<OutputSlot> outputs) override {
    rows = inputs[0].shape[0];
    if (inputs[0].shape[1] != 2) return Error{ErrorCode::invalid_argument, "not two columns"};
    const std::vector<float> x = floats_of(inputs[0]);
    std::vector<float> y;
    for (std::size_t i = 0; i + 1 < x.size(); i += 2) y.push_back(x[i] + x[i + 1]);
    if (one_too_many) y.push_back(0);
    OutputSlot& slot = outputs[0];
    slot.shape = {std::ssize(y)};
    const auto bytes = std::as_bytes(std::span(y));
    std::span<std::byte> place = slot.buffer;
    if (place.size() < bytes.size()) slot.overflow.resize(bytes.size()), place = slot.overflow;
    std::ranges::copy(bytes, place.begin());
    slot.view = {DataType::float32, slot.shape, place.first(bytes.size())};
    return {};
  }

  std::int64_t rows = 0;
  bool one_too_many = false;

 private:
  Signature signature_{{{.name = "x", .type = DataType::float32, .shape = {-1, 2}}},
                       {{.name = "y", .type = DataType::float32, .shape = {-1}}}};
};

struct Request {
  explicit Request(Tensor x, std::size_t buffer = 64) : input(std::move(x)), memory(buffer) {
    view = input.view();
    output.buffer = memory;
  }
  std::span<const TensorView> inputs() const { return {&view, 1}; }
  std::span<OutputSlot> outputs() { return {&output, 1}; }

  Tensor input;
  TensorView view;
  std::vector<std::byte> memory;
  OutputSlot output;
};

class BatchRunTest : public ::testing::Test {
 protected:
  Status run(std::span<Request> requests) {
    std::vector<std::span<const TensorView>> inputs;
    for (const Request& request : requests) inputs.push_back(request.inputs());
    return batch.run(inputs, requests[0].outputs());
  }

  const std::shared_ptr<RowSums> sums = std::make_shared<RowSums>();
  const std::unique_ptr<RunDevice> cores = device_of(sums);
  BatchRun batch{*cores};
};

TEST_F(BatchRunTest, EachRequestGetsItsOwnRows) {
  std::vector<Request> requests;
  requests.emplace_back(floats({2, 2}, {1, 2, 3, 4}));
  requests.emplace_back(floats({2, 2}, {5, 6, 7, 8}));
  requests.emplace_back(floats({2, 2}, {9, 9, 1, 1}), 3);
  for (int again = 0; again < 3; ++again) {  // the memory is used again
    ASSERT_TRUE(run(requests));
    EXPECT_EQ(sums->rows, 6);
    EXPECT_EQ(batch.requests(), 3u);
    for (std::size_t i = 0; i < 3; ++i) ASSERT_TRUE(batch.hand_out(i, requests[i].outputs()));
    EXPECT_EQ(floats_of(requests[0].output.view), (std::vector<float>{3, 7}));
    EXPECT_EQ(floats_of(requests[1].output.view), (std::vector<float>{11, 15}));
    EXPECT_EQ(floats_of(requests[2].output.view), (std::vector<float>{18, 2}));
    EXPECT_EQ(requests[0].output.view.shape.size(), 1u);
    EXPECT_EQ(requests[0].output.view.shape[0], 2);
    EXPECT_EQ(requests[0].output.view.data.data(), requests[0].memory.data());
    EXPECT_EQ(requests[2].output.view.data.data(), requests[2].output.overflow.data());
  }
}

TEST_F(BatchRunTest, OutputsThatAreLongerThanExpectedAreHandedOutAndExpectedNextTime) {
  std::vector<Request> requests;
  for (int i = 0; i < 2; ++i) requests.emplace_back(floats({2, 2}, {1, 2, 3, 4}), 1);
  ASSERT_TRUE(run(requests));
  std::vector<std::byte> roomy(64);
  requests[1].output.buffer = roomy;
  for (Request& request : requests) {
    ASSERT_TRUE(batch.hand_out(static_cast<std::size_t>(&request - requests.data()), request.outputs()));
    EXPECT_EQ(floats_of(request.output.view), (std::vector<float>{3, 7}));
  }
  ASSERT_TRUE(run(requests));
  ASSERT_TRUE(batch.hand_out(1, requests[1].outputs()));
  EXPECT_EQ(requests[1].output.view.data.data(), roomy.data());
}

TEST_F(BatchRunTest, WhenItFailsNothingIsHandedOut) {
  std::vector<Request> wide, narrow;
  for (int i = 0; i < 2; ++i) {
    wide.emplace_back(floats({1, 3}, {1, 2, 3}));
    narrow.emplace_back(floats({1, 2}, {1, 2}));
  }
  ASSERT_TRUE(run(narrow));
  EXPECT_THAT(run(wide).error().message, HasSubstr("not two columns"));
  EXPECT_EQ(batch.requests(), 0u);
  sums->one_too_many = true;
  EXPECT_THAT(run(narrow).error().message, HasSubstr("no multiple of 2"));
  EXPECT_FALSE(batch.hand_out(0, narrow[0].outputs()));
}

// Stands in for a GPU: whatever is put into the stream happens in order, when it is waited for.
class Stream final : public RunDevice {
 public:
  Status run(std::span<const TensorView> inputs, std::span<OutputSlot> outputs) override {
    const TensorView x = inputs[0];
    const std::int64_t rows = x.shape[0];
    const std::span<std::byte> y = outputs[0].buffer.first(static_cast<std::size_t>(rows) * sizeof(float));
    outputs[0].shape = {rows};
    outputs[0].view = {DataType::float32, outputs[0].shape, y};
    const Shape shape(x.shape.begin(), x.shape.end());
    later_.emplace_back([x, y, shape] {
      RowSums sums;
      const TensorView input{x.type, shape, x.data};
      OutputSlot output;
      output.buffer = y;
      EXPECT_TRUE(sums.run({&input, 1}, {&output, 1}));
    });
    return {};
  }
  Result<Memory> allocate(std::size_t bytes) override {
    auto memory = std::make_shared<std::vector<std::byte>>(bytes);
    kept_.push_back(memory);
    return Memory{*memory, memory};
  }
  Status copy(std::span<std::byte> to, std::span<const std::byte> from) override {
    later_.emplace_back([to, from] { std::ranges::copy(from, to.begin()); });
    return {};
  }
  Status wait() override {
    for (const auto& each : std::exchange(later_, {})) each();
    return {};
  }

 private:
  std::vector<std::function<void()>> later_;
  std::vector<std::shared_ptr<void>> kept_;
};

TEST(BatchRunOnAStream, LeavesTheWorkToIt) {
  Stream stream;
  BatchRun batch(stream);
  std::vector<Request> requests;
  for (int i = 0; i < 4; ++i) requests.emplace_back(floats({1, 2}, {static_cast<float>(i), 1}));
  for (std::size_t first : {0u, 2u}) {  // the second one is put into the stream while the first has not begun
    const std::span<const TensorView> pair[] = {requests[first].inputs(), requests[first + 1].inputs()};
    ASSERT_TRUE(batch.run(pair, requests[first].outputs()));
    for (std::size_t i = 0; i < 2; ++i) ASSERT_TRUE(batch.hand_out(i, requests[first + i].outputs()));
  }
  for (const Request& request : requests) EXPECT_EQ(floats_of(request.output.view), (std::vector<float>{0}));
  ASSERT_TRUE(stream.wait());
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_EQ(floats_of(requests[i].output.view), (std::vector<float>{static_cast<float>(i) + 1}));
}

TEST(BatchRunOnAStream, WaitsForAnOutputThatFindsNoRoom) {
  Stream stream;
  BatchRun batch(stream);
  Request one(floats({1, 2}, {1, 2})), tight(floats({1, 2}, {3, 4}), 1);
  const std::span<const TensorView> both[] = {one.inputs(), tight.inputs()};
  ASSERT_TRUE(batch.run(both, one.outputs()));
  ASSERT_TRUE(batch.hand_out(1, tight.outputs()));
  EXPECT_EQ(floats_of(tight.output.view), (std::vector<float>{7}));
}

TEST_F(BatchRunTest, OptionalInputsAndScalarsAreNotStacked) {
  Signature signature{
      {{.name = "x", .type = DataType::float32, .shape = {-1}}, {.name = "scale", .type = DataType::float32, .optional = true}},
      {}};
  const Tensor x = floats({2}, {1, 2}), scalar = floats({}, {1});
  const TensorView without[] = {x.view(), TensorView{}}, with[] = {x.view(), x.view()}, no_rows[] = {scalar.view(), TensorView{}};
  EXPECT_TRUE(may_be_stacked(signature, without));
  EXPECT_FALSE(may_be_stacked(signature, with));
  EXPECT_FALSE(may_be_stacked(signature, no_rows));
}

}  // namespace
}  // namespace staronnx
