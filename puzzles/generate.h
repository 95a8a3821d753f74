// SPDX-License-Identifier: MIT
// Sets of puzzles, every one with a single answer.
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
  int min_rating = -1;  // -1: 0 for Sudoku, DefaultMazePath for mazes
  uint64_t seed = 0;
  int threads = 1;
  // Called from the caller's thread, now and then, with the puzzles done. false
  // stops; may be empty.
  std::function<bool(int64_t)> progress;
};

// Puzzle i depends on seed, kind, side, rating and i alone, so a larger set
// begins with the smaller one. All questions differ. Cancelled when `progress`
// stopped it; InvalidArgument and ResourceExhausted as the generators say, or
// when there are too few different puzzles of this size.
absl::StatusOr<PuzzleFile> GeneratePuzzles(const GenerateOptions& options);

}  // namespace arctrm
