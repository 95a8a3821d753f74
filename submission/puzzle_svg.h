// SPDX-License-Identifier: MIT
// Sudoku and mazes as inline SVG, drawn as people know them: digits in a ruled
// square, walls and a line for the way.
#pragma once

#include <string>

#include "arc/grid.h"
#include "augment/puzzle_kind.h"
#include "puzzles/puzzle.h"

namespace arctrm {

// One <svg class="puzzle"> element of about `pixels`, to stand in a report
// (whose style sheet colours it). `shown`: the question itself, or an answer:
// digits that were found stand out, and cells that are not as in the known
// answer are marked. "" when `shown` has another shape than the question.
std::string PuzzleSvg(PuzzleKind kind, const Puzzle& puzzle, const Grid& shown,
                      int pixels);

}  // namespace arctrm
