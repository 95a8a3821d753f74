// SPDX-License-Identifier: MIT
// Draws Sudoku and mazes as inline SVG: digits in a ruled square, walls and a
// line for the path.
#pragma once

#include <string>

#include "arc/grid.h"
#include "augment/puzzle_kind.h"
#include "puzzles/puzzle.h"

namespace arctrm {

// One <svg class="puzzle"> element of about `pixels`, coloured by the style
// sheet of the report. `shown` is the question itself or an answer; in an
// answer, found digits are highlighted and wrong cells marked. "" if `shown`
// has a different shape from the question.
std::string PuzzleSvg(PuzzleKind kind, const Puzzle& puzzle, const Grid& shown,
                      int pixels);

}  // namespace arctrm
