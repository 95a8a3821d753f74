// SPDX-License-Identifier: MIT
#include "pipeline/run_plan.h"

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace arctrm {
namespace {

PlanInputs Timed(double left_s) {
  PlanInputs inputs;
  inputs.tasks = 30;
  inputs.test_inputs = 30;
  inputs.left_s = left_s;
  inputs.step_s = 0.5;
  return inputs;
}

TEST(PlanRun, DividesTheWholeTime) {
  for (double left_s : {20.0, 60.0, 300.0, 1200.0, 43200.0}) {
    const RunPlan plan = PlanRun(Timed(left_s), ModelOptions(), TrainOptions(),
                                 PlanningOptions());
    EXPECT_GT(plan.train_s, 0) << left_s;
    EXPECT_GT(plan.vote_s, 0) << left_s;
    EXPECT_GT(plan.reserve_s, 1) << left_s;
    EXPECT_NEAR(plan.train_s + plan.vote_s + plan.reserve_s, left_s, 1e-6);
    EXPECT_GE(plan.views, 1);
  }
}

TEST(PlanRun, WithoutTimeForAStepAllTimeIsForVoting) {
  PlanInputs inputs = Timed(60);
  inputs.step_s = 9;
  inputs.step_complete = false;
  RunPlan plan =
      PlanRun(inputs, ModelOptions(), TrainOptions(), PlanningOptions());
  EXPECT_EQ(plan.steps, 0);
  EXPECT_EQ(plan.train_s, 0);
  EXPECT_NEAR(plan.vote_s + plan.reserve_s, 60, 1e-6);
  // A measured step that is longer than the time left.
  inputs.step_s = 100;
  inputs.step_complete = true;
  plan = PlanRun(inputs, ModelOptions(), TrainOptions(), PlanningOptions());
  EXPECT_EQ(plan.steps, 0);
  EXPECT_EQ(plan.train_s, 0);
}

TEST(PlanRun, ChoosesAugmentationsThatReachTheWantedUpdates) {
  TrainOptions train;
  train.batch = 64;
  PlanningOptions planning;
  planning.row_updates = 100;
  for (double left_s : {120.0, 600.0, 3600.0}) {
    const RunPlan plan =
        PlanRun(Timed(left_s), ModelOptions(), train, planning);
    if (plan.augmentations > 0 &&
        plan.augmentations < planning.max_augmentations) {
      EXPECT_GE(plan.updates_per_row, 100) << left_s;
    }
    EXPECT_NEAR(plan.updates_per_row,
                static_cast<double>(plan.steps) * 64 /
                    (30.0 * (plan.augmentations + 1)),
                1e-9);
  }
}

TEST(PlanRun, MoreTimeNeverMeansFewerAugmentations) {
  TrainOptions train;
  train.batch = 64;
  int before = 0;
  for (double left_s = 10; left_s < 1e5; left_s *= 1.5) {
    const int augmentations =
        PlanRun(Timed(left_s), ModelOptions(), train, PlanningOptions())
            .augmentations;
    EXPECT_GE(augmentations, before);
    before = augmentations;
  }
  EXPECT_EQ(before, PlanningOptions().max_augmentations);
}

TEST(PlanRun, MatchingTakesItsShareFromTheSteps) {
  TrainOptions train;
  train.batch = 64;
  PlanningOptions planning;
  planning.row_updates = 100;
  PlanInputs inputs = Timed(600);
  const RunPlan without = PlanRun(inputs, ModelOptions(), train, planning);
  inputs.match_share = 0.25;
  const RunPlan with = PlanRun(inputs, ModelOptions(), train, planning);
  EXPECT_NEAR(static_cast<double>(with.steps) * inputs.step_s,
              0.75 * with.train_s, inputs.step_s);
  EXPECT_LT(with.augmentations, without.augmentations);
  EXPECT_GE(with.updates_per_row, 100);
}

TEST(PlanRun, GivenAugmentationsOverride) {
  PlanInputs inputs = Timed(60);
  inputs.augmentations_asked = 77;
  EXPECT_EQ(PlanRun(inputs, ModelOptions(), TrainOptions(), PlanningOptions())
                .augmentations,
            77);
}

TEST(PlanRun, StepsWithoutALimitNeedNoMeasurement) {
  PlanInputs inputs;
  inputs.tasks = 10;
  inputs.test_inputs = 12;
  inputs.left_s = std::numeric_limits<double>::infinity();
  inputs.steps_asked = 500;
  TrainOptions train;
  train.batch = 40;
  PlanningOptions planning;
  planning.row_updates = 200;
  const RunPlan plan = PlanRun(inputs, ModelOptions(), train, planning);
  EXPECT_EQ(plan.steps, 500);
  EXPECT_EQ(plan.augmentations, 500 * 40 / 200 / 10 - 1);
  EXPECT_TRUE(std::isinf(plan.train_s));
  EXPECT_EQ(plan.views, plan.augmentations + 1);
}

TEST(PlanRun, GivenStepsGetTimeToStartAndToBeSlower) {
  PlanInputs inputs = Timed(60);
  inputs.step_s = 0.005;
  inputs.steps_asked = 20;
  const RunPlan plan =
      PlanRun(inputs, ModelOptions(), TrainOptions(), PlanningOptions());
  EXPECT_EQ(plan.steps, 20);
  EXPECT_GT(plan.train_s, 5);
  EXPECT_LT(plan.train_s, 15);
  EXPECT_NEAR(plan.train_s + plan.vote_s + plan.reserve_s, 60, 1e-6);
}

TEST(PlanRun, VotingKeepsToItsShare) {
  PlanningOptions planning;
  planning.vote_share = 0.2;
  PlanInputs inputs = Timed(300);
  inputs.test_inputs = 4000;
  const RunPlan plan =
      PlanRun(inputs, ModelOptions(), TrainOptions(), planning);
  EXPECT_LE(plan.vote_s, 0.2 * 300 + 1e-6);
}

TEST(ViewSeconds, GrowsWithSupervisionSteps) {
  ModelOptions model;
  model.halt_max_steps = 4;
  const double four = ViewSeconds(1, model, 64);
  model.halt_max_steps = 16;
  EXPECT_NEAR(ViewSeconds(1, model, 64), 4 * four, 1e-12);
}

TEST(PlanAgain, StandsWhileStepsTakeThePlannedTime) {
  const PlanInputs inputs = Timed(1200);
  const ModelOptions model;
  const TrainOptions train;
  const PlanningOptions planning;
  const RunPlan plan = PlanRun(inputs, model, train, planning);
  const Replan again = PlanAgain(plan, inputs, inputs.step_s, 100, 60, 1140,
                                 model, train, planning);
  EXPECT_EQ(again.reason, "");
  EXPECT_NEAR(again.train_left_s + again.vote_s + plan.reserve_s, 1140, 1e-6);
}

TEST(PlanAgain, SlowerStepsGiveVotingMoreTimeUpToItsShare) {
  PlanInputs inputs = Timed(3600);
  inputs.step_s = 0.05;
  const ModelOptions model;
  const TrainOptions train;
  const PlanningOptions planning;
  const RunPlan plan = PlanRun(inputs, model, train, planning);
  const Replan again =
      PlanAgain(plan, inputs, 0.2, 100, 60, 3540, model, train, planning);
  EXPECT_THAT(again.reason, testing::HasSubstr("0.200 s"));
  EXPECT_THAT(again.reason, testing::HasSubstr("0.050 s"));
  EXPECT_GT(again.vote_s, plan.vote_s);
  EXPECT_LE(again.vote_s, planning.vote_share * (3600 - plan.reserve_s) + 1e-6);
  EXPECT_EQ(again.steps, 100 + static_cast<int64_t>(again.train_left_s / 0.2));
}

TEST(PlanAgain, NeverPlansBeyondTheTimeLeft) {
  const PlanInputs inputs = Timed(600);
  const RunPlan plan =
      PlanRun(inputs, ModelOptions(), TrainOptions(), PlanningOptions());
  for (double left_s : {0.0, 1.0, 20.0, 500.0}) {
    const Replan again =
        PlanAgain(plan, inputs, 50, 3, 600 - left_s, left_s, ModelOptions(),
                  TrainOptions(), PlanningOptions());
    EXPECT_GE(again.vote_s, 0);
    EXPECT_GE(again.train_left_s, 0);
    EXPECT_LE(again.vote_s + again.train_left_s, left_s);
  }
}

}  // namespace
}  // namespace arctrm
