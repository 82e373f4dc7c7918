#include "staronnx/serve/trace_sampler.h"

#include <gtest/gtest.h>

namespace staronnx {
namespace {

constexpr TraceSettings kAll{.timestamps = true, .rate = 1};

// How many of `requests` are traced.
int traced(TraceSampler& sampler, const std::string& model, int requests) {
  int count = 0;
  for (int i = 0; i < requests; ++i) count += sampler.sample(model, false) ? 1 : 0;
  return count;
}

TEST(TraceSampler, TracesNothingWhenOff) {
  TraceSampler sampler(TraceSettings{});
  EXPECT_FALSE(sampler.on());
  EXPECT_FALSE(sampler.sample("m", true));
}

TEST(TraceSampler, TracesOneOfSoManyUntilTheCountIsReached) {
  TraceSampler sampler({.timestamps = true, .rate = 3, .count = 2});
  EXPECT_TRUE(sampler.on());
  EXPECT_FALSE(sampler.sample("m", false) || sampler.sample("n", false));
  EXPECT_EQ(sampler.sample("m", false), TraceSample{});
  EXPECT_EQ(sampler.settings("").count, 1);
  EXPECT_EQ(traced(sampler, "m", 30), 1);
  EXPECT_EQ(sampler.settings("m").count, 0);
}

TEST(TraceSampler, TracesThoseOfTracedCallersWhateverRateAndCountSay) {
  TraceSampler sampler({.timestamps = true, .rate = 0, .count = 1});
  EXPECT_EQ(traced(sampler, "m", 100), 0);
  EXPECT_TRUE(sampler.sample("m", true) && sampler.sample("m", true));
  EXPECT_EQ(sampler.settings("").count, 1);
}

TEST(TraceSampler, HasModelsWithSettingsOfTheirOwn) {
  TraceSampler sampler(kAll);
  sampler.change("m", {.rate = 2, .count = 3, .log_frequency = 7});
  EXPECT_EQ(sampler.settings("m"), (TraceSettings{true, 2, 3, 7}));
  EXPECT_EQ(sampler.settings("n"), kAll);
  EXPECT_EQ(traced(sampler, "m", 10), 3);
  EXPECT_EQ(traced(sampler, "n", 10), 10);
  sampler.change("m", {.count = -1});
  sampler.sample("m", false);
  EXPECT_EQ(sampler.sample("m", false), (TraceSample{"m", 7}));
}

TEST(TraceSampler, FollowsTheServerInWhatIsNotSaidOfAModel) {
  TraceSampler sampler(kAll);
  sampler.change("m", {.rate = 12, .log_frequency = 34});
  sampler.change("", {.timestamps = false, .rate = 56, .count = 78});
  EXPECT_EQ(sampler.settings("m"), (TraceSettings{false, 12, 78, 34}));
  EXPECT_EQ(sampler.settings(""), (TraceSettings{false, 56, 78, 0}));
  EXPECT_FALSE(sampler.on());
}

TEST(TraceSampler, GoesBackToTheServersSettingsAndThoseToTheStarts) {
  TraceSampler sampler(kAll);
  const TraceChange back{std::optional<bool>(), std::optional<std::uint32_t>(), std::optional<std::int32_t>(),
                         std::optional<std::uint32_t>()};
  sampler.change("", {.timestamps = false, .rate = 9, .count = 8, .log_frequency = 7});
  sampler.change("m", {.timestamps = true, .rate = 2, .count = 3, .log_frequency = 4});
  EXPECT_TRUE(sampler.on());
  sampler.change("m", back);
  EXPECT_EQ(sampler.settings("m"), (TraceSettings{false, 9, 8, 7}));
  EXPECT_FALSE(sampler.on());
  sampler.change("", back);
  EXPECT_EQ(sampler.settings("m"), kAll);
  EXPECT_EQ(sampler.settings(""), kAll);
}

}  // namespace
}  // namespace staronnx
