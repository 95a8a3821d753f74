// SPDX-License-Identifier: MIT
#include "submission/puzzle_report.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "submission/puzzle_svg.h"
#include "tests/submission/markup.h"

namespace arctrm {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

PuzzleFile Sudoku() {
  const auto file = ParsePuzzleCsv(
      "source,question,answer,rating\n"
      "a,12.4............,1234341221434321,7\n"
      "<b>,1234341221434320,1234341221434321,0\n"
      "c,1234341221434.21,1234341221434321,1\n"
      "d,12343412214343..,1234341221434321,0\n",
      "test");
  EXPECT_TRUE(file.ok()) << file.status();
  return *file;
}

// Answers: 1 valid but different, 2 exact, 3 wrong in a cell, 4 missing.
PuzzleReportData Data() {
  PuzzleReportData data;
  data.title = "puzzles";
  data.status = "done";
  data.puzzles = Sudoku();
  data.answers = {data.puzzles.puzzles[0], data.puzzles.puzzles[1],
                  data.puzzles.puzzles[2]};
  data.answers[0].answer = Grid::FromText("1234 4312 2143 3421");
  data.answers[2].answer = Grid::FromText("1234 3412 2143 4421");
  for (Puzzle& answer : data.answers) answer.confidence = 0.5;
  return data;
}

TEST(PuzzleReport, SaysWhatIsExactValidAndWrong) {
  PuzzleReportData data = Data();
  const std::string html = PuzzleReportHtml(data);
  EXPECT_EQ(MarkupFault(html), "");
  EXPECT_THAT(html, AllOf(HasSubstr("4 Sudoku of 4&times;4, 3 answered"),
                          HasSubstr("<small>1 of 3</small>"),
                          HasSubstr("another valid answer"),
                          HasSubstr("1 of 16 cells wrong"),
                          HasSubstr("confidence 50.0&nbsp;%"),
                          HasSubstr("&lt;b&gt;"), Not(HasSubstr("<b></"))));
  EXPECT_EQ(Count(html, "<article"), 4);
  EXPECT_EQ(Count(html, "badge good"), 1);
  EXPECT_EQ(Count(html, "badge bad"), 1);
  // 4 questions, 3 answers, and 3 solutions.
  EXPECT_EQ(Count(html, "<svg class=\"puzzle\""), 4 + 3 + 3);
  EXPECT_THAT(html, HasSubstr("Score by rating"));
}

TEST(PuzzleReport, ManyPuzzlesAreDrawnInPart) {
  PuzzleReportData data = Data();
  for (int i = 0; i < 400; ++i) {
    // Every second answer is right.
    data.puzzles.puzzles.push_back(data.puzzles.puzzles[3]);
    data.answers.resize(data.puzzles.puzzles.size() - 1,
                        data.puzzles.puzzles[3]);
    if (i % 2 == 0)
      data.answers.back().answer = data.puzzles.puzzles[3].question;
  }
  const std::string html = PuzzleReportHtml(data);
  EXPECT_EQ(Count(html, "<article"), 120);
  EXPECT_EQ(Count(html, "badge bad"), 80 - 1);
  EXPECT_THAT(html, HasSubstr("120 of 404 are drawn"));
  EXPECT_EQ(Count(html, "href=\"#puzzle-"), 120);
}

TEST(PuzzleReport, WithoutPuzzlesAnswersOrSolutions) {
  PuzzleReportData data;
  EXPECT_EQ(MarkupFault(PuzzleReportHtml(data)), "");
  data = Data();
  data.answers.clear();
  EXPECT_THAT(PuzzleReportHtml(data), Not(HasSubstr("Exact answers")));
  data = Data();
  for (Puzzle& puzzle : data.puzzles.puzzles) puzzle.answer = Grid();
  const std::string html = PuzzleReportHtml(data);
  EXPECT_EQ(MarkupFault(html), "");
  EXPECT_THAT(html, AllOf(Not(HasSubstr("Exact answers")),
                          Not(HasSubstr("badge bad"))));
}

TEST(PuzzleSvg, SudokuTellsCluesFoundAndWrongDigits) {
  const Puzzle puzzle = Sudoku().puzzles[2];
  const std::string question =
      PuzzleSvg(PuzzleKind::kSudoku, puzzle, puzzle.question, 200);
  EXPECT_THAT(question, AllOf(HasSubstr("class=\"clue\""),
                              Not(HasSubstr("class=\"found\"")),
                              Not(HasSubstr("class=\"bad\""))));
  const std::string right =
      PuzzleSvg(PuzzleKind::kSudoku, puzzle, puzzle.answer, 200);
  EXPECT_THAT(right, AllOf(HasSubstr("class=\"found\""),
                           Not(HasSubstr("class=\"bad\""))));
  const std::string wrong = PuzzleSvg(
      PuzzleKind::kSudoku, puzzle, Grid::FromText("1234 3412 2143 4421"), 200);
  EXPECT_EQ(Count(wrong, "class=\"bad\""), 1);
  EXPECT_EQ(PuzzleSvg(PuzzleKind::kSudoku, puzzle, Grid(2, 2), 200), "");
}

TEST(PuzzleSvg, MazesShowTheWay) {
  const auto file = ParsePuzzleCsv(
      "source,question,answer,rating\ng,S## G####,S##oG####,2\n", "test");
  ASSERT_TRUE(file.ok()) << file.status();
  const Puzzle& puzzle = file->puzzles[0];
  const std::string question =
      PuzzleSvg(PuzzleKind::kMaze, puzzle, puzzle.question, 60);
  EXPECT_THAT(
      question,
      AllOf(HasSubstr("class=\"wall\""), HasSubstr("class=\"start\""),
            HasSubstr("class=\"goal\""), Not(HasSubstr("class=\"way\""))));
  const std::string answer =
      PuzzleSvg(PuzzleKind::kMaze, puzzle, puzzle.answer, 60);
  // From the start down, and on to the goal.
  EXPECT_THAT(answer, AllOf(HasSubstr("M10 10v20"), HasSubstr("M10 30h20"),
                            Not(HasSubstr("class=\"bad\""))));
}

}  // namespace
}  // namespace arctrm
