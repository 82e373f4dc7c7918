// The threads of a group, as the kernel sees them.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <thread>

#include <gtest/gtest.h>

#include "staronnx/execute/engine.h"
#include "staronnx/execute/testing/onnx_builder.h"

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

}  // namespace
}  // namespace staronnx
