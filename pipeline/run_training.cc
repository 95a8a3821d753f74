// SPDX-License-Identifier: MIT
#include "pipeline/run_training.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files.h"
#include "base/out_of_memory.h"
#include "base/printable.h"
#include "base/status.h"
#include "base/stop.h"
#include "pipeline/replanner.h"
#include "pipeline/train_recorded.h"
#include "solver/checkpoint_info.h"
#include "solver/train.h"

namespace arctrm {
namespace {

// Continues from the last saved weights with other settings, which a resumed
// training could not have.
void RestartFromSaved(TrainRequest& request) {
  request.spec.checkpoint = request.spec.out;
  // Otherwise a worker that dies before the next save would resume from it.
  (void)DropResumeState(request.spec.out);
}

// Training has ended; the weights in `out` vote, "" for none.
TrainResult EndedWith(const std::string& out) {
  TrainResult result;
  result.stop = TrainStop::kDeadline;
  result.out = out;
  return result;
}

class RunTraining {
 public:
  RunTraining(const Dataset& dataset, const std::vector<HeldOutPair>& held_out,
              TimeBudget& budget, Engine& engine, RunOptions& options,
              RunJournal& journal, MeasuredPlan& planned)
      : dataset_(dataset),
        held_out_(held_out),
        budget_(budget),
        engine_(engine),
        options_(options),
        journal_(journal),
        planned_(planned),
        spare_(options.spare.empty() ? ""
                                     : JoinPath(options.spare, "checkpoint")) {}

  absl::StatusOr<TrainedRun> Run();

 private:
  // The weights of a training that an earlier process finished.
  TrainedRun FinishedBefore() const;
  // Whether there is neither time for a step nor any weights that could vote;
  // warns if so.
  bool NothingToDo();
  TrainRequest MakeRequest();
  // Continues the training of a resumed run, where it had saved anything.
  void Resume(TrainRequest& request);
  // Divides the remaining time anew and returns the limits of the training.
  StageLimits Replan(const TrainStats& stats);
  std::string DatasetDir() const;
  absl::StatusOr<TrainResult> TrainOnce(const TrainRequest& request);
  // Trains; in an unattended run works around failures as long as weights may
  // still come out of it.
  absl::StatusOr<TrainResult> TrainUntilDone(TrainRequest request);
  // Works around a failure. Returns true to train again with the changed
  // request, false if nothing helps.
  bool WorkAround(const absl::StatusOr<TrainResult>& result, bool diverged,
                  bool saved, TrainRequest& request);
  // Adds the training to record, log and report.
  void Record(const TrainResult& result, const TrainedRun& trained);
  absl::Status RecordRowUpdates(const std::string& checkpoint);

  const Dataset& dataset_;
  const std::vector<HeldOutPair>& held_out_;
  TimeBudget& budget_;
  Engine& engine_;
  RunOptions& options_;
  RunJournal& journal_;
  MeasuredPlan& planned_;
  const std::string spare_;             // checkpoint folder; "" for none
  std::optional<Replanner> replanner_;  // of a training with a deadline
  bool slowed_ = false;                 // after a divergence
};

absl::StatusOr<TrainedRun> RunTraining::Run() {
  if (journal_.record().training_done) return FinishedBefore();
  const double started = journal_.ElapsedS();
  if (NothingToDo()) return TrainedRun();
  const TrainRequest request = MakeRequest();
  ARCTRM_ASSIGN_OR_RETURN(const TrainResult result, TrainUntilDone(request));
  TrainedRun trained;
  trained.stopped = result.stop == TrainStop::kSignal;
  trained.checkpoint = result.out;
  if (result.out.empty() && ReadCheckpointInfo(request.spec.out).ok()) {
    trained.checkpoint = request.spec.out;
  }
  Record(result, trained);
  journal_.AddTiming("training", journal_.ElapsedS() - started);
  if (!trained.checkpoint.empty()) {
    ARCTRM_RETURN_IF_ERROR(journal_.DowngradeToWarning(
        RecordRowUpdates(trained.checkpoint), "updates of embedding rows"));
  }
  journal_.Keep(
      journal_.Save(trained.stopped ? journal_.record().status : "voting"));
  return trained;
}

TrainedRun RunTraining::FinishedBefore() const {
  TrainedRun trained;
  trained.checkpoint = journal_.folder().checkpoint_dir();
  if (!IsDirectory(trained.checkpoint) && !spare_.empty()) {
    trained.checkpoint = spare_;
  }
  return trained;
}

bool RunTraining::NothingToDo() {
  if (!budget_.limited() || planned_.plan.steps > 0 ||
      !options_.checkpoint.empty() ||
      ReadCheckpointInfo(journal_.folder().checkpoint_dir()).ok()) {
    return false;
  }
  journal_.Warn(absl::StrFormat(
      "no training step fits into the time (one takes %s%s), and without "
      "trained weights nothing can be answered; give more time, a smaller "
      "network (--recipe small), a smaller train.batch, or weights "
      "(--checkpoint)",
      planned_.inputs.step_complete ? "" : "more than ",
      DurationText(absl::Seconds(planned_.inputs.step_s))));
  return true;
}

TrainRequest RunTraining::MakeRequest() {
  ForgetCheckpointsInMemory();
  // Checkpoints there belong to an earlier process.
  if (!spare_.empty()) {
    (void)RemoveAll(spare_);
    (void)RemoveAll(SpareBest(spare_));
  }
  TrainRequest request;
  request.dataset = &dataset_;
  TrainSpec& spec = request.spec;
  spec = options_.ToTrainSpec();
  spec.snapshots = options_.planning.snapshots;
  spec.run = journal_.record().run;
  spec.out = journal_.folder().checkpoint_dir();
  spec.spare_out = spare_;
  spec.keep_in_memory = !engine_.NeedsFiles();
  request.hooks.on_unsaved = [this](const absl::Status& why) {
    journal_.Unsaved(why);
  };
  if (options_.resume) Resume(request);
  if (budget_.limited()) {
    replanner_.emplace(planned_.plan, planned_.inputs, options_, budget_);
    spec.limits = budget_.Training();
    spec.expected_step_s = planned_.inputs.step_s;
    request.hooks.replan = [this](const TrainStats& stats) {
      return Replan(stats);
    };
  }
  if (!held_out_.empty()) {
    spec.best_out = journal_.folder().best_dir();
    request.hooks.evaluate = [this](Predictor& predictor) {
      return ScoreHeldOut(predictor, held_out_);
    };
  }
  return request;
}

void RunTraining::Resume(TrainRequest& request) {
  const absl::StatusOr<CheckpointInfo> saved =
      ReadCheckpointInfo(request.spec.out);
  if (!saved.ok()) return;
  request.spec.resume = saved->has_resume_state || !options_.unattended;
  if (!request.spec.resume) {
    // The run ended between RestartFromSaved() and the next save.
    request.spec.checkpoint = request.spec.out;
  } else if (options_.unattended) {
    // Keeps settings that WorkAround() changed.
    options_.train = saved->train;
  } else {
    // The settings are the run's; lack of memory may have shrunk the batch.
    options_.train.batch = saved->train.batch;
  }
  request.spec.train = options_.train;
}

StageLimits RunTraining::Replan(const TrainStats& stats) {
  const std::string reason = replanner_->MaybeReplan(stats.step);
  if (!reason.empty()) {
    journal_.log().Info(absl::StrCat("new plan: ", reason));
    journal_.Section("Plan").emplace_back(
        absl::StrCat("after ",
                     DurationText(absl::Seconds(journal_.ElapsedS()))),
        reason);
    planned_.plan = replanner_->plan();
    journal_.record().planned_steps = planned_.plan.steps;
  }
  return budget_.Training();
}

// The dataset is in the spare folder where the work folder had no room.
std::string RunTraining::DatasetDir() const {
  std::string dir = journal_.folder().dataset_dir();
  if (options_.spare.empty() || FileExists(JoinPath(dir, "dataset.json"))) {
    return dir;
  }
  return JoinPath(options_.spare, "dataset");
}

absl::StatusOr<TrainResult> RunTraining::TrainOnce(
    const TrainRequest& request) {
  absl::StatusOr<TrainResult> result = TrainRecorded(
      [this](const TrainRequest& r) {
        return engine_.Train({r, DatasetDir(), options_.planning.held_out});
      },
      request, journal_.folder(),
      options_.steps > 0 ? options_.steps : planned_.plan.steps, budget_.end(),
      journal_.log());
  journal_.TakeWarnings(engine_);
  return result;
}

absl::StatusOr<TrainResult> RunTraining::TrainUntilDone(TrainRequest request) {
  bool start_weights_only = false;  // no steps, only rows for the new tasks
  for (;;) {
    absl::StatusOr<TrainResult> result = TrainOnce(request);
    if (!options_.unattended || StopSignal() != 0) return result;
    const bool diverged = result.ok() ? result->stop == TrainStop::kDiverged
                                      : IsDiverged(result.status());
    if (result.ok() && !diverged) return result;
    SwitchToSpareFolder(request);
    const bool saved = ReadCheckpointInfo(request.spec.out).ok();
    const Deadline end = budget_.Training().end;
    if (!result.ok()) {
      journal_.Warn(absl::StrCat("training: ", result.status().message()));
    }
    if (WorthTraining(end) && WorkAround(result, diverged, saved, request)) {
      request.spec.limits = budget_.Training();
    } else if (saved && !result.ok()) {
      journal_.Warn("the weights of the last save vote");
      return EndedWith(request.spec.out);
    } else if (!WorthTraining(end) && absl::IsUnavailable(result.status())) {
      if (start_weights_only || options_.checkpoint.empty() ||
          !budget_.WorthStartWeights(engine_.StartSeconds())) {
        return EndedWith("");
      }
      journal_.Warn("the start weights vote");
      start_weights_only = true;
      request.spec.checkpoint = options_.checkpoint;
      request.spec.limits = {Deadline(RealClock(), absl::ZeroDuration()),
                             budget_.Voting().end};
    } else {
      return result;
    }
    request.spec.train = options_.train;
    request.spec.resume = false;
  }
}

bool RunTraining::WorkAround(const absl::StatusOr<TrainResult>& result,
                             bool diverged, bool saved, TrainRequest& request) {
  constexpr double kSlower = 0.2;
  const char* const from =
      saved ? " from the last checkpoint" : " from the start";
  if (diverged && !slowed_) {
    slowed_ = true;
    options_.train.learning_rate *= kSlower;
    options_.train.puzzle_learning_rate *= kSlower;
    options_.train.precision = "float32";
    if (saved) RestartFromSaved(request);
    journal_.Warn(absl::StrCat(
        "training diverged: going on in float32 with train.learning_rate ",
        options_.train.learning_rate, from));
    return true;
  }
  if (IsOutOfMemory(result.status()) && HalveBatch(engine_, options_)) {
    if (saved) RestartFromSaved(request);
    journal_.Warn(
        absl::StrCat("going on with train.batch ", options_.train.batch, from));
    return true;
  }
  if (!result.ok() && !saved && !request.spec.checkpoint.empty() &&
      !absl::IsResourceExhausted(result.status())) {
    journal_.Warn("training begins without the start weights");
    request.spec.checkpoint.clear();
    return true;
  }
  return false;
}

void RunTraining::Record(const TrainResult& result, const TrainedRun& trained) {
  RunRecord& record = journal_.record();
  // Weights in memory alone are lost with this process: a resumed run trains
  // again.
  record.training_done = !trained.stopped && !trained.checkpoint.empty() &&
                         !IsOnlyInMemory(trained.checkpoint);
  record.steps += result.steps;
  while (IsDirectory(SnapshotDir(trained.checkpoint, record.snapshots + 1))) {
    ++record.snapshots;
  }
  journal_.log().Info(absl::StrFormat(
      "trained %s in %s (%.2f steps/s, %s)", Counted(result.steps, "step"),
      DurationText(absl::Seconds(result.time_s)), result.steps_per_s,
      TrainStopName(result.stop)));
  if (result.stop == TrainStop::kDiverged) {
    journal_.Warn("training diverged; the last saved weights vote");
  }
  if (result.best_step > 0) {
    const std::string line = absl::StrFormat(
        "the weights of step %d vote: they solve %.1f %% of the held-out pairs",
        result.best_step, 100 * result.best.exact);
    journal_.log().Info(line);
    journal_.Section("Plan").emplace_back("best weights", line);
  }
  journal_.Section("Plan").emplace_back(
      "trained", absl::StrFormat("%d steps, %.2f steps/s, %.0f samples/s",
                                 result.steps, result.steps_per_s,
                                 result.steps_per_s * options_.train.batch));
}

// How often each embedding row was updated, beside the wanted number.
absl::Status RunTraining::RecordRowUpdates(const std::string& checkpoint) {
  ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                          ReadCheckpointInfo(checkpoint));
  std::vector<int64_t> updates;
  for (const TaskEmbeddings& task : info.ids.tasks) {
    updates.insert(updates.end(), task.updates.begin(), task.updates.end());
  }
  if (updates.empty()) return absl::OkStatus();
  std::sort(updates.begin(), updates.end());
  const std::string text = absl::StrFormat(
      "least %d, median %d, most %d; %d wanted (run.row_updates)",
      updates.front(), updates[updates.size() / 2], updates.back(),
      options_.planning.row_updates);
  journal_.log().Info(absl::StrCat("updates of an embedding row: ", text));
  journal_.Section("Plan").emplace_back("updates of an embedding row", text);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TrainedRun> TrainRun(const Dataset& dataset,
                                    const std::vector<HeldOutPair>& held_out,
                                    TimeBudget& budget, Engine& engine,
                                    RunOptions& options, RunJournal& journal,
                                    MeasuredPlan& planned) {
  return RunTraining(dataset, held_out, budget, engine, options, journal,
                     planned)
      .Run();
}

}  // namespace arctrm
