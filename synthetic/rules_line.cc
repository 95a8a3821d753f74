// SPDX-License-Identifier: MIT
// Rules with cells that fall, emit lines, or are joined.
#include <numeric>
#include <vector>

#include "synthetic/internal/rule_kit.h"

namespace arctrm::internal {
namespace {

Grid SampleFalling(int, const SyntheticOptions& options, Random& random) {
  return Scatter(RandomSize(options, random), 0.35,
                 RandomColors(random, random.Between(1, 3)), random);
}
// Cells fall in direction p and pile up in order.
Grid SolveGravity(int p, const Grid& in) {
  const Cell step = kDirections[p];
  const bool vertical = step.row != 0;
  const int lines = vertical ? in.cols() : in.rows();
  const int length = vertical ? in.rows() : in.cols();
  const bool to_end = step.row > 0 || step.col > 0;
  Grid out(in.rows(), in.cols());
  for (int line = 0; line < lines; ++line) {
    int free = to_end ? length - 1 : 0;
    for (int i = 0; i < length; ++i) {
      const int at = to_end ? length - 1 - i : i;
      const uint8_t color = vertical ? in.at(at, line) : in.at(line, at);
      if (color == 0) continue;
      (vertical ? out.at(free, line) : out.at(line, free)) = color;
      free += to_end ? -1 : 1;
    }
  }
  return out;
}

// One to three cells, each in its own lane, so that rays never meet.
Grid SampleRays(int p, const SyntheticOptions& options, Random& random) {
  const Size size = RandomSize(options, random);
  Grid grid(size.rows, size.cols);
  const bool vertical = kDirections[p].row != 0;
  const std::vector<uint8_t> colors = RandomColors(random, 3);
  std::vector<int> lanes(static_cast<size_t>(vertical ? size.cols : size.rows));
  std::iota(lanes.begin(), lanes.end(), 0);
  random.Shuffle(lanes);
  lanes.resize(static_cast<size_t>(random.Between(1, 3)));
  for (int lane : lanes) {
    const Cell any = RandomCell(grid, random);
    grid.at(vertical ? any.row : lane, vertical ? lane : any.col) =
        colors[random.Below(colors.size())];
  }
  return grid;
}
// Every cell emits a line in direction p over the background, up to the edge or
// the next cell.
Grid SolveRay(int p, const Grid& in) {
  const Cell step = kDirections[p];
  Grid out = in;
  for (int r = 0; r < in.rows(); ++r) {
    for (int c = 0; c < in.cols(); ++c) {
      if (in.at(r, c) == 0) continue;
      int to_r = r + step.row;
      int to_c = c + step.col;
      while (in.Contains(to_r, to_c) && in.at(to_r, to_c) == 0) {
        out.at(to_r, to_c) = in.at(r, c);
        to_r += step.row;
        to_c += step.col;
      }
    }
  }
  return out;
}

// One or two pairs whose lines do not meet. p: pairs in a row, in a column, or
// both are joined; other pairs serve as contrast.
Grid SampleConnect(int, const SyntheticOptions& options, Random& random) {
  const Size size = RandomSize(options, random);
  Grid grid(size.rows, size.cols);
  Grid taken = grid;
  const std::vector<uint8_t> colors = RandomColors(random, 2);
  const int pairs = random.Between(1, 2);
  for (int k = 0; k < pairs; ++k) {
    const bool in_row = random.Chance(0.5);
    const int line = random.Between(0, (in_row ? size.rows : size.cols) - 1);
    const int length = in_row ? size.cols : size.rows;
    const int first = random.Between(0, length - 3);
    const int last = random.Between(first + 2, length - 1);
    bool free = true;
    for (int i = first; i <= last; ++i) {
      uint8_t& cell = in_row ? taken.at(line, i) : taken.at(i, line);
      free = free && cell == 0;
      cell = 1;
    }
    if (!free) break;
    for (int i : {first, last}) {
      (in_row ? grid.at(line, i) : grid.at(i, line)) =
          colors[static_cast<size_t>(k)];
    }
  }
  return grid;
}
Grid SolveConnect(int p, const Grid& in) {
  std::vector<Cell> steps;
  if (p != 1) steps.push_back({0, 1});
  if (p != 0) steps.push_back({1, 0});
  Grid out = in;
  for (int r = 0; r < in.rows(); ++r) {
    for (int c = 0; c < in.cols(); ++c) {
      if (in.at(r, c) == 0) continue;
      for (const Cell& step : steps) {
        int to_r = r + step.row;
        int to_c = c + step.col;
        while (in.Contains(to_r, to_c) && in.at(to_r, to_c) == 0) {
          to_r += step.row;
          to_c += step.col;
        }
        if (!in.Contains(to_r, to_c) || in.at(to_r, to_c) != in.at(r, c)) {
          continue;
        }
        for (int i = r, j = c; i != to_r || j != to_c;
             i += step.row, j += step.col) {
          out.at(i, j) = in.at(r, c);
        }
      }
    }
  }
  return out;
}

Grid SampleOneCell(int, const SyntheticOptions& options, Random& random) {
  const Size size = RandomSize(options, random);
  Grid grid(size.rows, size.cols);
  const Cell at = RandomCell(grid, random);
  grid.at(at.row, at.col) = RandomColor(random);
  return grid;
}
// Fills the row of the marker, its column, or both.
Grid SolveCross(int p, const Grid& in) {
  Grid out = in;
  for (int r = 0; r < in.rows(); ++r) {
    for (int c = 0; c < in.cols(); ++c) {
      if (in.at(r, c) == 0) continue;
      if (p != 1) {
        for (int i = 0; i < in.cols(); ++i) out.at(r, i) = in.at(r, c);
      }
      if (p != 0) {
        for (int i = 0; i < in.rows(); ++i) out.at(i, c) = in.at(r, c);
      }
    }
  }
  return out;
}

// Fills the falling diagonal of the marker, the rising one, or both.
Grid SolveDiagonal(int p, const Grid& in) {
  Grid out = in;
  for (int r = 0; r < in.rows(); ++r) {
    for (int c = 0; c < in.cols(); ++c) {
      if (in.at(r, c) == 0) continue;
      for (int i = -in.max_side(); i < in.max_side(); ++i) {
        if (p != 1 && in.Contains(r + i, c + i)) {
          out.at(r + i, c + i) = in.at(r, c);
        }
        if (p != 0 && in.Contains(r + i, c - i)) {
          out.at(r + i, c - i) = in.at(r, c);
        }
      }
    }
  }
  return out;
}

}  // namespace

void AddLineRules(std::vector<Rule>& rules) {
  rules.push_back(
      {"gravity", "cells fall to one side", 4, SampleFalling, SolveGravity});
  rules.push_back(
      {"ray", "cells emit lines to one side", 4, SampleRays, SolveRay});
  rules.push_back({"connect", "two cells of one colour in line are joined", 3,
                   SampleConnect, SolveConnect});
  rules.push_back({"cross", "a cell fills its row, its column or both", 3,
                   SampleOneCell, SolveCross});
  rules.push_back({"diagonal", "a cell fills one or both of its diagonals", 3,
                   SampleOneCell, SolveDiagonal});
}

}  // namespace arctrm::internal
