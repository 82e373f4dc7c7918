#include "staronnx/simulate/platform.h"

#include <gmock/gmock.h>

namespace staronnx {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Machine machine_with(int gpus) {
  Machine machine;
  machine.cores = {{.os_id = 0}, {.os_id = 1}};
  machine.numa_nodes = {{0, {}}, {1, {}}};
  for (int gpu = 0; gpu < gpus; ++gpu) {
    machine.gpus.push_back({.ordinal = gpu, .name = "GPU", .memory = Bytes{1'000'000'000}, .pci_bus_id = {}, .speed = 10.0});
    const Memory there{MemoryKind::gpu, gpu};
    for (int node = 0; node < 2; ++node) {
      const BytesPerSecond bandwidth{node == gpu ? 20e9 : 10e9};
      machine.links.push_back({{MemoryKind::numa_node, node}, there, bandwidth, Microseconds(10)});
      machine.links.push_back({there, {MemoryKind::numa_node, node}, bandwidth, Microseconds(10)});
    }
  }
  return machine;
}

TEST(Platform, has_the_cores_and_gpus) {
  const auto files = platform_files(machine_with(1));
  ASSERT_TRUE(files) << files.error().message;
  const std::string& xml = files->at("machine.platform.v4.xml");
  EXPECT_THAT(xml, AllOf(HasSubstr("\"CPU0\""), HasSubstr("\"CPU1\""), HasSubstr("\"CUDA0\""), HasSubstr("1000000000")));
  EXPECT_THAT(xml, testing::Not(HasSubstr("CPU2")));
}

TEST(Platform, a_gpu_is_as_far_as_from_the_nearest_numa_node) {
  const auto files = platform_files(machine_with(2));
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_THAT(files->at("machine.platform.v4.xml"), HasSubstr("\"RAM-CUDA1\" bandwidth=\"2e+10Bps\" latency=\"1e-05s\""));
  EXPECT_EQ(files->at("machine.latency"), "0\t10\t10\tnan\n10\t0\t20\tnan\n10\t20\t0\tnan\nnan\tnan\tnan\t0\n");
  EXPECT_EQ(files->at("machine.bandwidth"),
            "0\t20000\t20000\tnan\n20000\t0\t10000\tnan\n20000\t10000\t0\tnan\nnan\tnan\tnan\t0\n");
}

TEST(Platform, gpus_that_are_linked_need_no_detour) {
  Machine machine = machine_with(2);
  machine.links.push_back({{MemoryKind::gpu, 0}, {MemoryKind::gpu, 1}, BytesPerSecond{50e9}, Microseconds(2)});
  const auto files = platform_files(machine);
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_THAT(files->at("machine.platform.v4.xml"),
              AllOf(HasSubstr("dst=\"CUDA1\" symmetrical=\"NO\"><link_ctn id=\"CUDA0-CUDA1\"/></route>"),
                    HasSubstr("dst=\"CUDA0\" symmetrical=\"NO\"><link_ctn id=\"CUDA1-RAM\"/>")));
  EXPECT_THAT(files->at("machine.latency"), HasSubstr("10\t0\t2\tnan\n"));
}

// Whatever their numbers are, nodes come after the GPUs, one by one.
TEST(Platform, a_node_is_a_device_of_its_own_kind) {
  Machine machine = machine_with(1);
  machine.nodes = {{.number = 7, .cores = 4, .speed = 1}};
  const Memory host{MemoryKind::numa_node, 0}, node{MemoryKind::node, 7};
  machine.links.push_back({host, node, BytesPerSecond{1e9}, Microseconds(200)});
  machine.links.push_back({node, host, BytesPerSecond{1e9}, Microseconds(200)});
  const auto files = platform_files(machine);
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_THAT(files->at("machine.platform.v4.xml"),
              AllOf(HasSubstr("<host id=\"OpenCL0\""), HasSubstr("\"RAM-OpenCL0\" bandwidth=\"1e+09Bps\" latency=\"0.0002s\""),
                    HasSubstr("src=\"CUDA0\" dst=\"OpenCL0\"")));
  EXPECT_EQ(files->at("machine.latency"), "0\t10\t200\tnan\n10\t0\t210\tnan\n200\t210\t0\tnan\nnan\tnan\tnan\t0\n");
  machine.links.pop_back();
  EXPECT_THAT(platform_files(machine).error().message, HasSubstr("from node7 to numa0"));
}

TEST(Platform, numbers_that_are_left_out_are_unreachable) {
  Machine machine = machine_with(2);
  machine.gpus.erase(machine.gpus.begin());
  const auto files = platform_files(machine);
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_EQ(files->at("machine.latency"), "0\tnan\t10\tnan\nnan\t0\tnan\tnan\n10\tnan\t0\tnan\nnan\tnan\tnan\t0\n");
}

TEST(Platform, names_a_link_that_is_missing) {
  Machine machine = machine_with(1);
  std::erase_if(machine.links, [](const Link& link) { return link.from.kind == MemoryKind::gpu; });
  EXPECT_THAT(platform_files(machine).error().message,
              AllOf(HasSubstr("from gpu0 to numa0"), HasSubstr("bandwidth_bytes_per_s")));
}

TEST(Platform, refuses_more_processors_than_starpu_drives) {
  Machine machine = machine_with(0);
  machine.cores.resize(10'000);
  EXPECT_THAT(platform_files(machine).error().message, AllOf(HasSubstr("10000 cores"), HasSubstr("256")));
  machine = machine_with(9);
  EXPECT_THAT(platform_files(machine).error().message, HasSubstr("gpu8"));
  machine = machine_with(0);
  for (int node = 0; node < 9; ++node) machine.nodes.push_back({.number = node, .cores = 1, .speed = 1});
  EXPECT_THAT(platform_files(machine).error().message, AllOf(HasSubstr("9 nodes"), HasSubstr("the 8")));
}

}  // namespace
}  // namespace staronnx
