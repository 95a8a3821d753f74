// SPDX-License-Identifier: MIT
#include "puzzles/draw.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace arctrm {
namespace {

TEST(DrawPuzzle, Sudoku) {
  Puzzle puzzle;
  puzzle.question = Grid::FromText("1204 0000 0000 4321");
  EXPECT_EQ(DrawPuzzle(PuzzleKind::kSudoku, puzzle, false),
            "1 2 | . 4\n"
            ". . | . .\n"
            "----+----\n"
            ". . | . .\n"
            "4 3 | 2 1\n");
  puzzle.answer = Grid::FromText("1234 3412 2143 4321");
  EXPECT_THAT(DrawPuzzle(PuzzleKind::kSudoku, puzzle, false),
              testing::HasSubstr("1 2 | . 4    1 2 | 3 4\n"));
  const std::string colored = DrawPuzzle(PuzzleKind::kSudoku, puzzle, true);
  EXPECT_THAT(colored, testing::HasSubstr("1 2 | \x1b["));
}

TEST(DrawPuzzle, SixBySixHasWideBoxes) {
  Puzzle puzzle;
  puzzle.question = Grid(6, 6);
  EXPECT_THAT(DrawPuzzle(PuzzleKind::kSudoku, puzzle, false),
              testing::StartsWith(". . . | . . .\n"
                                  ". . . | . . .\n"
                                  "------+------\n"));
}

TEST(DrawPuzzle, Maze) {
  Puzzle puzzle;
  puzzle.question = Grid::FromText("211 003 111");
  puzzle.answer = Grid::FromText("244 003 111");
  EXPECT_EQ(DrawPuzzle(PuzzleKind::kMaze, puzzle, false),
            "S      Soo\n"
            "##G    ##G\n"
            "          \n");
  EXPECT_THAT(DrawPuzzle(PuzzleKind::kMaze, puzzle, true),
              testing::HasSubstr("S \x1b[0m"));
}

}  // namespace
}  // namespace arctrm
