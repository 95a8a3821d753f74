// SPDX-License-Identifier: MIT
#include "arc/grid.h"

#include <algorithm>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace arctrm {
namespace {

using ::testing::ElementsAre;

TEST(Grid, TextGoesBothWays) {
  const Grid grid = Grid::FromText("012\n345");
  EXPECT_EQ(grid.rows(), 2);
  EXPECT_EQ(grid.cols(), 3);
  EXPECT_EQ(grid.at(1, 0), 3);
  EXPECT_THAT(grid.cells(), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_EQ(grid.ToText(), "012\n345");
  EXPECT_EQ(Grid::FromText("012 345"), grid);
}

TEST(Grid, EmptyIsNoAnswer) {
  EXPECT_TRUE(Grid().empty());
  EXPECT_EQ(Grid().ToText(), "");
  EXPECT_EQ(Grid::FromText(""), Grid());
  EXPECT_EQ(Grid(0, 0), Grid());
  EXPECT_FALSE(Grid(1, 1).empty());
}

TEST(Grid, FillsEveryCell) {
  EXPECT_EQ(Grid(2, 3, 7), Grid::FromText("777 777"));
  EXPECT_EQ(Grid(30, 30).size(), 900);
}

TEST(Grid, OrderIsRowsThenColumnsThenCells) {
  std::vector<Grid> grids = {Grid::FromText("0 0"), Grid::FromText("12"),
                             Grid::FromText("9"), Grid::FromText("11"), Grid()};
  std::sort(grids.begin(), grids.end());
  EXPECT_THAT(grids,
              ElementsAre(Grid(), Grid::FromText("9"), Grid::FromText("11"),
                          Grid::FromText("12"), Grid::FromText("0 0")));
}

TEST(Grid, ContainsOnlyItsCells) {
  const Grid grid(2, 3);
  EXPECT_TRUE(grid.Contains(0, 0));
  EXPECT_TRUE(grid.Contains(1, 2));
  EXPECT_FALSE(grid.Contains(2, 0));
  EXPECT_FALSE(grid.Contains(0, 3));
  EXPECT_FALSE(grid.Contains(-1, 0));
  EXPECT_FALSE(grid.Contains(0, -1));
  EXPECT_EQ(grid.max_side(), 3);
  EXPECT_EQ(Grid(5, 2).max_side(), 5);
}

TEST(Grid, ContentTellsShapesApart) {
  EXPECT_EQ(Grid::FromText("12").ContentBytes(),
            std::string("\x01\x02\x01\x02", 4));
  EXPECT_NE(Grid(2, 3).ContentBytes(), Grid(3, 2).ContentBytes());
  EXPECT_NE(Grid(1, 6).ContentBytes(), Grid(2, 3).ContentBytes());
}

TEST(GridDeathTest, MalformedTextIsABug) {
  EXPECT_DEATH(Grid::FromText("12 3"), "bug at");
  EXPECT_DEATH(Grid::FromText("1x"), "bug at");
  EXPECT_DEATH(Grid(31, 1), "bug at");
  EXPECT_DEATH(Grid(1, 0), "bug at");
}

}  // namespace
}  // namespace arctrm
