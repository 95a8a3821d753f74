// SPDX-License-Identifier: MIT
// Random grids and tasks for the tests of this folder.
#pragma once

#include <string>

#include "arc/task.h"
#include "base/random.h"

namespace arctrm {

// rows x cols cells of the first `colors` colours.
inline Grid RandomCells(Random& random, int rows, int cols, int colors = 10) {
  Grid grid(rows, cols);
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < cols; ++c) {
      grid.at(r, c) = static_cast<uint8_t>(random.Between(0, colors - 1));
    }
  }
  return grid;
}

// Sides from 1 to `max_side`.
inline Grid RandomGrid(Random& random, int max_side = kMaxSide,
                       int colors = 10) {
  const int rows = random.Between(1, max_side);
  const int cols = random.Between(1, max_side);
  return RandomCells(random, rows, cols, colors);
}

inline Task RandomTask(Random& random, const std::string& id, int max_side = 8,
                       int colors = 10) {
  Task task;
  task.id = id;
  for (int i = random.Between(1, 4); i > 0; --i) {
    Grid input = RandomGrid(random, max_side, colors);
    task.demonstrations.push_back(
        {std::move(input), RandomGrid(random, max_side, colors)});
  }
  for (int i = random.Between(1, 2); i > 0; --i) {
    task.test_inputs.push_back(RandomGrid(random, max_side, colors));
  }
  return task;
}

}  // namespace arctrm
