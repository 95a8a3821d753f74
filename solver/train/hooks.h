// SPDX-License-Identifier: MIT
// What happens between two steps, each a class. A new one is added to the list
// in MakeHooks().
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
  // Does OnStep keep or judge the weights this time? They are then checked to
  // be finite first.
  virtual bool Due() const { return false; }
  // Called after every step. `finite`: some hook was due, and the weights are
  // finite. A TrainStop ends the training.
  virtual absl::StatusOr<std::optional<TrainStop>> OnStep(bool finite) = 0;
};

// Scores the weights (request.evaluate) every train.evaluate_interval_s, and
// keeps the best ones.
class EvaluateHook : public TrainHook {
 public:
  EvaluateHook(LoopState& loop, CheckpointWriter& writer);
  bool Due() const override;
  absl::StatusOr<std::optional<TrainStop>> OnStep(bool finite) override;

  absl::Status Evaluate();
  // Are the weights as they are now the ones that were scored last?
  bool UpToDate() const;

 private:
  LoopState& loop_;
  CheckpointWriter& writer_;
  absl::Time last_;
  int64_t last_step_ = -1;
};

// Calls request.on_step, then request.replan.
class MetricsHook : public TrainHook {
 public:
  explicit MetricsHook(LoopState& loop) : loop_(loop) {}
  absl::StatusOr<std::optional<TrainStop>> OnStep(bool finite) override;

 private:
  LoopState& loop_;
};

// Keeps request.snapshots states of the second half of the run.
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
