// SPDX-License-Identifier: MIT
// Computes the gradients of a step: divides the batch rows among threads and
// processes, runs them directly or from recordings, and sums the results.
#pragma once

#include <array>
#include <cstdint>
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

class Executor {
 public:
  // Makes one replica of `model` per computing thread. `recorder` may be empty;
  // otherwise each thread gets one recorder, which records its steps. Borrows
  // model and log.
  Executor(const TrainRequest& request, Model* model,
           std::unique_ptr<Collective> collective,
           const RecorderFactory& recorder, Log* log);

  // The results of one step for the batch rows of this process.
  struct Gradients {
    // (slice, D): of the embedding rows; undefined without them.
    // model.flat_grad() has the gradients of the network.
    Tensor embedding_grad;
    // Packed metrics of each size bucket, ordered by thread. After
    // ReduceGradients(): one sum.
    std::vector<Tensor> metrics;
  };
  // Replaces halted batch rows of `state.batch` by `fresh`, runs the forward
  // and backward pass and advances the carry. min_steps (slice) int64,
  // undefined: none. false: interrupted; only gradients of `state` have
  // changed.
  bool ComputeGradients(const Batch& fresh, const Tensor& min_steps,
                        const StepSchedule& schedule, TrainState& state,
                        Gradients& out);

  // Adds the gradients and metrics of all threads and processes, in a fixed
  // order.
  void ReduceGradients(const StepSchedule& schedule, Gradients& gradients);

  // (slice, …) of each process -> (batch, …) on all processes.
  Tensor GatherRows(const Tensor& own) const;
  Carry GatherCarry(const Carry& own) const;

  // Sets the dtype of all replicas' forward passes and of the latents in
  // `carry`.
  void SetForwardDtype(at::ScalarType dtype, Carry& carry);

  // Can a running step be interrupted and undone? Only in a single process on a
  // CPU.
  bool CanUndo() const;

  Collective& collective() const { return *collective_; }
  const std::shared_ptr<BatchThreadPool>& workers() const { return workers_; }
  // Size buckets that ran from a recording so far.
  int64_t replays() const;

 private:
  // A size bucket after its step.
  struct BucketDone {
    Tensor index;  // (n) int64: batch rows within the slice
    BucketOutput output;
    Batch current;
  };

  Model& replica(size_t thread) {
    return thread == 0 ? *model_ : *replicas_[thread - 1];
  }
  // Sets the cycles of all replicas. Clears recordings of other schedules.
  void Configure(const StepSchedule& schedule);
  // The size buckets of the slice, by thread.
  std::vector<std::vector<SizeBucket>> DivideRows(
      const BatchState& batch) const;
  // One supervision step of a size bucket. Adds gradients to the thread's
  // replica and writes those of embedding rows to `embedding_grad`.
  BucketDone RunBucket(size_t thread, const SizeBucket& bucket,
                       const Batch& fresh, const Tensor& min_steps,
                       const TrainState& state, Tensor& embedding_grad);
  BucketInput MakeInput(const Model& model, const SizeBucket& bucket,
                        const Tensor& index, const Batch& fresh,
                        const Tensor& min_steps, const TrainState& state) const;
  // Adds train.start_noise to new examples and train.latent_noise to all.
  // `rows`: batch rows within the whole batch.
  void AddNoise(const std::vector<int64_t>& rows, int64_t step,
                Carry& carry) const;
  // Writes a size bucket back to the carry of the slice.
  void KeepCarry(const BucketDone& done, Carry& carry) const;
  void ClearRecordings();

  const TrainOptions train_;
  const LossOptions loss_;
  const uint64_t seed_;
  Model* const model_;
  std::unique_ptr<Collective> collective_;
  std::shared_ptr<BatchThreadPool> workers_;
  // One per thread except the first, which uses *model_.
  std::vector<std::unique_ptr<Model>> replicas_;
  // One per thread; empty: steps are not recorded.
  std::vector<std::unique_ptr<GraphCache>> graphs_;
  // H cycles, L cycles and rows_only of the recordings.
  std::array<int, 3> recorded_ = {};
};

}  // namespace arctrm::internal
