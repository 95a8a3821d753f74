// SPDX-License-Identifier: MIT
// Training a model on a dataset until a reason to stop. No Torch here.
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

// How well weights do on what is held out of training, 0 to 1.
struct HeldOutScore {
  double exact = 0;     // share of outputs all right
  double accuracy = 0;  // share of right cells; decides between equals
  friend bool operator==(const HeldOutScore&, const HeldOutScore&) = default;
  friend auto operator<=>(const HeldOutScore&, const HeldOutScore&) = default;
};

// The state of a training run after an optimiser step. Losses and metrics are
// means since the callback before; metrics count rows that halted.
struct TrainStats {
  int64_t step = 0;   // optimiser steps done
  double time_s = 0;  // training time so far, earlier parts included
  // Per row: lm_loss + halt_loss_weight * (q_halt_loss + q_continue_loss).
  double loss = 0;
  double lm_loss = 0;  // cross-entropy, per row
  double q_halt_loss = 0;
  double q_continue_loss = 0;  // 0 without a continue head
  double accuracy = 0;         // share of right tokens
  double exact_accuracy = 0;   // share of rows all right
  double q_halt_accuracy = 0;
  double steps = 0;          // supervision steps until halted
  int64_t halted_rows = 0;   // rows these metrics rest on
  double learning_rate = 0;  // after warm-up
  double steps_per_s = 0;    // over the last seconds
  int64_t row_updates = 0;   // embedding-row updates in all: steps x batch
  // Of the steps, those that a float16 overflow undid: they changed nothing.
  int64_t skipped_steps = 0;
  std::optional<HeldOutScore> held_out;  // where it was just tried
};

// kDiverged: the loss is no number any more.
enum class TrainStop { kSteps, kDeadline, kSignal, kCallback, kDiverged };
const char* TrainStopName(TrainStop stop);

// Everything that decides a training, as pure data: pipeline/frames.h writes it
// as JSON for other processes.
struct TrainSpec {
  ModelOptions model;  // canvas_side must be the dataset's
  TrainOptions train;
  // In a process group "auto" and "cuda" mean the CUDA device local_rank.
  DeviceOptions device;
  uint64_t seed = 0;
  // The name of the run, which every checkpoint carries; "": as in the
  // checkpoint that is resumed.
  std::string run;
  // Start weights, a checkpoint folder; "" for none. Its model options must
  // equal `model` (FailedPrecondition names the first difference).
  std::string checkpoint;
  // Checkpoint folder to write; each save replaces the whole folder. "": none.
  std::string out;
  // Checkpoints go here once one found no room in `out`; "": nowhere. Training
  // is not resumed from it.
  std::string spare_out;
  // Receives the weights with the best held-out score, without resume state.
  // Weights with an equal score, or a lower score than a resumed training had,
  // do not replace them.
  std::string best_out;
  // A save that finds no room there either stays in the memory of this process:
  // only this process can then read `out`, best_out and snapshots
  // (IsOnlyInMemory). false: a last save without room is an error, and earlier
  // ones are left out.
  bool keep_in_memory = false;
  // Continue from `out`; NotFound when it holds no resume state, and
  // FailedPrecondition when its settings or dataset differ. Train() does not
  // compare seed and start weights; CheckResume() does.
  bool resume = false;
  // Number of evenly spaced states of the second half of the training to keep
  // at SnapshotDir(out, 1) …, without resume state.
  int snapshots = 0;
  int64_t max_steps = 0;  // 0: no limit
  // A step or an evaluation that still runs at limits.abort is stopped and
  // undone, as after a signal; single processes on a CPU only.
  StageLimits limits;
  // Measured duration of a step; 0: unknown, the first step always begins.
  double expected_step_s = 0;
};

// Calls during a training, all on rank 0. Each may be empty.
struct TrainHooks {
  // Before the first step, with the steps that the resumed training has done (0
  // for a new one). An error ends the training.
  std::function<absl::Status(int64_t)> on_start;
  // After every step, and once more with the last evaluation. false stops.
  std::function<bool(const TrainStats&)> on_step;
  // After every step: limits.end from then on.
  std::function<Deadline(const TrainStats&)> replan;
  // Scores the weights that would be saved now; an error ends the training.
  // Called every train.evaluate_interval_s seconds of training and at the end;
  // its time counts as training time.
  std::function<absl::StatusOr<HeldOutScore>(Predictor&)> evaluate;
  // After every save that failed, with the reason. Empty: `log` reports the
  // first one.
  std::function<void(const absl::Status&)> on_unsaved;
  Log* log = nullptr;  // borrowed
};

// All processes of a group start with the same spec except for spec.device.
// Together they do what one process does: each computes its slice of every
// batch. Rank 0 alone checks deadline, signals and max_steps, calls the hooks,
// logs and saves; the others follow it. All read `checkpoint`, or `out` when
// `resume`; a training may resume with another number of processes.
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
  double final_save_s = 0;  // what the last save cost
  std::string out;          // where it is: request.spec.out or spare_out
  // With `evaluate`; best_step 0: never tried.
  HeldOutScore best;
  int64_t best_step = 0;
};

// What Train() returns where a training diverged and had saved nothing before.
absl::Status DivergedError(absl::string_view message);
bool IsDiverged(const absl::Status& status);

// Where snapshot `number`, from 1, of a training into `out` is kept.
std::string SnapshotDir(const std::string& out, int number);

// Where the best weights are when they find no room in best_out but do beside
// `spare_out`; best_out then holds none.
std::string SpareBest(const std::string& spare_out);

// Trains, saves at intervals and at every stop; where a signal or the deadline
// comes before the first step could begin, `out` of the result is empty. What
// diverged is not saved: the last checkpoint stands, and when there is none the
// error is one of IsDiverged(). Unavailable where another process of the group
// is gone or late; Aborted where rank 0 ended with an error of its own.
absl::StatusOr<TrainResult> Train(const TrainRequest& request);

// What Train() would refuse of `request`, found without a step and without
// writing: settings, device, and what it begins from, which is read whole: the
// weights of `checkpoint` (shapes, settings, values that are no numbers), or
// with `resume` the state in `out`. Without a dataset what depends on one is
// left out; deadline and callbacks are not used.
absl::Status CheckTraining(const TrainRequest& request);

// How long one optimiser step takes.
struct StepTime {
  double seconds = 0;
  // false: no step came to its end within `seconds`.
  bool complete = false;
};

// A few timed steps after one warm-up step on this device for this model. A
// step on a GPU is not given up in the middle.
absl::StatusOr<StepTime> MeasureStep(const Dataset& dataset,
                                     const ModelOptions& model,
                                     const TrainOptions& train,
                                     const DeviceOptions& device,
                                     const MeasureLimits& limits);

// What `device` names; InvalidArgument for a device that isn't there.
absl::StatusOr<DeviceInfo> DescribeDevice(const DeviceOptions& device,
                                          const TrainOptions& train);

}  // namespace arctrm
