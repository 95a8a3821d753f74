// SPDX-License-Identifier: MIT
#include "solver/train/step_stats.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace arctrm::internal {
namespace {

// Of `steps` optimiser steps of 4 rows, each with `loss`; `halted` rows, each
// after 3 supervision steps, half of them exact.
StepSums Sums(double loss, int steps = 1, double halted = 2) {
  StepSums sums;
  sums.sums = at::zeros({8}, at::kDouble);
  double* s = sums.sums.mutable_data_ptr<double>();
  s[0] = loss * 4 * steps;
  s[1] = 0.5 * 4 * steps;
  s[3] = halted;
  s[4] = 0.75 * halted;
  s[5] = 0.5 * halted;
  s[7] = 3 * halted;
  sums.optimizer_steps = steps;
  sums.Send();
  return sums;
}

TrainOptions FourRows() {
  TrainOptions train;
  train.batch = 4;
  train.halt_loss_weight = 0.5;
  return train;
}

TEST(ReadSums, GivesMeansOverStepsAndRows) {
  TrainStats stats;
  StepSums sums = Sums(2, 3);
  ReadSums(sums, FourRows(), stats);
  EXPECT_DOUBLE_EQ(stats.lm_loss, 2);
  EXPECT_DOUBLE_EQ(stats.loss, 2.25);
  EXPECT_DOUBLE_EQ(stats.accuracy, 0.75);
  EXPECT_DOUBLE_EQ(stats.exact_accuracy, 0.5);
  EXPECT_DOUBLE_EQ(stats.steps, 3);
  EXPECT_EQ(stats.halted_rows, 2);
}

TEST(ReadSums, KnownMetricsStandWhereNoRowHalted) {
  TrainStats stats;
  StepSums first = Sums(2);
  ReadSums(first, FourRows(), stats);
  StepSums second = Sums(1, 1, 0);
  ReadSums(second, FourRows(), stats);
  EXPECT_DOUBLE_EQ(stats.lm_loss, 1);
  EXPECT_EQ(stats.halted_rows, 0);
  EXPECT_DOUBLE_EQ(stats.accuracy, 0.75);
}

TEST(ReadSums, SumsOfNoStepLeaveStatsAsTheyAre) {
  TrainStats stats;
  StepSums first = Sums(2);
  ReadSums(first, FourRows(), stats);
  StepSums skipped;
  ReadSums(skipped, FourRows(), stats);
  EXPECT_DOUBLE_EQ(stats.lm_loss, 2);
}

TEST(ReadSums, ShowsALossThatIsNoNumber) {
  TrainStats stats;
  StepSums sums = Sums(std::numeric_limits<double>::quiet_NaN());
  ReadSums(sums, FourRows(), stats);
  EXPECT_FALSE(std::isfinite(stats.loss));
}

TEST(StepSums, WhatIsSentIsTheSumSoFar) {
  TrainStats stats;
  StepSums sums = Sums(3);
  sums.Add(Sums(1).sums);
  ++sums.optimizer_steps;
  sums.Send();
  ReadSums(sums, FourRows(), stats);
  EXPECT_DOUBLE_EQ(stats.lm_loss, 2);
  EXPECT_EQ(stats.halted_rows, 4);
}

}  // namespace
}  // namespace arctrm::internal
