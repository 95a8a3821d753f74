// SPDX-License-Identifier: MIT
// The training step of one size bucket, and its recordings: a replay starts the
// hundreds of short operations on a device with one call.
#pragma once

#include <memory>

#include "base/log.h"
#include "solver/device/recorded_steps.h"
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

// Runs the steps of one model. Size buckets are padded with masked batch rows,
// so that few recordings serve all. See RecordedSteps; a warning says once why
// steps are not recorded any more.
class GraphCache : private RecordableStep<BucketInput, BucketOutput> {
 public:
  // For buckets of `max_rows` batch rows at most. Borrows model and log.
  // `timed`: recordings must be as fast as plain steps.
  GraphCache(const Model* model, const LossOptions& loss, int64_t max_rows,
             std::unique_ptr<StepRecorder> recorder, bool timed, Log* log);

  // As StepBucket, up to rounding. The result is valid until the next call. The
  // windows of `input` must have a size.
  BucketOutput Run(const BucketInput& input) { return steps_.Run(input); }

  // Drops all recordings. Call it when cycles, dtype or trained parameters
  // change.
  void Clear() { steps_.Clear(); }

  int64_t replays() const { return steps_.replays(); }
  size_t recordings() const { return steps_.recordings(); }

 private:
  at::Device device() const override { return model_->device(); }
  GridSize SizeOf(const BucketInput& input) const override {
    return input.carry.current.windows.size;
  }
  int64_t RowsOf(const BucketInput& input) const override {
    return input.embedding_rows.size(0);
  }
  int64_t RecordedRows(const BucketInput& input) const override {
    return PaddedRows(RowsOf(input), max_rows_);
  }
  BucketOutput RunDirectly(const BucketInput& input) override {
    return StepBucket(*model_, loss_, input);
  }
  BucketInput Place(const BucketInput& like, int64_t rows) override;
  void Fill(const BucketInput& from, BucketInput& to) override;
  BucketOutput RunInPlace(BucketInput& input) override;
  void Release() override { memory_ = {}; }
  void Visit(BucketOutput& output, const Visitor& visit) const override;
  Tensor Accumulator() const override { return model_->flat_grad(); }

  const Model* model_;
  LossOptions loss_;
  int64_t max_rows_;
  BucketInput memory_;  // flat, large enough for whole canvases
  RecordedSteps<BucketInput, BucketOutput> steps_;
};

}  // namespace arctrm::internal
