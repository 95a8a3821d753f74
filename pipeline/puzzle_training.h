// SPDX-License-Identifier: MIT
// Sudoku and mazes: a model trained on one file of puzzles and tried on
// another.
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
  std::string work;    // metrics and state; "": OUT.run
  std::string report;  // HTML to write; "": none
  PuzzleDatasetOptions data;
  // So many of the training puzzles are left out of training, drawn at random
  // by seed; the weights that solve most of them during training are kept in
  // OUT.best and are the ones that are scored.
  int64_t held_out = 0;
  // Puzzle, vocabulary and canvas of the model are set from the data; with a
  // checkpoint the whole model comes from there.
  TrainSpec spec;
  PredictorOptions predicting;  // of the test puzzles
  // Asked again once `out` is locked, before anything is written; may be empty.
  std::function<absl::Status()> may_write;
};

struct PuzzleTrainOutcome {
  TrainResult training;
  std::string checkpoint;  // the weights that count
  // Of the puzzles that were answered before the deadline, in the file's order.
  std::optional<PuzzleScore> score;
};

// Trains until steps or deadline, keeping enough time to answer the test
// puzzles, and scores them. How much that is is estimated first, and with many
// of them measured once most of the training is over. The work folder gets
// metrics, record and answers, so that WriteRunReport can draw them. Warns when
// test questions stand in the training file.
absl::StatusOr<PuzzleTrainOutcome> TrainPuzzles(
    const PuzzleTrainOptions& options, Deadline deadline, Log& log);

// "exact 93.1 % (931 of 1000)  valid …  cells …".
std::string PuzzleScoreLine(const PuzzleScore& score);

}  // namespace arctrm
