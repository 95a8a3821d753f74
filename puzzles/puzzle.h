// SPDX-License-Identifier: MIT
// A Sudoku or a maze with its answer.
#pragma once

#include <optional>
#include <string>

#include "arc/grid.h"

namespace arctrm {

struct Puzzle {
  std::string source;  // where it is from, as the file says
  Grid question;       // square; values as PuzzleKind says
  Grid answer;         // empty where it isn't known
  // Sudoku: guesses a solver makes. Maze: steps of the shortest path. Not there
  // where the file does not say.
  std::optional<int> rating;
  // 0 to 1, where the answer is a model's.
  std::optional<double> confidence;
};

}  // namespace arctrm
