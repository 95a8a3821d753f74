// SPDX-License-Identifier: MIT
// Computes the gradients of a step: divides the rows of a batch among threads
// and processes, runs them plain or from a recording, and adds up the results.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/log.h"
#include "solver/device/batch_thread_pool.h"
#include "solver/device/step_recorder.h"
#include "solver/device/torch.h"
#include "solver/distributed/collective.h"
#include "solver/nn/act.h"
#include "solver/nn/model.h"
#include "solver/train.h"
#include "solver/train/graph_cache.h"
#include "solver/train/schedule.h"
#include "solver/train/state.h"

namespace arctrm::internal {

using RecorderFactory = std::function<std::unique_ptr<StepRecorder>()>;

class Executor {
 public:
  // One replica of `model` for each thread that computes. `recorder`, where it
  // is given, is called once for each of them: their steps are recorded.
  // Borrows model and log.
  Executor(const TrainRequest& request, Model* model,
           std::unique_ptr<Collective> collective,
           const RecorderFactory& recorder, Log* log);

  // What one step computes for the rows of this process.
  struct Gradients {
    // (slice, D): of the embedding rows; undefined without them. Those of the
    // network stand in model.flat_grad().
    Tensor row_grad;
    // StepSums of each group of rows, in the order of their threads.
    std::vector<Tensor> sums;
  };
  // Forward and backward pass of the rows in `state.batch`, after those that
  // halted took their row of `fresh`. Advances the carry. min_steps (slice)
  // int64, undefined for none. false: interrupted, `state` is unchanged but
  // for gradients.
  bool ComputeGradients(const Batch& fresh, const Tensor& min_steps,
                        const StepSchedule& schedule, TrainState& state,
                        Gradients& out);

  // Adds the gradients of all threads and processes, in a fixed order.
  void ReduceGradients(const StepSchedule& schedule, Gradients& gradients);

  // (slice, …) of this process -> (batch, …) of all processes, on each.
  Tensor GatherRows(const Tensor& own) const;
  Carry GatherCarry(const Carry& own) const;

  // The forward pass of all replicas, and the latents in `carry`.
  void SetForwardDtype(at::ScalarType dtype, Carry& carry);

  // Can a step be stopped in the middle and undone? Only that of a single
  // process on a CPU.
  bool CanUndo() const;

  Collective& collective() const { return *collective_; }
  const std::shared_ptr<BatchThreadPool>& workers() const { return workers_; }
  // Groups of rows that ran from a recording so far.
  int64_t replays() const;

 private:
  // The rows of a group after their step.
  struct BucketDone {
    Tensor index;  // (n) int64: their places in the slice
    BucketOutput output;
    Batch current;
  };

  Model& replica(size_t thread) {
    return thread == 0 ? *model_ : *replicas_[thread - 1];
  }
  // The cycles of all replicas. Clears recordings of other cycles.
  void Configure(const StepSchedule& schedule);
  // The rows of the slice by thread and canvas size.
  std::vector<std::vector<SizeBucket>> DivideRows(
      const BatchState& batch) const;
  // One supervision step of some rows. Adds gradients to the thread's replica
  // and puts those of embedding rows into `row_grad`.
  BucketDone RunBucket(size_t thread, const SizeBucket& group,
                       const Batch& fresh, const Tensor& min_steps,
                       const TrainState& state, Tensor& row_grad);
  BucketInput MakeInput(const Model& model, const SizeBucket& group,
                        const Tensor& index, const Batch& fresh,
                        const Tensor& min_steps, const TrainState& state) const;
  // train.start_noise for rows that begin, train.latent_noise for all. `rows`:
  // their places in the whole batch.
  void AddNoise(const std::vector<int64_t>& rows, int64_t step,
                Carry& carry) const;
  // Writes a group's rows back to their places.
  void KeepCarry(const BucketDone& done, Carry& carry) const;
  void ClearRecordings();

  const TrainOptions train_;
  const uint64_t seed_;
  Model* const model_;
  std::unique_ptr<Collective> collective_;
  std::shared_ptr<BatchThreadPool> workers_;
  // Of all threads but the first, which has the model itself.
  std::vector<std::unique_ptr<Model>> replicas_;
  // By thread; empty: steps are not recorded.
  std::vector<std::unique_ptr<GraphCache>> graphs_;
  // H cycles, L cycles and rows_only of the recorded steps.
  std::array<int, 3> recorded_ = {};
};

}  // namespace arctrm::internal
