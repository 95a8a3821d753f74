// SPDX-License-Identifier: MIT
// Runs the program arctrm-make-tasks.
#include <string>
#include <vector>

#include "arc/read.h"
#include "arc/write.h"
#include "base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "synthetic/rules.h"
#include "tests/testing/program.h"

namespace arctrm {
namespace {

using testing::HasSubstr;

class MakeTasksTest : public testing::Test {
 protected:
  void SetUp() override { dir_ = TestFolder(); }
  void TearDown() override { EXPECT_TRUE(RemoveAll(dir_).ok()); }

  ProgramResult Make(std::vector<std::string> words,
                     const ProgramOptions& options = {}) {
    words.insert(words.begin(), ARCTRM_MAKE_TASKS);
    return RunProgram(words, dir_, options);
  }
  TaskFiles Challenges() {
    auto files = ReadTasks(JoinPath(dir_, "c.json"));
    EXPECT_TRUE(files.ok()) << files.status();
    return files.ok() ? *std::move(files) : TaskFiles();
  }

  std::string dir_;
};

TEST_F(MakeTasksTest, WritesWhatTheLibraryGenerates) {
  const ProgramResult result =
      Make({"--rules", "flip,crop", "--per-rule", "3", "--seed", "9",
            "--demonstrations", "2:4", "--min-side", "5", "--max-side", "6",
            "--tests", "2", "--out-challenges", "c.json", "--out-solutions",
            "s.json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "");
  SyntheticOptions options;
  options.min_demonstrations = 2;
  options.max_demonstrations = 4;
  options.min_side = 5;
  options.max_side = 6;
  options.test_inputs = 2;
  const auto set = GenerateSet({"flip", "crop"}, 3, 9, options);
  ASSERT_TRUE(set.ok());
  EXPECT_EQ(ReadFile(JoinPath(dir_, "c.json")).value(),
            ChallengesJson(set->challenges));
  EXPECT_EQ(ReadFile(JoinPath(dir_, "s.json")).value(),
            SolutionsJson(set->solutions));
  const TaskFiles files = Challenges();
  EXPECT_EQ(files.challenges.tasks, set->challenges.tasks);
  const auto solutions =
      ReadSolutions(JoinPath(dir_, "s.json"), &files.challenges);
  ASSERT_TRUE(solutions.ok()) << solutions.status();
  EXPECT_EQ(*solutions, set->solutions);
}

TEST_F(MakeTasksTest, ExcludesRules) {
  ASSERT_EQ(Make({"--exclude", "recolor,border", "--out-challenges", "c.json"})
                .exit_code,
            0);
  const ChallengeSet challenges = Challenges().challenges;
  EXPECT_EQ(challenges.tasks.size(), AllRules().size() - 2);
  EXPECT_EQ(challenges.Find("recolor-0-0"), nullptr);
  EXPECT_NE(challenges.Find("swap_colors-0-0"), nullptr);
}

TEST_F(MakeTasksTest, DemonstrationsAsOneNumberOrByEnds) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{
           {"--demonstrations", "6"},
           {"--min-demonstrations", "6", "--max-demonstrations", "6"}}) {
    std::vector<std::string> all = {"--out-challenges", "c.json"};
    all.insert(all.end(), words.begin(), words.end());
    ASSERT_EQ(Make(all).exit_code, 0);
    for (const Task& task : Challenges().challenges.tasks) {
      EXPECT_EQ(task.demonstrations.size(), 6u);
    }
  }
}

TEST_F(MakeTasksTest, ListsTheRules) {
  const ProgramResult result = Make({"--list"});
  EXPECT_EQ(result.exit_code, 0);
  for (const Rule& rule : AllRules()) {
    EXPECT_THAT(result.out, HasSubstr(rule.name + ": " + rule.description));
  }
}

TEST_F(MakeTasksTest, AFullDeviceIsAnError) {
  ProgramOptions options;
  options.out_path = "/dev/full";
  const ProgramResult result = Make({"--list"}, options);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("standard output"));
}

TEST_F(MakeTasksTest, WrongUsageIsExplainedAndWritesNothing) {
  struct Case {
    std::vector<std::string> words;
    std::string message;
  };
  std::string all;
  for (const Rule& rule : AllRules()) {
    all += (all.empty() ? "" : ",") + rule.name;
  }
  const std::vector<Case> cases = {
      {{"--rules", "flop"}, "\"flop\""},
      {{"--exclude", "flop"}, "--exclude flop"},
      {{"--rules", "flip", "--exclude", "crop"}, "--exclude crop"},
      {{"--exclude", all}, "leaves no rule"},
      {{"--demonstrations", "3-5"}, "MIN:MAX"},
      {{"--demonstrations", "5:3"}, "5 to 3 demonstrations"},
      {{"--demonstrations", "3:"}, "MIN:MAX"},
      {{"--demonstrations", "3", "--min-demonstrations", "2"}, "excludes"},
      {{"--max-side", "9"}, "sides 3 to 9"},
      {{"--tests", "0"}, "0 test inputs"},
      {{"--per-rule", "0"}, "--per-rule"},
      {{"--seed", "-1"}, "--seed"},
      {{"--sed", "1"}, "--sed"},
  };
  for (Case wrong : cases) {
    wrong.words.insert(wrong.words.end(), {"--out-challenges", "c.json"});
    const ProgramResult result = Make(wrong.words);
    EXPECT_NE(result.exit_code, 0) << wrong.message;
    EXPECT_LT(result.exit_code, 128) << wrong.message;
    EXPECT_THAT(result.err, HasSubstr(wrong.message));
    EXPECT_FALSE(ReadFile(JoinPath(dir_, "c.json")).ok()) << wrong.message;
  }
  const ProgramResult nowhere = Make({"--rules", "flip"});
  EXPECT_EQ(nowhere.exit_code, 2);
  EXPECT_THAT(nowhere.err, HasSubstr("--out-challenges"));
}

TEST_F(MakeTasksTest, AFolderThatIsMissingIsNamed) {
  const ProgramResult result = Make({"--out-challenges", "no/such/c.json"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("no/such"));
}

}  // namespace
}  // namespace arctrm
