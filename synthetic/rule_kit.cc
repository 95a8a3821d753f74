// SPDX-License-Identifier: MIT
#include "synthetic/internal/rule_kit.h"

#include <algorithm>

#include "base/status.h"

namespace arctrm::internal {

SyntheticOptions AtLeast(int side, SyntheticOptions options) {
  options.min_side = std::max(options.min_side, side);
  options.max_side = std::max(options.max_side, side);
  return options;
}

Size RandomSize(const SyntheticOptions& options, Random& random, int max_side) {
  const int high = std::min(options.max_side, max_side);
  const int low = std::min(options.min_side, high);
  Size size;
  size.rows = random.Between(low, high);
  size.cols = random.Between(low, high);
  return size;
}

uint8_t RandomColor(Random& random) {
  return static_cast<uint8_t>(random.Between(1, 9));
}

std::vector<uint8_t> RandomColors(Random& random, int count,
                                  std::vector<uint8_t> excluded) {
  std::vector<uint8_t> colors;
  for (uint8_t c = 1; c <= 9; ++c) {
    if (std::find(excluded.begin(), excluded.end(), c) == excluded.end()) {
      colors.push_back(c);
    }
  }
  ARCTRM_CHECK(count <= static_cast<int>(colors.size()));
  random.Shuffle(colors);
  colors.resize(static_cast<size_t>(count));
  return colors;
}

Grid Scatter(Size size, double density, const std::vector<uint8_t>& colors,
             Random& random) {
  Grid grid(size.rows, size.cols);
  for (int r = 0; r < size.rows; ++r) {
    for (int c = 0; c < size.cols; ++c) {
      if (random.Chance(density)) {
        grid.at(r, c) = colors[random.Below(colors.size())];
      }
    }
  }
  return grid;
}

void FillRectangle(Grid& grid, Cell top_left, Size size, uint8_t color) {
  for (int r = 0; r < size.rows; ++r) {
    for (int c = 0; c < size.cols; ++c) {
      if (grid.Contains(top_left.row + r, top_left.col + c)) {
        grid.at(top_left.row + r, top_left.col + c) = color;
      }
    }
  }
}

bool IsFree(const Grid& grid, Cell top_left, Size size) {
  for (int r = top_left.row - 1; r <= top_left.row + size.rows; ++r) {
    for (int c = top_left.col - 1; c <= top_left.col + size.cols; ++c) {
      if (grid.Contains(r, c) && grid.at(r, c) != 0) return false;
    }
  }
  return true;
}

std::vector<Object> FindObjects(const Grid& grid) {
  std::vector<Object> objects;
  std::vector<bool> seen(static_cast<size_t>(grid.size()), false);
  const auto index = [&](Cell at) {
    return static_cast<size_t>(at.row * grid.cols() + at.col);
  };
  for (int r = 0; r < grid.rows(); ++r) {
    for (int c = 0; c < grid.cols(); ++c) {
      if (grid.at(r, c) == 0 || seen[index({r, c})]) continue;
      Object object;
      object.color = grid.at(r, c);
      object.cells.push_back({r, c});
      seen[index({r, c})] = true;
      for (size_t i = 0; i < object.cells.size(); ++i) {
        for (const Cell& step : kDirections) {
          const Cell next = {object.cells[i].row + step.row,
                             object.cells[i].col + step.col};
          if (!grid.Contains(next.row, next.col) || seen[index(next)] ||
              grid.at(next.row, next.col) != object.color) {
            continue;
          }
          seen[index(next)] = true;
          object.cells.push_back(next);
        }
      }
      objects.push_back(std::move(object));
    }
  }
  return objects;
}

int CountColor(const Grid& grid, uint8_t color) {
  return static_cast<int>(
      std::count(grid.cells().begin(), grid.cells().end(), color));
}

Cell RandomCell(const Grid& grid, Random& random) {
  return {random.Between(0, grid.rows() - 1),
          random.Between(0, grid.cols() - 1)};
}

std::pair<uint8_t, uint8_t> OrderedPair(int index) {
  const int first = index / 8 + 1;
  const int second = index % 8 + 1;
  return {static_cast<uint8_t>(first),
          static_cast<uint8_t>(second >= first ? second + 1 : second)};
}

std::pair<uint8_t, uint8_t> UnorderedPair(int index) {
  for (int first = 1; first < 9; ++first) {
    const int here = 9 - first;
    if (index < here) {
      return {static_cast<uint8_t>(first),
              static_cast<uint8_t>(first + 1 + index)};
    }
    index -= here;
  }
  ARCTRM_CHECK(false && "no such pair of colours");
  return {};
}

}  // namespace arctrm::internal
