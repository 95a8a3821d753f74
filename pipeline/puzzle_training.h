// SPDX-License-Identifier: MIT
// Trains a model on one file of Sudoku or mazes and scores it on another.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/log.h"
#include "puzzles/judge.h"
#include "puzzles/puzzle_dataset.h"
#include "solver/predictor.h"
#include "solver/train.h"

namespace arctrm {

struct PuzzleTrainOptions {
  PuzzleKind kind = PuzzleKind::kSudoku;
  std::string train;   // CSV
  std::string test;    // CSV; "": no score
  std::string work;    // work folder; "": OUT.run
  std::string report;  // HTML to write; "": none
  PuzzleDatasetOptions data;
  // Number of training puzzles to hold out, drawn by seed. The weights that
  // solve most of them are kept in OUT.best, and they are scored.
  int64_t held_out = 0;
  // The data set puzzle, vocabulary and canvas of the model. With a checkpoint
  // the whole model comes from it.
  TrainSpec spec;
  // Ranks above 0 only train: they check, score and write nothing.
  ProcessGroup group;
  PredictorOptions predicting;  // for the test puzzles
  // Called once the work folder is locked, before anything is written; may be
  // empty. An error ends the training.
  std::function<absl::Status()> may_write;
};

struct PuzzleTrainOutcome {
  TrainResult training;
  std::string checkpoint;  // the scored weights
  // The score of the puzzles that were answered in time, the first ones of the
  // file.
  std::optional<PuzzleScore> score;
};

// Trains until the steps are done or `deadline` comes, then answers and scores
// the test puzzles. The time for the test is estimated first; that of a long
// test is measured after three quarters of the training, except in a group.
//
// The work folder receives metrics, record and answers, which WriteRunReport
// draws. Warns if the training file contains test questions. Returns errors of
// ReadPuzzleInputs(), TrainInGroup() and LoadPredictor().
absl::StatusOr<PuzzleTrainOutcome> TrainPuzzles(
    const PuzzleTrainOptions& options, Deadline deadline, Log& log);

// "exact 93.1 % (931 of 1000)  valid ...  cells ...".
std::string PuzzleScoreLine(const PuzzleScore& score);

}  // namespace arctrm
