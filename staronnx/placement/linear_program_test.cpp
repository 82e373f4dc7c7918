#include "staronnx/placement/linear_program.h"

#include <gmock/gmock.h>

#include <array>

namespace staronnx {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using Coefficients = std::vector<std::pair<std::size_t, double>>;

TEST(LinearProgram, GivesTheOptimumTheVariablesAndThePrices) {
  LinearProgram programme(LinearProgram::Sense::maximise);  // 3x + 2y, x + y <= 4, x <= 2
  const std::size_t both = programme.add_row(-LinearProgram::kUnbounded, 4),
                    first = programme.add_row(-LinearProgram::kUnbounded, 2);
  programme.add_variable(3, Coefficients{{both, 1}, {first, 1}});
  programme.add_variable(2, Coefficients{{both, 1}});
  const std::optional<LinearProgram::Solution> solution = programme.solve();
  ASSERT_TRUE(solution);
  EXPECT_DOUBLE_EQ(solution->value, 10);
  EXPECT_THAT(solution->variables, ElementsAre(DoubleNear(2, 1e-9), DoubleNear(2, 1e-9)));
  EXPECT_THAT(solution->duals, ElementsAre(DoubleNear(2, 1e-9), DoubleNear(1, 1e-9)));
}

TEST(LinearProgram, GoesOnAfterAVariableCame) {
  LinearProgram programme(LinearProgram::Sense::minimise);
  const std::size_t row = programme.add_row(6, 6);
  programme.add_variable(5, Coefficients{{row, 1}});
  EXPECT_DOUBLE_EQ(programme.solve()->value, 30);
  programme.add_variable(4, Coefficients{{row, 2}});
  EXPECT_DOUBLE_EQ(programme.solve()->value, 12);
}

TEST(LinearProgram, WithoutAnOptimumThereIsNone) {
  LinearProgram impossible(LinearProgram::Sense::minimise);
  const std::size_t row = impossible.add_row(1, 1);
  impossible.add_variable(1, Coefficients{{row, -1}});
  EXPECT_FALSE(impossible.solve());
  LinearProgram endless(LinearProgram::Sense::maximise);
  endless.add_variable(1, Coefficients{{endless.add_row(0, LinearProgram::kUnbounded), 1}});
  EXPECT_FALSE(endless.solve());
}

}  // namespace
}  // namespace staronnx
