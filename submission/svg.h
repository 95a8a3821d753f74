// SPDX-License-Identifier: MIT
// Grids as inline SVG in the ARC palette, crisp at any zoom.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "arc/grid.h"

namespace arctrm {

struct GridSvgOptions {
  // The longer side is at most about this many pixels, but a cell never gets
  // smaller than 3 pixels …
  int max_pixels = 240;
  // … nor larger than this, so that a small grid stays small.
  int max_cell_pixels = 22;
  // (row, column) of cells to draw a dot on, e.g. those that are wrong.
  std::vector<std::pair<int, int>> marks = {};
};

// Pixels of a cell under `options`. `grid` is not empty.
int GridCellPixels(const Grid& grid, const GridSvgOptions& options);

// One <svg class="grid"> element with a text label for screen readers, to stand
// in an HTML document (no namespace, no style sheet, no ids). Needs a few bytes
// per run of equal colour. "" for an empty grid.
std::string GridSvg(const Grid& grid, const GridSvgOptions& options = {});

}  // namespace arctrm
