// SPDX-License-Identifier: MIT
// Draws grids as inline SVG in the ARC palette.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "arc/grid.h"

namespace arctrm {

struct GridSvgOptions {
  // Maximum length of the longer side in pixels; but cells have at least 3
  // pixels.
  int max_pixels = 240;
  // Maximum size of a cell in pixels.
  int max_cell_pixels = 22;
  // (row, column) of cells that get a dot, such as wrong ones.
  std::vector<std::pair<int, int>> marks = {};
};

// Size of a cell in pixels. `grid` must not be empty.
int GridCellPixels(const Grid& grid, const GridSvgOptions& options);

// One <svg class="grid"> element for HTML documents, with a label for screen
// readers. It has no namespace, style sheet or ids, and takes a few bytes per
// run of equal colour. "" for an empty grid.
std::string GridSvg(const Grid& grid, const GridSvgOptions& options = {});

}  // namespace arctrm
