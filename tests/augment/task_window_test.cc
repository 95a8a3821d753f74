// SPDX-License-Identifier: MIT
#include "augment/task_window.h"

#include <vector>

#include "augment/dihedral.h"
#include "base/random.h"
#include "gtest/gtest.h"

namespace arctrm {
namespace {

Pair Sized(int rows, int cols, int out_rows, int out_cols) {
  return {Grid(rows, cols), Grid(out_rows, out_cols)};
}

GridSize Fitted(const std::vector<Pair>& pairs, Grid test, int step = 1) {
  return TaskWindow(pairs, {test}, 30, step);
}

GridSize Size(int rows, int cols) { return {rows, cols}; }

TEST(TaskWindow, HoldsAllThatIsKnown) {
  EXPECT_EQ(TaskWindow({Sized(3, 4, 3, 4)}, {}, 30, 1), Size(4, 5));
  EXPECT_EQ(TaskWindow({Sized(3, 4, 9, 2)}, {}, 30, 1), Size(10, 5));
  EXPECT_EQ(Fitted({Sized(3, 3, 3, 3), Sized(3, 4, 3, 4)}, Grid(2, 7)),
            Size(4, 8));
  // The size of the output is unknown.
  EXPECT_EQ(TaskWindow({}, {Grid(6, 2)}, 30, 1), Size(7, 7));
}

TEST(TaskWindow, IsRoundedUpButNeverPastTheCanvas) {
  const std::vector<Pair> same = {Sized(3, 4, 3, 4), Sized(4, 2, 4, 2)};
  EXPECT_EQ(Fitted(same, Grid(4, 4), 3), Size(6, 6));
  EXPECT_EQ(Fitted(same, Grid(4, 6), 3), Size(6, 9));
  EXPECT_EQ(Fitted(same, Grid(5, 4), 3), Size(6, 6));
  EXPECT_EQ(Fitted(same, Grid(30, 4)), Size(30, 5));
  EXPECT_EQ(Fitted(same, Grid(4, 30)), Size(5, 30));
  EXPECT_EQ(Fitted(same, Grid(29, 4)), Size(30, 5));
  EXPECT_EQ(Fitted(same, Grid(27, 4), 7), Size(28, 7));
  EXPECT_EQ(Fitted(same, Grid(28, 8), 7), Size(30, 14));
  EXPECT_EQ(TaskWindow(same, {Grid(4, 4)}, 4, 1), Size(4, 4));
}

TEST(TaskWindow, OutputsFollowTheDemonstrations) {
  // Three times as large.
  EXPECT_EQ(Fitted({Sized(2, 3, 6, 9), Sized(3, 3, 9, 9)}, Grid(4, 5)),
            Size(13, 16));
  // Twice as tall only.
  EXPECT_EQ(Fitted({Sized(2, 3, 4, 3), Sized(3, 4, 6, 4)}, Grid(8, 5)),
            Size(17, 6));
  // A border of one cell.
  EXPECT_EQ(Fitted({Sized(2, 3, 4, 5), Sized(4, 4, 6, 6)}, Grid(9, 7)),
            Size(12, 10));
  // Transposed, three times as large along one axis.
  EXPECT_EQ(Fitted({Sized(2, 3, 9, 2), Sized(4, 5, 15, 4)}, Grid(3, 7)),
            Size(22, 8));
  // Always 12 x 11.
  EXPECT_EQ(Fitted({Sized(2, 3, 12, 11), Sized(4, 4, 12, 11)}, Grid(3, 7)),
            Size(13, 12));
  // With one demonstration, the ratio gives the largest size.
  EXPECT_EQ(Fitted({Sized(3, 3, 9, 9)}, Grid(5, 5)), Size(16, 16));
  // Squares leave open whether the axes are swapped.
  EXPECT_EQ(Fitted({Sized(3, 3, 3, 3), Sized(5, 5, 5, 5)}, Grid(2, 7)),
            Size(8, 8));
}

TEST(TaskWindow, WithoutARuleThereIsRoomInASquare) {
  // Ratios 1, 2 and 0.6: 1.3 * 2 * 5.
  EXPECT_EQ(Fitted({Sized(3, 3, 3, 3), Sized(3, 4, 8, 8), Sized(5, 5, 2, 3)},
                   Grid(5, 5)),
            Size(14, 14));
  // The known grids are larger.
  EXPECT_EQ(Fitted({Sized(3, 20, 1, 4), Sized(2, 18, 2, 3)}, Grid(1, 19)),
            Size(21, 21));
}

TEST(TaskWindow, DihedralTransformsTurnItWithTheTask) {
  Random random(4, "test");
  int rectangles = 0;
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
    const GridSize expected = Fitted(pairs, test);
    rectangles += expected.rows != expected.cols;
    for (int d = 1; d < 8; ++d) {
      std::vector<Pair> turned;
      for (const Pair& pair : pairs) {
        turned.push_back(
            {ApplyDihedral(pair.input, d), ApplyDihedral(pair.output, d)});
      }
      EXPECT_EQ(Fitted(turned, ApplyDihedral(test, d)),
                Transposes(d) ? Size(expected.cols, expected.rows) : expected)
          << d;
    }
  }
  EXPECT_GT(rectangles, 50);
}

}  // namespace
}  // namespace arctrm
