// SPDX-License-Identifier: MIT
#include "augment/leak_guard.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/augment/random_tasks.h"

namespace arctrm {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Set {
  ChallengeSet challenges;
  SolutionSet solutions;
};

Set MakeSet(uint64_t seed, int tasks, const std::string& prefix) {
  Random random(seed, "set");
  Set set;
  for (int i = 0; i < tasks; ++i) {
    Task task = RandomTask(random, absl::StrCat(prefix, i));
    for (size_t t = 0; t < task.test_inputs.size(); ++t) {
      set.solutions[task.id].push_back(RandomGrid(random, 8));
    }
    set.challenges.tasks.push_back(std::move(task));
  }
  return set;
}

std::vector<TrainedTask> Trained(const std::vector<Set>& sets, bool train_on) {
  std::vector<DatasetSource> sources;
  for (const Set& set : sets) {
    sources.push_back({set.challenges, set.solutions, train_on});
  }
  BuildOptions options;
  options.plan.augmentations = 1;
  return TrainedTasks(*BuildDataset(sources, options));
}

TEST(LeakGuard, DemonstrationsOfTheScoredTasksAreNoLeak) {
  const Set scored = MakeSet(1, 5, "t");
  EXPECT_THAT(
      FindLeaks(Trained({scored}, false), scored.challenges, scored.solutions),
      IsEmpty());
}

TEST(LeakGuard, TestPairsOfTheSameIdAre) {
  const Set scored = MakeSet(1, 5, "t");
  Set seen = scored;
  seen.challenges.tasks.erase(seen.challenges.tasks.begin() + 2);
  const auto leaks =
      FindLeaks(Trained({seen}, true), scored.challenges, scored.solutions);
  ASSERT_THAT(leaks, SizeIs(4));
  EXPECT_EQ(leaks[0].task_id, "t0");
  EXPECT_EQ(leaks[0].reason, "trained on with its test pairs as t0");
  EXPECT_EQ(leaks[2].task_id, "t3");
}

// Finds leaks by id even without solutions.
TEST(LeakGuard, KnowsIdsWithoutSolutions) {
  const Set scored = MakeSet(1, 3, "t");
  EXPECT_THAT(FindLeaks(Trained({scored}, true), scored.challenges, {}),
              SizeIs(3));
}

TEST(LeakGuard, SecondTasksOfAnIdCountForIt) {
  const Set scored = MakeSet(1, 2, "t");
  const Set other = MakeSet(2, 2, "t");
  std::vector<TrainedTask> trained = Trained({scored}, false);
  for (TrainedTask task : Trained({other}, true)) {
    task.name += "#2";
    trained.push_back(task);
  }
  const auto leaks = FindLeaks(trained, scored.challenges, scored.solutions);
  ASSERT_THAT(leaks, SizeIs(2));
  EXPECT_EQ(leaks[1].reason, "trained on with its test pairs as t1#2");
}

TEST(LeakGuard, IdsWithMarksOfTheirOwn) {
  TrainedTask trained;
  trained.name = "rule#seven#12";
  trained.test_pairs = true;
  Set scored = MakeSet(1, 4, "t");
  scored.challenges.tasks[0].id = "rule";
  scored.challenges.tasks[1].id = "rule#seven";
  scored.challenges.tasks[2].id = "rule#seven#12";
  scored.challenges.tasks[3].id = "rule#seven#1";
  const auto leaks = FindLeaks({trained}, scored.challenges, {});
  ASSERT_THAT(leaks, SizeIs(2));
  EXPECT_EQ(leaks[0].task_id, "rule#seven");
  EXPECT_EQ(leaks[1].task_id, "rule#seven#12");
}

TEST(LeakGuard, TestPairsByContentUnderAnotherId) {
  const Set scored = MakeSet(1, 5, "t");
  Set seen = MakeSet(2, 3, "other");
  seen.challenges.tasks[1].demonstrations.push_back(
      {scored.challenges.tasks[3].test_inputs[0],
       scored.solutions.at("t3")[0]});
  const auto trained = Trained({seen}, false);
  const auto leaks = FindLeaks(trained, scored.challenges, scored.solutions);
  ASSERT_THAT(leaks, SizeIs(1));
  EXPECT_EQ(leaks[0].task_id, "t3");
  EXPECT_EQ(leaks[0].reason, "test pair 0 is a training pair of other1");
  // Without solutions, content cannot be compared.
  EXPECT_THAT(FindLeaks(trained, scored.challenges, {}), IsEmpty());
}

TEST(LeakGuard, InputOrOutputAloneIsNoLeak) {
  const Set scored = MakeSet(1, 1, "t");
  Set seen = MakeSet(2, 1, "other");
  const Grid input = scored.challenges.tasks[0].test_inputs[0];
  const Grid output = scored.solutions.at("t0")[0];
  seen.challenges.tasks[0].demonstrations = {
      {input, Grid(1, 1, 3)}, {Grid(1, 1, 4), output}, {output, input}};
  EXPECT_THAT(
      FindLeaks(Trained({seen}, false), scored.challenges, scored.solutions),
      IsEmpty());
}

TEST(LeakGuard, MergingKeepsOrderAndAddsContent) {
  std::vector<TrainedTask> into = {{"b", false, {1, 2}}, {"a", true, {3}}};
  MergeTrainedTasks({{"b", true, {2, 5}}, {"c", false, {6}}, {"a", false, {}}},
                    into);
  EXPECT_THAT(into, ::testing::ElementsAre(TrainedTask{"b", true, {1, 2, 5}},
                                           TrainedTask{"a", true, {3}},
                                           TrainedTask{"c", false, {6}}));
  const std::vector<TrainedTask> once = into;
  MergeTrainedTasks(once, into);
  EXPECT_EQ(into, once);
}

TEST(LeakGuard, WarnsInOneLine) {
  EXPECT_EQ(LeakWarning({}, 400), "");
  std::vector<Leak> leaks;
  for (int i = 0; i < 7; ++i) leaks.push_back({absl::StrCat("t", i), "why"});
  const std::string line = LeakWarning(leaks, 400);
  EXPECT_THAT(line, HasSubstr("7 of 400 scored tasks were trained on"));
  EXPECT_THAT(line, HasSubstr("(t0, t1, t2, t3, t4, ...)"));
  EXPECT_EQ(line.find('\n'), std::string::npos);
  leaks.resize(2);
  EXPECT_THAT(LeakWarning(leaks, 2), HasSubstr("(t0, t1)"));
}

}  // namespace
}  // namespace arctrm
