// SPDX-License-Identifier: MIT
// Draws puzzles as text.
#pragma once

#include <string>

#include "augment/puzzle_kind.h"
#include "puzzles/puzzle.h"

namespace arctrm {

// Draws the question and the answer, if known, side by side; each line ends
// with "
// ". Sudoku: lines between boxes. Mazes: `#` walls, `S`, `G`, `o` for the path.
// `color` (24-bit ANSI) highlights found digits and the path, and draws walls
// as blocks.
std::string DrawPuzzle(PuzzleKind kind, const Puzzle& puzzle, bool color);

}  // namespace arctrm
