// SPDX-License-Identifier: MIT
// Checks puzzles and scores answers.
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

// InvalidArgument for broken rules, no solution or path, several solutions or
// shortest paths, or a wrong answer.
absl::Status CheckPuzzle(PuzzleKind kind, const Puzzle& puzzle);

// Errors of CheckPuzzle by index, computed on several threads. `progress` is
// called repeatedly in the caller's thread with the number of puzzles done; may
// be empty.
std::vector<std::pair<size_t, absl::Status>> FindFaults(
    PuzzleKind kind, const std::vector<Puzzle>& puzzles, int threads,
    const std::function<void(size_t)>& progress);

enum class Verdict {
  kExact,  // equal to the known answer
  kValid,  // another answer that obeys the rules: a full Sudoku with the
           // clues, a path from start to goal (perhaps not the shortest)
  kWrong,
};
Verdict Judge(PuzzleKind kind, const Puzzle& puzzle, const Grid& answer);

struct PuzzleScore {
  int64_t puzzles = 0;
  int64_t exact = 0;
  int64_t valid = 0;          // including exact ones
  double token_accuracy = 0;  // share of right cells
  std::vector<Verdict> verdicts;
};

// `answers` are in the order of `puzzles`, whose answers must be known.
PuzzleScore ScorePuzzles(PuzzleKind kind, const std::vector<Puzzle>& puzzles,
                         const std::vector<Grid>& answers);

}  // namespace arctrm
