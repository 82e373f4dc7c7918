#include "staronnx/execute/weights_budget.h"

#include <gtest/gtest.h>

namespace staronnx {
namespace {

struct Model final : WeightsBudget::Tenant {
  std::shared_ptr<void> give_back() override {
    ++given_back;
    return std::make_shared<int>();
  }
  int given_back = 0;
};

void use(WeightsBudget& budget, Model& model, std::uint64_t bytes) {
  const WeightsBudget::Use use(budget, model);
  budget.hold(model, Bytes{bytes});
}

TEST(WeightsBudget, WithoutALimitNobodyGivesBack) {
  WeightsBudget budget(std::nullopt);
  Model a, b;
  use(budget, a, 1'000'000);
  use(budget, b, 1'000'000);
  EXPECT_EQ(a.given_back + b.given_back, 0);
  EXPECT_EQ(budget.held(), Bytes{2'000'000});
}

TEST(WeightsBudget, WhoWasNotUsedForLongestGivesBackFirst) {
  WeightsBudget budget(Bytes{100});
  Model a, b, c;
  use(budget, a, 40);
  use(budget, b, 40);
  use(budget, a, 40);
  EXPECT_EQ(a.given_back + b.given_back, 0);
  use(budget, c, 40);
  EXPECT_EQ(b.given_back, 1);
  EXPECT_EQ(a.given_back + c.given_back, 0);
  EXPECT_EQ(budget.held(), Bytes{80});
}

TEST(WeightsBudget, WhoIsInUseGivesBackWhenTheLastUseEnds) {
  WeightsBudget budget(Bytes{100});
  Model a, b;
  {
    const WeightsBudget::Use first(budget, a);
    budget.hold(a, Bytes{80});
    {
      const WeightsBudget::Use second(budget, a);
      use(budget, b, 80);
      EXPECT_EQ(a.given_back, 0);
      EXPECT_EQ(b.given_back, 1) << "its use has ended, and there is too much";
    }
    EXPECT_EQ(a.given_back, 0);
    const WeightsBudget::Use of_b(budget, b);
    budget.hold(b, Bytes{80});
  }
  EXPECT_EQ(a.given_back + b.given_back, 2);
  EXPECT_EQ(budget.held(), Bytes{80});
}

TEST(WeightsBudget, OneThatIsLargerThanTheBudgetIsHeldWhileInUse) {
  WeightsBudget budget(Bytes{100});
  Model a;
  {
    const WeightsBudget::Use only(budget, a);
    budget.hold(a, Bytes{150});
    EXPECT_EQ(a.given_back, 0);
    EXPECT_EQ(budget.held(), Bytes{150});
  }
  EXPECT_EQ(a.given_back, 1);
  EXPECT_EQ(budget.held(), Bytes{});
}

TEST(WeightsBudget, WhoLeavesLeavesRoom) {
  WeightsBudget budget(Bytes{100});
  Model a, b;
  use(budget, a, 80);
  budget.leave(a);
  use(budget, b, 80);
  EXPECT_EQ(a.given_back + b.given_back, 0);
  EXPECT_EQ(budget.held(), Bytes{80});
}

}  // namespace
}  // namespace staronnx
