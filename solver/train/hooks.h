// SPDX-License-Identifier: MIT
// Actions between two steps, one class each. LeaderLoop (loop.cc) lists them.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "solver/train.h"
#include "solver/train/checkpoint_writer.h"
#include "solver/train/loop.h"

namespace arctrm::internal {

class TrainHook {
 public:
  virtual ~TrainHook() = default;
  // Will OnStep save or evaluate the weights? The loop first checks that they
  // are finite.
  virtual bool Due() const { return false; }
  // Called after every step. `finite`: a hook was due and the weights are
  // finite. A TrainStop ends the training.
  virtual absl::StatusOr<std::optional<TrainStop>> OnStep(bool finite) = 0;
};

// Evaluates the weights (hooks.evaluate) every train.evaluate_interval_s and
// saves the best ones.
class EvaluateHook : public TrainHook {
 public:
  EvaluateHook(LoopState& loop, CheckpointWriter& writer);
  bool Due() const override;
  absl::StatusOr<std::optional<TrainStop>> OnStep(bool finite) override;

  absl::Status Evaluate();
  // Were the current weights the last ones evaluated?
  bool UpToDate() const;

 private:
  LoopState& loop_;
  CheckpointWriter& writer_;
  absl::Time last_;
  int64_t last_step_ = -1;
};

// Calls hooks.on_step, then hooks.replan.
class MetricsHook : public TrainHook {
 public:
  explicit MetricsHook(LoopState& loop) : loop_(loop) {}
  absl::StatusOr<std::optional<TrainStop>> OnStep(bool finite) override;

 private:
  LoopState& loop_;
};

// Saves spec.snapshots snapshots in the second half of the training.
class SnapshotHook : public TrainHook {
 public:
  SnapshotHook(LoopState& loop, CheckpointWriter& writer);
  bool Due() const override;
  absl::StatusOr<std::optional<TrainStop>> OnStep(bool finite) override;

 private:
  LoopState& loop_;
  CheckpointWriter& writer_;
  int done_ = 0;
};

// Saves every train.checkpoint_interval_s.
class CheckpointHook : public TrainHook {
 public:
  explicit CheckpointHook(CheckpointWriter& writer) : writer_(writer) {}
  bool Due() const override { return writer_.Due(); }
  absl::StatusOr<std::optional<TrainStop>> OnStep(bool finite) override;

 private:
  CheckpointWriter& writer_;
};

}  // namespace arctrm::internal
