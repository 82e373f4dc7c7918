// The threads of a group, as the kernel sees them.
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include <gtest/gtest.h>

#include "staronnx/execute/engine.h"
#include "staronnx/execute/testing/onnx_builder.h"
#include "staronnx/machine/affinity.h"

namespace staronnx {
namespace {

std::set<std::string> threads() {
  std::set<std::string> ids;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) ids.insert(task.path().filename());
  return ids;
}

// "1", "0-3"
std::string allowed_cores(const std::string& thread) {
  constexpr std::string_view field = "Cpus_allowed_list:\t";
  std::ifstream status("/proc/self/task/" + thread + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) return line.substr(field.size());
  }
  return {};
}

class EngineThreads : public ::testing::Test {
 protected:
  // The threads that preparing a model for `group` adds.
  std::set<std::string> new_threads(const CoreGroup& group) {
    const std::set<std::string> before = threads();
    executor_ = *engine_->prepare(testing::light_model("squeezenet"), group);
    std::set<std::string> added;
    std::ranges::set_difference(threads(), before, std::inserter(added, added.end()));
    return added;
  }

  std::unique_ptr<Engine> engine_ = *Engine::create();
  std::shared_ptr<Executor> executor_;
};

// A thread pins itself when it first runs; so this looks until it has, or the test's time limit ends it.
void wait_until_pinned(const std::string& thread) {
  while (allowed_cores(thread).find_first_of(",-") != std::string::npos) std::this_thread::yield();
}

TEST_F(EngineThreads, AGroupOfOneCoreHasNone) {
  EXPECT_TRUE(new_threads(CoreGroup{{0}, 0}).empty());
}

TEST_F(EngineThreads, EachCoreButTheFirstHasOneThatIsPinnedToIt) {
  const Result<Machine> machine = detect_machine();
  ASSERT_TRUE(machine.ok()) << machine.error().message;
  if (machine->cores.size() < 2) GTEST_SKIP() << "needs two cores";
  CoreGroup group;
  std::multiset<std::string> expected;
  for (const Core& core : machine->cores) {
    if (!group.cores.empty()) expected.insert(std::to_string(core.os_id));
    group.cores.push_back(core.os_id);
  }
  std::multiset<std::string> cores;
  for (const std::string& thread : new_threads(group)) {
    wait_until_pinned(thread);
    cores.insert(allowed_cores(thread));
  }
  EXPECT_EQ(cores, expected);
}

double processor_seconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

struct Seen {
  std::string cores;     // that the calling thread may use afterwards, "0-1"
  double own_share = 0;  // of the processor time of the runs, that was the calling thread's
};

// Runs a model on OpenVINO some times, as a worker of `group` does.
Seen run_as_worker(Engine& engine, const CoreGroup& group) {
  EXPECT_TRUE(pin_this_thread(std::span(group.cores).first(1)).ok());
  const auto executor = *engine.prepare(testing::light_model("squeezenet"), group, Provider::openvino);
  const Tensor tensor = testing::light_input();
  const TensorView input = tensor.view();
  const double own = processor_seconds(CLOCK_THREAD_CPUTIME_ID), all = processor_seconds(CLOCK_PROCESS_CPUTIME_ID);
  for (int run = 0; run < 10; ++run) {
    OutputSlot output;
    EXPECT_TRUE(executor->run({&input, 1}, {&output, 1}).ok());
  }
  const double own_time = processor_seconds(CLOCK_THREAD_CPUTIME_ID) - own;
  return {allowed_cores(std::to_string(gettid())), own_time / (processor_seconds(CLOCK_PROCESS_CPUTIME_ID) - all)};
}

TEST_F(EngineThreads, OpenVinoComputesOnTheCallerAndLeavesItWhereItIsPinned) {
  if (available_providers().size() < 2) GTEST_SKIP() << "this ONNX Runtime has no OpenVINO";
  const Result<Machine> machine = detect_machine();
  ASSERT_TRUE(machine.ok()) << machine.error().message;
  if (machine->cores.size() < 2) GTEST_SKIP() << "needs two cores";
  const int first = machine->cores[0].os_id, second = machine->cores[1].os_id;
  Seen one, two;
  std::thread([&] { one = run_as_worker(*engine_, CoreGroup{{second}, 0}); }).join();
  std::thread([&] { two = run_as_worker(*engine_, CoreGroup{{second, first}, 0}); }).join();
  EXPECT_EQ(one.cores, std::to_string(second));
  EXPECT_EQ(two.cores, std::to_string(second));
  EXPECT_GT(one.own_share, 0.9) << "a group of one core has no other thread";
}

}  // namespace
}  // namespace staronnx
