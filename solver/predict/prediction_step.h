// SPDX-License-Identifier: MIT
// The supervision step of a prediction, and its recordings.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "arc/grid.h"
#include "solver/device/recorded_steps.h"
#include "solver/device/step_recorder.h"
#include "solver/device/torch.h"
#include "solver/nn/model.h"

namespace arctrm::internal {

// Batch rows with windows of one size.
struct PredictionInput {
  GridSize size;
  Latents latents;        // (n, T, D)
  Tensor tokens;          // (n, cells) int64
  Tensor embedding_rows;  // (n, D) float32
};

struct PredictionOutput {
  Latents latents;
  Tensor logits;       // as in StepOutput
  Tensor answers;      // (n, cells) uint8: the tokens with the largest logits
  Tensor halt_logits;  // (n) float32
};

PredictionOutput RunPrediction(const Model& model,
                               const PredictionInput& input);

// Runs the supervision steps of one worker, from recordings where that is
// possible. Size buckets are padded with masked batch rows.
class PredictionSteps
    : private RecordableStep<PredictionInput, PredictionOutput> {
 public:
  // Records size buckets of at most `most_positions` positions. Borrows
  // `model`. `recorder` may be null: all steps run directly. `on_stop` as in
  // RecordingRules.
  PredictionSteps(const Model* model, int64_t most_positions,
                  std::unique_ptr<StepRecorder> recorder,
                  std::function<void(const std::string& why)> on_stop);

  // One supervision step. The output is valid until the next call; its latents
  // may be the input of the next one. The tensors of `input` except latents
  // must not be changed later.
  PredictionOutput Run(const PredictionInput& input) {
    return steps_.Run(input);
  }

  // Drops all recordings. Call it when the model's dtype changes.
  void Clear() { steps_.Clear(); }

  int64_t replays() const { return steps_.replays(); }

 private:
  at::Device device() const override { return model_->device(); }
  GridSize SizeOf(const PredictionInput& input) const override {
    return input.size;
  }
  int64_t RowsOf(const PredictionInput& input) const override {
    return input.tokens.size(0);
  }
  int64_t RecordedRows(const PredictionInput& input) const override;
  PredictionOutput RunDirectly(const PredictionInput& input) override {
    return RunPrediction(*model_, input);
  }
  PredictionInput Place(const PredictionInput& like, int64_t rows) override;
  void Fill(const PredictionInput& from, PredictionInput& to) override;
  PredictionOutput RunInPlace(PredictionInput& input) override;
  void Release() override;
  void Visit(PredictionOutput& output, const Visitor& visit) const override;

  // The largest number of batch rows with windows of `cells` cells.
  int64_t MostRows(int64_t cells) const;

  const Model* model_;
  int64_t most_positions_;
  PredictionInput memory_;  // flat
  // The input whose tokens and embedding rows are in memory_.
  Tensor filled_tokens_, filled_rows_;
  RecordedSteps<PredictionInput, PredictionOutput> steps_;
};

}  // namespace arctrm::internal
