#include "staronnx/machine/processor_class.h"

#include <gtest/gtest.h>

namespace staronnx {
namespace {

Machine two_cores_three_gpus() {
  Machine machine;
  machine.cores = {{0, 0}, {1, 0}};
  for (int ordinal = 0; ordinal < 3; ++ordinal) {
    machine.gpus.push_back({ordinal, ordinal == 1 ? "small" : "big", Bytes{1}, "", ordinal == 1 ? 5.0 : 20.0});
  }
  return machine;
}

TEST(ProcessorClasses, ACoreIsTheMeasureOfSpeed) {
  Result<std::vector<ProcessorClass>> classes = processor_classes(two_cores_three_gpus());
  ASSERT_TRUE(classes.ok()) << classes.error().message;
  EXPECT_EQ(*classes, (std::vector<ProcessorClass>{{"cpu", 2, 1}, {"big", 2, 20}, {"small", 1, 5}}));
}

TEST(ProcessorClasses, AsksForASpeedThatIsNotKnown) {
  Machine machine = two_cores_three_gpus();
  machine.gpus[1].speed.reset();
  Result<std::vector<ProcessorClass>> classes = processor_classes(machine);
  ASSERT_FALSE(classes.ok());
  for (const char* part : {"GPU 1", "small", "\"speed\""})
    EXPECT_NE(classes.error().message.find(part), std::string::npos) << part;
}

TEST(WithoutDrivingCores, ACoreForEachGpuButOneStays) {
  Machine machine;
  machine.cores = {{0, 0}, {1, 0}, {2, 0}};
  EXPECT_EQ(without_driving_cores(machine), machine);
  machine.gpus.resize(2);
  EXPECT_EQ(without_driving_cores(machine).cores, (std::vector<Core>{{0, 0}}));
  machine.gpus.resize(3);
  EXPECT_EQ(without_driving_cores(machine).cores, (std::vector<Core>{{0, 0}}));
}

}  // namespace
}  // namespace staronnx
