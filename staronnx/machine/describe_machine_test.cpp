#include "staronnx/machine/describe_machine.h"

#include <gtest/gtest.h>

namespace staronnx {
namespace {

TEST(DescribeMachine, SaysAllThatIsKnown) {
  Machine machine;
  machine.cpu_model = "Two";
  machine.cores = {{0, 0, Bytes{49152}, Bytes{1048576}}, {1, 0, Bytes{49152}, Bytes{1048576}}, {2, 1, Bytes{32768}, {}}};
  machine.l3_caches = {{Bytes{33554432}, {0, 1}}, {Bytes{1024}, {2}}};
  machine.numa_nodes = {{0, Bytes{25276506112}}, {1, {}}};
  machine.gpus = {{0, "Big", Bytes{25769803776}, "0000:01:00.0", 20.0}, {1, "New", Bytes{1000}, "", std::nullopt}};
  machine.nodes = {{0, 8, 1.5}, {1, 1, 0.5}};
  machine.links = {{{MemoryKind::numa_node, 0}, {MemoryKind::gpu, 0}, BytesPerSecond{25e9}, Microseconds(9.66)}};
  EXPECT_EQ(describe(machine),
            "3 cores (0-2), Two\n"
            "  core 2: L1d 32 KiB\n"
            "  cores 0-1: L1d 48 KiB, L2 1 MiB each\n"
            "  cores 0-1: L3 32 MiB shared\n"
            "  core 2: L3 1 KiB\n"
            "NUMA nodes:\n"
            "  numa0: 23.5 GiB of memory, cores 0-1\n"
            "  numa1: memory, core 2\n"
            "GPUs:\n"
            "  gpu0: Big, 24 GiB of memory, PCIe 0000:01:00.0, 20 times as fast as a core\n"
            "  gpu1: New, 0.977 KiB of memory, speed not measured\n"
            "nodes:\n"
            "  node0: 8 cores, each 1.5 times as fast as one of these\n"
            "  node1: 1 core, 0.5 times as fast as one of these\n"
            "links, of one copy at a time:\n"
            "  numa0 to gpu0: 25 GB/s, 9.66 us\n");
}

TEST(DescribeMachine, LeavesOutWhatIsNotKnown) {
  Machine machine;
  machine.cpu_model = "One";
  machine.cores = {{5, 0}};
  machine.numa_nodes = {{0, {}}};
  EXPECT_EQ(describe(machine), "1 core (5), One\nNUMA nodes:\n  numa0: memory, core 5\nno GPU known\nno link measured\n");
}

}  // namespace
}  // namespace staronnx
