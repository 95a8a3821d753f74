// SPDX-License-Identifier: MIT
#include "augment/puzzle_kind.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace arctrm {

const char* PuzzleKindName(PuzzleKind kind) {
  switch (kind) {
    case PuzzleKind::kArc:
      return "arc";
    case PuzzleKind::kSudoku:
      return "sudoku";
    case PuzzleKind::kMaze:
      return "maze";
  }
  return "";
}

absl::StatusOr<PuzzleKind> ParsePuzzleKind(absl::string_view name) {
  for (const PuzzleKind kind :
       {PuzzleKind::kArc, PuzzleKind::kSudoku, PuzzleKind::kMaze}) {
    if (name == PuzzleKindName(kind)) return kind;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", name, "\" is not a kind of puzzle: expected arc, sudoku or maze"));
}

}  // namespace arctrm
