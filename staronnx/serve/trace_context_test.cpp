#include "staronnx/serve/trace_context.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace staronnx {
namespace {

const std::string kTrace = "0af7651916cd43dd8448eb211c80319c";
const std::string kParent = "b7ad6b7169203331";
const std::string kWhole = "00-" + kTrace + "-" + kParent + "-01";

TEST(TraceContext, IsWhatTheCallerSays) {
  const TraceContext context{kTrace, kParent, true, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"};
  EXPECT_EQ(trace_context(kWhole, context.state), context);
  EXPECT_EQ(trace_context(kWhole, " \t" + context.state + " "), context);
}

TEST(TraceContext, SaysWhetherTheCallerRecords) {
  for (const auto& [flags, sampled] : std::vector<std::pair<std::string, bool>>{
           {"00", false}, {"01", true}, {"02", false}, {"03", true}, {"fe", false}, {"ff", true}}) {
    const auto context = trace_context("00-" + kTrace + "-" + kParent + "-" + flags, "");
    ASSERT_TRUE(context.has_value()) << flags;
    EXPECT_EQ(context->sampled, sampled) << flags;
  }
}

TEST(TraceContext, OfLaterVersionsIsReadAsFarAsItIsKnown) {
  EXPECT_TRUE(trace_context("cc-" + kTrace + "-" + kParent + "-01", "").has_value());
  EXPECT_TRUE(trace_context("cc-" + kTrace + "-" + kParent + "-01-what-comes-later", "").has_value());
  EXPECT_FALSE(trace_context("cc-" + kTrace + "-" + kParent + "-01.what-comes-later", "").has_value());
}

TEST(TraceContext, IsIgnoredWhenItIsDamaged) {
  const std::string no_trace(32, '0'), no_parent(16, '0');
  for (const std::string& damaged : {std::string(), std::string("00"), kWhole + "-", kWhole + "-01", kWhole + "," + kWhole,
                                     " " + kWhole, "ff-" + kTrace + "-" + kParent + "-01", "0-" + kTrace + "-" + kParent + "-001",
                                     "0x-" + kTrace + "-" + kParent + "-01", "00-" + no_trace + "-" + kParent + "-01",
                                     "00-" + kTrace + "-" + no_parent + "-01", "00-" + kTrace + "-" + kParent + "-0g",
                                     "00-" + kTrace + "-" + kParent + "_01", "00-" + kTrace.substr(1) + "--" + kParent + "-01"})
    EXPECT_FALSE(trace_context(damaged, "").has_value()) << damaged;
  for (std::size_t i = 0; i < kWhole.size(); ++i) {
    EXPECT_FALSE(trace_context(kWhole.substr(0, i), "").has_value()) << i;
    for (const char bad : {'\0', ' ', 'g', 'A', '\xff'}) {
      std::string damaged = kWhole;
      damaged[i] = bad;
      EXPECT_FALSE(trace_context(damaged, "").has_value()) << damaged;
    }
  }
}

std::string state_of(const std::string& tracestate) {
  return trace_context(kWhole, tracestate).value().state;
}

TEST(TraceContext, TakesEveryStateThatIsOne) {
  std::string members = "k=1";
  for (int i = 1; i < 32; ++i) members += ",k=1";
  for (const std::string& state :
       {std::string("a=1"), std::string("a=1,,\t,b=2"), std::string("0tenant@sys=x"), std::string("a_-*/9=#!~"),
        std::string("a= b"), std::string(256, 'a') + "=1", "a=" + std::string(256, 'v'),
        std::string(241, '1') + "@" + std::string(14, 's') + "=1", members})
    EXPECT_EQ(state_of(state), state);
}

TEST(TraceContext, LeavesOutAStateThatIsNone) {
  std::string members = "k=1";
  for (int i = 0; i < 32; ++i) members += ",k=1";
  for (const std::string& state :
       {std::string("a"), std::string("=1"), std::string("a="), std::string("A=1"), std::string("1a=1"), std::string("a=1=2"),
        std::string("@sys=1"), std::string("t@=1"), std::string("t@1s=1"), std::string("a@b@c=1"), std::string("-t@sys=1"),
        std::string("a =1"), std::string("a=\x7f"), std::string("a=\xe4"), std::string(257, 'a') + "=1",
        "a=" + std::string(257, 'v'), std::string(242, '1') + "@s=1", "t@" + std::string(15, 's') + "=1", members})
    EXPECT_EQ(state_of(state), "") << state;
}

}  // namespace
}  // namespace staronnx
