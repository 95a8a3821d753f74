// SPDX-License-Identifier: MIT
// Rules that fill, outline, empty or clean regions.
#include <vector>

#include "synthetic/internal/rule_kit.h"

namespace arctrm::internal {
namespace {

uint8_t ColorOf(int p) { return static_cast<uint8_t>(p + 1); }

// Draws a closed frame of random size at a random place.
void DrawFrame(Grid& grid, uint8_t color, Random& random) {
  const int rows = random.Between(3, grid.rows());
  const int cols = random.Between(3, grid.cols());
  const Cell at = {random.Between(0, grid.rows() - rows),
                   random.Between(0, grid.cols() - cols)};
  FillRectangle(grid, at, {rows, cols}, color);
  FillRectangle(grid, {at.row + 1, at.col + 1}, {rows - 2, cols - 2}, 0);
}

Grid SampleEnclosed(int p, const SyntheticOptions& options, Random& random) {
  const Size size = RandomSize(AtLeast(5, options), random);
  Grid grid(size.rows, size.cols);
  const uint8_t color = RandomColors(random, 1, {ColorOf(p)})[0];
  DrawFrame(grid, color, random);
  // Single cells, which enclose nothing.
  for (int i = random.Between(0, 3); i > 0; --i) {
    const Cell at = RandomCell(grid, random);
    grid.at(at.row, at.col) = color;
  }
  return grid;
}
// Background that is not connected to the edge gets the colour.
Grid SolveEnclosed(int p, const Grid& in) {
  Grid outside(in.rows(), in.cols());
  std::vector<Cell> open;
  const auto visit = [&](int r, int c) {
    if (in.Contains(r, c) && in.at(r, c) == 0 && outside.at(r, c) == 0) {
      outside.at(r, c) = 1;
      open.push_back({r, c});
    }
  };
  for (int r = 0; r < in.rows(); ++r) {
    visit(r, 0);
    visit(r, in.cols() - 1);
  }
  for (int c = 0; c < in.cols(); ++c) {
    visit(0, c);
    visit(in.rows() - 1, c);
  }
  for (size_t i = 0; i < open.size(); ++i) {
    const Cell at = open[i];
    for (const Cell& step : kDirections) {
      visit(at.row + step.row, at.col + step.col);
    }
  }
  Grid out = in;
  for (int r = 0; r < in.rows(); ++r) {
    for (int c = 0; c < in.cols(); ++c) {
      if (in.at(r, c) == 0 && outside.at(r, c) == 0) out.at(r, c) = ColorOf(p);
    }
  }
  return out;
}

Grid SampleDots(int p, const SyntheticOptions& options, Random& random) {
  const Size size = RandomSize(options, random);
  Grid grid(size.rows, size.cols);
  const std::vector<uint8_t> colors = RandomColors(random, 2, {ColorOf(p)});
  for (int i = random.Between(1, 3); i > 0; --i) {
    const Cell at = RandomCell(grid, random);
    grid.at(at.row, at.col) = colors[random.Below(colors.size())];
  }
  return grid;
}
// Background next to a cell, also diagonally, gets the colour.
Grid SolveOutline(int p, const Grid& in) {
  Grid out = in;
  for (int r = 0; r < in.rows(); ++r) {
    for (int c = 0; c < in.cols(); ++c) {
      if (in.at(r, c) == 0) continue;
      for (int dr = -1; dr <= 1; ++dr) {
        for (int dc = -1; dc <= 1; ++dc) {
          if (in.Contains(r + dr, c + dc) && in.at(r + dr, c + dc) == 0) {
            out.at(r + dr, c + dc) = ColorOf(p);
          }
        }
      }
    }
  }
  return out;
}

Grid SampleBlocks(int p, const SyntheticOptions& options, Random& random) {
  const Size size = RandomSize(AtLeast(4, options), random);
  Grid grid(size.rows, size.cols);
  const uint8_t color =
      p == 0 ? RandomColor(random)
             : RandomColors(random, 1, {static_cast<uint8_t>(p)})[0];
  const Size block = {random.Between(3, size.rows),
                      random.Between(3, size.cols)};
  FillRectangle(grid,
                {random.Between(0, size.rows - block.rows),
                 random.Between(0, size.cols - block.cols)},
                block, color);
  return grid;
}
// Cells with neighbours of their colour on all four sides become empty (p = 0)
// or get the colour p.
Grid SolveHollow(int p, const Grid& in) {
  Grid out = in;
  for (int r = 1; r + 1 < in.rows(); ++r) {
    for (int c = 1; c + 1 < in.cols(); ++c) {
      const uint8_t color = in.at(r, c);
      bool inside = color != 0;
      for (const Cell& step : kDirections) {
        inside = inside && in.at(r + step.row, c + step.col) == color;
      }
      if (inside) out.at(r, c) = static_cast<uint8_t>(p);
    }
  }
  return out;
}

Grid SampleAny(int p, const SyntheticOptions& options, Random& random) {
  return Scatter(RandomSize(options, random), 0.4,
                 RandomColors(random, 2, {ColorOf(p)}), random);
}
Grid SolveBorder(int p, const Grid& in) {
  Grid out = in;
  for (int r = 0; r < in.rows(); ++r) {
    for (int c = 0; c < in.cols(); ++c) {
      if (r == 0 || c == 0 || r + 1 == in.rows() || c + 1 == in.cols()) {
        out.at(r, c) = ColorOf(p);
      }
    }
  }
  return out;
}

// Blocks with single cells between them. Two blocks if there is room, so that
// the answer is not just the largest object.
Grid SampleNoise(int, const SyntheticOptions& options, Random& random) {
  const Size size = RandomSize(AtLeast(5, options), random);
  Grid grid(size.rows, size.cols);
  const std::vector<uint8_t> colors = RandomColors(random, 3);
  for (size_t i = 0; i < 2; ++i) {
    for (int tries = 0; tries < 20; ++tries) {
      const Size block = {random.Between(1, 3), random.Between(2, 3)};
      const Cell at = {random.Between(0, size.rows - block.rows),
                       random.Between(0, size.cols - block.cols)};
      if (!IsFree(grid, at, block)) continue;
      FillRectangle(grid, at, block, colors[i]);
      break;
    }
  }
  for (int i = random.Between(4, 10); i > 0; --i) {
    const Cell at = RandomCell(grid, random);
    if (IsFree(grid, at, {1, 1})) {
      grid.at(at.row, at.col) = colors[random.Below(colors.size())];
    }
  }
  return grid;
}
Grid SolveDenoise(int, const Grid& in) {
  Grid out = in;
  for (int r = 0; r < in.rows(); ++r) {
    for (int c = 0; c < in.cols(); ++c) {
      if (in.at(r, c) == 0) continue;
      Grid without = in;
      without.at(r, c) = 0;
      if (IsFree(without, {r, c}, {1, 1})) out.at(r, c) = 0;
    }
  }
  return out;
}

}  // namespace

void AddFillRules(std::vector<Rule>& rules) {
  rules.push_back({"fill_enclosed", "closed regions are filled", 9,
                   SampleEnclosed, SolveEnclosed});
  rules.push_back(
      {"outline", "every cell gets a ring", 9, SampleDots, SolveOutline});
  rules.push_back({"hollow", "the inside of a block is emptied or recoloured",
                   10, SampleBlocks, SolveHollow});
  rules.push_back({"border", "the edge of the grid takes one colour", 9,
                   SampleAny, SolveBorder});
  rules.push_back(
      {"denoise", "lonely cells vanish", 1, SampleNoise, SolveDenoise});
}

}  // namespace arctrm::internal
