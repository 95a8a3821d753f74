// SPDX-License-Identifier: MIT
// What a training step does with rows of one canvas size, and doing it again
// from a recording: on a device the hundreds of short operations then start
// with one call.
#pragma once

#include <map>
#include <memory>
#include <utility>

#include "base/log.h"
#include "solver/device/step_recorder.h"
#include "solver/device/torch.h"
#include "solver/nn/act.h"
#include "solver/nn/model.h"

namespace arctrm::internal {

struct BucketInput {
  Carry carry;       // of n rows; its `halted` is not read
  Tensor rows;       // (n, D) float32, puzzle rows
  Tensor min_steps;  // (n) int64, undefined for none
  Tensor divisor;    // [] float64: of the loss
};

struct BucketOutput {
  Latents latents;
  Tensor steps, halted;  // (n)
  Tensor row_grad;       // (n, D) float32; undefined without puzzle rows
  // (8) float64: lm_loss, q_halt_loss, q_continue_loss, count, accuracy, exact,
  // q_halt_accuracy, steps.
  Tensor sums;
};

// One supervision step forward and backward. Gradients of the parameters are
// added to the model's.
BucketOutput StepBucket(const Model& model, const TrainOptions& options,
                        const BucketInput& input);

// Rows that a group of `rows` is filled up to: few sizes, three rows more or a
// quarter of what is wanted. Never more than `most`, which is at least `rows`.
int64_t PaddedRows(int64_t rows, int64_t most);

// The steps of one model. A group is filled up with rows that count nothing, so
// that a few recordings do for all. The second group of a entry is recorded;
// the ones before, and kinds beyond kMaxGraphs, are done without. When a
// recording fails it warns once, and does without from there on.
class GraphCache {
 public:
  static constexpr size_t kMaxGraphs = 128;

  // For groups of `most_rows` rows at most. Borrows all but the recorder.
  GraphCache(const Model* model, const TrainOptions* options, int64_t most_rows,
             std::unique_ptr<StepRecorder> recorder, Log* log);

  // As StepBucket, up to rounding. What it returns holds until the next call.
  // The windows of `input` must have a size.
  BucketOutput Run(const BucketInput& input);

  // To be called when a step becomes another: in its cycles, in the type of its
  // numbers, in what learns.
  void Clear();

  int64_t replays() const { return replays_; }
  size_t recordings() const;

 private:
  struct CacheEntry {
    int64_t seen = 0;
    BucketInput input;  // parts of memory_
    BucketOutput output;
    std::unique_ptr<StepRecording> recording;
  };
  // The beginning of memory_ as `rows` rows with windows of that size.
  BucketInput Place(int64_t rows, GridSize size);
  // Puts `from` there; what is left of the rows counts nothing.
  static void Fill(const BucketInput& from, BucketInput& to);

  const Model* model_;
  const TrainOptions* options_;
  int64_t most_rows_;
  std::unique_ptr<StepRecorder> recorder_;  // null after a failure
  Log* log_;
  BucketInput memory_;  // flat, for whole canvases
  std::map<std::pair<GridSize, int64_t>, CacheEntry>
      entries_;  // by window, rows
  int64_t replays_ = 0;
};

}  // namespace arctrm::internal
