#include "staronnx/placement/bound.h"

#include <gtest/gtest.h>

#include "staronnx/placement/best_set.h"
#include "staronnx/placement/problem_for_test.h"

namespace staronnx {
namespace {

Cut whole(const PlacementProblem& problem) {
  return {std::vector<std::uint32_t>(problem.nodes(), 0), {0}};
}

TEST(PeriodBound, SharesTheWorkWhereTransfersCostNothing) {
  const PlacementProblem problem = problem_of({3, 3, 3, 3}, {{0, {1}, 0}, {1, {2}, 0}, {2, {3}, 0}}, 1, 1, 3);
  EXPECT_NEAR(period_bound(problem, whole(problem), Deadline::never()), 9, 1e-5);  // 12 on one of speed 1 and one of speed 1/3
}

TEST(PeriodBound, CountsTransfersThatNoPlacementAvoids) {
  // Two nodes that one accelerator each would have to do, with a costly tensor between: one of both does them all.
  const PlacementProblem problem = problem_of({5, 5}, {{0, {1}, 100}}, 2, 0);
  EXPECT_GT(period_bound(problem, whole(problem), Deadline::never()), 4.99);
}

TEST(PeriodBound, APassedDeadlineMakesItWeakerNotWrong) {
  const PlacementProblem problem = random_problem(7, 3);
  const double weak = period_bound(problem, whole(problem), Deadline{Clock::time_point::min()});
  EXPECT_LE(weak, period_bound(problem, whole(problem), Deadline::never()) + 1e-9);
}

TEST(BestSet, IsTheMostProfitableOfAllSets) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const PlacementProblem problem = random_problem(6, seed);
    std::mt19937 random(seed);
    std::vector<double> earned;
    for (std::size_t node = 0; node < problem.nodes(); ++node) earned.push_back(static_cast<double>(random() % 20) / 2 - 1);
    const TimePrices prices{0.5, 0.75, 0.25 * static_cast<double>(random() % 3)};
    double best = 0;
    for (unsigned bits = 0; bits < 1U << problem.nodes(); ++bits) {
      std::vector<std::uint32_t> nodes;
      double profit = 0;
      for (std::uint32_t node = 0; node < problem.nodes(); ++node) {
        if (bits >> node & 1U) nodes.push_back(node), profit += earned[node];
      }
      const SegmentLoad load = load_of(problem, 0, nodes);
      best = std::max(best, profit - prices.compute * load.compute - prices.in * load.in - prices.out * load.out);
    }
    EXPECT_NEAR(best_set(problem, 0, earned, prices).profit, best, 1e-9) << "seed " << seed;
  }
}

}  // namespace
}  // namespace staronnx
