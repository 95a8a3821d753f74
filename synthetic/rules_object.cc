// SPDX-License-Identifier: MIT
// Rules that compare, count or crop objects.
#include <algorithm>
#include <vector>

#include "synthetic/internal/rule_kit.h"

namespace arctrm::internal {
namespace {

// Two or three blocks that do not touch; the largest exceeds the others by at
// least two cells.
Grid SampleBlocks(const std::vector<uint8_t>& excluded,
                  const SyntheticOptions& options, Random& random) {
  for (;;) {
    const Size size = RandomSize(AtLeast(5, options), random);
    Grid grid(size.rows, size.cols);
    const int count = random.Between(2, 3);
    const std::vector<uint8_t> colors = RandomColors(random, 3, excluded);
    for (int i = 0; i < count; ++i) {
      const Size block = {random.Between(1, 3), random.Between(1, 3)};
      const Cell at = {random.Between(0, size.rows - block.rows),
                       random.Between(0, size.cols - block.cols)};
      if (IsFree(grid, at, block)) {
        FillRectangle(grid, at, block, colors[static_cast<size_t>(i)]);
      }
    }
    std::vector<size_t> sizes;
    for (const Object& object : FindObjects(grid)) {
      sizes.push_back(object.cells.size());
    }
    std::sort(sizes.rbegin(), sizes.rend());
    if (sizes.size() >= 2 && sizes[0] >= sizes[1] + 2) return grid;
  }
}

const Object& Largest(const std::vector<Object>& objects) {
  return *std::max_element(objects.begin(), objects.end(),
                           [](const Object& a, const Object& b) {
                             return a.cells.size() < b.cells.size();
                           });
}

Grid SampleLargest(int, const SyntheticOptions& options, Random& random) {
  return SampleBlocks({}, options, random);
}
Grid SolveLargest(int, const Grid& in) {
  Grid out(in.rows(), in.cols());
  const std::vector<Object> objects = FindObjects(in);
  if (objects.empty()) return out;
  const Object& largest = Largest(objects);
  for (const Cell& cell : largest.cells) {
    out.at(cell.row, cell.col) = largest.color;
  }
  return out;
}

Grid SampleRecolorLargest(int p, const SyntheticOptions& options,
                          Random& random) {
  return SampleBlocks({static_cast<uint8_t>(p + 1)}, options, random);
}
Grid SolveRecolorLargest(int p, const Grid& in) {
  Grid out = in;
  const std::vector<Object> objects = FindObjects(in);
  if (objects.empty()) return out;
  for (const Cell& cell : Largest(objects).cells) {
    out.at(cell.row, cell.col) = static_cast<uint8_t>(p + 1);
  }
  return out;
}

Grid SampleCrop(int, const SyntheticOptions& options, Random& random) {
  const Size size = RandomSize(AtLeast(5, options), random);
  Grid grid(size.rows, size.cols);
  const Size block = {random.Between(3, 4), random.Between(3, 4)};
  const Cell at = {random.Between(0, size.rows - block.rows),
                   random.Between(0, size.cols - block.cols)};
  const Grid inside = Scatter(block, 0.7, RandomColors(random, 2), random);
  for (int r = 0; r < block.rows; ++r) {
    for (int c = 0; c < block.cols; ++c) {
      grid.at(at.row + r, at.col + c) = inside.at(r, c);
    }
  }
  // Fill corners, so that the object is as large as its block.
  grid.at(at.row, at.col) = RandomColor(random);
  grid.at(at.row + block.rows - 1, at.col + block.cols - 1) =
      RandomColor(random);
  return grid;
}
// Crops to the bounding box of all cells.
Grid SolveCrop(int, const Grid& in) {
  int top = in.rows(), left = in.cols(), bottom = -1, right = -1;
  for (int r = 0; r < in.rows(); ++r) {
    for (int c = 0; c < in.cols(); ++c) {
      if (in.at(r, c) == 0) continue;
      top = std::min(top, r);
      left = std::min(left, c);
      bottom = std::max(bottom, r);
      right = std::max(right, c);
    }
  }
  if (bottom < 0) return in;
  Grid out(bottom - top + 1, right - left + 1);
  for (int r = 0; r < out.rows(); ++r) {
    for (int c = 0; c < out.cols(); ++c) {
      out.at(r, c) = in.at(top + r, left + c);
    }
  }
  return out;
}

Grid SampleCount(int, const SyntheticOptions& options, Random& random) {
  const Size size = RandomSize(options, random);
  Grid grid(size.rows, size.cols);
  const uint8_t color = RandomColor(random);
  for (int i = random.Between(1, 8); i > 0; --i) {
    const Cell at = RandomCell(grid, random);
    grid.at(at.row, at.col) = color;
  }
  return grid;
}
// Draws the number of cells in a 3x3 grid, row by row or column by column
// (lowest bit of p), from one of its corners (next two bits).
Grid SolveCount(int p, const Grid& in) {
  Grid out(3, 3);
  const int count = in.size() - CountColor(in, 0);
  const uint8_t color = *std::max_element(in.cells().begin(), in.cells().end());
  for (int i = 0; i < std::min(count, 9); ++i) {
    const int r = p % 2 == 0 ? i / 3 : i % 3;
    const int c = p % 2 == 0 ? i % 3 : i / 3;
    out.at(p / 2 % 2 == 0 ? r : 2 - r, p / 4 == 0 ? c : 2 - c) = color;
  }
  return out;
}

}  // namespace

void AddObjectRules(std::vector<Rule>& rules) {
  rules.push_back({"keep_largest", "only the largest object stays", 1,
                   SampleLargest, SolveLargest});
  rules.push_back({"recolor_largest", "the largest object changes colour", 9,
                   SampleRecolorLargest, SolveRecolorLargest});
  rules.push_back(
      {"crop", "the grid is cut to its object", 1, SampleCrop, SolveCrop});
  rules.push_back({"count", "shows the number of cells in a 3x3 grid", 8,
                   SampleCount, SolveCount});
}

}  // namespace arctrm::internal
