// SPDX-License-Identifier: MIT
// A Sudoku or a maze with its answer.
#pragma once

#include <optional>
#include <string>

#include "arc/grid.h"

namespace arctrm {

struct Puzzle {
  std::string source;  // origin as given in the file
  Grid question;       // square; values as in PuzzleKind
  Grid answer;         // empty if unknown
  // Sudoku: guesses of a solver. Maze: steps of the shortest path. Absent if
  // the file does not give it.
  std::optional<int> rating;
  // 0 to 1, for answers of a model.
  std::optional<double> confidence;
};

}  // namespace arctrm
