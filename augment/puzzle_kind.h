// SPDX-License-Identifier: MIT
// The kind of a dataset's tasks. It determines how grids become tokens.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace arctrm {

// Cells of ARC are colours 0-9; cells of Sudoku are digits 1-9, or 0 for blank;
// cells of mazes are 0 wall, 1 free, 2 start, 3 goal, 4 path (`# SGo`).
enum class PuzzleKind { kArc, kSudoku, kMaze };

// "arc", "sudoku", "maze", and back.
const char* PuzzleKindName(PuzzleKind kind);
absl::StatusOr<PuzzleKind> ParsePuzzleKind(absl::string_view name);

}  // namespace arctrm
