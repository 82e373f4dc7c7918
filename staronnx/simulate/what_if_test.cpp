#include "staronnx/simulate/what_if.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <iterator>

#include "staronnx/machine/machine_file.h"

namespace staronnx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Two NUMA nodes with two cores each, and `gpus` GPUs, alternately of two names.
Machine machine_with(int gpus) {
  Machine machine;
  machine.cpu_model = "CPU";
  machine.numa_nodes = {{0, {}}, {1, {}}};
  machine.cores = {{.os_id = 0}, {.os_id = 2}, {.os_id = 1, .numa_node = 1}, {.os_id = 3, .numa_node = 1}};
  for (int gpu = 0; gpu < gpus; ++gpu) {
    machine.gpus.push_back({gpu, gpu % 2 == 0 ? "A" : "B", Bytes{1'000}, "0000:01:00." + std::to_string(gpu), 10.0});
    const Memory node{MemoryKind::numa_node, gpu % 2}, there{MemoryKind::gpu, gpu};
    machine.links.push_back({node, there, BytesPerSecond{1e9 * (1 + gpu)}, Microseconds(10)});
    machine.links.push_back({there, node, BytesPerSecond{1e9 * (1 + gpu)}, Microseconds(10)});
  }
  return machine;
}

const Machine& changed(const std::vector<WhatIf>& changes, std::string_view change) {
  return *std::ranges::find(changes, change, &WhatIf::change)->machine;
}

TEST(WhatIf, one_more_gpu_is_linked_as_the_one_like_it) {
  const std::vector<WhatIf> changes = what_ifs(machine_with(2));
  const Machine& machine = changed(changes, "one more B");
  ASSERT_THAT(machine.gpus, testing::SizeIs(3));
  EXPECT_EQ(machine.gpus[2].ordinal, 2);
  EXPECT_EQ(machine.gpus[2].name, "B");
  EXPECT_EQ(machine.gpus[2].speed, 10.0);
  const Link* link = machine.link({MemoryKind::numa_node, 1}, {MemoryKind::gpu, 2});
  ASSERT_NE(link, nullptr);
  EXPECT_EQ(link->bandwidth.count, 2e9);
  EXPECT_NE(machine.link({MemoryKind::gpu, 2}, {MemoryKind::numa_node, 1}), nullptr);
}

TEST(WhatIf, eight_more_cores_are_spread_over_the_numa_nodes) {
  const std::vector<WhatIf> changes = what_ifs(machine_with(1));
  const Machine& machine = changed(changes, "8 more cores");
  EXPECT_THAT(machine.cores, testing::SizeIs(12));
  EXPECT_EQ(std::ranges::count(machine.cores, 1, &Core::numa_node), 6);
}

TEST(WhatIf, links_of_gpus_are_twice_as_fast) {
  const std::vector<WhatIf> changes = what_ifs(machine_with(1));
  for (const Link& link : changed(changes, "links twice as fast").links) EXPECT_EQ(link.bandwidth.count, 2e9);
}

Machine machine_with_nodes() {
  Machine machine = machine_with(0);
  machine.nodes = {
      {.number = 0, .cores = 2, .speed = 1}, {.number = 3, .cores = 2, .speed = 1}, {.number = 4, .cores = 8, .speed = 0.5}};
  for (const LentNode& node : machine.nodes)
    machine.links.push_back(
        {{MemoryKind::numa_node, 0}, {MemoryKind::node, node.number}, BytesPerSecond{1e9}, Microseconds(100)});
  return machine;
}

TEST(WhatIf, one_more_node_of_each_kind_is_linked_as_the_one_like_it) {
  const std::vector<WhatIf> changes = what_ifs(machine_with_nodes());
  EXPECT_THAT(changes,
              ElementsAre(testing::Field(&WhatIf::change, "one more node like node0"),
                          testing::Field(&WhatIf::change, "one more node like node4"), testing::_, testing::_, testing::_));
  const Machine& machine = changed(changes, "one more node like node4");
  ASSERT_THAT(machine.nodes, testing::SizeIs(4));
  EXPECT_EQ(machine.nodes[3], (LentNode{.number = 5, .cores = 8, .speed = 0.5}));
  EXPECT_NE(machine.link({MemoryKind::numa_node, 0}, {MemoryKind::node, 5}), nullptr);
}

TEST(WhatIf, so_are_those_of_nodes) {
  const Machine machine = machine_with_nodes();
  EXPECT_EQ(changed(what_ifs(machine), "links twice as fast").links[0].bandwidth.count, 2e9);
}

TEST(WhatIf, what_cannot_be_known_is_not_made_up) {
  const std::vector<WhatIf> changes = what_ifs(machine_with(0));
  ASSERT_THAT(changes, ElementsAre(testing::Field(&WhatIf::change, "a GPU"), testing::Field(&WhatIf::change, "8 more cores"),
                                   testing::Field(&WhatIf::change, "links twice as fast")));
  EXPECT_THAT(changes[0].machine.error().message, HasSubstr("add one to its file"));
  EXPECT_TRUE(changes[1].machine.ok());
  EXPECT_FALSE(changes[2].machine.ok());
}

TEST(WhatIf, every_machine_can_be_written_and_read) {
  std::vector<WhatIf> changes = what_ifs(machine_with(2)), others = what_ifs(machine_with_nodes());
  std::ranges::move(others, std::back_inserter(changes));
  for (const WhatIf& what_if : changes) {
    if (!what_if.machine.ok()) continue;
    const Result<Machine> read = parse_machine(to_json(*what_if.machine));
    ASSERT_TRUE(read.ok()) << what_if.change << ": " << read.error().message;
    EXPECT_EQ(*read, *what_if.machine);
  }
}

}  // namespace
}  // namespace staronnx
