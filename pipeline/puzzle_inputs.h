// SPDX-License-Identifier: MIT
// Reads and checks all inputs of a training on puzzles before anything is
// written.
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "augment/dataset.h"
#include "base/log.h"
#include "pipeline/puzzle_training.h"
#include "pipeline/run_folder.h"
#include "puzzles/csv.h"
#include "solver/options.h"

namespace arctrm {

struct PuzzleInputs {
  PuzzleFile held_out;  // taken from the training file; may be empty
  PuzzleFile test;      // empty without --test
  Dataset dataset;      // the rest of the training file, augmented
  ModelOptions model;   // from the checkpoint, or sized for the dataset
  // Settings and fingerprints that must be equal when the training is resumed.
  RunRecord identity;
};

// Reads the files of `options`. InvalidArgument names the first faulty puzzle
// and its file: each puzzle must have exactly one solution, given as its
// answer. Warns if the training file contains test questions.
absl::StatusOr<PuzzleInputs> ReadPuzzleInputs(const PuzzleTrainOptions& options,
                                              Log& log);

}  // namespace arctrm
