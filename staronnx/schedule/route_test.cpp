#include "staronnx/schedule/route.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace staronnx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Segment segment(std::string file, std::vector<std::string> inputs, std::vector<std::string> outputs) {
  Segment made;
  made.file = std::move(file);
  made.inputs = std::move(inputs);
  made.outputs = std::move(outputs);
  return made;
}

TensorInfo named(std::string name) {
  TensorInfo info;
  info.name = std::move(name);
  return info;
}

Plan plan_of(std::vector<std::string> inputs, std::vector<std::string> outputs) {
  Plan plan;
  for (std::string& name : inputs) plan.signature.inputs.push_back(named(std::move(name)));
  for (std::string& name : outputs) plan.signature.outputs.push_back(named(std::move(name)));
  return plan;
}

Variant variant_of(std::vector<Segment> segments) {
  Variant variant;
  variant.name = "k2";
  variant.segments = std::move(segments);
  return variant;
}

TEST(Route, NumbersInputsFirstThenWhatSegmentsWrite) {
  Plan plan = plan_of({"image", "scale"}, {"boxes", "mid"});
  plan.tensors["mid"] = {named("mid"), Bytes{640}};
  const Result<Route> route = route_of(
      plan, variant_of({segment("a.onnx", {"image"}, {"mid"}), segment("b.onnx", {"mid", "scale"}, {"extra", "boxes"})}));
  ASSERT_TRUE(route) << route.error().message;
  ASSERT_EQ(route->tensors.size(), 5u);
  EXPECT_FALSE(route->tensors[1].producer);
  EXPECT_EQ(route->tensors[2].bytes, Bytes{640});
  EXPECT_EQ(route->tensors[4].name, "boxes");
  EXPECT_EQ(route->tensors[4].producer->segment, 1u);
  EXPECT_EQ(route->tensors[4].producer->output, 1u);
  EXPECT_THAT(route->segments[1].reads, ElementsAre(2, 1));
  EXPECT_THAT(route->segments[1].writes, ElementsAre(3, 4));
  EXPECT_THAT(route->outputs, ElementsAre(4, 2));
}

TEST(Route, KnowsWhichSegmentsWaitForWhich) {
  const Result<Route> route = route_of(
      plan_of({"x"}, {"y"}), variant_of({segment("a.onnx", {"x"}, {"a", "a2"}), segment("b.onnx", {"x", "a", "a2"}, {"b"}),
                                         segment("c.onnx", {"a", "b"}, {"y"})}));
  ASSERT_TRUE(route) << route.error().message;
  EXPECT_EQ(route->segments[0].predecessors, 0u);
  EXPECT_EQ(route->segments[1].predecessors, 1u);
  EXPECT_EQ(route->segments[2].predecessors, 2u);
  EXPECT_THAT(route->segments[0].successors, ElementsAre(1, 2));
  EXPECT_THAT(route->segments[1].successors, ElementsAre(2));
}

TEST(Route, RefusesATensorReadBeforeItIsWritten) {
  const Result<Route> route =
      route_of(plan_of({"x"}, {"y"}), variant_of({segment("a.onnx", {"mid"}, {"y"}), segment("b.onnx", {"x"}, {"mid"})}));
  ASSERT_FALSE(route);
  EXPECT_EQ(route.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(route.error().message, HasSubstr("segment a.onnx reads 'mid'"));
}

TEST(Route, RefusesATensorWrittenTwice) {
  const Result<Route> route =
      route_of(plan_of({"x"}, {"y"}), variant_of({segment("a.onnx", {"x"}, {"y"}), segment("b.onnx", {"x"}, {"y"})}));
  ASSERT_FALSE(route);
  EXPECT_THAT(route.error().message, HasSubstr("'y' is written twice"));
}

TEST(Route, RefusesAnOutputThatNobodyWrites) {
  const Result<Route> route = route_of(plan_of({"x"}, {"z"}), variant_of({segment("a.onnx", {"x"}, {"y"})}));
  ASSERT_FALSE(route);
  EXPECT_THAT(route.error().message, HasSubstr("output 'z'"));
}

}  // namespace
}  // namespace staronnx
