#include "staronnx/schedule/runtime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "staronnx/base/temporary_directory.h"

namespace staronnx {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

std::vector<CoreGroup> groups_of(const std::string& spec) {
  return *core_groups(*detect_machine(), spec);
}

// "Cpus_allowed_list" of the process's threads, by thread name.
std::map<std::string, std::string> affinities() {
  std::map<std::string, std::string> found;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream status(task.path() / "status");
    std::string name;
    for (std::string line; std::getline(status, line);) {
      const auto value = [&] { return line.substr(line.find('\t') + 1); };
      if (line.starts_with("Name:")) name = value();
      if (line.starts_with("Cpus_allowed_list:")) found[name] = value();
    }
  }
  return found;
}

class RuntimeTest : public testing::Test {
 protected:
  Result<std::unique_ptr<Runtime>> start(std::vector<CoreGroup> groups, std::string scheduler = "dmdas") {
    return Runtime::start({.groups = std::move(groups), .scheduler = std::move(scheduler), .cache = directory.path()});
  }

  TemporaryDirectory directory = *TemporaryDirectory::create();
};

TEST_F(RuntimeTest, EachWorkerRunsOnTheFirstCoreOfItsGroupAndTheCallerWhereItWas) {
  cpu_set_t before;
  cpu_set_t after;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  std::vector<CoreGroup> groups = groups_of("auto");
  std::reverse(groups.begin(), groups.end());  // StarPU's own order would be ascending
  const auto runtime = start(groups);
  ASSERT_TRUE(runtime) << runtime.error().message;
  const std::map<std::string, std::string> threads = affinities();
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const std::string name = "CPU " + std::to_string(i);
    ASSERT_TRUE(threads.contains(name));
    EXPECT_EQ(threads.at(name), std::to_string(groups[i].cores.front()));
  }
  ASSERT_EQ(sched_getaffinity(0, sizeof after, &after), 0);
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

TEST_F(RuntimeTest, SettingsInTheEnvironmentDoNotChangeTheWorkers) {
  const std::map<std::string, std::string> settings = {
      {"STARPU_WORKERS_CPUID", "0"}, {"STARPU_NCPU", "7"}, {"STARPU_SCHED", "eager"}, {"STARPU_MAIN_THREAD_BIND", "1"}};
  for (const auto& [name, value] : settings) setenv(name.c_str(), value.c_str(), 1);
  const std::vector<CoreGroup> groups = groups_of("auto");
  const auto runtime = start(groups);
  for (const auto& [name, value] : settings) unsetenv(name.c_str());
  ASSERT_TRUE(runtime) << runtime.error().message;
  const std::map<std::string, std::string> threads = affinities();
  EXPECT_EQ(threads.at("CPU " + std::to_string(groups.size() - 1)), std::to_string(groups.back().cores.front()));
  EXPECT_FALSE(threads.contains("CPU " + std::to_string(groups.size())));
}

TEST_F(RuntimeTest, OneLivesAtATimeAndAnotherMayFollow) {
  {
    const auto first = start(groups_of("1"));
    ASSERT_TRUE(first);
    const auto second = start(groups_of("1"));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::already_exists);
  }
  EXPECT_TRUE(start(groups_of("1")));
}

TEST_F(RuntimeTest, RefusesAnUnknownSchedulerAndNamesThoseThereAre) {
  const auto runtime = start(groups_of("1"), "fastest");
  ASSERT_FALSE(runtime);
  EXPECT_EQ(runtime.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(runtime.error().message, HasSubstr("'fastest'"));
  for (const char* known : {"staronnx", "dmdas", "lws", "eager", "heteroprio"})
    EXPECT_THAT(runtime.error().message, HasSubstr(known));
}

TEST_F(RuntimeTest, RefusesGroupsThatOverlapOrAreEmptyOrAreNotThere) {
  const CoreGroup one = groups_of("1").front();
  EXPECT_THAT(start({one, one}).error().message, HasSubstr("core " + std::to_string(one.cores.front()) + " is in two groups"));
  EXPECT_EQ(start({}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(start({CoreGroup{}}).error().code, ErrorCode::invalid_argument);
  CoreGroup nowhere;
  nowhere.cores = {8000};
  EXPECT_THAT(start({nowhere}).error().message, HasSubstr("8000"));
  EXPECT_TRUE(start({one})) << "a failed start leaves nothing behind";
}

TEST_F(RuntimeTest, ElasticGroupsAreMadeOfSingleCoresByOurOwnScheduler) {
  const Machine machine = *detect_machine();
  const auto by_others = Runtime::start(*runtime_options(machine, "elastic", "dmdas", directory.path()));
  ASSERT_FALSE(by_others);
  EXPECT_THAT(by_others.error().message, HasSubstr("need the scheduler 'staronnx'"));
  if (machine.cores.size() > 1) {
    const auto wide = Runtime::start({.groups = groups_of("2"), .elastic = true, .cache = directory.path()});
    ASSERT_FALSE(wide);
    EXPECT_THAT(wide.error().message, HasSubstr("one core each"));
  }
  const auto runtime = Runtime::start(*runtime_options(machine, "elastic", "staronnx", directory.path()));
  ASSERT_TRUE(runtime) << runtime.error().message;
  EXPECT_EQ((*runtime)->groups().size(), machine.cores.size());
  EXPECT_GE((*runtime)->places().size(), machine.cores.size());
}

TEST_F(RuntimeTest, KeepsWhatStarPUMeasuresInTheCache) {
  ASSERT_TRUE(start(groups_of("1")));
  EXPECT_TRUE(std::filesystem::exists(directory.path() / "starpu"));
}

TEST_F(RuntimeTest, RefusesACacheThatCannotBe) {
  std::ofstream(directory.path() / "file") << "no directory";
  const auto runtime = Runtime::start({.groups = groups_of("1"), .cache = directory.path() / "file" / "cache"});
  ASSERT_FALSE(runtime);
  EXPECT_THAT(runtime.error().message, HasSubstr("cache"));
}

TEST(Schedulers, LeaveOutThoseThatMakeWorkersRunOneTaskTogether) {
  EXPECT_THAT(schedulers(), Contains("dmdas"));
  EXPECT_THAT(schedulers(), Not(Contains("pheft")));
}

}  // namespace
}  // namespace staronnx
