#include "staronnx/execute/profile_log.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace staronnx {
namespace {

std::string event(const std::string& node, const std::string& op, int begin, int duration, const std::string& outputs = "[]") {
  return R"({"cat": "Node", "ph": "X", "name": ")" + node + R"(_kernel_time", "ts": )" + std::to_string(begin) + R"(, "dur": )" +
         std::to_string(duration) + R"(, "args": {"op_name": ")" + op + R"(", "output_type_shape": )" + outputs + "}}";
}

TEST(ProfileLog, TakesTheLowerQuartileWithoutTheFirstRun) {
  std::string log = "[" + event("conv", "Conv", 0, 1);
  for (int run = 1; run <= 8; ++run) log += "," + event("conv", "Conv", 1000 * run, 100 + 10 * run);
  const auto timings = parse_profile_log(log + "]");
  ASSERT_TRUE(timings.ok()) << timings.error().message;
  EXPECT_EQ(timings->at("conv").time, Microseconds(130));
}

TEST(ProfileLog, KnowsTypesAndShapesOfOutputs) {
  const auto timings =
      parse_profile_log("[" + event("split", "Split", 0, 1, R"([{"float": [1, 64]}, {"bool": []}, {"float16": [2]}])") + "]");
  ASSERT_TRUE(timings.ok());
  const std::vector<TensorInfo>& outputs = timings->at("split").outputs;
  ASSERT_EQ(outputs.size(), 3u);
  EXPECT_EQ(outputs[0].type, DataType::float32);
  EXPECT_EQ(outputs[0].shape, (Shape{1, 64}));
  EXPECT_EQ(outputs[1].type, DataType::boolean);
  EXPECT_EQ(outputs[1].shape, Shape{});
  EXPECT_EQ(outputs[2].type, DataType::float16);
}

TEST(ProfileLog, LeavesBodiesOut) {
  // The body's node ends, and is logged, before the loop that it is in.
  const auto timings = parse_profile_log("[" + event("add", "Add", 110, 5) + "," + event("add", "Add", 120, 5) + "," +
                                         event("loop", "Loop", 100, 50) + "," + event("add", "Add", 150, 20) + "]");
  ASSERT_TRUE(timings.ok());
  EXPECT_EQ(timings->at("loop").time, Microseconds(50));
  EXPECT_EQ(timings->at("add").time, Microseconds(20)) << "the node outside that has the same name";
}

TEST(ProfileLog, IgnoresWhatIsNoNode) {
  const auto timings = parse_profile_log(R"([{"cat": "Session", "name": "model_run", "ts": 0, "dur": 9, "args": {}}])");
  ASSERT_TRUE(timings.ok());
  EXPECT_TRUE(timings->empty());
}

TEST(ProfileLog, RefusesWhatIsNoProfile) {
  for (const char* text :
       {"", "[{", R"([{"cat": "Node"}])", R"([{"cat": "Node", "name": "a_kernel_time", "ts": "soon", "dur": 1, "args": {}}])"}) {
    const auto timings = parse_profile_log(text);
    ASSERT_FALSE(timings.ok()) << text;
    EXPECT_THAT(timings.error().message, ::testing::HasSubstr("profile"));
  }
}

}  // namespace
}  // namespace staronnx
