// SPDX-License-Identifier: MIT
#include "base/time_budget.h"

#include <cmath>

#include "gtest/gtest.h"
#include "tests/testing/fake_clock.h"

namespace arctrm {
namespace {

double Seconds(const Deadline& deadline) {
  return absl::ToDoubleSeconds(deadline.Remaining());
}

class TimeBudgetTest : public testing::Test {
 protected:
  TimeBudget Budget(double seconds) const {
    return TimeBudget(Deadline(clock_, absl::Seconds(seconds)), clock_);
  }
  FakeClock clock_;
};

TEST_F(TimeBudgetTest, WithoutALimitNothingEnds) {
  const TimeBudget budget;
  EXPECT_FALSE(budget.limited());
  EXPECT_TRUE(std::isinf(budget.LeftS()));
  EXPECT_TRUE(budget.Training().end.IsInfinite());
  EXPECT_TRUE(budget.Voting().abort.IsInfinite());
  EXPECT_TRUE(budget.TestEnd().IsInfinite());
  EXPECT_TRUE(budget.WorthVoting(10));
}

TEST_F(TimeBudgetTest, StagesFollowOneAnother) {
  TimeBudget budget = Budget(1000);
  budget.Divide(200, 8);
  EXPECT_NEAR(Seconds(budget.Training().end), 792, 1e-6);
  EXPECT_NEAR(Seconds(budget.Voting().end), 992, 1e-6);
  // Late work takes time from the next stage and never delays the end.
  EXPECT_GT(Seconds(budget.Training().abort), Seconds(budget.Training().end));
  EXPECT_LT(Seconds(budget.Training().abort), Seconds(budget.Voting().end));
  EXPECT_GT(Seconds(budget.Voting().abort), Seconds(budget.Voting().end));
  EXPECT_LT(Seconds(budget.Voting().abort), Seconds(budget.end()));
  clock_.Advance(absl::Seconds(300));
  EXPECT_NEAR(budget.ElapsedS(), 300, 1e-6);
  EXPECT_NEAR(budget.LeftS(), 700, 1e-6);
  EXPECT_NEAR(Seconds(budget.Training().end), 492, 1e-6);
}

TEST_F(TimeBudgetTest, MeasuringTakesAShareOfTheRemainingTime) {
  for (const double limit_s : {3.0, 60.0, 40000.0}) {
    const MeasureLimits limits = Budget(limit_s).Measuring();
    EXPECT_LE(limits.repeat_s, limits.give_up_s);
    EXPECT_LE(limits.give_up_s, 0.15 * limit_s + 1e-9);
    EXPECT_LE(limits.give_up_s, 120);
    EXPECT_GT(limits.repeat_s, 0);
  }
}

TEST_F(TimeBudgetTest, AStepFitsTogetherWithItsSaves) {
  const TrainCosts costs = {.step_s = 4, .save_s = 2, .evaluation_s = 0};
  EXPECT_FALSE(StepFits(costs, /*evaluates=*/false, 7));
  EXPECT_TRUE(StepFits(costs, /*evaluates=*/false, 7.1));
  EXPECT_FALSE(StepFits(costs, /*evaluates=*/true, 11));
  EXPECT_TRUE(StepFits(costs, /*evaluates=*/true, 11.1));
  EXPECT_FALSE(StepFits({}, false, 0));
}

TEST_F(TimeBudgetTest, ChecksTheSpeedLessOftenAsTheRunContinues) {
  EXPECT_EQ(ReplanInterval(0, 100), absl::Seconds(10));
  EXPECT_EQ(ReplanInterval(1, 100), absl::Seconds(15));
  EXPECT_EQ(ReplanInterval(0, 1e6), absl::Minutes(2));
  EXPECT_EQ(ReplanInterval(3, 1e6), absl::Minutes(20));
}

TEST_F(TimeBudgetTest, ATestGetsItsShareAndAReserve) {
  TimeBudget budget = Budget(100);
  EXPECT_NEAR(budget.MaxTestS(), 30, 1e-6);
  EXPECT_NEAR(budget.TestReserveS(), 3, 1e-6);
  EXPECT_NEAR(Budget(5).TestReserveS(), 1, 1e-6);
  budget.Divide(budget.MaxTestS(), budget.TestReserveS());
  EXPECT_LT(Seconds(budget.Training().end), Seconds(budget.TestEnd()));
  // Shares are those of the whole run.
  clock_.Advance(absl::Seconds(50));
  EXPECT_NEAR(budget.MaxTestS(), 30, 1e-6);
}

TEST_F(TimeBudgetTest, LateWorkDoesNotBegin) {
  EXPECT_FALSE(WorthBeginning(Deadline(clock_, absl::Seconds(2.9))));
  EXPECT_TRUE(WorthBeginning(Deadline(clock_, absl::Seconds(3))));
  EXPECT_FALSE(WorthTraining(Deadline(clock_, absl::Seconds(5))));
  EXPECT_FALSE(WorthLoadingSolver(Deadline(clock_, absl::Seconds(1.9))));
  TimeBudget budget = Budget(10);
  budget.Divide(5, 1);
  EXPECT_TRUE(budget.WorthVoting(3));
  EXPECT_FALSE(budget.WorthVoting(4));
}

TEST(WorkerGrace, IsBounded) {
  EXPECT_EQ(WorkerGrace(1), absl::Seconds(2));
  EXPECT_EQ(WorkerGrace(100), absl::Seconds(5));
  EXPECT_EQ(WorkerGrace(INFINITY), absl::Seconds(60));
}

TEST(EndingTime, GrowsWithMemory) {
  EXPECT_LT(EndingTime(0), absl::Milliseconds(300));
  EXPECT_GT(EndingTime(20e9), absl::Seconds(2));
}

}  // namespace
}  // namespace arctrm
