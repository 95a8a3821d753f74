// SPDX-License-Identifier: MIT
// Trains a model on a dataset until there is a reason to stop. Free of
// LibTorch.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "augment/dataset.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/time_budget.h"
#include "solver/device_info.h"
#include "solver/options.h"
#include "solver/predictor.h"
#include "solver/process_group.h"

namespace arctrm {

// Score on held-out tasks, 0 to 1.
struct HeldOutScore {
  double exact = 0;     // share of fully correct outputs
  double accuracy = 0;  // share of correct cells; breaks ties of `exact`
  friend bool operator==(const HeldOutScore&, const HeldOutScore&) = default;
  friend auto operator<=>(const HeldOutScore&, const HeldOutScore&) = default;
};

// Statistics after an optimiser step. Losses and metrics are means since the
// previous callback; metrics cover batch rows that halted.
struct TrainStats {
  int64_t step = 0;   // optimiser steps done
  double time_s = 0;  // training time so far, earlier parts included
  // Per batch row: lm_loss + halt_loss_weight * (q_halt_loss +
  // q_continue_loss).
  double loss = 0;
  double lm_loss = 0;  // cross-entropy, per batch row
  double q_halt_loss = 0;
  double q_continue_loss = 0;  // 0 without a continue head
  double accuracy = 0;         // share of correct tokens
  double exact_accuracy = 0;   // share of fully correct batch rows
  double q_halt_accuracy = 0;
  double steps = 0;          // supervision steps until halting
  int64_t halted_rows = 0;   // batch rows covered by the metrics
  double learning_rate = 0;  // after warm-up
  double steps_per_s = 0;    // over the last seconds
  int64_t row_updates = 0;   // all embedding row updates: steps x batch
  // Steps that a float16 overflow undid; `step` includes them.
  int64_t skipped_steps = 0;
  std::optional<HeldOutScore> held_out;  // set after an evaluation
};

// kDiverged: the loss became NaN or infinite.
enum class TrainStop { kSteps, kDeadline, kSignal, kCallback, kDiverged };
const char* TrainStopName(TrainStop stop);

// Everything that determines a training, as pure data. The pipeline sends it to
// workers as JSON.
struct TrainSpec {
  ModelOptions model;  // canvas_side must be the dataset's
  TrainOptions train;
  // In a process group, "auto" and "cuda" select CudaIndexOfRank().
  DeviceOptions device;
  uint64_t seed = 0;
  // The name of the run, written to every checkpoint; "": the name in the
  // resumed checkpoint.
  std::string run;
  // Start weights, a checkpoint folder; "" for none. Its model options must
  // equal `model` (FailedPrecondition names the first difference).
  std::string checkpoint;
  // Checkpoint folder to write; each save replaces it. "": none.
  std::string out;
  // Receives the checkpoints once a save found no room in `out`; "": none.
  // Training does not resume from it.
  std::string spare_out;
  // Receives the weights with the best held-out score, without resume state.
  // Weights with an equal score, or a lower score than a resumed training had,
  // do not replace them.
  std::string best_out;
  // Keeps saves without room in the memory of this process: only this process
  // can then read `out`, best_out and snapshots (IsOnlyInMemory). false: a last
  // save without room is an error, and earlier saves without room are skipped.
  bool keep_in_memory = false;
  // Resumes from `out`; NotFound without a resume state, FailedPrecondition if
  // its settings or dataset differ. Train() does not compare seed and start
  // weights; CheckResume() does.
  bool resume = false;
  // Number of snapshots, evenly spaced over the second half of the training and
  // saved to SnapshotDir(out, 1) …, without resume state.
  int snapshots = 0;
  int64_t max_steps = 0;  // 0: no limit
  // At limits.abort a running step or evaluation is stopped and undone, as
  // after a signal; only in a single process on a CPU.
  StageLimits limits;
  // Measured duration of a step; 0: unknown, and the first step always begins.
  double expected_step_s = 0;
};

// Callbacks of a training, all on rank 0. Each may be empty.
struct TrainHooks {
  // Called before the first step with the number of steps already done (0 for a
  // new training). An error ends the training.
  std::function<absl::Status(int64_t)> on_start;
  // Called after every step, and again with the last evaluation. false stops.
  std::function<bool(const TrainStats&)> on_step;
  // Called after every step; returns the new limits.
  std::function<StageLimits(const TrainStats&)> replan;
  // Scores the weights that a save would write; an error ends the training.
  // Called every train.evaluate_interval_s seconds of training and at the end.
  // Its time counts as training time.
  std::function<absl::StatusOr<HeldOutScore>(Predictor&)> evaluate;
  // Called after every failed save with the reason. Empty: `log` reports the
  // first failure.
  std::function<void(const absl::Status&)> on_unsaved;
  Log* log = nullptr;  // borrowed
};

// All processes of a process group get the same spec except for spec.device.
// Each computes its slice of every batch; the result equals that of one
// process. Only rank 0 checks deadline, signals and max_steps, calls the hooks,
// logs and saves. All read `checkpoint`, or `out` with `resume`; a training may
// resume with another number of processes.
struct TrainRequest {
  const Dataset* dataset = nullptr;  // borrowed
  ProcessGroup group;
  TrainSpec spec;
  TrainHooks hooks;
};

struct TrainResult {
  TrainStop stop = TrainStop::kSteps;
  int64_t steps = 0;
  double time_s = 0;  // of this call
  double steps_per_s = 0;
  double final_save_s = 0;  // duration of the last save
  std::string out;          // the checkpoint: request.spec.out or spare_out
  // With `evaluate` only; best_step 0: never evaluated.
  HeldOutScore best;
  int64_t best_step = 0;
};

// The error of Train() for a training that diverged before its first save.
absl::Status DivergedError(absl::string_view message);
bool IsDiverged(const absl::Status& status);

// The folder of snapshot `number`, from 1, of a training into `out`.
std::string SnapshotDir(const std::string& out, int number);

// The folder of the best weights if best_out has no room; best_out then holds
// none.
std::string SpareBest(const std::string& spare_out);

// Trains, and saves at intervals and at every stop. `out` of the result is
// empty if a signal or the deadline came before the first step. Diverged
// weights are not saved: the last checkpoint stays, and without one the error
// is IsDiverged(). Unavailable if another process of the group is lost or late;
// Aborted if rank 0 ended with an error.
absl::StatusOr<TrainResult> Train(const TrainRequest& request);

// Returns the error that Train() would return for `request`, without training
// or writing. Checks settings and device, and reads the start weights in full:
// those of `checkpoint` (shapes, settings, finite values), or with `resume` the
// state in `out`. Without a dataset it skips the checks that need one. Ignores
// deadline and callbacks.
absl::Status CheckTraining(const TrainRequest& request);

// How long one optimiser step takes.
struct StepTime {
  double seconds = 0;
  // false: no step ended within `seconds`.
  bool complete = false;
};

// Times a few steps of this model on this device after one warm-up step. A
// running step on a GPU is never interrupted.
absl::StatusOr<StepTime> MeasureStep(const Dataset& dataset,
                                     const ModelOptions& model,
                                     const TrainOptions& train,
                                     const DeviceOptions& device,
                                     const MeasureLimits& limits);

// The device that `device` names; InvalidArgument if it does not exist.
absl::StatusOr<DeviceInfo> DescribeDevice(const DeviceOptions& device,
                                          const TrainOptions& train);

}  // namespace arctrm
