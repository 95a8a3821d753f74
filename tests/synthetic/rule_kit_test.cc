// SPDX-License-Identifier: MIT
#include "synthetic/internal/rule_kit.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace arctrm::internal {
namespace {

TEST(RuleKit, OrderedPairsAreAllPairsOfTwoColors) {
  std::set<std::pair<int, int>> pairs;
  for (int i = 0; i < 72; ++i) {
    const auto [a, b] = OrderedPair(i);
    EXPECT_NE(a, b);
    EXPECT_TRUE(a >= 1 && a <= 9 && b >= 1 && b <= 9);
    pairs.insert({a, b});
  }
  EXPECT_EQ(pairs.size(), 72u);
}

TEST(RuleKit, UnorderedPairsComeTheSmallerFirst) {
  std::set<std::pair<int, int>> pairs;
  for (int i = 0; i < 36; ++i) {
    const auto [a, b] = UnorderedPair(i);
    EXPECT_TRUE(1 <= a && a < b && b <= 9);
    pairs.insert({a, b});
  }
  EXPECT_EQ(pairs.size(), 36u);
}

TEST(RuleKit, RandomColorsAreDifferentAndNoneIsExcluded) {
  Random random(3, "test");
  for (int i = 0; i < 100; ++i) {
    const std::vector<uint8_t> colors = RandomColors(random, 4, {2, 9});
    const std::set<uint8_t> different(colors.begin(), colors.end());
    EXPECT_EQ(different.size(), 4u);
    EXPECT_EQ(different.count(0) + different.count(2) + different.count(9), 0u);
  }
}

TEST(RuleKit, ObjectsAreConnectedBySidesAndOfOneColor) {
  const std::vector<Object> objects =
      FindObjects(Grid::FromText("1100 0120 0020 3001"));
  std::vector<std::pair<int, size_t>> found;
  for (const Object& object : objects) {
    found.push_back({object.color, object.cells.size()});
  }
  const std::vector<std::pair<int, size_t>> expected = {
      {1, 3}, {2, 2}, {3, 1}, {1, 1}};
  EXPECT_EQ(found, expected);
}

TEST(RuleKit, FreeMeansNothingThereNorAround) {
  const Grid grid = Grid::FromText("00000 00000 00000 00002");
  EXPECT_TRUE(IsFree(grid, {0, 0}, {3, 3}));
  EXPECT_TRUE(IsFree(grid, {0, 3}, {2, 2}));
  EXPECT_FALSE(IsFree(grid, {0, 2}, {3, 2}));
  EXPECT_FALSE(IsFree(grid, {3, 4}, {1, 1}));
}

TEST(RuleKit, SizesUseTheWholeRangeAndKeepToIt) {
  Random random(1, "test");
  SyntheticOptions options;
  options.min_side = 4;
  options.max_side = 6;
  std::set<int> sides;
  for (int i = 0; i < 200; ++i) {
    const Size size = RandomSize(options, random);
    sides.insert(size.rows);
    sides.insert(size.cols);
  }
  EXPECT_EQ(sides, (std::set<int>{4, 5, 6}));
  EXPECT_EQ(RandomSize(options, random, 3).rows, 3);
  EXPECT_EQ(RandomSize(AtLeast(8, options), random).cols, 8);
  EXPECT_EQ(AtLeast(3, options).min_side, 4);
}

TEST(RuleKit, RectanglesAreCutToTheGrid) {
  Grid grid(3, 3);
  FillRectangle(grid, {1, 2}, {4, 4}, 5);
  EXPECT_EQ(grid, Grid::FromText("000 005 005"));
}

}  // namespace
}  // namespace arctrm::internal
