// SPDX-License-Identifier: MIT
// What a dataset's tasks are, and so how their grids become tokens.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace arctrm {

// A grid of ARC holds colours 0-9; of Sudoku digits 1-9 with 0 for blank; of a
// maze 0 wall, 1 free, 2 start, 3 goal, 4 path (`# SGo`).
enum class PuzzleKind { kArc, kSudoku, kMaze };

// "arc", "sudoku", "maze", and back.
const char* PuzzleKindName(PuzzleKind kind);
absl::StatusOr<PuzzleKind> ParsePuzzleKind(absl::string_view name);

}  // namespace arctrm
