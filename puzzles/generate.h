// SPDX-License-Identifier: MIT
// Generates sets of puzzles with unique answers.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "augment/puzzle_kind.h"
#include "puzzles/csv.h"

namespace arctrm {

struct GenerateOptions {
  PuzzleKind kind = PuzzleKind::kSudoku;
  int side = 9;
  int64_t count = 1;
  int min_rating = -1;  // -1 means 0 for Sudoku, DefaultMazePath for mazes
  uint64_t seed = 0;
  int threads = 1;
  // Called repeatedly in the caller's thread with the number of puzzles done;
  // returning false stops. May be empty.
  std::function<bool(int64_t)> progress;
};

// Puzzle i depends only on seed, kind, side, rating and i, so a larger set
// begins with the smaller one. All questions differ. Cancelled if `progress`
// returns false; InvalidArgument and ResourceExhausted as from the generators,
// or if there are too few different puzzles of this size.
absl::StatusOr<PuzzleFile> GeneratePuzzles(const GenerateOptions& options);

}  // namespace arctrm
