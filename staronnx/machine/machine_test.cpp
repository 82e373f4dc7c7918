#include "staronnx/machine/machine.h"

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <span>
#include <thread>

#include <gtest/gtest.h>

#include "staronnx/machine/affinity.h"

namespace staronnx {
namespace {

Machine two_nodes_of_four() {
  Machine machine;
  machine.cpu_model = "test";
  for (int core = 0; core < 8; ++core) machine.cores.push_back({core, core / 4});
  return machine;
}

std::vector<std::vector<int>> cores_of(const std::vector<CoreGroup>& groups) {
  std::vector<std::vector<int>> cores;
  for (const CoreGroup& group : groups) cores.push_back(group.cores);
  return cores;
}

std::set<int> allowed_here() {
  cpu_set_t set;
  sched_getaffinity(0, sizeof set, &set);
  std::set<int> cores;
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &set)) cores.insert(i);
  }
  return cores;
}

TEST(DetectMachine, ListsOnlyCoresThatThisProcessMayUse) {
  Result<Machine> machine = detect_machine();
  ASSERT_TRUE(machine.ok()) << machine.error().message;
  EXPECT_FALSE(machine->cpu_model.empty());
  const std::set<int> allowed = allowed_here();
  ASSERT_FALSE(machine->cores.empty());
  EXPECT_LE(machine->cores.size(), allowed.size());
  for (const Core& core : machine->cores) EXPECT_TRUE(allowed.contains(core.os_id)) << core.os_id;
}

TEST(DetectMachine, ObeysTheAffinityOfTheProcess) {
  const std::set<int> all = allowed_here();
  const int last = *all.rbegin();
  ASSERT_TRUE(
      pin_this_thread(std::span(&last, 1)));  // before the fork, so that threads that a sanitizer adds to the child obey, too
  const pid_t child = fork();
  if (child == 0) {
    Result<Machine> machine = detect_machine();
    _exit(machine && machine->cores.size() == 1 && machine->cores[0].os_id == last ? 0 : 1);
  }
  ASSERT_TRUE(pin_this_thread(std::vector<int>(all.begin(), all.end())));
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(DetectMachine, SaysWhatTheCoresShare) {
  Result<Machine> machine = detect_machine();
  ASSERT_TRUE(machine.ok());
  std::set<int> nodes, cores, in_l3;
  for (const NumaNode& node : machine->numa_nodes) EXPECT_TRUE(nodes.insert(node.number).second) << node.number;
  for (const Core& core : machine->cores) {
    cores.insert(core.os_id);
    EXPECT_TRUE(nodes.contains(core.numa_node)) << core.numa_node;
  }
  for (const L3Cache& cache : machine->l3_caches) {
    EXPECT_GT(cache.size, Bytes{});
    for (int core : cache.cores) EXPECT_TRUE(cores.contains(core) && in_l3.insert(core).second) << core;
  }
  EXPECT_TRUE(machine->links.empty());
}

TEST(DetectMachine, FindsTheGpu) {
#ifdef STARONNX_WITH_CUDA
  Result<Machine> machine = detect_machine();
  ASSERT_TRUE(machine.ok());
  if (machine->gpus.empty()) GTEST_SKIP() << "no GPU on this machine";
  EXPECT_FALSE(machine->gpus[0].name.empty());
  EXPECT_GT(machine->gpus[0].memory, Bytes{});
  EXPECT_NE(machine->gpus[0].pci_bus_id.find(':'), std::string::npos);
#else
  GTEST_SKIP() << "built without CUDA; scripts/build --gpu builds with it";
#endif
}

TEST(CoreGroups, AutoIsOneGroupForEachCore) {
  Result<std::vector<CoreGroup>> groups = core_groups(two_nodes_of_four(), "auto");
  ASSERT_TRUE(groups.ok());
  ASSERT_EQ(groups->size(), 8u);
  EXPECT_EQ((*groups)[7].cores, std::vector<int>{7});
  EXPECT_EQ((*groups)[7].numa_node, 1);
}

TEST(CoreGroups, WidthsTakeCoresInOrder) {
  Result<std::vector<CoreGroup>> groups = core_groups(two_nodes_of_four(), "1,2");
  ASSERT_TRUE(groups.ok());
  EXPECT_EQ(cores_of(*groups), (std::vector<std::vector<int>>{{0}, {1, 2}}));
  EXPECT_EQ((*groups)[1].name(), "cores 1,2");
}

TEST(CoreGroups, AGroupStaysOnOneNumaNode) {
  Result<std::vector<CoreGroup>> groups = core_groups(two_nodes_of_four(), "3,3,1,1");
  ASSERT_TRUE(groups.ok());
  EXPECT_EQ(cores_of(*groups), (std::vector<std::vector<int>>{{0, 1, 2}, {4, 5, 6}, {3}, {7}}));
}

TEST(CoreGroups, AGroupLargerThanANodeSpansThem) {
  Result<std::vector<CoreGroup>> groups = core_groups(two_nodes_of_four(), "6,2");
  ASSERT_TRUE(groups.ok());
  EXPECT_EQ(cores_of(*groups), (std::vector<std::vector<int>>{{0, 1, 2, 3, 4, 5}, {6, 7}}));
}

TEST(CoreGroups, RefusesWhatCannotBe) {
  for (const char* spec : {"", "0", "-1", "1,", ",1", "two", "1.5", "9", "4,5", "1;1", "99999999999999999999"}) {
    Result<std::vector<CoreGroup>> groups = core_groups(two_nodes_of_four(), spec);
    ASSERT_FALSE(groups.ok()) << spec;
    EXPECT_EQ(groups.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(groups.error().message.find("core groups '" + std::string(spec) + "'"), std::string::npos);
  }
}

TEST(PinThisThread, SetsTheAffinityOfThisThreadAlone) {
  const std::set<int> before = allowed_here();
  std::set<int> inside;
  std::thread([&] {
    const int core = *before.rbegin();
    ASSERT_TRUE(pin_this_thread(std::span(&core, 1)).ok());
    inside = allowed_here();
  }).join();
  EXPECT_EQ(inside, std::set<int>{*before.rbegin()});
  EXPECT_EQ(allowed_here(), before);
}

TEST(PinThisThread, RefusesACoreThatIsNotThere) {
  const int core = 8000;
  Status status = pin_this_thread(std::span(&core, 1));
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("8000"), std::string::npos);
}

TEST(Machine, ALinkHasADirection) {
  Machine machine = two_nodes_of_four();
  const Memory host{MemoryKind::numa_node, 0}, gpu{MemoryKind::gpu, 0};
  machine.links = {{host, gpu, BytesPerSecond{2e9}, Microseconds(10)}};
  ASSERT_NE(machine.link(host, gpu), nullptr);
  EXPECT_EQ(machine.link(gpu, host), nullptr);
  EXPECT_DOUBLE_EQ(machine.link(host, gpu)->time_for(Bytes{4000}).count(), 12);
  EXPECT_EQ(gpu.name(), "gpu0");
}

TEST(Machine, IdNamesTheProcessor) {
  EXPECT_EQ(two_nodes_of_four().id(), "test, 8 cores");
}

}  // namespace
}  // namespace staronnx
