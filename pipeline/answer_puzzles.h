// SPDX-License-Identifier: MIT
// Answers of a model to a file of puzzles, and how long they take.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "arc/grid.h"
#include "base/clock.h"
#include "base/log.h"
#include "puzzles/csv.h"
#include "solver/options.h"
#include "solver/predictor.h"

namespace arctrm {

struct PuzzleAnswer {
  Grid grid;
  double confidence = 0;  // sigmoid of the halting logit
};

// Answers from the front of the file until the deadline. FailedPrecondition
// when the model is for another kind or size.
absl::StatusOr<std::vector<PuzzleAnswer>> AnswerPuzzles(Predictor& predictor,
                                                        const PuzzleFile& file,
                                                        Deadline deadline,
                                                        Log& log);

// `file` with the model's answers and how sure it is of them; those that were
// not reached have none.
PuzzleFile WithAnswers(PuzzleFile file,
                       const std::vector<PuzzleAnswer>& answers);

// Seconds that answering takes, before there are weights: from those of one
// training step of `batch` rows, with every row running all its steps. Knows
// nothing of halting early, but of rollouts.
double EstimateAnswerSeconds(double step_s, const ModelOptions& model,
                             int batch, const PredictorOptions& options,
                             size_t puzzles);
// The same measured as it will be done, loading included, with at most one
// batch of the file: puzzles from all over it. Errors of LoadPredictor() and
// AnswerPuzzles().
absl::StatusOr<double> MeasureAnswerSeconds(const std::string& checkpoint,
                                            const PredictorOptions& options,
                                            const PuzzleFile& file);

}  // namespace arctrm
