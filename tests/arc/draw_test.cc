// SPDX-License-Identifier: MIT
#include "arc/draw.h"

#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace arctrm {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

size_t LongestLine(const std::string& text) {
  std::istringstream lines(text);
  size_t longest = 0;
  for (std::string line; std::getline(lines, line);) {
    longest = std::max(longest, line.size());
  }
  return longest;
}

Task TwoDemonstrations() {
  Task task;
  task.id = "t1";
  task.demonstrations = {{Grid::FromText("12 34"), Grid::FromText("5")},
                         {Grid::FromText("6"), Grid::FromText("78")}};
  task.test_inputs = {Grid::FromText("90"), Grid::FromText("0 9")};
  return task;
}

TEST(Draw, DigitsWithoutColour) {
  EXPECT_EQ(DrawGrid(Grid::FromText("123 456"), false), "123\n456\n");
}

TEST(Draw, TwoBlanksACellInItsBackground) {
  EXPECT_EQ(DrawGrid(Grid::FromText("0019"), true),
            "\x1b[48;2;0;0;0m    \x1b[48;2;0;116;217m  \x1b[48;2;135;12;37m  "
            "\x1b[0m\n");
}

TEST(Draw, EveryColouredRowEndsPlain) {
  const std::string text = DrawGrid(Grid(3, 2, 4), true);
  size_t resets = 0;
  for (size_t at = text.find("\x1b[0m\n"); at != std::string::npos;
       at = text.find("\x1b[0m\n", at + 1)) {
    ++resets;
  }
  EXPECT_EQ(resets, 3u);
}

TEST(Draw, NoAnswerIsSaid) { EXPECT_EQ(DrawGrid(Grid(), false), "none\n"); }

TEST(Draw, GridsStandSideBySideWithTopsAligned) {
  EXPECT_EQ(DrawRow({Grid::FromText("12 34 56"), Grid::FromText("789")},
                    {"a", "long"}, false),
            "a    long\n"
            "12   789\n"
            "34\n"
            "56\n");
}

TEST(Draw, RowsWithoutTitles) {
  EXPECT_EQ(DrawRow({Grid::FromText("1"), Grid::FromText("2")}, {}, false),
            "1   2\n");
  EXPECT_EQ(DrawRow({Grid::FromText("1"), Grid::FromText("2")}, {"x"}, false),
            "x\n1   2\n");
  EXPECT_EQ(DrawRow({}, {}, false), "");
}

TEST(Draw, WrapsToANewBandWhereTheWidthIsFull) {
  EXPECT_EQ(
      DrawRow({Grid(1, 4, 1), Grid(1, 4, 2), Grid(1, 4, 3)}, {}, false, 11),
      "1111   2222\n\n3333\n");
  // A grid wider than the screen is drawn in its own band.
  EXPECT_EQ(DrawRow({Grid(1, 30, 1), Grid(1, 2, 2)}, {}, false, 10),
            std::string(30, '1') + "\n\n22\n");
}

TEST(Draw, BandsKeepToTheWidth) {
  const std::vector<Grid> grids(7, Grid(3, 9, 5));
  EXPECT_EQ(LongestLine(DrawRow(grids, {}, false, 50)), 45u);
  EXPECT_EQ(LongestLine(DrawRow(grids, {}, false, 21)), 21u);
  EXPECT_EQ(LongestLine(DrawRow(grids, {}, false, 20)), 9u);
}

TEST(Draw, TaskShowsDemonstrationsThenTests) {
  EXPECT_EQ(DrawTask(TwoDemonstrations(), {}, false),
            "task t1\n"
            "train 0    output   train 1    output\n"
            "12      -> 5        6       -> 78\n"
            "34\n"
            "\n"
            "test 0   test 1\n"
            "90       0\n"
            "         9\n");
}

TEST(Draw, TaskShowsOutputsThatSolutionsKnow) {
  const Task task = TwoDemonstrations();
  EXPECT_THAT(DrawTask(task, {}, false), Not(HasSubstr("43")));
  EXPECT_THAT(DrawTask(task, {{"other", {Grid::FromText("43")}}}, false),
              Not(HasSubstr("43")));
  const std::string text = DrawTask(
      task, {{"t1", {Grid::FromText("43"), Grid::FromText("21")}}}, false);
  EXPECT_THAT(text, HasSubstr("90     -> 43"));
  EXPECT_THAT(text, HasSubstr("-> 21"));
}

TEST(Draw, ColouredTaskLinesUpLikeItsColumns) {
  const std::string text = DrawTask(TwoDemonstrations(), {}, true);
  EXPECT_THAT(text, HasSubstr("train 0    output   train 1    output\n"));
  EXPECT_THAT(text, HasSubstr("\x1b[0m    -> \x1b[48;2;170;170;170m  \x1b[0m"));
}

}  // namespace
}  // namespace arctrm
