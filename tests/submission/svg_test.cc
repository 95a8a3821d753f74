// SPDX-License-Identifier: MIT
#include "submission/svg.h"

#include <cstdlib>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "arc/draw.h"
#include "base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/submission/markup.h"

namespace arctrm {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

int ColorIndex(const std::string& hex) {
  for (int i = 0; i < kNumColors; ++i) {
    if (hex == absl::StrFormat("#%06x", kPalette[static_cast<size_t>(i)])) {
      return i;
    }
  }
  return -1;
}

// Converts the paths of `svg` back to a grid.
Grid Rasterize(const std::string& svg, int rows, int cols) {
  const size_t fill = svg.find("<path fill=\"");
  const int background = ColorIndex(svg.substr(fill + 12, 7));
  EXPECT_GE(background, 0);
  Grid grid(rows, cols, static_cast<uint8_t>(background));
  for (size_t at = svg.find("<path stroke=\"#", fill); at != std::string::npos;
       at = svg.find("<path stroke=\"#", at + 1)) {
    const int color = ColorIndex(svg.substr(at + 14, 7));
    if (color < 0) continue;
    const char* text = svg.c_str() + svg.find(" d=\"", at) + 4;
    int x = 0;
    int y = 0;
    while (*text == 'm') {
      char* end = nullptr;
      x += static_cast<int>(std::strtol(text + 1, &end, 10));
      y += static_cast<int>(std::strtol(end, &end, 10));
      EXPECT_EQ(*end, 'h');
      const int length = static_cast<int>(std::strtol(end + 1, &end, 10));
      for (int i = 0; i < length; ++i, ++x) {
        EXPECT_TRUE(grid.Contains(y, x));
        if (grid.Contains(y, x)) grid.at(y, x) = static_cast<uint8_t>(color);
      }
      text = end;
    }
    EXPECT_EQ(*text, '"');
  }
  return grid;
}

Grid RandomGrid(int rows, int cols, int colors, Random& random) {
  Grid grid(rows, cols);
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < cols; ++c) {
      grid.at(r, c) = static_cast<uint8_t>(random.Between(0, colors - 1));
    }
  }
  return grid;
}

TEST(GridSvg, ShowsEveryCellInItsColour) {
  Random random(1, "svg test");
  for (int i = 0; i < 200; ++i) {
    const Grid grid = RandomGrid(random.Between(1, 30), random.Between(1, 30),
                                 random.Between(1, 10), random);
    const std::string svg = GridSvg(grid);
    ASSERT_EQ(Rasterize(svg, grid.rows(), grid.cols()), grid) << svg;
    ASSERT_EQ(MarkupFault(svg), "");
  }
}

TEST(GridSvg, OneColourNeedsOnePath) {
  const std::string svg = GridSvg(Grid(10, 10, 4));
  EXPECT_THAT(svg, HasSubstr("fill=\"#ffdc00\""));
  EXPECT_THAT(svg, Not(HasSubstr("stroke=\"#ffdc00\"")));
  EXPECT_LT(svg.size(), 600u);
}

TEST(GridSvg, CellsAreWholePixelsNeitherHugeNorTiny) {
  EXPECT_EQ(GridCellPixels(Grid(3, 3), {}), 22);
  EXPECT_EQ(GridCellPixels(Grid(30, 30), {}), 8);
  EXPECT_EQ(GridCellPixels(Grid(1, 30), {}), 8);
  EXPECT_EQ(GridCellPixels(Grid(30, 30), {.max_pixels = 10}), 3);
  EXPECT_THAT(GridSvg(Grid(2, 3)), HasSubstr("width=\"67\" height=\"45\""));
}

TEST(GridSvg, IsLabelledAndNeedsNothingElse) {
  const std::string svg = GridSvg(Grid(2, 3));
  EXPECT_THAT(svg, HasSubstr("aria-label=\"grid, 2 rows, 3 columns\""));
  EXPECT_THAT(svg, Not(HasSubstr("http")));
  EXPECT_THAT(svg, Not(HasSubstr(" id=")));
  EXPECT_EQ(GridSvg(Grid()), "");
}

TEST(GridSvg, MarksAreDotsInTheMiddleOfTheirCells) {
  GridSvgOptions options;
  options.marks = {{0, 2}, {1, 0}};
  EXPECT_THAT(GridSvg(Grid(2, 3), options),
              HasSubstr("d=\"M2.5 0.5h0M0.5 1.5h0\""));
}

}  // namespace
}  // namespace arctrm
