// SPDX-License-Identifier: MIT
#include "puzzles/puzzle_dataset.h"

#include <set>
#include <string>

#include "base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "puzzles/generate.h"
#include "puzzles/judge.h"

namespace arctrm {
namespace {

PuzzleFile Generated(PuzzleKind kind, int side, int64_t count) {
  GenerateOptions options;
  options.kind = kind;
  options.side = side;
  options.count = count;
  return *GeneratePuzzles(options);
}

TEST(PuzzleDataset, HoldsEveryPuzzleUnderIdZero) {
  const PuzzleFile file = Generated(PuzzleKind::kSudoku, 4, 5);
  PuzzleDatasetOptions options;
  options.augmentations = 10;
  const auto dataset = BuildPuzzleDataset(file, options);
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(dataset->canvas, (Canvas{4, PuzzleKind::kSudoku}));
  EXPECT_EQ(dataset->num_ids(), 1);
  EXPECT_EQ(dataset->num_examples(), 55);
  EXPECT_EQ(dataset->tasks[2].name, "3");
  EXPECT_EQ(dataset->FirstIds(), std::vector<int64_t>(5, 0));
}

TEST(PuzzleDataset, ShufflesAreFixedAndKeepThePuzzle) {
  const PuzzleFile file = Generated(PuzzleKind::kSudoku, 9, 1);
  const Pair pair = {file.puzzles[0].question, file.puzzles[0].answer};
  EXPECT_EQ(ShuffledSudoku(pair, 7, 0, 0).input, pair.input);
  std::set<Grid> seen;
  for (int shuffle = 1; shuffle <= 50; ++shuffle) {
    const Pair shuffled = ShuffledSudoku(pair, 7, 0, shuffle);
    EXPECT_EQ(shuffled.input, ShuffledSudoku(pair, 7, 0, shuffle).input);
    Puzzle puzzle;
    puzzle.question = shuffled.input;
    puzzle.answer = shuffled.output;
    EXPECT_TRUE(CheckPuzzle(PuzzleKind::kSudoku, puzzle).ok());
    seen.insert(shuffled.input);
  }
  EXPECT_EQ(seen.size(), 50u);
  EXPECT_NE(ShuffledSudoku(pair, 7, 0, 1).input,
            ShuffledSudoku(pair, 7, 1, 1).input);
  EXPECT_NE(ShuffledSudoku(pair, 7, 0, 1).input,
            ShuffledSudoku(pair, 8, 0, 1).input);
}

TEST(PuzzleDataset, MazesTurnAndFlip) {
  const PuzzleFile file = Generated(PuzzleKind::kMaze, 7, 3);
  PuzzleDatasetOptions options;
  options.augmentations = 1;
  const auto dataset = BuildPuzzleDataset(file, options);
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  ASSERT_EQ(dataset->tasks[0].augmentations.size(), 8u);
  for (const Augmentation& augmentation : dataset->tasks[0].augmentations) {
    Puzzle puzzle;
    puzzle.question = augmentation.Apply(file.puzzles[0].question);
    puzzle.answer = augmentation.Apply(file.puzzles[0].answer);
    EXPECT_TRUE(CheckPuzzle(PuzzleKind::kMaze, puzzle).ok());
  }
  options.augmentations = 0;
  EXPECT_EQ(BuildPuzzleDataset(file, options)->num_examples(), 3);
}

TEST(PuzzleDataset, LeavesOutEasyOnesAndSamples) {
  PuzzleFile file = Generated(PuzzleKind::kSudoku, 4, 20);
  for (size_t i = 0; i < 20; ++i) file.puzzles[i].rating = static_cast<int>(i);
  PuzzleDatasetOptions options;
  options.min_rating = 10;
  EXPECT_EQ(BuildPuzzleDataset(file, options)->tasks.size(), 10u);
  options.max_rating = 12;
  EXPECT_EQ(BuildPuzzleDataset(file, options)->tasks.size(), 3u);
  options.max_rating = 100;
  options.sample = 4;
  const auto four = BuildPuzzleDataset(file, options);
  ASSERT_EQ(four->tasks.size(), 4u);
  for (const DatasetTask& task : four->tasks) {
    EXPECT_GT(std::stoi(task.name), 10);
  }
  options.seed = 1;
  EXPECT_NE(*BuildPuzzleDataset(file, options), *four);
  options.min_rating = 100;
  EXPECT_THAT(std::string(BuildPuzzleDataset(file, options).status().message()),
              testing::HasSubstr("none of the 20 puzzles is rated 100"));
  file.puzzles[3].answer = Grid();
  EXPECT_THAT(std::string(BuildPuzzleDataset(file, {}).status().message()),
              testing::HasSubstr("puzzle 4 has no answer"));
}

TEST(PuzzleDataset, WhoAsksForRatingsGetsRatedOnes) {
  PuzzleFile file = Generated(PuzzleKind::kSudoku, 4, 4);
  for (size_t i = 0; i < 4; ++i) file.puzzles[i].rating = static_cast<int>(i);
  file.puzzles[2].rating.reset();
  EXPECT_EQ(BuildPuzzleDataset(file, {})->tasks.size(), 4u);
  EXPECT_EQ(UnratedRemark(file, {}), "");
  PuzzleDatasetOptions least;
  least.min_rating = 0;
  PuzzleDatasetOptions most;
  most.max_rating = 100'000'000;
  for (const PuzzleDatasetOptions& options : {least, most}) {
    EXPECT_EQ(BuildPuzzleDataset(file, options)->tasks.size(), 3u);
    EXPECT_EQ(UnratedRemark(file, options),
              "left out 1 of 4 puzzles, which have no rating");
  }
  for (Puzzle& puzzle : file.puzzles) puzzle.rating.reset();
  EXPECT_THAT(std::string(BuildPuzzleDataset(file, least).status().message()),
              testing::HasSubstr("is rated 0 or more; 4 have no rating"));
}

TEST(PuzzleDataset, TravelsThroughDatasetFiles) {
  const std::string dir = testing::TempDir() + "/puzzle_dataset";
  for (const PuzzleKind kind : {PuzzleKind::kSudoku, PuzzleKind::kMaze}) {
    PuzzleDatasetOptions options;
    options.augmentations = 3;
    const auto dataset = BuildPuzzleDataset(Generated(kind, 9, 30), options);
    ASSERT_TRUE(dataset.ok());
    ASSERT_TRUE(WriteDataset(*dataset, dir).ok());
    const auto back = ReadDataset(dir);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, *dataset);
    EXPECT_THAT(*ReadFile(JoinPath(dir, "dataset.json")),
                testing::HasSubstr("\"version\": 2"));
  }
}

TEST(PuzzleDataset, KindsDontMix) {
  const auto sudoku =
      BuildPuzzleDataset(Generated(PuzzleKind::kSudoku, 9, 2), {});
  auto maze = BuildPuzzleDataset(Generated(PuzzleKind::kMaze, 9, 2), {});
  ASSERT_TRUE(sudoku.ok() && maze.ok());
  EXPECT_EQ(AppendDataset(*sudoku, *maze).code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace arctrm
