// SPDX-License-Identifier: MIT
#include "pipeline/replanner.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/fake_clock.h"

namespace arctrm {
namespace {

using ::testing::HasSubstr;

// A run of 2,000 s with a measured step of 0.5 s.
class ReplannerTest : public testing::Test {
 protected:
  ReplannerTest()
      : deadline_(clock_, absl::Seconds(2000)), budget_(deadline_, clock_) {
    inputs_.tasks = 30;
    inputs_.test_inputs = 30;
    inputs_.left_s = 2000;
    inputs_.step_s = 0.5;
    plan_ = PlanRun(inputs_, options_.model, options_.train, options_.planning);
  }

  Replanner Make() {
    budget_.Divide(plan_.vote_s, plan_.reserve_s);
    return Replanner(plan_, inputs_, options_, budget_);
  }

  // Makes steps of that length. Returns the last reason for a new plan.
  std::string Train(int steps, double step_s, Replanner& replanner) {
    std::string reason;
    for (int i = 0; i < steps; ++i) {
      clock_.Advance(absl::Seconds(step_s));
      const std::string now = replanner.MaybeReplan(++step_);
      if (!now.empty()) reason = now;
    }
    return reason;
  }

  FakeClock clock_;
  Deadline deadline_;
  TimeBudget budget_;
  RunOptions options_;
  PlanInputs inputs_;
  RunPlan plan_;
  int64_t step_ = 0;
};

TEST_F(ReplannerTest, KeepsThePlanWhileItHolds) {
  Replanner replanner = Make();
  const absl::Duration left = budget_.Training().end.Remaining();
  EXPECT_EQ(Train(1000, 0.5, replanner), "");
  EXPECT_EQ(replanner.plan().vote_s, plan_.vote_s);
  EXPECT_NEAR(absl::ToDoubleSeconds(budget_.Training().end.Remaining()),
              absl::ToDoubleSeconds(left) - 500, 1e-6);
}

TEST_F(ReplannerTest, MeasuresTheLatestStepsOnly) {
  Replanner replanner = Make();
  EXPECT_EQ(Train(600, 0.5, replanner), "");
  // Five times slower from here on: the mean over all steps would be a second.
  const std::string reason = Train(300, 2.5, replanner);
  EXPECT_THAT(reason, HasSubstr("2.500 s"));
  EXPECT_GT(replanner.plan().vote_s, 2 * plan_.vote_s);
  EXPECT_LT(replanner.plan().steps, plan_.steps);
  const Deadline end = budget_.Training().end;
  EXPECT_LT(end.Remaining(),
            deadline_.EarlierBy(absl::Seconds(plan_.vote_s + plan_.reserve_s))
                .Remaining());
}

TEST_F(ReplannerTest, TheTimeBeforeTheFirstStepIsNotMeasured) {
  Replanner replanner = Make();
  // Loading libraries and weights and initialising embedding rows takes time.
  clock_.Advance(absl::Seconds(200));
  EXPECT_EQ(replanner.MaybeReplan(++step_), "");
  EXPECT_EQ(Train(800, 0.5, replanner), "");
}

TEST_F(ReplannerTest, AResumedTrainingIsMeasuredAgain) {
  Replanner replanner = Make();
  EXPECT_EQ(Train(600, 0.5, replanner), "");
  clock_.Advance(absl::Seconds(100));
  step_ = 400;
  EXPECT_EQ(Train(600, 0.5, replanner), "");
}

}  // namespace
}  // namespace arctrm
