// SPDX-License-Identifier: MIT
#include "augment/canvas.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/augment/random_tasks.h"

namespace arctrm {
namespace {

using ::testing::ElementsAreArray;

std::vector<uint8_t> Encoded(const Grid& grid, Canvas canvas,
                             Offset offset = {}) {
  std::vector<uint8_t> tokens(static_cast<size_t>(canvas.num_tokens()), 99);
  EncodeGrid(grid, canvas, offset, tokens.data());
  return tokens;
}

TEST(Canvas, GridWithItsEndMarks) {
  EXPECT_THAT(Encoded(Grid::FromText("01 29"), Canvas{4}, {1, 0}),
              ElementsAreArray({0, 0, 0, 0,   //
                                2, 3, 1, 0,   //
                                4, 11, 1, 0,  //
                                1, 1, 0, 0}));
}

TEST(Canvas, EndMarksThatDoNotFitAreLeftOut) {
  EXPECT_THAT(Encoded(Grid::FromText("01 29"), Canvas{3}, {1, 1}),
              ElementsAreArray({0, 0, 0,  //
                                0, 2, 3,  //
                                0, 4, 11}));
  EXPECT_THAT(Encoded(Grid::FromText("01 29"), Canvas{3}, {1, 0}),
              ElementsAreArray({0, 0, 0,  //
                                2, 3, 1,  //
                                4, 11, 1}));
  EXPECT_THAT(Encoded(Grid::FromText("5"), Canvas{1}), ElementsAreArray({7}));
}

TEST(Canvas, CropFindsEveryEncodedGrid) {
  Random random(1, "canvas");
  for (int side : {1, 2, 7, 29, 30}) {
    const Canvas canvas{side};
    for (int rows = 1; rows <= side; ++rows) {
      for (int cols = 1; cols <= side; ++cols) {
        const Grid grid = RandomCells(random, rows, cols);
        ASSERT_EQ(CropGrid(Encoded(grid, canvas), canvas), grid)
            << rows << " by " << cols << " on " << side;
      }
    }
  }
}

TEST(Canvas, PartsOfACanvasNeedNotBeSquare) {
  const auto encoded = [](const Grid& grid, GridSize size, Offset offset) {
    std::vector<uint8_t> tokens(static_cast<size_t>(size.cells()), 99);
    EncodeGrid(grid, size, offset, tokens.data());
    return tokens;
  };
  const Grid grid = Grid::FromText("012 289");
  EXPECT_THAT(encoded(grid, {3, 5}, {}), ElementsAreArray({2, 3, 4, 1, 0,    //
                                                           4, 10, 11, 1, 0,  //
                                                           1, 1, 1, 0, 0}));
  // EOS only where it lies inside.
  EXPECT_THAT(encoded(grid, {3, 4}, {1, 1}), ElementsAreArray({0, 0, 0, 0,  //
                                                               0, 2, 3, 4,  //
                                                               0, 4, 10, 11}));
  EXPECT_THAT(encoded(grid, {2, 4}, {}), ElementsAreArray({2, 3, 4, 1,  //
                                                           4, 10, 11, 1}));
  EXPECT_THAT(encoded(grid, {3, 3}, {}), ElementsAreArray({2, 3, 4,    //
                                                           4, 10, 11,  //
                                                           1, 1, 1}));
  Random random(4, "canvas");
  for (const GridSize size :
       {GridSize{1, 6}, GridSize{6, 1}, GridSize{4, 7}, GridSize{30, 2}}) {
    for (int rows = 1; rows <= size.rows; ++rows) {
      for (int cols = 1; cols <= size.cols; ++cols) {
        const Grid cells = RandomCells(random, rows, cols);
        ASSERT_EQ(CropGrid(encoded(cells, size, {}), size), cells)
            << rows << " by " << cols;
      }
    }
    std::vector<uint8_t> input(static_cast<size_t>(size.cells()));
    std::vector<uint8_t> label(input.size());
    const Pair pair = {RandomCells(random, 1, 1),
                       RandomCells(random, size.rows, size.cols)};
    EncodePair(pair, size, {}, input.data(), label.data());
    EXPECT_EQ(input, encoded(pair.input, size, {}));
    EXPECT_EQ(CropGrid(label, size), pair.output);
  }
}

TEST(Canvas, CropKeepsTheFirstOfTheLargestRectangles) {
  const auto crop = [](std::vector<uint8_t> tokens) {
    return CropGrid(tokens, Canvas{3});
  };
  // 1 x 2 and 2 x 1 have the same area: the first wins.
  EXPECT_EQ(crop({2, 3, 1, 4, 1, 1, 1, 1, 1}), Grid::FromText("01"));
  // 2 x 2 beats 1 x 3.
  EXPECT_EQ(crop({2, 3, 4, 5, 6, 1, 7, 1, 1}), Grid::FromText("01 34"));
  // 3 x 1 beats 1 x 2.
  EXPECT_EQ(crop({2, 3, 1, 4, 1, 1, 5, 1, 1}), Grid::FromText("0 2 3"));
  // A wider later row does not widen it.
  EXPECT_EQ(crop({2, 1, 0, 3, 4, 5, 6, 7, 8}), Grid::FromText("0 1 4"));
  // Without a colour in the corner there is no answer.
  EXPECT_TRUE(crop({1, 2, 2, 2, 2, 2, 2, 2, 2}).empty());
  EXPECT_TRUE(crop({0, 2, 2, 2, 2, 2, 2, 2, 2}).empty());
  EXPECT_TRUE(crop({12, 2, 2, 2, 2, 2, 2, 2, 2}).empty());
  EXPECT_EQ(crop({2, 3, 4, 5, 6, 7, 8, 9, 10}), Grid::FromText("012 345 678"));
}

TEST(Canvas, InputAndOutputShareTheirOffset) {
  const Canvas canvas{5};
  const Pair pair = {Grid::FromText("1"), Grid::FromText("23 45")};
  std::vector<uint8_t> input(25);
  std::vector<uint8_t> label(25);
  EncodePair(pair, canvas, {2, 1}, input.data(), label.data());
  EXPECT_EQ(input, Encoded(pair.input, canvas, {2, 1}));
  EXPECT_EQ(label, Encoded(pair.output, canvas, {2, 1}));
}

TEST(Canvas, OffsetsAreAllThatTheLargerOfTheTwoLeaves) {
  Random random(2, "canvas");
  const Canvas canvas{6};
  const Pair pair = {Grid(2, 5), Grid(4, 1)};
  std::set<std::pair<int, int>> seen;
  for (int i = 0; i < 500; ++i) {
    const Offset offset = RandomOffset(pair, canvas, random);
    seen.insert({offset.row, offset.col});
  }
  std::set<std::pair<int, int>> expected;
  for (int r = 0; r <= 2; ++r) {
    for (int c = 0; c <= 1; ++c) expected.insert({r, c});
  }
  EXPECT_EQ(seen, expected);
  const Pair full = {Grid(6, 6), Grid(1, 1)};
  const Offset offset = RandomOffset(full, canvas, random);
  EXPECT_EQ(offset.row, 0);
  EXPECT_EQ(offset.col, 0);
}

TEST(Canvas, MovedGridsEncodeAndComeBack) {
  Random random(3, "canvas");
  for (int round = 0; round < 300; ++round) {
    const Canvas canvas{random.Between(1, 30)};
    const Pair pair = {RandomGrid(random, canvas.side),
                       RandomGrid(random, canvas.side)};
    const Offset offset = RandomOffset(pair, canvas, random);
    const std::vector<uint8_t> tokens = Encoded(pair.input, canvas, offset);
    for (int r = 0; r < pair.input.rows(); ++r) {
      for (int c = 0; c < pair.input.cols(); ++c) {
        ASSERT_EQ(tokens[static_cast<size_t>((r + offset.row) * canvas.side +
                                             c + offset.col)],
                  pair.input.at(r, c) + kFirstColorToken);
      }
    }
    const auto colors =
        std::count_if(tokens.begin(), tokens.end(),
                      [](uint8_t token) { return token >= kFirstColorToken; });
    ASSERT_EQ(colors, pair.input.size());
  }
}

TEST(Canvas, FitsWhatIsKnown) {
  Task task;
  task.demonstrations = {{Grid(3, 4), Grid(2, 7)}};
  task.test_inputs = {Grid(9, 1)};
  EXPECT_EQ(DatasetCanvas({task}, 0).side, 10);
  EXPECT_EQ(DatasetCanvas({task}, 5).side, 15);
  EXPECT_EQ(DatasetCanvas({task}, 25).side, 30);
  Task large;
  large.demonstrations = {{Grid(30, 1), Grid(1, 1)}};
  EXPECT_EQ(DatasetCanvas({task, large}, 0).side, 30);
  large.demonstrations = {{Grid(1, 1), Grid(29, 1)}};
  EXPECT_EQ(DatasetCanvas({task, large}, 0).side, 30);
  EXPECT_EQ(DatasetCanvas({}, 0).side, 2);
}

TEST(CanvasDeathTest, GridsThatDoNotFitAreABug) {
  std::vector<uint8_t> tokens(9);
  EXPECT_DEATH(EncodeGrid(Grid(4, 1), Canvas{3}, {}, tokens.data()), "bug at");
  EXPECT_DEATH(EncodeGrid(Grid(2, 1), Canvas{3}, {2, 0}, tokens.data()),
               "bug at");
  EXPECT_DEATH(CropGrid(tokens, Canvas{4}), "bug at");
  EXPECT_DEATH(EncodeGrid(Grid(3, 1), GridSize{2, 4}, {}, tokens.data()),
               "bug at");
  EXPECT_DEATH(CropGrid(tokens, GridSize{3, 4}), "bug at");
}

}  // namespace
}  // namespace arctrm
