#include "staronnx/model/lasting_shapes.h"

#include <gtest/gtest.h>

#include "staronnx/model/model_for_test.h"

namespace staronnx {
namespace {

const TensorInfo fixed{"x", DataType::float32, {2, 4}};
const TensorInfo dynamic{"x", DataType::float32, {-1, 4}};
const TensorInfo output{.name = "y", .any_shape = true};

// What lasts of the shape of y.
Lasting result_of(const TensorInfo& input, std::vector<NodeForTest> nodes) {
  const Result<Model> model =
      model_from({{.inputs = {input}, .outputs = {output}, .constants = {"w"}, .nodes = std::move(nodes)}});
  EXPECT_TRUE(model.ok());
  return lasting_shapes(*model).at("y");
}

TEST(LastingShapes, FollowFromTheInputsForMostOperators) {
  EXPECT_EQ(result_of(fixed, {{"MatMul", {"x", "w"}, {"h"}}, {"Relu", {"h"}, {"y"}}}), Lasting::shape);
  EXPECT_EQ(result_of(dynamic, {{"MatMul", {"x", "w"}, {"h"}}, {"Relu", {"h"}, {"y"}}}), Lasting::rank);
}

TEST(LastingShapes, DependOnTheDataForSome) {
  EXPECT_EQ(result_of(fixed, {{"NonZero", {"x"}, {"y"}}}), Lasting::rank);
  EXPECT_EQ(result_of(fixed, {{"NonZero", {"x"}, {"n"}}, {"Transpose", {"n"}, {"y"}}}), Lasting::rank);
}

TEST(LastingShapes, AReshapeByAConstantLastsByAComputedVectorOnlyItsRank) {
  EXPECT_EQ(result_of(fixed, {{"Reshape", {"x", "w"}, {"y"}}}), Lasting::shape);
  EXPECT_EQ(result_of(dynamic, {{"Shape", {"x"}, {"s"}}, {"Reshape", {"x", "s"}, {"y"}}}), Lasting::rank);
  EXPECT_EQ(result_of(dynamic, {{"NonZero", {"x"}, {"n"}}, {"Reshape", {"x", "n"}, {"y"}}}), Lasting::nothing);
}

TEST(LastingShapes, TheShapeOfAKnownRankHasAFixedSize) {
  EXPECT_EQ(result_of(dynamic, {{"Shape", {"x"}, {"y"}}}), Lasting::shape);
  EXPECT_EQ(result_of({.name = "x", .any_shape = true}, {{"Shape", {"x"}, {"y"}}}), Lasting::rank);
}

TEST(LastingShapes, SqueezeWithoutAxesMayChangeTheRank) {
  EXPECT_EQ(result_of(fixed, {{"Squeeze", {"x"}, {"y"}}}), Lasting::shape);
  EXPECT_EQ(result_of(dynamic, {{"Squeeze", {"x"}, {"y"}}}), Lasting::nothing);
  EXPECT_EQ(result_of(dynamic, {{"Squeeze", {"x", "w"}, {"y"}}}), Lasting::rank);
}

TEST(LastingShapes, NothingIsKnownAfterControlFlowAndUnknownOperators) {
  const std::string branch = body_of({.outputs = {{"b"}}, .nodes = {{"Neg", {"x"}, {"b"}}}});
  EXPECT_EQ(result_of(fixed, {{"If", {"x"}, {"y"}, "", "", {branch, branch}}}), Lasting::nothing);
  EXPECT_EQ(result_of(fixed, {{"Mine", {"x"}, {"y"}, "", "my.domain"}}), Lasting::nothing);
}

TEST(LastingShapes, WhatTheFileSaysCounts) {
  const Result<Model> model = model_from({{.inputs = {fixed},
                                           .outputs = {output},
                                           .nodes = {{"Mine", {"x"}, {"h"}, "", "my.domain"}, {"Relu", {"h"}, {"y"}}},
                                           .value_info = {{"h", DataType::float32, {2, 4}}}}});
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_EQ(lasting_shapes(*model).at("y"), Lasting::shape);
}

}  // namespace
}  // namespace staronnx
