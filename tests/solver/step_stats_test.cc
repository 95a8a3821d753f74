// SPDX-License-Identifier: MIT
#include "solver/internal/step_stats.h"

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
  return sums;
}

TrainOptions FourRows() {
  TrainOptions train;
  train.batch = 4;
  train.halt_loss_weight = 0.5;
  return train;
}

TEST(StatsReader, GivesMeansAtOnce) {
  StatsReader reader(FourRows(), /*late=*/false);
  TrainStats stats;
  reader.Read(Sums(2, 3), stats);
  EXPECT_DOUBLE_EQ(stats.lm_loss, 2);
  EXPECT_DOUBLE_EQ(stats.loss, 2.25);
  EXPECT_DOUBLE_EQ(stats.accuracy, 0.75);
  EXPECT_DOUBLE_EQ(stats.exact_accuracy, 0.5);
  EXPECT_DOUBLE_EQ(stats.steps, 3);
  EXPECT_EQ(stats.halted_rows, 2);
  reader.Read(Sums(1, 1, 0), stats);
  EXPECT_DOUBLE_EQ(stats.lm_loss, 1);
  EXPECT_EQ(stats.halted_rows, 0);
  EXPECT_DOUBLE_EQ(stats.accuracy, 0.75) << "the last known stand";
}

TEST(StatsReader, LateIsOneCallBehindButForTheFirst) {
  StatsReader reader(FourRows(), /*late=*/true);
  TrainStats stats;
  reader.Read(Sums(5), stats);
  EXPECT_DOUBLE_EQ(stats.lm_loss, 5);
  reader.Read(Sums(4), stats);
  EXPECT_DOUBLE_EQ(stats.lm_loss, 5);
  reader.Read(Sums(3, 2), stats);
  EXPECT_DOUBLE_EQ(stats.lm_loss, 4);
  reader.Read(Sums(2), stats);
  EXPECT_DOUBLE_EQ(stats.lm_loss, 3) << "over the rows of both its steps";
  reader.Finish(stats);
  EXPECT_DOUBLE_EQ(stats.lm_loss, 2);
  reader.Finish(stats);
  EXPECT_DOUBLE_EQ(stats.lm_loss, 2);
}

TEST(StatsReader, SkippedStepsLeaveWhatWasThere) {
  for (bool late : {false, true}) {
    StatsReader reader(FourRows(), late);
    TrainStats stats;
    reader.Read({}, stats);
    EXPECT_DOUBLE_EQ(stats.lm_loss, 0);
    reader.Read(Sums(5), stats);
    reader.Read({}, stats);
    reader.Finish(stats);
    EXPECT_DOUBLE_EQ(stats.lm_loss, 5);
  }
}

TEST(StatsReader, FinishShowsALossThatIsNoNumber) {
  StatsReader reader(FourRows(), /*late=*/true);
  TrainStats stats;
  reader.Read(Sums(1), stats);
  reader.Read(Sums(std::numeric_limits<double>::quiet_NaN()), stats);
  EXPECT_TRUE(std::isfinite(stats.loss));
  reader.Finish(stats);
  EXPECT_FALSE(std::isfinite(stats.loss));
}

}  // namespace
}  // namespace arctrm::internal
