// SPDX-License-Identifier: MIT
#include "puzzles/judge.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "puzzles/maze.h"
#include "puzzles/sudoku.h"

namespace arctrm {
namespace {

using testing::HasSubstr;

Puzzle MakePuzzle(const char* question, const char* answer) {
  Puzzle puzzle;
  puzzle.question = Grid::FromText(question);
  if (*answer != '\0') puzzle.answer = Grid::FromText(answer);
  return puzzle;
}

std::string Fault(PuzzleKind kind, const char* question, const char* answer) {
  return std::string(CheckPuzzle(kind, MakePuzzle(question, answer)).message());
}

constexpr char kFull[] = "1234 3412 2143 4321";

TEST(CheckPuzzle, Sudoku) {
  const auto fault = [](const char* question, const char* answer) {
    return Fault(PuzzleKind::kSudoku, question, answer);
  };
  EXPECT_EQ(fault("1234 3412 2143 4320", kFull), "");
  EXPECT_EQ(fault("1234 3412 2143 4320", ""), "");
  EXPECT_THAT(fault("1204 0000 0000 0000", kFull), HasSubstr("several"));
  EXPECT_THAT(fault("1234 3412 2140 4330", ""), HasSubstr("3 occurs twice"));
  EXPECT_THAT(fault("1230 0004 0000 0000", ""), HasSubstr("no solution"));
  EXPECT_THAT(fault("1234 3412 2143 4320", "1234 3412 2143 4312"),
              HasSubstr("not its solution"));
  EXPECT_THAT(fault("123 456 789", ""), HasSubstr("4x4, 6x6 or 9x9"));
}

TEST(CheckPuzzle, Maze) {
  const auto fault = [](const char* question, const char* answer) {
    return Fault(PuzzleKind::kMaze, question, answer);
  };
  EXPECT_EQ(fault("2111 1001 1013 1111", "2444 1004 1013 1111"), "");
  EXPECT_THAT(fault("2111 1001 1013 1111", "2111 4001 4013 4444"),
              HasSubstr("7 steps, the shortest has 5"));
  EXPECT_THAT(fault("21 13", ""), HasSubstr("several shortest"));
  EXPECT_THAT(fault("20 03", ""), HasSubstr("no way"));
  EXPECT_THAT(fault("11 13", ""), HasSubstr("no start"));
  EXPECT_THAT(fault("24 03", ""), HasSubstr("shows a path"));
}

TEST(Judge, TellsOtherValidAnswersFromWrongOnes) {
  const Puzzle sudoku = MakePuzzle("1204 0000 0000 0000", kFull);
  EXPECT_EQ(Judge(PuzzleKind::kSudoku, sudoku, sudoku.answer), Verdict::kExact);
  EXPECT_EQ(
      Judge(PuzzleKind::kSudoku, sudoku, Grid::FromText("1234 4312 2143 3421")),
      Verdict::kValid);
  // A clue changed; a blank left; a digit twice.
  for (const char* wrong :
       {"2134 3412 1243 4321", "1234 3412 2143 4320", "1234 3412 2143 4322"}) {
    EXPECT_EQ(Judge(PuzzleKind::kSudoku, sudoku, Grid::FromText(wrong)),
              Verdict::kWrong)
        << wrong;
  }
  const Puzzle maze = MakePuzzle("2111 1001 1013 1111", "2444 1004 1013 1111");
  EXPECT_EQ(
      Judge(PuzzleKind::kMaze, maze, Grid::FromText("2111 4001 4013 4444")),
      Verdict::kValid);
  EXPECT_EQ(
      Judge(PuzzleKind::kMaze, maze, Grid::FromText("2111 4001 4013 4441")),
      Verdict::kWrong);
  EXPECT_EQ(Judge(PuzzleKind::kMaze, maze, Grid()), Verdict::kWrong);
}

TEST(ScorePuzzles, Counts) {
  const Puzzle puzzle = MakePuzzle("1204 0000 0000 0000", kFull);
  const PuzzleScore score = ScorePuzzles(
      PuzzleKind::kSudoku, {puzzle, puzzle, puzzle},
      {puzzle.answer, Grid::FromText("1234 4312 2143 3421"), Grid(4, 4)});
  EXPECT_EQ(score.puzzles, 3);
  EXPECT_EQ(score.exact, 1);
  EXPECT_EQ(score.valid, 2);
  EXPECT_NEAR(score.token_accuracy, (16 + 12 + 0) / 48.0, 1e-12);
  EXPECT_THAT(
      score.verdicts,
      testing::ElementsAre(Verdict::kExact, Verdict::kValid, Verdict::kWrong));
}

}  // namespace
}  // namespace arctrm
