// SPDX-License-Identifier: MIT
// Everything that a training on puzzles reads, checked before anything is
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
  PuzzleFile held_out;  // of the training file; empty without --held-out
  PuzzleFile test;      // empty without --test
  Dataset dataset;      // what is left of the training file, augmented
  ModelOptions model;   // of the checkpoint, or for this dataset
  // What a resumed training must have in common with the one it goes on with:
  // settings and fingerprints.
  RunRecord identity;
};

// Reads the files of `options`. InvalidArgument names the first file and puzzle
// with a fault: every puzzle must have one answer, and it must stand beside it.
// Warns of test questions that stand in the training file.
absl::StatusOr<PuzzleInputs> ReadPuzzleInputs(const PuzzleTrainOptions& options,
                                              Log& log);

}  // namespace arctrm
