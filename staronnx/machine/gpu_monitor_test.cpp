#include "staronnx/machine/gpu_monitor.h"

#include <gtest/gtest.h>

namespace staronnx {
namespace {

TEST(GpuMonitor, IsNotThereWithoutItsLibrary) {
  EXPECT_EQ(GpuMonitor::open("libnothing-of-this-name.so.1"), nullptr);
  EXPECT_EQ(GpuMonitor::open("libc.so.6"), nullptr) << "has none of the functions";
}

TEST(GpuMonitor, ReadsTheGpusThatAnswer) {
  const auto monitor = GpuMonitor::open(STARONNX_NVML_FOR_TEST);
  ASSERT_NE(monitor, nullptr);
  const std::vector<GpuReading> readings = monitor->read();
  ASSERT_EQ(readings.size(), 1U);
  EXPECT_EQ(readings[0].uuid, "GPU-1");
  EXPECT_EQ(readings[0].utilization, 0.75);
  EXPECT_EQ(readings[0].memory_total.count, 80'000U);
  EXPECT_EQ(readings[0].memory_used.count, 30'000U);
  EXPECT_EQ(readings[0].power_watts, 120.5);
  EXPECT_EQ(readings[0].power_limit_watts, 0);
}

TEST(GpuMonitor, ReadsThisMachines) {
  const auto monitor = GpuMonitor::open();
  if (!monitor) GTEST_SKIP() << "no GPU with NVIDIA's driver here";
  for (const GpuReading& gpu : monitor->read()) {
    EXPECT_TRUE(gpu.uuid.starts_with("GPU-")) << gpu.uuid;
    EXPECT_LE(gpu.utilization, 1);
    EXPECT_GT(gpu.memory_total.count, gpu.memory_used.count);
  }
}

}  // namespace
}  // namespace staronnx
