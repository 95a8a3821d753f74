// SPDX-License-Identifier: MIT
// Makes datasets of puzzles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "augment/dataset.h"
#include "puzzles/csv.h"

namespace arctrm {

struct PuzzleDatasetOptions {
  // Sudoku: number of shuffles of each puzzle besides itself (published 1000).
  // Mazes: 0 for none, else the 7 other dihedral transforms.
  int augmentations = 0;
  // If one of these limits is given, puzzles without a rating are left out too.
  std::optional<int> min_rating;  // leave out easier puzzles
  std::optional<int> max_rating;  // leave out harder puzzles
  int64_t sample = 0;  // number of puzzles drawn at random; 0 for all
  uint64_t seed = 0;
};

// One task per puzzle, named by its index in the file ("17"). InvalidArgument
// if no puzzle is left, an answer is missing, or the size of a Sudoku is
// unknown.
absl::StatusOr<Dataset> BuildPuzzleDataset(const PuzzleFile& file,
                                           const PuzzleDatasetOptions& options);

// "left out 3 of 10 puzzles, which have no rating" if BuildPuzzleDataset does
// so, else "".
std::string UnratedRemark(const PuzzleFile& file,
                          const PuzzleDatasetOptions& options);

// Shuffle `number` of task `task` of a dataset with this seed. 0 is the
// puzzle itself; the others are random, but fixed by the seed.
Pair ShuffledSudoku(const Pair& pair, uint64_t seed, size_t task, int number);

}  // namespace arctrm
