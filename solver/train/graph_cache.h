// SPDX-License-Identifier: MIT
// The training step of one size bucket, and its recordings: a replay starts the
// hundreds of short operations on a device with one call.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "base/log.h"
#include "solver/device/step_recorder.h"
#include "solver/device/torch.h"
#include "solver/nn/act.h"
#include "solver/nn/model.h"

namespace arctrm::internal {

struct BucketInput {
  Carry carry;            // n batch rows; `halted` is not read
  Tensor embedding_rows;  // (n, D) float32
  Tensor min_steps;       // (n) int64; undefined: none
  Tensor divisor;         // [] float64: divides the loss
};

struct BucketOutput {
  Latents latents;
  Tensor steps, halted;   // (n)
  Tensor embedding_grad;  // (n, D) float32; undefined without embedding rows
  Tensor metrics;         // packed StepMetrics
};

// One supervision step, forward and backward. Adds to the model's gradients.
BucketOutput StepBucket(const Model& model, const LossOptions& loss_options,
                        const BucketInput& input);

// The batch rows of a size bucket of `rows` after padding: one of few sizes, at
// most 3 rows or a quarter larger, and at most `max`, which is at least `rows`.
int64_t PaddedRows(int64_t rows, int64_t max);

// Runs the steps of one model. Size buckets are padded with masked batch rows,
// so that few recordings serve all. Each (window size, padded rows) runs
// directly the first time and is recorded the second time; beyond kMaxGraphs
// recordings new ones run directly. The first recording is played once for
// comparison: if it computes other results than the direct run (or, if `timed`,
// takes longer), if a recording fails, or if recordings leave too little
// memory, it warns once, and all later steps run directly.
class GraphCache {
 public:
  static constexpr size_t kMaxGraphs = 128;

  // For buckets of `max_rows` batch rows at most. Borrows model and log.
  GraphCache(const Model* model, const LossOptions& loss, int64_t max_rows,
             std::unique_ptr<StepRecorder> recorder, bool timed, Log* log);

  // As StepBucket, up to rounding. The result is valid until the next call. The
  // windows of `input` must have a size.
  BucketOutput Run(const BucketInput& input);

  // Drops all recordings. Call it when cycles, dtype or trained parameters
  // change.
  void Clear();

  int64_t replays() const { return replays_; }
  size_t recordings() const;

 private:
  struct CacheEntry {
    int64_t seen = 0;
    BucketInput input;  // views of memory_
    BucketOutput output;
    std::unique_ptr<StepRecording> recording;
  };
  // Runs a bucket in entry.input and records it. `grad_before`: the model's
  // gradients before.
  BucketOutput RunAndRecord(const BucketInput& input, const Tensor& grad_before,
                            CacheEntry& entry);
  // Plays the first recording. Returns the reason not to use it: other results
  // than `plain` and the gradients `grad`, or more time; "" if it is good.
  std::string Prove(const BucketInput& input, const BucketOutput& plain,
                    const Tensor& grad, absl::Duration plain_time,
                    CacheEntry& entry);
  // Drops all recordings for good, with a warning.
  void StopRecording(const std::string& why);
  // The beginning of memory_ as `rows` batch rows with windows of `size`.
  BucketInput Place(int64_t rows, GridSize size);
  // Copies `from` to `to` and masks the remaining batch rows.
  static void Fill(const BucketInput& from, BucketInput& to);

  const Model* model_;
  LossOptions loss_;
  int64_t max_rows_;
  std::unique_ptr<StepRecorder> recorder_;  // null after StopRecording()
  bool timed_;
  bool proven_ = false;
  Log* log_;
  BucketInput memory_;  // flat, large enough for whole canvases
  std::map<std::pair<GridSize, int64_t>, CacheEntry>
      entries_;  // by window, rows
  int64_t replays_ = 0;
};

}  // namespace arctrm::internal
