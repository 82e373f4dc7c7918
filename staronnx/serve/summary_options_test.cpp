#include "staronnx/serve/summary_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace staronnx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<SummaryOptions> parsed(const std::vector<std::string>& settings) {
  return SummaryOptions::parse(settings);
}

TEST(SummaryOptions, AreOffUnlessAskedFor) {
  EXPECT_FALSE(parsed({})->on);
  EXPECT_FALSE(parsed({"summary_latencies=false"})->on);
  EXPECT_TRUE(parsed({"summary_latencies=true"})->on);
  EXPECT_EQ(parsed({})->quantiles.size(), 5U);
}

TEST(SummaryOptions, HaveTheQuantilesOfTheText) {
  const Result<SummaryOptions> options = parsed({"summary_latencies=true", "summary_quantiles=0.5:0.05,1:0"});
  ASSERT_TRUE(options.ok());
  EXPECT_THAT(options->quantiles, ElementsAre(Quantile{0.5, 0.05}, Quantile{1, 0}));
}

TEST(SummaryOptions, AnythingElseIsRefused) {
  for (const char* text : {"", "summary_latencies", "summary_latencies=yes", "counter_latencies=true"}) {
    EXPECT_THAT(parsed({text}).error().message, HasSubstr("is no setting of metrics")) << text;
  }
  for (const char* text : {"", "0.5", "0.5:", "0.5:0.1,", "0.5:2", "-0.5:0.1", "0.5;0.1", "nan:0.1", "0.5:0.1:0.2"}) {
    EXPECT_THAT(parsed({std::string("summary_quantiles=") + text}).error().message, HasSubstr("are no quantiles")) << text;
  }
}

}  // namespace
}  // namespace staronnx
