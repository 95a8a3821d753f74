// SPDX-License-Identifier: MIT
#include "augment/augmentation_sampling.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/augment/random_tasks.h"

namespace arctrm {
namespace {

using ::testing::SizeIs;

std::vector<Augmentation> Plan(const Task& task, const PlanOptions& options) {
  return PlanTask(task.id, task.demonstrations, task.test_inputs, options);
}

PlanOptions Copies(int augmentations, uint64_t seed = 0) {
  PlanOptions options;
  options.augmentations = augmentations;
  options.seed = seed;
  return options;
}

// The definition of "the same content".
std::pair<std::vector<std::pair<Grid, Grid>>, std::vector<Grid>> Content(
    const Task& task, const Augmentation& augmentation) {
  const Task out = augmentation.Apply(task);
  std::vector<std::pair<Grid, Grid>> pairs;
  for (const Pair& pair : out.demonstrations) {
    pairs.emplace_back(pair.input, pair.output);
  }
  std::vector<Grid> tests = out.test_inputs;
  std::sort(pairs.begin(), pairs.end());
  std::sort(tests.begin(), tests.end());
  return {pairs, tests};
}

TEST(Plan, IdentityComesFirst) {
  Random random(1, "plan");
  const Task task = RandomTask(random, "t");
  for (int augmentations : {0, 1, 7}) {
    const auto plan = Plan(task, Copies(augmentations));
    ASSERT_THAT(plan, SizeIs(augmentations + 1));
    EXPECT_TRUE(plan[0].IsIdentity());
  }
}

// Tasks with few colours and many symmetries have few different contents.
// Sampling must find the same ones as a comparison of whole tasks.
TEST(Plan, KeepsExactlyTheContentsNotSeenBefore) {
  Random random(2, "plan");
  for (int round = 0; round < 60; ++round) {
    const Task task =
        RandomTask(random, "t", random.Between(1, 4), random.Between(1, 10));
    const PlanOptions options = Copies(60, static_cast<uint64_t>(round));
    std::vector<Augmentation> expected = {Augmentation()};
    std::set<decltype(Content(task, {}))> seen = {Content(task, {})};
    Random stream(options.seed, "augment/t");
    for (int i = 0; i < 300 && expected.size() <= 60; ++i) {
      const Augmentation a = RandomAugmentation(stream);
      if (seen.insert(Content(task, a)).second) expected.push_back(a);
    }
    EXPECT_EQ(Plan(task, options), expected) << round;
  }
}

TEST(Plan, ContentsAreDifferent) {
  Random random(3, "plan");
  const Task task = RandomTask(random, "t", 10);
  const auto plan = Plan(task, Copies(500));
  ASSERT_THAT(plan, SizeIs(501));
  std::set<std::string> hashes;
  for (const Augmentation& a : plan) {
    const Task out = a.Apply(task);
    hashes.insert(TaskHash(out.demonstrations, out.test_inputs));
  }
  EXPECT_THAT(hashes, SizeIs(501));
}

TEST(Plan, TasksWithoutMoreContentsGetFewer) {
  Task task;
  task.id = "black";
  task.demonstrations = {{Grid(3, 3), Grid(1, 1)}};
  task.test_inputs = {Grid(2, 2)};
  EXPECT_THAT(Plan(task, Copies(100)), SizeIs(1));
  // One coloured cell in the middle of a black square has 9 recolourings.
  task.demonstrations[0].input.at(1, 1) = 5;
  EXPECT_THAT(Plan(task, Copies(100)), SizeIs(9));
}

TEST(Plan, LongerPlansBeginWithShorterOnes) {
  Random random(4, "plan");
  for (int colors : {2, 3, 10}) {
    const Task task = RandomTask(random, "t", 3, colors);
    const auto longest = Plan(task, Copies(400));
    for (int augmentations : {0, 1, 5, 72, 200, 399}) {
      const auto plan = Plan(task, Copies(augmentations));
      ASSERT_LE(plan.size(), longest.size());
      EXPECT_TRUE(std::equal(plan.begin(), plan.end(), longest.begin()))
          << colors << " colours, " << augmentations << " augmentations";
    }
  }
}

TEST(Plan, MoreRetriesOnlyAdd) {
  Random random(5, "plan");
  const Task task = RandomTask(random, "t", 2, 3);
  PlanOptions options = Copies(100);
  options.retries = 1;
  const auto few = Plan(task, options);
  options.retries = 20;
  const auto many = Plan(task, options);
  EXPECT_LT(few.size(), many.size());
  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
}

TEST(Plan, DependsOnSeedIdAndContentAlone) {
  Random random(6, "plan");
  const Task task = RandomTask(random, "t");
  EXPECT_EQ(Plan(task, Copies(50, 3)), Plan(task, Copies(50, 3)));
  EXPECT_NE(Plan(task, Copies(50, 3)), Plan(task, Copies(50, 4)));
  Task renamed = task;
  renamed.id = "u";
  EXPECT_NE(Plan(task, Copies(50, 3)), Plan(renamed, Copies(50, 3)));
  // The order of pairs is not part of the content.
  Task reordered = task;
  std::reverse(reordered.demonstrations.begin(),
               reordered.demonstrations.end());
  EXPECT_EQ(Plan(task, Copies(50, 3)), Plan(reordered, Copies(50, 3)));
}

// The exact numbers, which later versions must reproduce.
TEST(Plan, IsTheSameForEver) {
  const std::vector<Pair> pairs = {
      {Grid::FromText("123 456 789"), Grid::FromText("12 34")}};
  const auto plan = PlanTask("007bbfb7", pairs, {}, Copies(4, 42));
  std::vector<std::string> keys;
  for (const Augmentation& a : plan) keys.push_back(a.Key());
  EXPECT_THAT(keys, ::testing::ElementsAre("t0|0123456789", "t5|0673185942",
                                           "t1|0293145867", "t3|0341897256",
                                           "t6|0687542319"));
}

TEST(TaskHash, IsOfTheSetOfPairs) {
  Random random(7, "plan");
  const Task a = RandomTask(random, "a");
  std::vector<Pair> pairs = {{Grid(1, 2), Grid(2, 1)},
                             {Grid(3, 3), Grid(1, 1)}};
  const std::string hash = TaskHash(pairs, a.test_inputs);
  EXPECT_THAT(hash, SizeIs(64));
  std::swap(pairs[0], pairs[1]);
  EXPECT_EQ(TaskHash(pairs, a.test_inputs), hash);
  EXPECT_NE(TaskHash(pairs, {}), hash);
  std::swap(pairs[0].input, pairs[0].output);
  EXPECT_NE(TaskHash(pairs, a.test_inputs), hash);
}

TEST(GridHash, TellsShapesApart) {
  EXPECT_NE(GridHash(Grid(2, 3)), GridHash(Grid(3, 2)));
  EXPECT_EQ(GridHash(Grid(2, 3)), GridHash(Grid(2, 3)));
}

}  // namespace
}  // namespace arctrm
