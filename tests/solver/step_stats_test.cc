// SPDX-License-Identifier: MIT
#include "solver/train/step_stats.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"
#include "tests/solver/on_test_device.h"

namespace arctrm::internal {
namespace {

// Sums over `steps` optimiser steps of 4 batch rows, each with `loss`. `halted`
// batch rows halted after 3 supervision steps, half of them exact.
StepSums Sums(double loss, int steps = 1, double halted = 2) {
  StepSums sums;
  sums.Add(
      OnTestDevice(PackMetrics(StepMetrics{.lm_loss = loss * 4 * steps,
                                           .q_halt_loss = 0.5 * 4 * steps,
                                           .halted_rows = halted,
                                           .accuracy = 0.75 * halted,
                                           .exact_accuracy = 0.5 * halted,
                                           .supervision_steps = 3 * halted})));
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

TEST(ReadSums, MetricsStayIfNoRowHalted) {
  TrainStats stats;
  StepSums first = Sums(2);
  ReadSums(first, FourRows(), stats);
  StepSums second = Sums(1, 1, 0);
  ReadSums(second, FourRows(), stats);
  EXPECT_DOUBLE_EQ(stats.lm_loss, 1);
  EXPECT_EQ(stats.halted_rows, 0);
  EXPECT_DOUBLE_EQ(stats.accuracy, 0.75);
}

TEST(ReadSums, SumsOfNoStepLeaveStatsUnchanged) {
  TrainStats stats;
  StepSums first = Sums(2);
  ReadSums(first, FourRows(), stats);
  StepSums skipped;
  ReadSums(skipped, FourRows(), stats);
  EXPECT_DOUBLE_EQ(stats.lm_loss, 2);
}

TEST(ReadSums, ShowsANanLoss) {
  TrainStats stats;
  StepSums sums = Sums(std::numeric_limits<double>::quiet_NaN());
  ReadSums(sums, FourRows(), stats);
  EXPECT_FALSE(std::isfinite(stats.loss));
}

TEST(StepSums, SendsTheSumSoFar) {
  TrainStats stats;
  StepSums sums = Sums(3);
  sums.Add(Sums(1).packed);
  ++sums.optimizer_steps;
  sums.Send();
  ReadSums(sums, FourRows(), stats);
  EXPECT_DOUBLE_EQ(stats.lm_loss, 2);
  EXPECT_EQ(stats.halted_rows, 4);
}

TEST(PackMetrics, KeepsEveryMetricOnTheWayToTheHost) {
  const auto scalar = [](double value) {
    return OnTestDevice(at::scalar_tensor(value));
  };
  const Tensor packed = PackMetrics(MetricValues<Tensor>{
      .lm_loss = scalar(1),
      .q_halt_loss = scalar(2),
      .q_continue_loss = scalar(3),
      .halted_rows = scalar(4),
      .accuracy = scalar(5),
      .exact_accuracy = scalar(6),
      .q_halt_accuracy = scalar(7),
      .supervision_steps = scalar(8),
  });
  EXPECT_EQ(packed.scalar_type(), at::kDouble);
  EXPECT_EQ(packed.sizes(), at::IntArrayRef({8}));
  const StepMetrics metrics = UnpackMetrics(packed);
  EXPECT_EQ(metrics.lm_loss, 1);
  EXPECT_EQ(metrics.q_halt_loss, 2);
  EXPECT_EQ(metrics.q_continue_loss, 3);
  EXPECT_EQ(metrics.halted_rows, 4);
  EXPECT_EQ(metrics.accuracy, 5);
  EXPECT_EQ(metrics.exact_accuracy, 6);
  EXPECT_EQ(metrics.q_halt_accuracy, 7);
  EXPECT_EQ(metrics.supervision_steps, 8);
  EXPECT_TRUE(at::equal(PackMetrics(metrics), packed.to(at::kCPU)));
}

}  // namespace
}  // namespace arctrm::internal
