// SPDX-License-Identifier: MIT
#include "augment/fitted_canvas.h"

#include <vector>

#include "augment/dihedral.h"
#include "base/random.h"
#include "gtest/gtest.h"

namespace arctrm {
namespace {

Pair Sized(int rows, int cols, int out_rows, int out_cols) {
  return {Grid(rows, cols), Grid(out_rows, out_cols)};
}

int Side(const std::vector<Pair>& pairs, Grid test, int step = 1) {
  return FittedSide(pairs, {test}, 30, step);
}

TEST(FittedSide, HoldsAllThatIsKnown) {
  EXPECT_EQ(FittedSide({Sized(3, 4, 3, 4)}, {}, 30, 1), 5);
  EXPECT_EQ(FittedSide({Sized(3, 4, 9, 2)}, {}, 30, 1), 10);
  EXPECT_EQ(Side({Sized(3, 4, 3, 4)}, Grid(2, 7)), 8);
  EXPECT_EQ(FittedSide({}, {Grid(6, 2)}, 30, 1), 7);
}

TEST(FittedSide, IsRoundedUpButNeverPastTheCanvas) {
  EXPECT_EQ(Side({Sized(3, 4, 3, 4)}, Grid(4, 4), 3), 6);
  EXPECT_EQ(Side({Sized(3, 5, 3, 5)}, Grid(4, 4), 3), 6);
  EXPECT_EQ(Side({Sized(3, 4, 3, 4)}, Grid(30, 4)), 30);
  EXPECT_EQ(Side({Sized(3, 4, 3, 4)}, Grid(29, 4)), 30);
  EXPECT_EQ(Side({Sized(3, 4, 3, 4)}, Grid(27, 4), 7), 28);
  EXPECT_EQ(Side({Sized(3, 4, 3, 4)}, Grid(28, 4), 7), 30);
  EXPECT_EQ(FittedSide({Sized(3, 4, 3, 4)}, {Grid(4, 4)}, 4, 1), 4);
}

TEST(FittedSide, OutputsFollowTheDemonstrations) {
  // Three times as large.
  EXPECT_EQ(Side({Sized(2, 3, 6, 9), Sized(3, 3, 9, 9)}, Grid(4, 5)), 16);
  // Twice as tall only.
  EXPECT_EQ(Side({Sized(2, 3, 4, 3), Sized(3, 4, 6, 4)}, Grid(8, 5)), 17);
  // A border of one cell.
  EXPECT_EQ(Side({Sized(2, 3, 4, 5), Sized(3, 4, 5, 6)}, Grid(9, 9)), 12);
  // Transposed, three times as large along one axis.
  EXPECT_EQ(Side({Sized(2, 3, 9, 2), Sized(4, 5, 15, 4)}, Grid(3, 7)), 22);
  // Always 12 x 12.
  EXPECT_EQ(Side({Sized(2, 3, 12, 12), Sized(4, 5, 12, 12)}, Grid(3, 7)), 13);
  // One demonstration: the ratio is the most that it allows.
  EXPECT_EQ(Side({Sized(3, 3, 9, 9)}, Grid(5, 5)), 16);
}

TEST(FittedSide, WithoutARuleThereIsRoom) {
  // Ratios 1, 2 and 0.6: 1.3 * 2 * 5.
  EXPECT_EQ(Side({Sized(3, 3, 3, 3), Sized(3, 4, 8, 8), Sized(5, 5, 2, 3)},
                 Grid(5, 5)),
            14);
}

TEST(FittedSide, DihedralTransformsChangeNothing) {
  Random random(4, "test");
  for (int round = 0; round < 200; ++round) {
    const auto side = [&] { return static_cast<int>(random.Between(1, 8)); };
    std::vector<Pair> pairs;
    const bool ruled = random.Chance(0.5);
    for (int p = 0; p < 3; ++p) {
      const int rows = side();
      const int cols = side();
      pairs.push_back(ruled ? Sized(rows, cols, 2 * cols, rows + 1)
                            : Sized(rows, cols, side(), side()));
    }
    const Grid test(side(), side());
    const int expected = Side(pairs, test);
    for (int d = 1; d < 8; ++d) {
      std::vector<Pair> turned;
      for (const Pair& pair : pairs) {
        turned.push_back(
            {ApplyDihedral(pair.input, d), ApplyDihedral(pair.output, d)});
      }
      EXPECT_EQ(Side(turned, ApplyDihedral(test, d)), expected) << d;
    }
  }
}

}  // namespace
}  // namespace arctrm
