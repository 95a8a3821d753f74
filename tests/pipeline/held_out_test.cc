// SPDX-License-Identifier: MIT
#include "pipeline/held_out.h"

#include <string>

#include "gtest/gtest.h"
#include "tests/testing/fake_predictor.h"

namespace arctrm {
namespace {

// Task i has i + 1 pairs. Pair j maps a grid of colour j to itself.
Dataset Tasks(int count) {
  Dataset dataset;
  dataset.canvas.side = 4;
  for (int i = 0; i < count; ++i) {
    DatasetTask task;
    task.name = "task" + std::to_string(i);
    for (int j = 0; j <= i; ++j) {
      const Grid grid(2, 3, std::vector<uint8_t>(6, static_cast<uint8_t>(j)));
      task.pairs.push_back({grid, grid});
    }
    task.augmentations = {Augmentation(), Augmentation()};
    dataset.tasks.push_back(task);
  }
  return dataset;
}

TEST(HeldOut, TakesTheLastPairOfTasksWithThreePairs) {
  const Dataset all = Tasks(7);
  Dataset dataset = all;
  const auto taken = TakeHeldOut(3, 1, dataset);
  ASSERT_TRUE(taken.ok()) << taken.status();
  ASSERT_EQ(taken->size(), 3u);
  int64_t left = 0;
  for (const DatasetTask& task : dataset.tasks) {
    left += static_cast<int64_t>(task.pairs.size());
  }
  EXPECT_EQ(left, 28 - 3);
  const std::vector<int64_t> ids = all.FirstIds();
  for (const HeldOutPair& pair : *taken) {
    const size_t i = static_cast<size_t>(pair.task.back() - '0');
    EXPECT_GE(i, 2u);
    EXPECT_EQ(pair.embedding_id, ids[i]);
    EXPECT_EQ(pair.pair.input, all.tasks[i].pairs.back().input);
    EXPECT_EQ(dataset.tasks[i].pairs.size(), i);
  }
  // The same seed takes the same pairs.
  Dataset again = all;
  ASSERT_TRUE(TakeHeldOut(3, 1, again).ok());
  EXPECT_EQ(again, dataset);
  Dataset few = all;
  EXPECT_EQ(TakeHeldOut(6, 1, few).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(few, all);
  EXPECT_TRUE(TakeHeldOut(0, 1, few)->empty());
}

TEST(HeldOut, ScoresAnswersOfTheRightSize) {
  Dataset dataset = Tasks(7);
  const Canvas canvas = dataset.canvas;
  const auto taken = TakeHeldOut(5, 1, dataset);
  ASSERT_TRUE(taken.ok()) << taken.status();
  FakePredictor copying(canvas, /*max_batch=*/2);
  const auto right = ScoreHeldOut(copying, *taken);
  ASSERT_TRUE(right.ok()) << right.status();
  EXPECT_EQ(right->exact, 1);
  EXPECT_EQ(right->accuracy, 1);
  // Changes the first of six cells.
  FakePredictor off(canvas, 2, [&](const PredictorInput& input) {
    PredictorOutput out{input.tokens, 0};
    out.tokens[0] = GridTokens(Grid(1, 1, {9}), canvas)[0];
    return out;
  });
  const auto wrong = ScoreHeldOut(off, *taken);
  ASSERT_TRUE(wrong.ok()) << wrong.status();
  EXPECT_EQ(wrong->exact, 0);
  EXPECT_NEAR(wrong->accuracy, 5.0 / 6, 1e-12);
  // On a window of 2 x 3 cells and their border.
  FakePredictor fitted({9}, 2);
  fitted.step = 1;
  EXPECT_EQ(ScoreHeldOut(fitted, *taken)->exact, 1);
  for (const auto& batch : fitted.batches) {
    for (const PredictorInput& input : batch) {
      EXPECT_EQ(SizeOf(input, {9}), (GridSize{3, 4}));
    }
  }
  FakePredictor smaller(canvas, 2, [&](const PredictorInput&) {
    return PredictorOutput{GridTokens(Grid(1, 1, {2}), canvas), 0};
  });
  EXPECT_EQ(ScoreHeldOut(smaller, *taken)->accuracy, 0);
}

}  // namespace
}  // namespace arctrm
