#include "staronnx/bench/arrivals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace staronnx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const ArrivalProcess kPoisson = PoissonArrivals(), kConstant = ConstantArrivals(), kBursts = BurstArrivals();

class RandomArrivals : public testing::TestWithParam<const char*> {
 protected:
  std::vector<Seconds> draw(double rate_per_s, Seconds duration, unsigned seed) const {
    return arrivals_of(*parse_distribution(GetParam()), rate_per_s, duration, seed);
  }
};

INSTANTIATE_TEST_SUITE_P(Distributions, RandomArrivals, testing::Values("poisson", "bursts", "bursts:9:0.1:0.02"));

TEST_P(RandomArrivals, AreAscendingWithinTheDuration) {
  const std::vector<Seconds> arrivals = draw(50, Seconds(4), 7);
  EXPECT_TRUE(std::is_sorted(arrivals.begin(), arrivals.end()));
  EXPECT_GE(arrivals.front(), Seconds(0));
  EXPECT_LT(arrivals.back(), Seconds(4));
}

TEST_P(RandomArrivals, OfferExactlyTheRateEvenInAShortRun) {
  EXPECT_EQ(draw(20, Seconds(2.5), 1).size(), 50u);
  EXPECT_EQ(draw(20, Seconds(2.5), 2).size(), 50u);
}

TEST_P(RandomArrivals, AreAtLeastOne) {
  EXPECT_EQ(draw(0.1, Seconds(1), 1).size(), 1u);
}

TEST_P(RandomArrivals, DependOnTheSeedOnly) {
  EXPECT_EQ(draw(20, Seconds(2), 1), draw(20, Seconds(2), 1));
  EXPECT_NE(draw(20, Seconds(2), 1), draw(20, Seconds(2), 2));
}

double share_of_long_gaps(const std::vector<Seconds>& arrivals, Seconds mean) {
  double longer = 0;
  for (std::size_t i = 1; i < arrivals.size(); ++i) longer += arrivals[i] - arrivals[i - 1] > mean ? 1 : 0;
  return longer / static_cast<double>(arrivals.size());
}

TEST(PoissonArrivals, HaveExponentialGaps) {
  EXPECT_NEAR(share_of_long_gaps(arrivals_of(kPoisson, 100, Seconds(1000), 3), Seconds(0.01)), std::exp(-1), 0.01);
}

TEST(ConstantArrivals, HaveEqualGapsFromTheStart) {
  EXPECT_THAT(arrivals_of(kConstant, 2, Seconds(2), 1), ElementsAre(Seconds(0), Seconds(0.5), Seconds(1), Seconds(1.5)));
}

// Arrivals in windows of a tenth of a burst's length: their variance over their mean is 1 for a Poisson process.
double dispersion(const ArrivalProcess& process) {
  constexpr std::size_t kWindows = 20'000;
  std::vector<double> counts(kWindows);
  for (const Seconds arrival : arrivals_of(process, 100, Seconds(0.05 * kWindows), 5))
    ++counts[static_cast<std::size_t>(arrival.count() / 0.05)];
  double sum = 0, squares = 0;
  for (const double count : counts) {
    sum += count;
    squares += count * count;
  }
  const double mean = sum / kWindows;
  return (squares / kWindows - mean * mean) / mean;
}

// Of the rate's two values 3 and 7/9 times 5 arrivals a window, a tenth of the time the first: 1 + 5 * 0.1 * 0.9 * (20/9)^2.
TEST(BurstArrivals, VaryAsTheTwoRatesSay) {
  EXPECT_NEAR(dispersion(kPoisson), 1, 0.05);
  EXPECT_NEAR(dispersion(kBursts), 1 + 5 * 0.1 * 0.9 * std::pow(20.0 / 9, 2), 0.3);
}

TEST(ReplayedArrivals, GoRoundTheFileFromTheStart) {
  const ArrivalProcess replayed = *parse_intervals("100000\n300000\r\n\n", "gaps.txt");
  EXPECT_THAT(
      arrivals_of(replayed, 1, Seconds(0.6), 1),
      ElementsAre(Seconds(0), testing::Eq(Microseconds(1e5)), testing::Eq(Microseconds(4e5)), testing::Eq(Microseconds(5e5))));
  EXPECT_DOUBLE_EQ(std::get<ReplayedArrivals>(replayed).rate_per_s(), 5);
  EXPECT_EQ(to_string(replayed), "intervals of gaps.txt");
}

TEST(ReplayedArrivals, MayComeTogether) {
  EXPECT_EQ(arrivals_of(*parse_intervals("0\n0\n3000000\n", "f"), 1, Seconds(1), 1).size(), 3u);
}

TEST(ReplayedArrivals, NameTheLineThatIsNoInterval) {
  for (const char* line : {"ten", "-1", "1 2", "1e400", "nan", "3600000001", " 1"})
    EXPECT_THAT(parse_intervals(std::string("5\n") + line + "\n", "gaps.txt").error().message,
                testing::AllOf(HasSubstr("gaps.txt, line 2: '"), HasSubstr("microseconds")))
        << line;
  for (const char* text : {"", "\n\n", "0\n", "0.1\n", "1e-300\n"})
    EXPECT_THAT(parse_intervals(text, "gaps.txt").error().message, HasSubstr("gaps.txt: the intervals are no microsecond"))
        << text;
}

TEST(ReplayedArrivals, AreUsableOrRefusedWhateverTheFileHolds) {
  std::mt19937 random(1);
  const std::string letters = "0123456789.e-+\n\r nx";
  for (int i = 0; i < 2'000; ++i) {
    std::string text;
    for (unsigned length = random() % 12; text.size() < length;) text += letters[random() % letters.size()];
    const Result<ReplayedArrivals> replayed = parse_intervals(text, "f");
    if (!replayed) continue;
    EXPECT_LE(replayed->rate_per_s(), 1e6 + 1) << text;
  }
}

TEST(ParseDistribution, ReadsBack) {
  for (const char* text : {"poisson", "constant", "bursts:3:0.1:0.5", "bursts:1.5:0.25:2"})
    EXPECT_EQ(to_string(*parse_distribution(text)), text);
  EXPECT_EQ(to_string(*parse_distribution("bursts")), "bursts:3:0.1:0.5");
}

TEST(ParseDistribution, RefusesOthersWithWhatToWrite) {
  for (const char* text : {"uniform", "", "bursts:", "bursts:3", "bursts:1:0.1:1", "bursts:20:0.1:1", "bursts:3:0:1",
                           "bursts:3:0.1:0", "bursts:3:0.1:1:1", "constant:1"})
    EXPECT_THAT(parse_distribution(text).error().message, HasSubstr("bursts:PEAK:SHARE:SECONDS")) << text;
}

}  // namespace
}  // namespace staronnx
