// SPDX-License-Identifier: MIT
// The narrow seam between a model and everything that uses one. No Torch here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "augment/canvas.h"

namespace arctrm {

struct PredictorInput {
  // At offset (0, 0) of the whole canvas or of a smaller one, as the model was
  // trained (train.fit_canvas); with a mixer only of the whole one.
  std::vector<uint8_t> tokens;
  // Embedding row; 1 … num_ids - 1. A wrong or blank id answers nothing.
  int64_t embedding_id = 0;
  // Columns that the tokens have, row by row; 0: as many as rows.
  int cols = 0;
};

// Rows and columns of its tokens; 0 x 0 where they make no rectangle, or one
// that is larger than the canvas.
inline GridSize SizeOf(const PredictorInput& input, const Canvas& canvas) {
  const size_t tokens = input.tokens.size();
  if (tokens > static_cast<size_t>(canvas.num_tokens())) return {};
  const auto cells = static_cast<int>(tokens);
  GridSize size = {0, input.cols};
  if (size.cols == 0) {
    while (size.cols * size.cols < cells) ++size.cols;
  }
  if (size.cols <= 0 || size.cols > canvas.side) return {};
  size.rows = cells / size.cols;
  const bool fits = size.rows > 0 && size.rows <= canvas.side &&
                    size.cells() == cells &&
                    (input.cols != 0 || size.rows == size.cols);
  return fits ? size : GridSize();
}

struct PredictorOutput {
  // Argmax tokens after the last supervision step, as many as went in.
  std::vector<uint8_t> tokens;
  // Halting logit of that step; its sigmoid is the confidence.
  float halt_logit = 0;
  int steps = 0;  // supervision steps it took
  // On a canvas of ARC a second answer, whose grid is another one: of the
  // latest earlier supervision step (or rollout) that gave another, else the
  // answer with its least certain cell changed. As many tokens; none where
  // there is no other grid.
  std::vector<uint8_t> second{};
};

// Not thread-safe.
class Predictor {
 public:
  virtual ~Predictor() = default;
  virtual Canvas canvas() const = 0;
  // Step of the canvases that its tasks were fitted to (TaskWindow) when it was
  // trained; 0: all had the whole canvas, and are to be answered on it.
  virtual int canvas_step() const { return 0; }
  // Whole canvases in one batch; smaller ones count by their tokens.
  virtual int max_batch() const = 0;
  // One output per input, in order. At most the tokens of max_batch() canvases.
  // InvalidArgument for other sizes. The same batch gives the same bytes;
  // another division into batches may change their rounding.
  virtual absl::StatusOr<std::vector<PredictorOutput>> Predict(
      absl::Span<const PredictorInput> inputs) = 0;
};

struct DeviceOptions {
  // "auto", "cpu", "cuda", "cuda:1". auto: CUDA where there is a usable one.
  std::string device = "auto";
  // CPU threads; 0: all.
  int threads = 0;
};

struct PredictorOptions {
  DeviceOptions device;
  // Rows per batch; 0: chosen for the device.
  int batch = 0;
  // Canvases of a task's size: "on", "off", or "auto", as it was trained.
  std::string fit_canvas = "auto";
  // A row stops once its confidence reaches this; 0: every row runs all steps,
  // as published. Differs from TRM: an option of ours that saves time and may
  // cost answers.
  double early_halt = 0;
  // A row stops once its answer stayed the same for so many steps after the one
  // that gave it; 0: never. Differs from TRM as early_halt does.
  int stable_halt = 0;
  // Answers per input, of which one is given: the first as it is, the others
  // with normal noise of standard deviation `latent_noise` added to z before
  // every step (PTRM), and from start states with noise of `start_noise` (EqR).
  // Differs from TRM: 1 is published.
  int rollouts = 1;
  double latent_noise = 0;
  double start_noise = 0;
  // Which: "confidence", the one surest of itself, or "agreement", the one that
  // most rollouts gave, of equals the surest.
  std::string rollout_choice = "confidence";
  uint64_t seed = 0;  // of the noise
};

// Loads the averaged weights and the live embedding table of `checkpoint` (a
// folder or its weights file). NotFound, DataLoss, FailedPrecondition.
absl::StatusOr<std::unique_ptr<Predictor>> LoadPredictor(
    const std::string& checkpoint, const PredictorOptions& options);

}  // namespace arctrm
