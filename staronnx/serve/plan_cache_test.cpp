#include "staronnx/serve/plan_cache.h"

#include <gtest/gtest.h>

#include "staronnx/serve/tensor_for_serve_test.h"

namespace staronnx {
namespace {

TensorInfo named(const std::string& name, Shape shape, std::vector<std::string> dimensions) {
  TensorInfo info = input_info(name, DataType::float32, std::move(shape));
  info.dimension_names = std::move(dimensions);
  return info;
}

TEST(ShapesToPlan, TakeTheFirstDimensionForTheBatch) {
  const Signature signature{{named("x", {-1, 3, -1}, {"n", "", "t"}), named("mask", {-1, -1}, {"t", "n"}), named("w", {4}, {""})},
                            {}};
  const ShapesByName shapes = shapes_to_plan(signature, {});
  EXPECT_EQ(shapes, (ShapesByName{{"mask", {1, 1}}, {"x", {1, 3, 1}}}));
}

TEST(ShapesToPlan, TakeOthersForLarge) {
  EXPECT_EQ(shapes_to_plan({{named("x", {-1, -1}, {"n", "t"})}, {}}, {}), (ShapesByName{{"x", {1, 128}}}));
}

TEST(ShapesToPlan, KeepWhatIsGiven) {
  EXPECT_EQ(shapes_to_plan({{named("x", {-1, -1}, {"n", "t"})}, {}}, {{"x", {2, 7}}}), (ShapesByName{{"x", {2, 7}}}));
}

}  // namespace
}  // namespace staronnx
