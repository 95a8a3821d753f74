// SPDX-License-Identifier: MIT
#include "pipeline/answer_puzzles.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/interrupt.h"
#include "base/status.h"
#include "base/stop.h"
#include "base/time_budget.h"
#include "base/watchdog.h"
#include "pipeline/run_plan.h"
#include "pipeline/train_progress.h"

namespace arctrm {

absl::StatusOr<std::vector<PuzzleAnswer>> AnswerPuzzles(Predictor& predictor,
                                                        const PuzzleFile& file,
                                                        Deadline deadline,
                                                        Log& log) {
  const Canvas canvas = predictor.canvas();
  const Canvas wanted = {file.puzzles[0].question.rows(), file.kind};
  if (canvas != wanted) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the model is for ", PuzzleKindName(canvas.kind), " ", canvas.side, "x",
        canvas.side, ", the puzzles are ", PuzzleKindName(wanted.kind), " ",
        wanted.side, "x", wanted.side));
  }
  log.Begin();
  const absl::Time start = RealClock().Now();
  const size_t all = file.puzzles.size();
  std::vector<PuzzleAnswer> answers;
  double batch_s = 0;
  while (answers.size() < all && StopSignal() == 0) {
    // No batch begins that is not expected to end in time.
    if (deadline.EarlierBy(absl::Seconds(batch_s)).Passed()) break;
    const absl::Time before = RealClock().Now();
    std::vector<PredictorInput> inputs;
    const size_t end = std::min(
        all, answers.size() + static_cast<size_t>(predictor.max_batch()));
    for (size_t i = answers.size(); i < end; ++i) {
      PredictorInput& input = inputs.emplace_back();
      input.tokens.resize(static_cast<size_t>(canvas.num_tokens()));
      EncodeGrid(file.puzzles[i].question, canvas, {}, input.tokens.data());
    }
    absl::StatusOr<std::vector<PredictorOutput>> outputs;
    {
      const InterruptScope interruptible(deadline);
      outputs = predictor.Predict(inputs);
    }
    for (const std::string& line : predictor.TakeWarnings()) log.Warning(line);
    if (absl::IsCancelled(outputs.status())) break;
    ARCTRM_RETURN_IF_ERROR(outputs.status());
    for (const PredictorOutput& out : *outputs) {
      answers.push_back({DecodePuzzle(out.tokens, canvas),
                         1 / (1 + std::exp(-double{out.halt_logit}))});
    }
    const absl::Time now = RealClock().Now();
    batch_s = absl::ToDoubleSeconds(now - before);
    log.Progress(
        absl::StrFormat("answer %d/%d  %.0f puzzles/s%s", answers.size(), all,
                        static_cast<double>(answers.size()) /
                            std::max(1e-9, absl::ToDoubleSeconds(now - start)),
                        TimeLeftField(deadline)));
  }
  if (StopSignal() != 0) AcknowledgeStop();
  log.EndProgress();
  return answers;
}

PuzzleFile WithAnswers(PuzzleFile file,
                       const std::vector<PuzzleAnswer>& answers) {
  for (size_t i = 0; i < file.puzzles.size(); ++i) {
    Puzzle& puzzle = file.puzzles[i];
    puzzle.answer = i < answers.size() ? answers[i].grid : Grid();
    puzzle.confidence.reset();
    if (i < answers.size()) puzzle.confidence = answers[i].confidence;
  }
  return file;
}

double EstimateAnswerSeconds(double step_s, const ModelOptions& model,
                             int batch, const PredictorOptions& options,
                             size_t puzzles) {
  return AnsweringTimeS(static_cast<double>(puzzles) *
                            std::max(1, options.rollouts) *
                            ViewSeconds(step_s, model, batch),
                        /*estimated=*/true);
}

absl::StatusOr<double> MeasureAnswerSeconds(const std::string& checkpoint,
                                            const PredictorOptions& options,
                                            const PuzzleFile& file) {
  const absl::Time start = RealClock().Now();
  ARCTRM_ASSIGN_OR_RETURN(const std::unique_ptr<Predictor> predictor,
                          LoadPredictor(checkpoint, options));
  const size_t all = file.puzzles.size();
  const size_t some =
      std::min(all, static_cast<size_t>(predictor->max_batch()));
  PuzzleFile sample;
  sample.kind = file.kind;
  for (size_t i = 0; i < some; ++i) {
    sample.puzzles.push_back(file.puzzles[i * all / some]);
  }
  const absl::Time loaded = RealClock().Now();
  ARCTRM_RETURN_IF_ERROR(
      AnswerPuzzles(*predictor, sample, Deadline(), NullLog()).status());
  const double load_s = absl::ToDoubleSeconds(loaded - start);
  const double answer_s = absl::ToDoubleSeconds(RealClock().Now() - loaded);
  const double all_s =
      answer_s * static_cast<double>(all) / static_cast<double>(some);
  return load_s + AnsweringTimeS(all_s, /*estimated=*/false);
}

}  // namespace arctrm
