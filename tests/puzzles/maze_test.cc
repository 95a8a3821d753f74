// SPDX-License-Identifier: MIT
#include "puzzles/maze.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace arctrm {
namespace {

// 0 wall, 1 free, 2 start, 3 goal, 4 path.
const char kLoop[] = "2111 1001 1013 1111";

TEST(Maze, FindsTheShortestPath) {
  const auto paths = ShortestMazePaths(Grid::FromText("2101 1111 0003"));
  ASSERT_TRUE(paths.ok()) << paths.status();
  EXPECT_EQ(paths->length, 5);
  EXPECT_THAT(paths->cells, testing::ElementsAre(0, testing::_, 5, 6, 7, 11));
  EXPECT_EQ(paths->count, 2);
}

TEST(Maze, CountsWays) {
  EXPECT_EQ(ShortestMazePaths(Grid::FromText(kLoop))->count, 1);
  EXPECT_EQ(ShortestMazePaths(Grid::FromText("21 13"))->count, 2);
  const auto none = ShortestMazePaths(Grid::FromText("20 03"));
  EXPECT_EQ(none->length, -1);
  EXPECT_EQ(none->count, 0);
}

TEST(Maze, SaysWhatIsMissing) {
  const auto message = [](const char* text) {
    return std::string(
        ShortestMazePaths(Grid::FromText(text)).status().message());
  };
  EXPECT_THAT(message("11 13"), testing::HasSubstr("no start"));
  EXPECT_THAT(message("21 11"), testing::HasSubstr("no goal"));
  EXPECT_THAT(message("23 21"), testing::HasSubstr("second start at row 2"));
  EXPECT_THAT(message("23 81"), testing::HasSubstr("row 2, column 1"));
}

TEST(Maze, MarksAndChecksAnswers) {
  const Grid question = Grid::FromText(kLoop);
  const Grid answer = MarkMazePath(question, *ShortestMazePaths(question));
  EXPECT_EQ(answer, Grid::FromText("2444 1004 1013 1111"));
  int length = 0;
  EXPECT_TRUE(CheckMazeAnswer(question, answer, &length).ok());
  EXPECT_EQ(length, 5);
  // The longer path is a path too.
  EXPECT_TRUE(
      CheckMazeAnswer(question, Grid::FromText("2111 4001 4013 4444"), &length)
          .ok());
  EXPECT_EQ(length, 7);
  const auto message = [&](const char* text) {
    return std::string(
        CheckMazeAnswer(question, Grid::FromText(text), nullptr).message());
  };
  EXPECT_THAT(message("2441 1004 1013 1111"),
              testing::HasSubstr("ends at row 1, column 3"));
  EXPECT_THAT(message("2444 4004 1013 1111"), testing::HasSubstr("branches"));
  EXPECT_THAT(message("2444 1004 1043 1111"),
              testing::HasSubstr("not on the path"));
  EXPECT_THAT(message("2444 1404 1013 1111"),
              testing::HasSubstr("changes row 2, column 2"));
  EXPECT_THAT(message("2444 1004 1011 1113"), testing::HasSubstr("changes"));
  EXPECT_THAT(message("24 43"), testing::HasSubstr("size"));
}

TEST(Maze, GeneratedHaveOneShortestPathOfTheLengthAsked) {
  Random random(6, "test");
  for (int side : {5, 9, 14, 30}) {
    const int min_path = DefaultMazePath(side);
    for (int i = 0; i < 20; ++i) {
      const auto puzzle = GenerateMaze(side, min_path, random);
      ASSERT_TRUE(puzzle.ok()) << side << " " << puzzle.status();
      const auto paths = ShortestMazePaths(puzzle->question);
      ASSERT_TRUE(paths.ok());
      EXPECT_EQ(paths->count, 1);
      EXPECT_EQ(paths->length, puzzle->rating);
      EXPECT_GE(puzzle->rating, min_path);
      EXPECT_TRUE(
          CheckMazeAnswer(puzzle->question, puzzle->answer, nullptr).ok());
    }
  }
  EXPECT_EQ(DefaultMazePath(30), 110);
  EXPECT_EQ(GenerateMaze(5, 100, random, 50).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(Maze, SomeHaveMoreThanOneWay) {
  Random random(7, "test");
  int loops = 0;
  for (int i = 0; i < 20; ++i) {
    Grid maze = GenerateMaze(15, 20, random)->question;
    // Without one cell of the shortest path, the goal may still be reachable.
    const auto paths = ShortestMazePaths(maze);
    const int cell = paths->cells[paths->cells.size() / 2];
    maze.at(cell / 15, cell % 15) = kMazeWall;
    loops += ShortestMazePaths(maze)->length > 0;
  }
  EXPECT_GT(loops, 3);
  EXPECT_LT(loops, 20);
}

}  // namespace
}  // namespace arctrm
