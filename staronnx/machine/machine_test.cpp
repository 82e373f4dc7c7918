#include "staronnx/machine/machine.h"

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
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

// Runs `body` in a process of its own, as what it changes lasts.
bool holds_in_a_child(const std::function<bool()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body() ? 0 : 1);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
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
  EXPECT_TRUE(holds_in_a_child([&] {
    Result<Machine> machine = detect_machine();
    return machine && machine->cores.size() == 1 && machine->cores[0].os_id == last;
  }));
  ASSERT_TRUE(pin_this_thread(std::vector<int>(all.begin(), all.end())));
}

TEST(ReserveCores, NobodyRunsThereAndTheMachineDoesNotListThem) {
  const Machine all = *detect_machine();
  if (all.cores.size() < 2) GTEST_SKIP() << "needs two cores";
  const int reserved = all.cores[0].os_id;
  EXPECT_TRUE(holds_in_a_child([&] {
    std::atomic<bool> done = false;
    std::set<int> of_a_running_thread;
    std::thread running([&] {
      done.wait(false);
      of_a_running_thread = allowed_here();
    });
    const Status status = reserve_cores(std::to_string(reserved));
    done = true;
    done.notify_one();
    running.join();
    const Machine rest = *detect_machine();
    return status.ok() && rest.cores == std::vector<Core>(all.cores.begin() + 1, all.cores.end()) &&
           !allowed_here().contains(reserved) && !of_a_running_thread.contains(reserved) &&
           core_groups(rest, "auto")->size() == rest.cores.size();
  }));
}

TEST(ReserveCores, RefusesWhatCannotBe) {
  const std::set<int> before = allowed_here();
  std::string all;
  for (const int core : before) all += (all.empty() ? "" : ",") + std::to_string(core);
  const std::pair<std::string, std::string> cases[] = {
      {"8000", "may not use core 8000"}, {all, "no core would be left"}, {"", "is not a list of cores"}, {"last", "is not a list"}};
  for (const auto& [list, part] : cases) {
    const Status status = reserve_cores(list);
    ASSERT_FALSE(status.ok()) << list;
    EXPECT_EQ(status.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(status.error().message.find("reserved cores"), std::string::npos) << status.error().message;
    EXPECT_NE(status.error().message.find(part), std::string::npos) << status.error().message;
  }
  EXPECT_EQ(allowed_here(), before);
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
