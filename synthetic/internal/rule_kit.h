// SPDX-License-Identifier: MIT
// Helpers of the rules.
#pragma once

#include <utility>
#include <vector>

#include "arc/grid.h"
#include "base/random.h"
#include "synthetic/rules.h"

namespace arctrm::internal {

struct Cell {
  int row = 0;
  int col = 0;
};

struct Size {
  int rows = 0;
  int cols = 0;
};

// Raises both limits of the sides to at least `side`.
SyntheticOptions AtLeast(int side, SyntheticOptions options);
// Uniform within the sides of the options, at most `max_side`.
Size RandomSize(const SyntheticOptions& options, Random& random,
                int max_side = 30);
// 1-9.
uint8_t RandomColor(Random& random);
// `count` different colours of 1-9 without those in `excluded`.
std::vector<uint8_t> RandomColors(Random& random, int count,
                                  std::vector<uint8_t> excluded = {});
// Each cell gets one of `colors` with probability `density`, else 0.
Grid Scatter(Size size, double density, const std::vector<uint8_t>& colors,
             Random& random);
// Fills the part of the rectangle that lies in the grid.
void FillRectangle(Grid& grid, Cell top_left, Size size, uint8_t color);

// Are the rectangle and the ring around it background?
bool IsFree(const Grid& grid, Cell top_left, Size size);

// A 4-connected region of one colour other than 0.
struct Object {
  uint8_t color = 0;
  std::vector<Cell> cells;
};
std::vector<Object> FindObjects(const Grid& grid);
int CountColor(const Grid& grid, uint8_t color);

// A random cell.
Cell RandomCell(const Grid& grid, Random& random);

// Pair number `index` of different colours 1-9: 36 unordered pairs, 72 ordered
// ones.
std::pair<uint8_t, uint8_t> UnorderedPair(int index);
std::pair<uint8_t, uint8_t> OrderedPair(int index);

// Up, right, down, left.
inline constexpr Cell kDirections[4] = {{-1, 0}, {0, 1}, {1, 0}, {0, -1}};

// Each adds the rules of its file in a fixed order.
void AddGeometryRules(std::vector<Rule>& rules);
void AddColorRules(std::vector<Rule>& rules);
void AddFillRules(std::vector<Rule>& rules);
void AddLineRules(std::vector<Rule>& rules);
void AddObjectRules(std::vector<Rule>& rules);
void AddPatternRules(std::vector<Rule>& rules);

}  // namespace arctrm::internal
