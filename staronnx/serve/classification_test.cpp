#include "staronnx/serve/classification.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "staronnx/serve/tensor_for_serve_test.h"

namespace staronnx {
namespace {

using testing::ElementsAre;

TEST(Classification, GivesTheLargestFirst) {
  const Tensor scores = tensor_of<float>(DataType::float32, {1, 4}, {0.5F, -1, 2.25F, 0.5F});
  const Result<Tensor> best = classify("y", scores.view(), 3, false, {});
  ASSERT_TRUE(best.ok());
  EXPECT_EQ(best->shape(), Shape{3});
  EXPECT_THAT(texts_of(best->view()), ElementsAre("2.250000:2", "0.500000:0", "0.500000:3"));
}

TEST(Classification, HasLabelsWhereThereAreAny) {
  const std::vector<std::string> labels{"cat", "dog"};
  const Tensor scores = tensor_of<std::int32_t>(DataType::int32, {3}, {1, 2, 3});
  EXPECT_THAT(texts_of(classify("y", scores.view(), 9, false, labels)->view()), ElementsAre("3:2", "2:1:dog", "1:0:cat"));
}

TEST(Classification, TakesEachOfABatchForItself) {
  const Tensor scores = tensor_of<double>(DataType::float64, {2, 2}, {1, 2, 4, 3});
  const Result<Tensor> best = classify("y", scores.view(), 1, true, {});
  EXPECT_EQ(best->shape(), (Shape{2, 1}));
  EXPECT_THAT(texts_of(best->view()), ElementsAre("2.000000:1", "4.000000:0"));
  EXPECT_EQ(classify("y", Tensor(DataType::float32, {0, 2}, 0).view(), 1, true, {})->shape(), (Shape{0, 0}));
}

TEST(Classification, PutsNoNumberLast) {
  const Tensor scores = tensor_of<float>(DataType::float32, {3}, {NAN, 1, -INFINITY});
  EXPECT_THAT(texts_of(classify("y", scores.view(), 2, false, {})->view()), ElementsAre("1.000000:1", "-inf:2"));
}

TEST(Classification, RefusesTypesWithoutOrder) {
  EXPECT_EQ(classify("y", strings_of({1}, {"a"}).view(), 1, false, {}).error().message,
            "class result not available for output 'y' due to unsupported type 'BYTES'");
}

}  // namespace
}  // namespace staronnx
