// SPDX-License-Identifier: MIT
#include "puzzles/generate.h"

#include <set>

#include "gtest/gtest.h"
#include "puzzles/judge.h"

namespace arctrm {
namespace {

GenerateOptions Options(PuzzleKind kind, int side, int64_t count) {
  GenerateOptions options;
  options.kind = kind;
  options.side = side;
  options.count = count;
  return options;
}

TEST(GeneratePuzzles, ThreadsAndLengthChangeNothing) {
  for (const PuzzleKind kind : {PuzzleKind::kSudoku, PuzzleKind::kMaze}) {
    GenerateOptions options = Options(kind, 9, 20);
    const auto one = GeneratePuzzles(options);
    options.threads = 3;
    options.count = 12;
    const auto three = GeneratePuzzles(options);
    ASSERT_TRUE(one.ok() && three.ok());
    ASSERT_EQ(three->puzzles.size(), 12u);
    for (size_t i = 0; i < 12; ++i) {
      EXPECT_EQ(one->puzzles[i].question, three->puzzles[i].question);
      EXPECT_TRUE(CheckPuzzle(kind, one->puzzles[i]).ok());
    }
    options.seed = 1;
    EXPECT_NE(GeneratePuzzles(options)->puzzles[0].question,
              one->puzzles[0].question);
  }
}

TEST(GeneratePuzzles, AllDiffer) {
  const auto file = GeneratePuzzles(Options(PuzzleKind::kSudoku, 4, 3000));
  ASSERT_TRUE(file.ok()) << file.status();
  std::set<Grid> questions;
  for (const Puzzle& p : file->puzzles) questions.insert(p.question);
  EXPECT_EQ(questions.size(), 3000u);
}

TEST(GeneratePuzzles, RunsOutOfSmallMazes) {
  GenerateOptions options = Options(PuzzleKind::kMaze, 2, 1000);
  options.min_rating = 2;
  EXPECT_EQ(GeneratePuzzles(options).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(GeneratePuzzles, StopsWhenAsked) {
  GenerateOptions options = Options(PuzzleKind::kSudoku, 9, 1000000);
  options.threads = 2;
  options.progress = [](int64_t done) { return done < 10; };
  EXPECT_EQ(GeneratePuzzles(options).status().code(),
            absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace arctrm
