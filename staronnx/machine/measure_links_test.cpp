#include "staronnx/machine/measure_links.h"

#include <sched.h>

#include <set>

#include <gtest/gtest.h>

namespace staronnx {
namespace {

TEST(MeasureLinks, KnowsEveryPairOfMemories) {
  const Machine machine = *detect_machine();
  cpu_set_t before, after;
  sched_getaffinity(0, sizeof before, &before);
  Result<std::vector<Link>> links = measure_links(machine);
  sched_getaffinity(0, sizeof after, &after);
  ASSERT_TRUE(links.ok()) << links.error().message;
  EXPECT_TRUE(CPU_EQUAL(&before, &after));

  std::set<int> nodes;
  for (const Core& core : machine.cores) nodes.insert(core.numa_node);
  EXPECT_EQ(links->size(), nodes.size() * nodes.size() + 2 * nodes.size() * machine.gpus.size());
  std::set<std::pair<Memory, Memory>> pairs;
  for (const Link& link : *links) {
    EXPECT_TRUE(pairs.emplace(link.from, link.to).second);
    EXPECT_GT(link.bandwidth, BytesPerSecond{});
    EXPECT_GT(link.latency.count(), 0);
  }
}

TEST(MeasureLinks, RefusesACoreThatIsNotHere) {
  Machine elsewhere;
  elsewhere.cores = {{8000, 0}};
  Result<std::vector<Link>> links = measure_links(elsewhere);
  ASSERT_FALSE(links.ok());
  EXPECT_NE(links.error().message.find("8000"), std::string::npos);
}

}  // namespace
}  // namespace staronnx
