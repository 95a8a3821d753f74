// SPDX-License-Identifier: MIT
// Is a puzzle a puzzle, and is an answer right?
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "augment/puzzle_kind.h"
#include "puzzles/puzzle.h"

namespace arctrm {

// InvalidArgument: rules broken, no solution (or path), several of them, or an
// answer that is not the one.
absl::Status CheckPuzzle(PuzzleKind kind, const Puzzle& puzzle);

// What CheckPuzzle finds, by place, on some threads. `progress` is called now
// and then from the caller's thread with the puzzles done; may be empty.
std::vector<std::pair<size_t, absl::Status>> FindFaults(
    PuzzleKind kind, const std::vector<Puzzle>& puzzles, int threads,
    const std::function<void(size_t)>& progress);

enum class Verdict {
  kExact,  // every cell as in the known answer
  kValid,  // another answer that keeps to the rules: a full Sudoku with the
           // clues, a way from start to goal (also one that is not shortest)
  kWrong,
};
Verdict Judge(PuzzleKind kind, const Puzzle& puzzle, const Grid& answer);

struct PuzzleScore {
  int64_t puzzles = 0;
  int64_t exact = 0;
  int64_t valid = 0;          // exact ones included
  double token_accuracy = 0;  // share of cells as in the known answers
  std::vector<Verdict> verdicts;
};

// `answers` in the order of `puzzles`, which must know theirs.
PuzzleScore ScorePuzzles(PuzzleKind kind, const std::vector<Puzzle>& puzzles,
                         const std::vector<Grid>& answers);

}  // namespace arctrm
