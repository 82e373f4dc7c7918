#include "staronnx/schedule/batch_run.h"

#include <gmock/gmock.h>

#include <functional>
#include <numeric>

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
  BatchMember member() { return {std::span(&view, 1), std::span(&output, 1)}; }

  Tensor input;
  TensorView view;
  std::vector<std::byte> memory;
  OutputSlot output;
};

TEST(BatchRun, EachRequestGetsItsOwnRows) {
  RowSums sums;
  BatchRun batch;
  Request one(floats({2, 2}, {1, 2, 3, 4})), two(floats({2, 2}, {5, 6, 7, 8})), tight(floats({2, 2}, {9, 9, 1, 1}), 3);
  for (int again = 0; again < 3; ++again) {  // the memory is used again
    const BatchMember members[] = {one.member(), two.member(), tight.member()};
    ASSERT_TRUE(batch.run(sums, members));
    EXPECT_EQ(sums.rows, 6);
    EXPECT_EQ(floats_of(one.output.view), (std::vector<float>{3, 7}));
    EXPECT_EQ(floats_of(two.output.view), (std::vector<float>{11, 15}));
    EXPECT_EQ(floats_of(tight.output.view), (std::vector<float>{18, 2}));
    EXPECT_EQ(one.output.view.shape.size(), 1u);
    EXPECT_EQ(one.output.view.shape[0], 2);
    EXPECT_EQ(one.output.view.data.data(), one.memory.data());
    EXPECT_EQ(tight.output.view.data.data(), tight.output.overflow.data());
  }
}

TEST(BatchRun, FailsWhenTheRunFailsOrItsOutputsAreNoMultiple) {
  RowSums sums;
  BatchRun batch;
  Request wide(floats({1, 3}, {1, 2, 3})), same(floats({1, 3}, {1, 2, 3}));
  const BatchMember wrong[] = {wide.member(), same.member()};
  EXPECT_THAT(batch.run(sums, wrong).error().message, HasSubstr("not two columns"));
  sums.one_too_many = true;
  Request one(floats({1, 2}, {1, 2})), two(floats({1, 2}, {3, 4}));
  const BatchMember members[] = {one.member(), two.member()};
  EXPECT_THAT(batch.run(sums, members).error().message, HasSubstr("no multiple of 2"));
}

TEST(BatchRun, OptionalInputsAndScalarsAreNotStacked) {
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
