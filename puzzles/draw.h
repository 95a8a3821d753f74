// SPDX-License-Identifier: MIT
// Puzzles as people know them, as text.
#pragma once

#include <string>

#include "augment/puzzle_kind.h"
#include "puzzles/puzzle.h"

namespace arctrm {

// Question and, where known, answer side by side; lines end with "\n". Sudoku:
// boxes divided by lines; mazes: `#` walls, `S`, `G`, `o` the path. `color`
// (24-bit ANSI): digits that were found and the path stand out, walls are
// blocks.
std::string DrawPuzzle(PuzzleKind kind, const Puzzle& puzzle, bool color);

}  // namespace arctrm
