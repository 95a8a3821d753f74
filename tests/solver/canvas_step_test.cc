// SPDX-License-Identifier: MIT
#include "solver/train/canvas_step.h"

#include <map>
#include <string>

#include "gtest/gtest.h"
#include "solver/nn/model.h"
#include "tests/solver/small_training.h"

namespace arctrm::internal {
namespace {

// All sizes from 2 to 30 with equal shares.
std::map<GridSize, double> AllSizes() {
  std::map<GridSize, double> shares;
  for (int rows = 2; rows <= 30; ++rows) {
    for (int cols = 2; cols <= 30; ++cols) shares[{rows, cols}] = 1.0 / 841;
  }
  return shares;
}

double Cells(int64_t cells) { return static_cast<double>(cells); }

int Choose(double bucket_s, int64_t rows = 768, bool recorded = false) {
  return ChooseCanvasStep(AllSizes(), 30, rows,
                          {bucket_s, bucket_s, 1e-6, recorded}, Cells);
}

TEST(ChooseCanvasStep, IsOneWhereSizeBucketsCostNothing) {
  EXPECT_EQ(Choose(0), 1);
  EXPECT_EQ(ChooseCanvasStep(AllSizes(), 30, 768, {}, Cells), 1);
  EXPECT_EQ(ChooseCanvasStep({}, 30, 768, {}, Cells), 1);
}

TEST(ChooseCanvasStep, GrowsWithTheCostOfASizeBucket) {
  int before = 1;
  for (double bucket_s = 1e-6; bucket_s < 1; bucket_s *= 2) {
    const int step = Choose(bucket_s);
    EXPECT_GE(step, before) << bucket_s;
    before = step;
  }
  // One size is cheapest in the end.
  EXPECT_EQ(before, 30);
  EXPECT_EQ(Choose(1e-6), 1);
  // A step of 768 rows takes 0.2 s in products. 64 size buckets of 1 ms are
  // worth a quarter more tokens.
  EXPECT_GE(Choose(1e-3), 3);
  EXPECT_LE(Choose(1e-3), 6);
}

TEST(ChooseCanvasStep, SmallerBatchesNeedLargerSteps) {
  EXPECT_GT(Choose(1e-3, 96), Choose(1e-3, 6144));
  // Each recorded size bucket has masked rows.
  EXPECT_GE(Choose(1e-5, 768, true), Choose(1e-5, 768, false));
  EXPECT_GT(Choose(1e-5, 768, true), 1);
}

// By hand: two sizes, one batch row each.
TEST(ChooseCanvasStep, WeighsPaddingAgainstBuckets) {
  const std::map<GridSize, double> shares = {{{3, 4}, 0.5}, {{4, 4}, 0.5}};
  // In a batch of many rows step 4 saves a size bucket and adds 4 cells to half
  // of the rows.
  const auto choose = [&](double bucket_s) {
    return ChooseCanvasStep(shares, 8, 100, {bucket_s, bucket_s, 1, false},
                            Cells);
  };
  EXPECT_EQ(choose(199), 1);
  // Step 2 gives 4 x 4 for both.
  EXPECT_EQ(choose(201), 2);
}

TEST(WindowShares, CountPairsAndTransposedAugmentations) {
  Dataset dataset = MixedDataset(2);
  // Two tasks of 3 x 3, and windows of 4 x 3, 5 x 3 and 6 x 3, of which half
  // the augmentations are transposed.
  for (DatasetTask& task : dataset.tasks) {
    if (task.augmentations.size() == 2) task.augmentations[1].dihedral = 1;
  }
  std::map<GridSize, double> shares = WindowShares(dataset, 0);
  EXPECT_EQ(shares.size(), 7u);
  EXPECT_DOUBLE_EQ((shares[{3, 3}]), 2.0 / 5);
  EXPECT_DOUBLE_EQ((shares[{3, 4}]), 0.5 / 5);
  EXPECT_DOUBLE_EQ((shares[{4, 3}]), 0.5 / 5);
  // One pair of the first task instead of four.
  dataset.tasks[0].pairs.resize(1);
  shares = WindowShares(dataset, 0);
  EXPECT_DOUBLE_EQ((shares[{3, 3}]), 5.0 / 17);
  shares = WindowShares(dataset, 1);
  EXPECT_DOUBLE_EQ((shares[{3, 3}]), 2.0 / 5);
}

TEST(StepProducts, CountsPassesBlocksAndBothDirections) {
  ModelOptions model;
  const double block = RowCost(model, 100);
  EXPECT_DOUBLE_EQ(StepProducts(model, 100, false), 3 * 5 * 2 * block);
  EXPECT_DOUBLE_EQ(StepProducts(model, 100, true), (15 + 10) * 2 * block);
  model.continue_head = true;
  EXPECT_DOUBLE_EQ(StepProducts(model, 100, true), (30 + 10) * 2 * block);
  model.arch = "hrm";
  EXPECT_DOUBLE_EQ(StepProducts(model, 100, true), (30 + 4) * 2 * block);
}

TEST(MeasuredCosts, AreZeroOnACpu) {
  const ModelOptions model;
  const StepCosts costs =
      MeasureTrainingCosts(model, TrainOptions(), at::kCPU, at::kFloat, {});
  EXPECT_EQ(costs.bucket_s, 0);
  EXPECT_FALSE(costs.recorded);
  EXPECT_EQ(TokensOfBucketCost(model, costs), 0);
}

TEST(MeasuredCosts, BecomeTokensOfWholeCanvases) {
  const ModelOptions model;
  const double token_s = StepProducts(model, 900, false) / 900 * 1e-13;
  EXPECT_NEAR(
      TokensOfBucketCost(model, {500 * token_s, 500 * token_s, 1e-13, false}),
      500, 1e-6);
  // 3 plain steps of 16.
  EXPECT_NEAR(
      TokensOfBucketCost(model, {100 * token_s, 900 * token_s, 1e-13, true}),
      (3 * 900 + 13 * 100) / 16.0, 1e-6);
}

}  // namespace
}  // namespace arctrm::internal
