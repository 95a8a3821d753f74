// SPDX-License-Identifier: MIT
#include "augment/augmentation.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "augment/dihedral.h"
#include "gtest/gtest.h"
#include "tests/augment/random_tasks.h"

namespace arctrm {
namespace {

TEST(Augmentation, InvertUndoesApplyAndTheOtherWayRound) {
  Random random(2, "augmentation");
  for (int round = 0; round < 400; ++round) {
    const Augmentation a = RandomAugmentation(random);
    const Grid grid = RandomGrid(random);
    EXPECT_EQ(a.Invert(a.Apply(grid)), grid) << a.Key();
    EXPECT_EQ(a.Apply(a.Invert(grid)), grid) << a.Key();
  }
}

TEST(Augmentation, ColoursFirstThenGeometry) {
  Augmentation a;
  a.dihedral = 1;
  a.colors = {0, 2, 1, 3, 4, 5, 6, 7, 9, 8};
  EXPECT_EQ(a.Apply(Grid::FromText("018 223")), Grid::FromText("93 21 01"));
}

TEST(Augmentation, EveryGridOfATaskTakesTheSame) {
  Random random(3, "augmentation");
  const Task task = RandomTask(random, "t");
  const Augmentation a = RandomAugmentation(random);
  const Task out = a.Apply(task);
  EXPECT_EQ(out.id, "t");
  ASSERT_EQ(out.demonstrations.size(), task.demonstrations.size());
  ASSERT_EQ(out.test_inputs.size(), task.test_inputs.size());
  for (size_t i = 0; i < task.demonstrations.size(); ++i) {
    EXPECT_EQ(out.demonstrations[i].input,
              a.Apply(task.demonstrations[i].input));
    EXPECT_EQ(out.demonstrations[i].output,
              a.Apply(task.demonstrations[i].output));
  }
  for (size_t i = 0; i < task.test_inputs.size(); ++i) {
    EXPECT_EQ(out.test_inputs[i], a.Apply(task.test_inputs[i]));
  }
}

TEST(Augmentation, KeysGoBothWays) {
  EXPECT_EQ(Augmentation().Key(), "t0|0123456789");
  Random random(4, "augmentation");
  for (int round = 0; round < 200; ++round) {
    const Augmentation a = RandomAugmentation(random);
    const auto back = Augmentation::FromKey(a.Key());
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, a);
  }
}

TEST(Augmentation, KeysOfNoAugmentationAreRefused) {
  for (const char* key :
       {"", "t3", "t8|0123456789", "t-|0123456789", "x3|0123456789",
        "t3 0123456789", "t3|1023456789", "t3|0123456788", "t3|012345678",
        "t3|01234567890", "t3|012345678a", " t3|0123456789",
        "t3|0123456789\n"}) {
    EXPECT_EQ(Augmentation::FromKey(key).status().code(),
              absl::StatusCode::kInvalidArgument)
        << key;
  }
}

TEST(Augmentation, NamesGoBothWays) {
  Random random(5, "augmentation");
  for (int round = 0; round < 200; ++round) {
    const Augmentation a = RandomAugmentation(random);
    const auto back = ParseAugmentedName(AugmentedName("007bbfb7#2", a));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(back->task_id, "007bbfb7#2");
    EXPECT_EQ(back->augmentation, a);
  }
  EXPECT_EQ(AugmentedName("t", Augmentation()), "t");
  const auto bare = ParseAugmentedName("t");
  ASSERT_TRUE(bare.ok());
  EXPECT_EQ(bare->task_id, "t");
  EXPECT_TRUE(bare->augmentation.IsIdentity());
}

TEST(Augmentation, NamesThatNothingHasAreRefused) {
  for (const char* name :
       {"", "|||t3|||0123456789", "t|||", "t|||t3", "t|||t3|||",
        "t|||t3|||012345678", "t|||t8|||0123456789", "t|||t3||0123456789",
        "t|||t3|||0123456788", "t|||t0|||0123456789", "a|||b|||t3|||0123456789",
        "t|||t3|||0123456789x"}) {
    EXPECT_EQ(ParseAugmentedName(name).status().code(),
              absl::StatusCode::kInvalidArgument)
        << name;
  }
}

TEST(Augmentation, PacksIntoTwentyTwoBitsAndBack) {
  EXPECT_EQ(Augmentation().Pack(), 0u);
  Augmentation last;
  last.dihedral = 7;
  last.colors = {0, 9, 8, 7, 6, 5, 4, 3, 2, 1};
  EXPECT_EQ(last.Pack(), (7u << 19) + 362879u);
  Augmentation second;
  second.colors = {0, 1, 2, 3, 4, 5, 6, 7, 9, 8};
  EXPECT_EQ(second.Pack(), 1u);
  Random random(6, "augmentation");
  for (int round = 0; round < 2000; ++round) {
    const Augmentation a = RandomAugmentation(random);
    ASSERT_LT(a.Pack(), 1u << 22);
    const auto back = Augmentation::Unpack(a.Pack());
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, a);
  }
}

TEST(Augmentation, EveryRankIsAnotherPermutationInOrder) {
  Augmentation expected;
  for (uint32_t rank = 0; rank < 362880; ++rank) {
    const auto a = Augmentation::Unpack(rank);
    ASSERT_TRUE(a.ok()) << rank;
    ASSERT_EQ(*a, expected) << rank;
    ASSERT_EQ(a->Pack(), rank);
    std::next_permutation(expected.colors.begin() + 1, expected.colors.end());
  }
}

TEST(Augmentation, NumbersThatNothingPacksIntoAreRefused) {
  for (uint32_t packed : {362880u, (1u << 19) - 1, (7u << 19) + 362880u,
                          8u << 19, 1u << 22, 0xFFFFFFFFu}) {
    EXPECT_EQ(Augmentation::Unpack(packed).status().code(),
              absl::StatusCode::kInvalidArgument)
        << packed;
  }
}

TEST(Augmentation, RandomOnesKeepBlackAndAreUniform) {
  Random random(7, "augmentation");
  constexpr int kDraws = 72000;
  std::map<int, int> dihedral;
  std::map<std::pair<size_t, int>, int> placed;
  for (int i = 0; i < kDraws; ++i) {
    const Augmentation a = RandomAugmentation(random);
    ASSERT_EQ(a.colors[0], 0);
    ++dihedral[a.dihedral];
    for (size_t c = 1; c < 10; ++c) ++placed[{c, a.colors[c]}];
  }
  ASSERT_EQ(dihedral.size(), 8u);
  // Five standard deviations.
  for (const auto& [id, count] : dihedral) EXPECT_NEAR(count, 9000, 450);
  ASSERT_EQ(placed.size(), 81u);
  for (const auto& [cell, count] : placed) EXPECT_NEAR(count, 8000, 425);
}

}  // namespace
}  // namespace arctrm
