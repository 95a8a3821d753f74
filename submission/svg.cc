// SPDX-License-Identifier: MIT
#include "submission/svg.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "arc/draw.h"

namespace arctrm {
namespace {

constexpr int kMinCellPixels = 3;

std::string Color(int color) {
  return absl::StrFormat("#%06x", kPalette[static_cast<size_t>(color)]);
}

// SVG needs a separator only before numbers without a sign.
void AppendMove(int dx, int dy, std::string& path) {
  absl::StrAppend(&path, "m", dx, dy < 0 ? "" : " ", dy);
}

// Draws runs of each colour as strokes one cell wide with relative moves, which
// is far shorter than rectangles.
std::array<std::string, kNumColors> Strokes(const Grid& grid, int background) {
  std::array<std::string, kNumColors> paths;
  std::array<std::pair<int, int>, kNumColors> pens{};
  for (int r = 0; r < grid.rows(); ++r) {
    for (int c = 0; c < grid.cols();) {
      const int color = grid.at(r, c);
      int end = c + 1;
      while (end < grid.cols() && grid.at(r, end) == color) ++end;
      if (color != background) {
        std::string& path = paths[static_cast<size_t>(color)];
        auto& [x, y] = pens[static_cast<size_t>(color)];
        AppendMove(c - x, r - y, path);
        absl::StrAppend(&path, "h", end - c);
        x = end;
        y = r;
      }
      c = end;
    }
  }
  return paths;
}

int MostFrequentColor(const Grid& grid) {
  std::array<int, kNumColors> counts{};
  for (uint8_t cell : grid.cells()) ++counts[cell];
  return static_cast<int>(std::max_element(counts.begin(), counts.end()) -
                          counts.begin());
}

std::string Lines(int rows, int cols) {
  std::string path;
  for (int c = 0; c <= cols; ++c) absl::StrAppend(&path, "M", c, " 0v", rows);
  for (int r = 0; r <= rows; ++r) absl::StrAppend(&path, "M0 ", r, "h", cols);
  return path;
}

}  // namespace

int GridCellPixels(const Grid& grid, const GridSvgOptions& options) {
  return std::max(
      kMinCellPixels,
      std::min(options.max_cell_pixels, options.max_pixels / grid.max_side()));
}

std::string GridSvg(const Grid& grid, const GridSvgOptions& options) {
  if (grid.empty()) return "";
  const int cell = GridCellPixels(grid, options);
  const int width = grid.cols() * cell + 1;
  const int height = grid.rows() * cell + 1;
  const int background = MostFrequentColor(grid);
  // Shift by half a pixel, so that lines lie on pixel centres.
  std::string svg = absl::StrFormat(
      "<svg class=\"grid\" width=\"%d\" height=\"%d\" viewBox=\"-.5 -.5 %d "
      "%d\" role=\"img\" aria-label=\"grid, %d rows, %d columns\" "
      "fill=\"none\" "
      "shape-rendering=\"crispEdges\"><g transform=\"scale(%d)\"><path "
      "fill=\"%s\" d=\"M0 0h%dv%dH0z\"/><g transform=\"translate(0 .5)\">",
      width, height, width, height, grid.rows(), grid.cols(), cell,
      Color(background), grid.cols(), grid.rows());
  const auto strokes = Strokes(grid, background);
  for (int color = 0; color < kNumColors; ++color) {
    const std::string& path = strokes[static_cast<size_t>(color)];
    if (path.empty()) continue;
    absl::StrAppend(&svg, "<path stroke=\"", Color(color), "\" d=\"", path,
                    "\"/>");
  }
  absl::StrAppendFormat(&svg,
                        "</g><path stroke=\"#555\" stroke-width=\"%.3g\" "
                        "d=\"%s\"/>",
                        1.0 / cell, Lines(grid.rows(), grid.cols()));
  if (!options.marks.empty()) {
    std::string dots;
    for (const auto& [row, col] : options.marks) {
      absl::StrAppend(&dots, "M", col, ".5 ", row, ".5h0");
    }
    for (const auto& [color, size] :
         {std::pair("#000", ".56"), std::pair("#fff", ".36")}) {
      absl::StrAppend(&svg, "<path shape-rendering=\"auto\" stroke=\"", color,
                      "\" stroke-linecap=\"round\" stroke-width=\"", size,
                      "\" d=\"", dots, "\"/>");
    }
  }
  return svg + "</g></svg>";
}

}  // namespace arctrm
