// SPDX-License-Identifier: MIT
#include "solver/train.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files.h"
#include "base/interrupt.h"
#include "base/status.h"
#include "base/stop.h"
#include "base/watchdog.h"
#include "solver/checkpoint_info.h"
#include "solver/internal/device.h"
#include "solver/internal/step_stats.h"
#include "solver/internal/trainer.h"

namespace arctrm {
namespace {

using internal::ReadSums;
using internal::StepSums;
using internal::Trainer;
using SaveAs = Trainer::SaveAs;

double Seconds(absl::Time from, absl::Time to) {
  return absl::ToDoubleSeconds(to - from);
}

// What rank 0 has all ranks do next.
struct Order {
  enum Kind { kStep, kSave, kStop, kFail };
  Kind kind = kStep;
  double value = 0;  // kStep: progress; kStop: the TrainStop
};

// Every rank calls it; all return what rank 0 gave.
Order Agree(const Trainer& trainer, Order order = {}) {
  if (trainer.collective().size() == 1) return order;
  at::Tensor word = at::empty({2}, at::kDouble);
  double* at = word.mutable_data_ptr<double>();
  at[0] = order.kind;
  at[1] = order.value;
  trainer.collective().Broadcast(word);
  return {static_cast<Order::Kind>(static_cast<int>(at[0])), at[1]};
}

// Of the ranks but 0.
absl::StatusOr<TrainResult> Follow(Trainer& trainer) {
  const absl::Time start = RealClock().Now();
  TrainResult result;
  StepSums sums;
  for (;;) {
    const Order order = Agree(trainer);
    if (order.kind == Order::kStep) {
      trainer.Step(sums, order.value);
      ++result.steps;
      trainer.Reduce(sums);
      sums = {};
    } else if (order.kind == Order::kSave) {
      trainer.HelpSave();
    } else if (order.kind == Order::kStop) {
      result.stop = static_cast<TrainStop>(static_cast<int>(order.value));
      break;
    } else {
      return absl::AbortedError(
          absl::StrCat("rank ", trainer.collective().rank(), " of ",
                       trainer.collective().size(),
                       ": rank 0 ended with an error, which it reports"));
    }
  }
  result.time_s = Seconds(start, RealClock().Now());
  result.steps_per_s =
      static_cast<double>(result.steps) / std::max(result.time_s, 1e-9);
  return result;
}

// Says what stands when the last save failed.
absl::Status LastSave(const absl::Status& saved, const std::string& out) {
  if (saved.ok()) return saved;
  const absl::StatusOr<CheckpointInfo> before = ReadCheckpointInfo(out);
  return absl::Status(
      saved.code(),
      absl::StrCat(
          "the trained weights could not be saved: ", saved.message(),
          before.ok()
              ? absl::StrCat("; ", out, " holds those of step ", before->step)
              : absl::StrCat("; ", out, " holds none")));
}

// Of rank 0. Ends with an order to stop unless there is an error.
absl::StatusOr<TrainResult> Lead(const TrainRequest& request,
                                 Trainer& trainer) {
  const Clock& clock = RealClock();
  const absl::Time start = clock.Now();
  absl::Time last_save = start;
  TrainResult result;
  TrainStats stats;
  StepSums sums;
  Deadline deadline = request.deadline;
  double step_s = request.expected_step_s;  // running mean of one step
  double save_s = 0;
  const auto time_s = [&] {
    return trainer.earlier_time_s() + Seconds(start, clock.Now());
  };
  // Of the steps or of the time, whichever is further on.
  const auto progress = [&] {
    double share = 0;
    if (request.max_steps > 0) {
      share = static_cast<double>(trainer.step()) /
              static_cast<double>(request.max_steps);
    }
    if (!deadline.IsInfinite()) {
      const double left =
          std::max(0.0, absl::ToDoubleSeconds(deadline.Remaining()));
      share = std::max(share, time_s() / std::max(time_s() + left, 1e-9));
    }
    return std::min(share, 1.0);
  };
  absl::Time last_evaluation = start;
  int64_t last_evaluated_step = -1;
  double evaluation_s = 0;
  const auto save_to = [&](const std::string& dir, SaveAs what) {
    Agree(trainer, {Order::kSave});
    return trainer.Save(dir, time_s(), what);
  };
  result.out = request.out;
  double patience = 1;  // grows while saves find no room
  bool told = false;
  // What finds no room now may find some later: the last save decides.
  const auto unless_full = [&](const absl::Status& status) {
    if (status.ok()) return status;
    if (request.on_unsaved) {
      request.on_unsaved(status);
    } else if (request.log != nullptr && !told) {
      request.log->Warning(absl::StrCat("not saved, as all that ",
                                        absl::IsResourceExhausted(status)
                                            ? "finds no room: "
                                            : "can't be written: ",
                                        status.message()));
    }
    told = true;
    return absl::OkStatus();
  };
  // `last`: nothing comes after it.
  const auto save = [&](bool last) -> absl::Status {
    const absl::Time before = clock.Now();
    absl::Status saved = save_to(result.out, SaveAs::kWhole);
    if (!saved.ok() && !request.spare_out.empty() &&
        result.out != request.spare_out) {
      if (request.log != nullptr) {
        request.log->Warning(absl::StrCat(saved.message(), "; saving in ",
                                          request.spare_out, " from here on"));
      }
      saved = save_to(request.spare_out, SaveAs::kWhole);
      if (saved.ok()) result.out = request.spare_out;
    }
    last_save = clock.Now();
    if (saved.ok()) {
      patience = 1;
      save_s = Seconds(before, last_save);
      return saved;
    }
    patience = std::min(2 * patience, 64.0);
    if (!last) return unless_full(saved);
    if (!request.keep_in_memory) return saved;
    ARCTRM_RETURN_IF_ERROR(unless_full(saved));
    return save_to(result.out, SaveAs::kInMemory);
  };
  // Weights that are voted with beside the last ones. False: not kept.
  const auto save_weights = [&](const std::string& dir) -> bool {
    const absl::Status saved = save_to(dir, SaveAs::kWeights);
    if (saved.ok()) return true;
    unless_full(saved).IgnoreError();
    return request.keep_in_memory && save_to(dir, SaveAs::kInMemory).ok();
  };
  const auto save_best_in_spare = [&] {
    if (request.spare_out.empty() ||
        !save_to(SpareBest(request.spare_out), SaveAs::kWeights).ok()) {
      return false;
    }
    // Better than those, which would otherwise be taken.
    return RemoveAll(request.best_out).ok();
  };
  const auto save_due = [&] {
    return !request.out.empty() && request.train.checkpoint_interval_s > 0 &&
           Seconds(last_save, clock.Now()) >=
               patience * request.train.checkpoint_interval_s;
  };
  // Snapshots that lie behind.
  int snapshots = 0;
  const auto snapshot_due = [&] {
    return snapshots < request.snapshots &&
           progress() >= 0.5 + 0.5 * (snapshots + 1) / (request.snapshots + 1);
  };
  while (snapshot_due()) ++snapshots;
  const auto save_snapshots = [&] {
    while (snapshot_due()) {
      save_weights(SnapshotDir(result.out, ++snapshots));
    }
  };
  const auto evaluate = [&]() -> absl::Status {
    const absl::Time before = clock.Now();
    const std::unique_ptr<Predictor> predictor = trainer.MakePredictor();
    absl::StatusOr<HeldOutScore> tried;
    {
      const InterruptScope interruptible(request.abort);
      tried = request.evaluate(*predictor);
    }
    // The loop stops for the same reason.
    if (absl::IsCancelled(tried.status())) return absl::OkStatus();
    ARCTRM_ASSIGN_OR_RETURN(const HeldOutScore score, std::move(tried));
    stats.held_out = score;
    if (trainer.best_step == 0 || score > trainer.best) {
      // What could not be kept is not what others have to beat.
      if (request.best_out.empty() || save_weights(request.best_out) ||
          save_best_in_spare()) {
        trainer.best = score;
        trainer.best_step = trainer.step();
      }
      // A run that is killed from here on knows what it has to beat.
      if (!request.best_out.empty() && !request.out.empty()) {
        ARCTRM_RETURN_IF_ERROR(save(/*last=*/false));
      }
    }
    last_evaluated_step = trainer.step();
    last_evaluation = clock.Now();
    evaluation_s = Seconds(before, last_evaluation);
    return absl::OkStatus();
  };
  if (request.on_start) {
    ARCTRM_RETURN_IF_ERROR(request.on_start(trainer.step()));
  }
  for (;;) {
    if (request.max_steps > 0 && trainer.step() >= request.max_steps) {
      result.stop = TrainStop::kSteps;
      break;
    }
    if (StopSignal() != 0) {
      AcknowledgeStop();
      result.stop = TrainStop::kSignal;
      break;
    }
    // Stop while one more step, an evaluation and the saves still fit: the last
    // one, and two more when the evaluation finds better weights than before.
    const int saves = request.evaluate ? 3 : 1;
    if (deadline.Remaining() <=
        absl::Seconds(1.25 * step_s + saves * save_s + 1.25 * evaluation_s)) {
      result.stop = TrainStop::kDeadline;
      break;
    }
    const absl::Time before = clock.Now();
    const Order order = Agree(trainer, {Order::kStep, progress()});
    if (!trainer.Step(sums, order.value, request.abort)) {
      AcknowledgeStop();
      result.stop =
          StopSignal() != 0 ? TrainStop::kSignal : TrainStop::kDeadline;
      break;
    }
    ++result.steps;
    trainer.Reduce(sums);
    ReadSums(sums, request.train, stats);
    sums = {};
    if (!std::isfinite(stats.loss)) {
      result.stop = TrainStop::kDiverged;
      break;
    }
    const double took = Seconds(before, clock.Now());
    step_s = step_s == 0 ? took : 0.9 * step_s + 0.1 * took;
    stats.step = trainer.step();
    stats.time_s = time_s();
    stats.learning_rate = trainer.learning_rate();
    stats.steps_per_s = 1 / std::max(step_s, 1e-9);
    stats.skipped_steps = trainer.loss_scale.skipped_steps;
    stats.row_updates =
        (trainer.step() - stats.skipped_steps) * request.train.batch;
    stats.held_out.reset();
    const bool evaluation_due =
        request.evaluate && Seconds(last_evaluation, clock.Now()) >=
                                request.train.evaluate_interval_s;
    // The loss is that of the weights before the step. What becomes due from
    // here on is done after the next one.
    const bool keeps = evaluation_due || save_due() || snapshot_due();
    if (keeps && !trainer.Finite()) {
      result.stop = TrainStop::kDiverged;
      break;
    }
    if (evaluation_due) {
      ARCTRM_RETURN_IF_ERROR(evaluate());
    }
    if (request.on_step && !request.on_step(stats)) {
      result.stop = TrainStop::kCallback;
      break;
    }
    if (request.replan) deadline = request.replan(stats);
    // Before the state that a resumed training goes on from, which passes over
    // the snapshots that lie behind it.
    if (keeps && !request.out.empty()) {
      save_snapshots();
    }
    if (keeps && save_due()) {
      ARCTRM_RETURN_IF_ERROR(save(/*last=*/false));
    }
  }
  if (!trainer.Finite()) result.stop = TrainStop::kDiverged;
  const absl::Time end = clock.Now();
  result.time_s = Seconds(start, end);
  result.steps_per_s =
      static_cast<double>(result.steps) / std::max(result.time_s, 1e-9);
  result.best = trainer.best;
  result.best_step = trainer.best_step;
  if (result.stop == TrainStop::kDiverged) {
    const std::string what =
        absl::StrCat("the loss is no number any more at step ", trainer.step(),
                     "; lower train.learning_rate, or use float32");
    // What diverged never takes the place of what did not.
    if (request.out.empty() || !ReadCheckpointInfo(result.out).ok()) {
      return absl::OutOfRangeError(what);
    }
    if (request.log != nullptr) {
      request.log->Warning(absl::StrCat(what, "; the last checkpoint stands"));
    }
    Agree(trainer, {Order::kStop, static_cast<double>(result.stop)});
    return result;
  }
  // Not after a signal: who asked to stop wants to wait for the save alone.
  if (request.evaluate && result.stop != TrainStop::kSignal &&
      result.stop != TrainStop::kCallback &&
      last_evaluated_step != trainer.step()) {
    ARCTRM_RETURN_IF_ERROR(evaluate());
    if (request.on_step) request.on_step(stats);
    result.best = trainer.best;
    result.best_step = trainer.best_step;
  }
  if (!request.out.empty()) {
    ARCTRM_RETURN_IF_ERROR(LastSave(save(/*last=*/true), request.out));
    result.final_save_s = save_s;
  }
  Agree(trainer, {Order::kStop, static_cast<double>(result.stop)});
  return result;
}

absl::StatusOr<TrainResult> Loop(const TrainRequest& request,
                                 Trainer& trainer) {
  if (trainer.collective().rank() > 0) return Follow(trainer);
  absl::StatusOr<TrainResult> result = Lead(request, trainer);
  // Exceptions pass: then the group itself may be what failed.
  if (!result.ok()) Agree(trainer, {Order::kFail});
  return result;
}

absl::Status CheckShares(const TrainRequest& request) {
  if (request.max_steps <= 0 && request.deadline.IsInfinite() &&
      (request.train.rows_only_share > 0 || request.train.decay_share > 0 ||
       request.train.curriculum_share > 0)) {
    return absl::InvalidArgumentError(
        "train.rows_only_share, train.decay_share and train.curriculum_share "
        "are shares of a run whose end is known; give --steps or --time-limit");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTraining(const TrainRequest& request) {
  ARCTRM_RETURN_IF_ERROR(CheckShares(request));
  return internal::CatchTorch(
      [&]() -> absl::Status { return Trainer::Check(request); });
}

absl::StatusOr<TrainResult> Train(const TrainRequest& request) {
  ARCTRM_CHECK(request.dataset != nullptr);
  ARCTRM_RETURN_IF_ERROR(CheckShares(request));
  absl::StatusOr<std::unique_ptr<Trainer>> trainer = internal::CatchTorch([&] {
    const InterruptScope interruptible(request.abort);
    return Trainer::Create(request);
  });
  if (absl::IsCancelled(trainer.status()) && request.group.size == 1) {
    // Nothing was trained and nothing is saved.
    AcknowledgeStop();
    TrainResult result;
    result.stop = StopSignal() != 0 ? TrainStop::kSignal : TrainStop::kDeadline;
    return result;
  }
  ARCTRM_RETURN_IF_ERROR(trainer.status());
  return internal::CatchTorch([&] { return Loop(request, **trainer); });
}

absl::StatusOr<StepTime> MeasureStep(const Dataset& dataset,
                                     const ModelOptions& model,
                                     const TrainOptions& train,
                                     const DeviceOptions& device,
                                     const MeasureLimits& limits) {
  const Clock& clock = RealClock();
  const absl::Time start = clock.Now();
  const Deadline give_up(clock, absl::Seconds(limits.give_up_s));
  const auto elapsed_s = [&] { return Seconds(start, clock.Now()); };
  StepTime time;
  const absl::Status measured = internal::CatchTorch([&]() -> absl::Status {
    TrainRequest request;
    request.dataset = &dataset;
    request.model = model;
    request.train = train;
    request.device = device;
    const InterruptScope interruptible(give_up);
    ARCTRM_ASSIGN_OR_RETURN(const std::unique_ptr<Trainer> trainer,
                            Trainer::Create(request));
    StepSums sums;
    TrainStats stats;
    // The first one also warms up.
    for (int i = 0; i < 6; ++i) {
      if (i > 0 && elapsed_s() + time.seconds >= limits.repeat_s) break;
      const absl::Time before = clock.Now();
      if (!trainer->Step(sums, /*progress=*/1, give_up)) break;
      ReadSums(sums, train, stats);  // waits for the device
      const double took = Seconds(before, clock.Now());
      time.seconds = time.complete ? std::min(time.seconds, took) : took;
      time.complete = true;
    }
    return absl::OkStatus();
  });
  if (!measured.ok() && !absl::IsCancelled(measured)) return measured;
  if (!time.complete) time.seconds = elapsed_s();
  return time;
}

absl::StatusOr<std::string> DescribeDevice(const DeviceOptions& options,
                                           const TrainOptions& train) {
  return internal::CatchTorch([&]() -> absl::StatusOr<std::string> {
    ARCTRM_ASSIGN_OR_RETURN(const at::Device device,
                            internal::OpenDevice(options));
    const char* precision = internal::PrecisionName(
        internal::ForwardDtype(train.precision, device));
    if (device.is_cuda()) {
      const int index = static_cast<int>(device.index());
      const auto info = internal::DescribeCudaDevice(index);
      return absl::StrCat("CUDA device ", index,
                          info.has_value()
                              ? absl::StrCat(" (", info->name, ", ",
                                             info->memory_bytes >> 30, " GiB)")
                              : "",
                          ", ", precision);
    }
    return absl::StrCat("CPU, ", at::get_num_threads(),
                        at::get_num_threads() == 1 ? " thread, " : " threads, ",
                        precision);
  });
}

}  // namespace arctrm
