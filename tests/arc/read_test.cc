// SPDX-License-Identifier: MIT
#include "arc/read.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/arc/arc_files.h"

namespace arctrm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

TEST(ReadTasks, KaggleChallenges) {
  const auto files = ReadTasks(Save(ScratchFolder(), "c.json", kChallenges));
  ASSERT_TRUE(files.ok()) << files.status();
  ASSERT_THAT(files->challenges.tasks, SizeIs(2));
  const Task& first = files->challenges.tasks[0];
  EXPECT_EQ(first.id, "aaaa0001");
  ASSERT_THAT(first.demonstrations, SizeIs(2));
  EXPECT_EQ(first.demonstrations[0].input, Grid::FromText("12 34"));
  EXPECT_EQ(first.demonstrations[1].output, Grid::FromText("99"));
  EXPECT_THAT(first.test_inputs, ElementsAre(Grid::FromText("789")));
  // Keys in any order.
  const Task& second = files->challenges.tasks[1];
  EXPECT_EQ(second.demonstrations[0].input, Grid::FromText("3"));
  EXPECT_EQ(second.demonstrations[0].output, Grid::FromText("4"));
  EXPECT_THAT(second.test_inputs, SizeIs(2));
  EXPECT_THAT(files->solutions, IsEmpty());
}

TEST(ReadTasks, TasksStayInTheOrderOfTheFile) {
  const std::string task =
      R"({"train":[{"input":[[1]],"output":[[2]]}],"test":[{"input":[[3]]}]})";
  const auto files =
      ReadTasks(Save(ScratchFolder(), "c.json",
                     absl::StrCat("{\"z\":", task, ",\"a\":", task, "}")));
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ(files->challenges.tasks[0].id, "z");
  EXPECT_EQ(files->challenges.tasks[1].id, "a");
}

TEST(ReadTasks, TestOutputsGoToTheSolutionsWhereAllAreKnown) {
  const std::string train = R"("train":[{"input":[[1]],"output":[[2]]}])";
  const auto files = ReadTasks(Save(
      ScratchFolder(), "c.json",
      absl::StrCat(
          "{\"all\":{", train,
          R"(,"test":[{"input":[[3]],"output":[[4]]},{"input":[[5]],"output":)"
          R"([[6]]}]},"some":{)",
          train,
          R"(,"test":[{"input":[[3]],"output":[[4]]},{"input":[[5]]}]}})")));
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_THAT(files->solutions,
              ElementsAre(Pair("all", ElementsAre(Grid::FromText("4"),
                                                  Grid::FromText("6")))));
  for (const Task& task : files->challenges.tasks) {
    EXPECT_THAT(task.demonstrations, SizeIs(1));
    EXPECT_THAT(task.test_inputs,
                ElementsAre(Grid::FromText("3"), Grid::FromText("5")));
  }
}

TEST(ReadTasks, OneTaskFileIsNamedByTheFile) {
  const auto files =
      ReadTasks(Save(ScratchFolder(), "00d62c1b.json", kOneTask));
  ASSERT_TRUE(files.ok()) << files.status();
  ASSERT_THAT(files->challenges.tasks, SizeIs(1));
  EXPECT_EQ(files->challenges.tasks[0].id, "00d62c1b");
  EXPECT_THAT(files->solutions,
              ElementsAre(Pair("00d62c1b", ElementsAre(Grid::FromText("4")))));
}

TEST(ReadTasks, FolderOfTaskFilesInTheOrderOfNames) {
  const std::string dir = ScratchFolder();
  Save(dir, "b.json", kOneTask);
  Save(dir, "a.json", kOneTask);
  Save(dir, "notes.txt", "not a task");
  const auto files = ReadTasks(dir);
  ASSERT_TRUE(files.ok()) << files.status();
  ASSERT_THAT(files->challenges.tasks, SizeIs(2));
  EXPECT_EQ(files->challenges.tasks[0].id, "a");
  EXPECT_EQ(files->challenges.tasks[1].id, "b");
  EXPECT_THAT(files->solutions, SizeIs(2));
}

TEST(ReadTasks, ReArcExamplesAreDemonstrations) {
  const std::string dir = ScratchFolder();
  Save(dir, "t.json",
       R"([{"input":[[1]],"output":[[2]]},{"input":[[3]],"output":[[4]]}])");
  const auto files = ReadTasks(dir);
  ASSERT_TRUE(files.ok()) << files.status();
  ASSERT_THAT(files->challenges.tasks, SizeIs(1));
  const Task& task = files->challenges.tasks[0];
  EXPECT_EQ(task.id, "t");
  EXPECT_THAT(task.demonstrations, SizeIs(2));
  EXPECT_THAT(task.test_inputs, ElementsAre(Grid::FromText("3")));
  EXPECT_THAT(files->solutions,
              ElementsAre(Pair("t", ElementsAre(Grid::FromText("4")))));
}

TEST(ReadTasks, LargestAndSmallestGrids) {
  std::string row = "[0";
  for (int c = 1; c < 30; ++c) absl::StrAppend(&row, ",", c % 10);
  row += "]";
  std::string grid = "[" + row;
  for (int r = 1; r < 30; ++r) absl::StrAppend(&grid, ",", row);
  grid += "]";
  const auto files = ReadTasks(Save(
      ScratchFolder(), "t.json",
      absl::StrCat("{\"train\":[{\"input\":", grid,
                   ",\"output\":[[1]]}],\"test\":[{\"input\":", grid, "}]}")));
  ASSERT_TRUE(files.ok()) << files.status();
  const Grid& read = files->challenges.tasks[0].test_inputs[0];
  EXPECT_EQ(read.rows(), 30);
  EXPECT_EQ(read.cols(), 30);
  EXPECT_EQ(read.at(29, 29), 9);
}

TEST(ReadTasks, ByteOrderMarkIsSkipped) {
  const auto files = ReadTasks(Save(ScratchFolder(), "c.json",
                                    absl::StrCat("\xEF\xBB\xBF", kChallenges)));
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_THAT(files->challenges.tasks, SizeIs(2));
}

TEST(ReadTasks, KeysAndIdsMayBeWrittenEscaped) {
  const auto files = ReadTasks(
      Save(ScratchFolder(), "c.json",
           R"({"\u0061b\u00e9": {"tr\u0061in": [{"input": [[1]], "output":)"
           R"([[2]]}], "test": [{"input": [[3]]}]}})"));
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ(files->challenges.tasks[0].id, "ab\xC3\xA9");
}

TEST(ReadTasks, ManyTasks) {
  std::string text = "{";
  for (int i = 0; i < 3000; ++i) {
    absl::StrAppend(
        &text, i > 0 ? "," : "", "\"t", i,
        R"(":{"train":[{"input":[[1,2,3],[4,5,6]],"output":[[7]]}],)"
        R"("test":[{"input":[[8]]}]})");
  }
  const auto files = ReadTasks(Save(ScratchFolder(), "c.json", text + "}"));
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_THAT(files->challenges.tasks, SizeIs(3000));
  EXPECT_EQ(files->challenges.tasks[2999].id, "t2999");
}

TEST(ReadSolutions, CoversItsChallenges) {
  const std::string dir = ScratchFolder();
  const auto files = ReadTasks(Save(dir, "c.json", kChallenges));
  ASSERT_TRUE(files.ok()) << files.status();
  const auto solutions =
      ReadSolutions(Save(dir, "s.json", kSolutions), &files->challenges);
  ASSERT_TRUE(solutions.ok()) << solutions.status();
  EXPECT_THAT(
      *solutions,
      ElementsAre(Pair("aaaa0001", ElementsAre(Grid::FromText("66"))),
                  Pair("bbbb0002", ElementsAre(Grid::FromText("1"),
                                               Grid::FromText("2 3")))));
}

TEST(ReadSolutions, ThatDoNotMatchAreRefused) {
  const std::string dir = ScratchFolder();
  const auto files = ReadTasks(Save(dir, "c.json", kChallenges));
  ASSERT_TRUE(files.ok()) << files.status();
  const struct {
    const char* text;
    const char* says;
  } kCases[] = {
      {R"({"aaaa0001": [[[6]]]})", "task bbbb0002: no solution"},
      {R"({"aaaa0001": [[[6]]], "bbbb0002": [[[1]]]})",
       "task bbbb0002: expected 2 test outputs, one per test input, found 1"},
      {R"({"aaaa0001": [[[6]]], "bbbb0002": [[[1]], [[2]]], "c": [[[1]]]})",
       "task c: a solution for a task that is not in the challenges"},
  };
  for (const auto& [text, says] : kCases) {
    const std::string path = Save(dir, "s.json", text);
    const absl::Status status =
        ReadSolutions(path, &files->challenges).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr(path));
    EXPECT_THAT(std::string(status.message()), HasSubstr(says));
    EXPECT_TRUE(ReadSolutions(path, nullptr).ok());
  }
}

TEST(ReadSubmission, BothAttemptsOfEveryTestInput) {
  const auto submission =
      ReadSubmission(Save(ScratchFolder(), "s.json", kSubmission));
  ASSERT_TRUE(submission.ok()) << submission.status();
  ASSERT_THAT(*submission, SizeIs(2));
  EXPECT_THAT(submission->at("aaaa0001"),
              ElementsAre(Attempts{Grid::FromText("66"), Grid::FromText("0")}));
  EXPECT_THAT(submission->at("bbbb0002"),
              ElementsAre(Attempts{Grid::FromText("1"), Grid::FromText("2")},
                          Attempts{Grid::FromText("3"), Grid::FromText("4")}));
}

}  // namespace
}  // namespace arctrm
