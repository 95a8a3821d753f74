// SPDX-License-Identifier: MIT
// Puzzles as training data, in the dataset that every solver reads.
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
  // Sudoku: shuffles of each puzzle beside itself (published 1000). Mazes: 0
  // for none, else the 7 other dihedral transforms.
  int augmentations = 0;
  // Where one of these is given, puzzles without a rating are left out too.
  std::optional<int> min_rating;  // easier ones are left out
  std::optional<int> max_rating;  // and harder ones
  int64_t sample = 0;             // puzzles, drawn at random by seed; 0: all
  uint64_t seed = 0;
};

// One task per puzzle, named by its place in the file ("17"). InvalidArgument:
// nothing is left, an answer is missing, a Sudoku of no known size.
absl::StatusOr<Dataset> BuildPuzzleDataset(const PuzzleFile& file,
                                           const PuzzleDatasetOptions& options);

// "left out 3 of 10 puzzles, which have no rating" where BuildPuzzleDataset
// does that; else "".
std::string UnratedRemark(const PuzzleFile& file,
                          const PuzzleDatasetOptions& options);

// Copy `copy` of task `task` of a dataset with this seed: 0 is the puzzle
// itself, the others are random shuffles, each always the same.
Pair ShuffledSudoku(const Pair& pair, uint64_t seed, size_t task, int copy);

}  // namespace arctrm
