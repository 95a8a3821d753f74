// SPDX-License-Identifier: MIT
#include "puzzles/sudoku.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace arctrm {
namespace {

SudokuShape Shape(int side) { return *SudokuShapeOf(side); }

// Counts solutions by trying every digit in every blank.
int CountByTrying(Grid& grid, const SudokuShape& shape, int limit) {
  for (int r = 0; r < shape.side; ++r) {
    for (int c = 0; c < shape.side; ++c) {
      if (grid.at(r, c) != 0) continue;
      int found = 0;
      for (int digit = 1; digit <= shape.side && found < limit; ++digit) {
        grid.at(r, c) = static_cast<uint8_t>(digit);
        if (CheckSudokuRules(grid, shape).ok()) {
          found += CountByTrying(grid, shape, limit - found);
        }
      }
      grid.at(r, c) = 0;
      return found;
    }
  }
  return 1;
}

TEST(Sudoku, SidesThatThereAre) {
  EXPECT_EQ(Shape(6).box_rows, 2);
  EXPECT_EQ(Shape(6).box_cols, 3);
  for (int side : {0, 3, 5, 8, 16}) EXPECT_FALSE(SudokuShapeOf(side).ok());
}

TEST(Sudoku, RulesSayWhatIsBroken) {
  const auto message = [](const char* text) {
    return std::string(
        CheckSudokuRules(Grid::FromText(text), Shape(4)).message());
  };
  EXPECT_EQ(message("1200 0000 0000 0000"), "");
  EXPECT_THAT(message("1010 0000 0000 0000"),
              testing::HasSubstr("1 occurs twice in row 1"));
  EXPECT_THAT(message("0300 0000 0300 0000"),
              testing::HasSubstr("3 occurs twice in column 2"));
  EXPECT_THAT(message("0010 0001 0000 0000"),
              testing::HasSubstr("1 occurs twice in box 2"));
  EXPECT_THAT(message("0000 0000 0050 0000"),
              testing::HasSubstr("row 3, column 3 holds 5, more than 4"));
  EXPECT_THAT(message("000 000 000"), testing::HasSubstr("3x3"));
}

TEST(Sudoku, FindsTheKnownSolution) {
  // Arto Inkala's puzzle of 2010, which needs guesses.
  const Grid question = Grid::FromText(
      "005300000 800000020 070010500 400005300 010070006 003200080 "
      "060500009 004000030 000009700");
  const SudokuSolutions out = SolveSudoku(question, Shape(9), 2);
  EXPECT_EQ(out.found, 1);
  EXPECT_GT(out.guesses, 0);
  EXPECT_FALSE(out.undecided);
  EXPECT_TRUE(CheckSudokuRules(out.first, Shape(9)).ok());
  EXPECT_EQ(out.first.at(0, 0), 1);
  EXPECT_EQ(out.first.at(0, 1), 4);
}

TEST(Sudoku, CountsAsTryingEverythingDoes) {
  Random random(5, "test");
  for (int i = 0; i < 200; ++i) {
    const SudokuShape shape = Shape(i % 2 ? 4 : 6);
    Grid question = RandomSudoku(shape, random);
    // With many blanks some have one solution and some several; with a wrong
    // clue none.
    for (int r = 0; r < shape.side; ++r) {
      for (int c = 0; c < shape.side; ++c) {
        if (random.Chance(0.6)) question.at(r, c) = 0;
      }
    }
    if (i % 5 == 0) {
      question.at(0, 0) = static_cast<uint8_t>(random.Between(1, shape.side));
    }
    if (!CheckSudokuRules(question, shape).ok()) continue;
    const SudokuSolutions out = SolveSudoku(question, shape, 10);
    EXPECT_EQ(out.found, CountByTrying(question, shape, 10))
        << question.ToText();
  }
}

TEST(Sudoku, GivesUpAfterTheGuessesAllowed) {
  const SudokuSolutions out =
      SolveSudoku(Grid(9, 9), Shape(9), 1'000'000, /*max_guesses=*/1000);
  EXPECT_TRUE(out.undecided);
  EXPECT_LE(out.guesses, 1000);
}

TEST(Sudoku, GeneratedHaveOneSolutionAndNoClueTooMany) {
  for (int side : {4, 6, 9}) {
    const SudokuShape shape = Shape(side);
    Random random(3, "test");
    for (int i = 0; i < 20; ++i) {
      const auto puzzle = GenerateSudoku(shape, 0, random);
      ASSERT_TRUE(puzzle.ok()) << puzzle.status();
      const SudokuSolutions out = SolveSudoku(puzzle->question, shape, 2);
      EXPECT_EQ(out.found, 1);
      EXPECT_EQ(out.first, puzzle->answer);
      EXPECT_EQ(out.guesses, puzzle->rating);
      Grid fewer = puzzle->question;
      for (int r = 0; r < side; ++r) {
        for (int c = 0; c < side; ++c) {
          if (puzzle->question.at(r, c) == 0) continue;
          fewer.at(r, c) = 0;
          EXPECT_EQ(SolveSudoku(fewer, shape, 2).found, 2);
          fewer.at(r, c) = puzzle->question.at(r, c);
        }
      }
    }
  }
}

TEST(Sudoku, GeneratedAreAsHardAsAsked) {
  Random random(1, "test");
  const auto puzzle = GenerateSudoku(Shape(9), 8, random);
  ASSERT_TRUE(puzzle.ok()) << puzzle.status();
  EXPECT_GE(puzzle->rating, 8);
  EXPECT_EQ(GenerateSudoku(Shape(4), 1000, random, 50).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(Sudoku, SameSeedSamePuzzles) {
  Random a(9, "test");
  Random b(9, "test");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(GenerateSudoku(Shape(9), 0, a)->question,
              GenerateSudoku(Shape(9), 0, b)->question);
  }
  EXPECT_NE(GenerateSudoku(Shape(9), 0, a)->question, Grid(9, 9));
}

TEST(Sudoku, CompleteGridsVary) {
  Random random(2, "test");
  std::set<Grid> seen;
  for (int i = 0; i < 400; ++i) seen.insert(RandomSudoku(Shape(4), random));
  // There are 288; 400 uniform draws would miss about a quarter.
  EXPECT_GT(seen.size(), 180u);
}

TEST(SudokuShuffle, KeepsPuzzlesAndSolutionsTogether) {
  for (int side : {4, 6, 9}) {
    const SudokuShape shape = Shape(side);
    Random random(4, "test");
    const auto puzzle = GenerateSudoku(shape, 0, random);
    ASSERT_TRUE(puzzle.ok());
    std::set<Grid> seen;
    bool transposed = false;
    for (int i = 0; i < 100; ++i) {
      const SudokuShuffle shuffle = RandomSudokuShuffle(shape, random);
      transposed |= shuffle.transpose;
      const Grid question = shuffle.Apply(puzzle->question);
      const SudokuSolutions out = SolveSudoku(question, shape, 2);
      EXPECT_EQ(out.found, 1);
      EXPECT_EQ(out.first, shuffle.Apply(puzzle->answer));
      seen.insert(question);
    }
    EXPECT_GT(seen.size(), 90u) << side;
    EXPECT_EQ(transposed, side != 6);
  }
  EXPECT_EQ(SudokuShuffle().Apply(Grid::FromText("12 34")),
            Grid::FromText("12 34"));
}

}  // namespace
}  // namespace arctrm
