// SPDX-License-Identifier: MIT
// Answers a file of puzzles with a model and estimates how long that takes.
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

// Answers the puzzles of `file` in order until `deadline` or a stop signal and
// returns the answers so far. FailedPrecondition if the model is for another
// kind or size of puzzle; errors of `predictor`.
absl::StatusOr<std::vector<PuzzleAnswer>> AnswerPuzzles(Predictor& predictor,
                                                        const PuzzleFile& file,
                                                        Deadline deadline,
                                                        Log& log);

// Replaces the answers and confidences of `file` by `answers`. Puzzles beyond
// the end of `answers` get no answer.
PuzzleFile WithAnswers(PuzzleFile file,
                       const std::vector<PuzzleAnswer>& answers);

// Estimates the seconds that answering takes from `step_s`, the time of one
// training step with `batch` rows. Counts every rollout and assumes that no
// batch row halts early. Needs no weights.
double EstimateAnswerSeconds(double step_s, const ModelOptions& model,
                             int batch, const PredictorOptions& options,
                             size_t puzzles);
// Measures the same by loading `checkpoint` and answering one batch of puzzles
// from all over the file. Returns errors of LoadPredictor() and
// AnswerPuzzles().
absl::StatusOr<double> MeasureAnswerSeconds(const std::string& checkpoint,
                                            const PredictorOptions& options,
                                            const PuzzleFile& file);

}  // namespace arctrm
