// SPDX-License-Identifier: MIT
// The interface of a model for all code that asks it. Free of LibTorch.
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
  // A grid at offset (0, 0) of the whole canvas, or of a window as in training
  // (train.fit_canvas); a mixer takes whole canvases only.
  std::vector<uint8_t> tokens;
  // Embedding row, 1 … num_ids - 1. With a wrong or blank row the answer is
  // useless.
  int64_t embedding_id = 0;
  // Columns of the tokens, which are row-major; 0: a square.
  int cols = 0;
};

// Rows and columns of the tokens; 0 x 0 if they form no rectangle within the
// canvas.
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
  // Argmax tokens after the last supervision step, of the size of the input.
  std::vector<uint8_t> tokens;
  // Halting logit of that step; its sigmoid is the confidence.
  float halt_logit = 0;
  int steps = 0;  // supervision steps until it halted
  // ARC only: a second answer with another grid. It comes from the latest
  // earlier supervision step (or rollout) with another grid; without one it is
  // the answer with its least certain cell changed. Same size as `tokens`;
  // empty if there is no other grid.
  std::vector<uint8_t> second{};
};

// Not thread-safe.
class Predictor {
 public:
  virtual ~Predictor() = default;
  virtual Canvas canvas() const = 0;
  // The step of the windows (TaskWindow) in training; inputs must use the same
  // windows. 0: whole canvases.
  virtual int canvas_step() const { return 0; }
  // The largest batch, in whole canvases; windows count by their tokens.
  virtual int max_batch() const = 0;
  // Tokens from which on a size bucket is efficient: starting its operations
  // then takes a small part of its time. 0: any number.
  virtual int64_t full_bucket() const { return 0; }
  // One output per input, in order. The inputs may have the tokens of
  // max_batch() canvases at most. InvalidArgument for unfit sizes. The same
  // batch gives the same bytes; other batches may round differently.
  virtual absl::StatusOr<std::vector<PredictorOutput>> Predict(
      absl::Span<const PredictorInput> inputs) = 0;
  // Warnings since the last call, such as the end of recordings.
  virtual std::vector<std::string> TakeWarnings() { return {}; }
};

struct DeviceOptions {
  // "auto", "cpu", "cuda", "cuda:1". auto: CUDA if a usable device exists.
  std::string device = "auto";
  // CPU threads; 0: all.
  int threads = 0;
};

struct PredictorOptions {
  DeviceOptions device;
  // Fused kernels and recorded steps, as train.kernels and train.graphs, except
  // that "on" is ignored on a CPU.
  std::string kernels = "auto";
  std::string graphs = "auto";
  // Whole canvases per batch; 0: chosen for the device.
  int batch = 0;
  // Windows instead of whole canvases: "on", "off", or "auto" as in training.
  std::string fit_canvas = "auto";
  // A batch row halts once its confidence reaches this value; 0: all rows run
  // all steps. Saves time and may cost answers. Differs from TRM: 0 is
  // published.
  double early_halt = 0;
  // A batch row halts once this number of steps has not changed its answer; 0:
  // never. Differs from TRM: 0 is published.
  int stable_halt = 0;
  // Answers computed per input; one is returned. The first rollout has no
  // noise. The others add normal noise of standard deviation `latent_noise` to
  // z before every step (PTRM), and of `start_noise` to the start states (EqR).
  // Differs from TRM: 1 is published.
  int rollouts = 1;
  double latent_noise = 0;
  double start_noise = 0;
  // The returned answer: "confidence" takes the most confident one, "agreement"
  // the most frequent one (ties: the most confident).
  std::string rollout_choice = "confidence";
  uint64_t seed = 0;  // of the noise
};

// Loads the weights and embedding rows of `checkpoint` (a folder or its weights
// file). NotFound, DataLoss, FailedPrecondition.
absl::StatusOr<std::unique_ptr<Predictor>> LoadPredictor(
    const std::string& checkpoint, const PredictorOptions& options);

}  // namespace arctrm
