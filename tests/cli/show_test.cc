// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/cli_fixture.h"

namespace arctrm {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

using ShowTest = CliTest;

constexpr char kEscape[] = "\x1b[";

TEST_F(ShowTest, TasksAreDrawnInDigitsWithoutTerminal) {
  const ProgramResult result = Arctrm({"show", "challenges.json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(result.out, HasSubstr("aaaa0001"));
  EXPECT_THAT(result.out, HasSubstr("bbbb0002"));
  EXPECT_THAT(result.out, HasSubstr("789"));
  EXPECT_THAT(result.out, Not(HasSubstr(kEscape)));
}

TEST_F(ShowTest, DrawsOnlyNamedTasks) {
  const ProgramResult result = Arctrm({"show", "challenges.json", "bbbb0002"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("bbbb0002"));
  EXPECT_THAT(result.out, Not(HasSubstr("aaaa0001")));
}

TEST_F(ShowTest, DrawsTasksInRequestedOrder) {
  const std::string out =
      Arctrm({"show", "challenges.json", "bbbb0002", "aaaa0001"}).out;
  EXPECT_LT(out.find("bbbb0002"), out.find("aaaa0001"));
}

TEST_F(ShowTest, DrawsColoursOnlyOnRequest) {
  EXPECT_THAT(Arctrm({"show", "challenges.json", "--color", "always"}).out,
              HasSubstr(kEscape));
  EXPECT_THAT(Arctrm({"show", "challenges.json", "--color=never"}).out,
              Not(HasSubstr(kEscape)));
  ProgramOptions options;
  options.environment = {"NO_COLOR=1", "TERM=xterm"};
  EXPECT_THAT(Arctrm({"show", "challenges.json"}, options).out,
              Not(HasSubstr(kEscape)));
}

TEST_F(ShowTest, SolutionsAreDrawnBesideTasks) {
  EXPECT_THAT(Arctrm({"show", "challenges.json", "aaaa0001"}).out,
              Not(HasSubstr("987")));
  EXPECT_THAT(Arctrm({"show", "challenges.json", "aaaa0001", "--solutions",
                      "solutions.json"})
                  .out,
              HasSubstr("987"));
  // A task file holds its own solutions.
  EXPECT_THAT(Arctrm({"show", "tasks/cccc0003.json"}).out, HasSubstr("43"));
}

TEST_F(ShowTest, FoldersOfTasks) {
  const ProgramResult result = Arctrm({"show", "tasks"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("cccc0003"));
  EXPECT_THAT(result.out, HasSubstr("dddd0004"));
}

TEST_F(ShowTest, DrawsAttemptsSideBySide) {
  const ProgramResult result = Arctrm(
      {"show", "submission.json", "aaaa0001", "--solutions", "solutions.json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("0 attempt 1"));
  EXPECT_THAT(result.out, HasSubstr("1 attempt 2"));
  EXPECT_THAT(result.out, HasSubstr("0 solution"));
  // On one line.
  EXPECT_THAT(result.out, ::testing::ContainsRegex("0 attempt 1 +0 attempt 2"));
}

TEST_F(ShowTest, SolutionFiles) {
  const ProgramResult result = Arctrm({"show", "solutions.json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("bbbb0002"));
  EXPECT_THAT(result.out, HasSubstr("987"));
}

TEST_F(ShowTest, FoldersOfAttempts) {
  for (const char* folder : {"one/sub", "whole"}) {
    ASSERT_TRUE(MakeDirectories(Path(folder)).ok());
  }
  Write("one/0_results.json", R"({"score":0.5})");
  Write("one/bbbb0002.json",
        R"([{"attempt_1":{"answer":[[8]]},"attempt_2":null}])");
  Write("one/sub/aaaa0001.json",
        R"([{"attempt_1":[[9,8,7]],"attempt_2":[[0]]}])");
  Write("whole/submission.json", kSubmissionJson);
  for (const char* folder : {"one", "whole"}) {
    const ProgramResult all =
        Arctrm({"show", folder, "--solutions", "solutions.json"});
    ASSERT_EQ(all.exit_code, 0) << all.err;
    EXPECT_THAT(all.out, AllOf(HasSubstr("task aaaa0001\n0 attempt 1"),
                               HasSubstr("987"), HasSubstr("0 solution")));
  }
  EXPECT_THAT(
      Arctrm({"show", "one", "bbbb0002"}).out,
      AllOf(HasSubstr("8"), HasSubstr("none"), Not(HasSubstr("aaaa0001"))));
}

TEST_F(ShowTest, Datasets) {
  ASSERT_EQ(
      Arctrm({"augment", "--challenges", "challenges.json", "--train-on",
              "tasks/cccc0003.json", "--augmentations", "3", "--out", "data"})
          .exit_code,
      0);
  const ProgramResult result = Arctrm({"show", "data"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out,
              HasSubstr("aaaa0001: 3 augmentations, trained without test "
                        "pairs"));
  EXPECT_THAT(result.out,
              HasSubstr("cccc0003: 3 augmentations, trained with test "
                        "pairs"));
  EXPECT_THAT(Arctrm({"show", "data", "cccc0003"}).out,
              Not(HasSubstr("aaaa0001")));
}

TEST_F(ShowTest, WidthFollowsColumns) {
  ProgramOptions options;
  options.environment = {"COLUMNS=20"};
  const std::string narrow =
      Arctrm({"show", "submission.json", "--solutions", "solutions.json"},
             options)
          .out;
  EXPECT_THAT(narrow,
              Not(::testing::ContainsRegex("0 attempt 1 +0 attempt 2")));
}

}  // namespace
}  // namespace arctrm
