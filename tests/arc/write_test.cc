// SPDX-License-Identifier: MIT
#include "arc/write.h"

#include <string>

#include "arc/read.h"
#include "base/files.h"
#include "gtest/gtest.h"

namespace arctrm {
namespace {

ChallengeSet Challenges() {
  ChallengeSet set;
  Task b;
  b.id = "b";
  b.demonstrations = {{Grid::FromText("12"), Grid::FromText("3 4")}};
  b.test_inputs = {Grid::FromText("5"), Grid(30, 30, 9)};
  Task a = b;
  a.id = "a \"quoted\" \xC3\xA9";
  set.tasks = {b, a};
  return set;
}

std::string Save(const std::string& name, const std::string& text) {
  const std::string path = JoinPath(testing::TempDir(), "arc_write_" + name);
  EXPECT_TRUE(WriteFileAtomically(path, text).ok());
  return path;
}

TEST(Write, ChallengesReadBackEqualInOrder) {
  const std::string text = ChallengesJson(Challenges());
  const auto files = ReadTasks(Save("challenges.json", text));
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ(files->challenges.tasks, Challenges().tasks);
  EXPECT_TRUE(files->solutions.empty());
}

TEST(Write, SolutionsReadBackEqual) {
  const SolutionSet solutions = {{"x", {Grid(1, 1, 3), Grid(2, 30, 1)}},
                                 {"y", {Grid(30, 1, 0)}}};
  const auto read =
      ReadSolutions(Save("solutions.json", SolutionsJson(solutions)), nullptr);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, solutions);
}

TEST(Write, OneTaskALine) {
  ChallengeSet set = Challenges();
  set.tasks[0].test_inputs = {Grid::FromText("5")};
  set.tasks.resize(1);
  EXPECT_EQ(ChallengesJson(set),
            "{\"b\": {\"train\":[{\"input\":[[1,2]],\"output\":[[3],[4]]}],"
            "\"test\":[{\"input\":[[5]]}]}}\n");
  EXPECT_EQ(SolutionsJson({{"a", {Grid(1, 2, 1)}}, {"b", {Grid(1, 1)}}}),
            "{\"a\": [[[1,1]]],\n \"b\": [[[0]]]}\n");
}

}  // namespace
}  // namespace arctrm
