// SPDX-License-Identifier: MIT
#include "pipeline/run.h"

#include <signal.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "arc/write.h"
#include "augment/leak_guard.h"
#include "base/files.h"
#include "base/status.h"
#include "base/stop.h"
#include "pipeline/held_out.h"
#include "pipeline/inputs.h"
#include "pipeline/plan.h"
#include "pipeline/replanner.h"
#include "pipeline/run_folder.h"
#include "pipeline/run_report.h"
#include "pipeline/scoring.h"
#include "pipeline/train_progress.h"
#include "pipeline/train_recorded.h"
#include "solver/checkpoint_info.h"
#include "solver/train.h"
#include "submission/write.h"
#include "tta/ballots.h"
#include "tta/predict.h"

namespace arctrm {
namespace {

constexpr char kSource[] = "run";
constexpr absl::Duration kSubmissionInterval = absl::Seconds(2);
constexpr absl::Duration kBallotsInterval = absl::Seconds(10);

// One job: its inputs, its folder, and what is known so far. The functions are
// the stages, in the order RunJob calls them.
class Job {
 public:
  Job(const RunOptions& options, const Deadline& deadline, Log& log,
      Engine& engine)
      : options_(options),
        deadline_(deadline),
        log_(log),
        engine_(engine),
        folder_(options.work.empty() ? options.out + ".run" : options.work),
        start_(RealClock().Now()) {}

  absl::Status Open();
  absl::Status Prepare();
  // Open and Prepare without writing anything.
  absl::StatusOr<std::string> PlanOnly();
  absl::Status TrainModel();
  absl::Status VoteOnTests();
  absl::StatusOr<RunOutcome> Finish();

 private:
  double ElapsedS() const {
    return absl::ToDoubleSeconds(RealClock().Now() - start_);
  }
  std::map<std::string, std::string> SettingsMap() const;
  absl::Status SaveRecord(const std::string& status);
  void AddTiming(const std::string& what, double seconds);
  std::vector<std::pair<std::string, std::string>>& Section(
      const std::string& name);
  absl::Status SaveSubmission();
  // With options.persevere a failure that costs no votes becomes a warning.
  absl::Status Forgive(const absl::Status& status, absl::string_view what);
  void Warn(const std::string& line);
  void TakeEngineWarnings();
  absl::Status ReadEverything();
  absl::Status MeasureStep(PlanInputs& in);
  // plan_ from the tasks in dataset_ and a measured step.
  absl::Status MakePlan();
  // The deadline of the training from now on; told when it has moved.
  Deadline Replan(const TrainStats& stats);
  absl::StatusOr<TrainResult> TrainOnce(const TrainRequest& request);
  absl::StatusOr<TrainResult> TrainUntilDone(TrainRequest request);
  absl::Status VoteOnSnapshots();
  absl::StatusOr<VoteResult> VoteWith(const std::string& checkpoint,
                                      const std::string& source);
  std::string ScoreSoFar() const;
  absl::Status AddRowUpdates();
  absl::Status CheckLeaks(const Dataset& dataset);

  RunOptions options_;
  Deadline deadline_;
  Log& log_;
  Engine& engine_;
  RunFolder folder_;
  absl::Time start_;
  JobInputs inputs_;
  RunRecord record_;
  Dataset dataset_;
  std::vector<HeldOutPair> held_out_;
  RunPlan plan_;
  PlanInputs plan_inputs_;
  std::string saved_in_;                // the training's last checkpoint
  std::optional<Replanner> replanner_;  // of a training with a deadline
  std::string device_;                  // in words
  Ballots ballots_;
  std::string leak_warning_;
  bool stopped_early_ = false;
};

std::map<std::string, std::string> Job::SettingsMap() const {
  std::map<std::string, std::string> settings;
  for (const OptionSet::Item& item : options_.Settings()) {
    settings[item.key] = item.value;
  }
  settings["seed"] = absl::StrCat(options_.seed);
  settings["steps"] = absl::StrCat(options_.steps);
  settings["augmentations"] = absl::StrCat(options_.augmentations);
  settings["checkpoint"] = options_.checkpoint;
  settings["recipe"] = options_.recipe;
  return settings;
}

std::vector<std::pair<std::string, std::string>>& Job::Section(
    const std::string& name) {
  for (auto& [section, rows] : record_.facts) {
    if (section == name) return rows;
  }
  record_.facts.emplace_back(
      name, std::vector<std::pair<std::string, std::string>>());
  return record_.facts.back().second;
}

void Job::AddTiming(const std::string& what, double seconds) {
  Section("Timings").emplace_back(what, DurationText(absl::Seconds(seconds)));
}

absl::Status Job::SaveRecord(const std::string& status) {
  record_.status = status;
  return folder_.WriteRecord(record_);
}

absl::Status Job::SaveSubmission() {
  return WriteSubmission(ChooseAttempts(ballots_, inputs_.challenges),
                         inputs_.challenges, options_.out);
}

std::string Job::ScoreSoFar() const {
  if (inputs_.solutions.empty() || ballots_.num_votes() == 0) return "";
  const absl::StatusOr<ScoreTable> score =
      Score(ChooseAttempts(ballots_, inputs_.challenges), inputs_.solutions);
  if (!score.ok()) return "";
  int solved = 0;
  for (const OutputScore& output : score->outputs) solved += output.solved();
  return absl::StrFormat("  solved %d of %d", solved, score->outputs.size());
}

void Job::Warn(const std::string& line) {
  log_.Warning(line);
  if (std::find(record_.warnings.begin(), record_.warnings.end(), line) ==
      record_.warnings.end()) {
    record_.warnings.push_back(line);
  }
}

absl::Status Job::Forgive(const absl::Status& status, absl::string_view what) {
  if (status.ok() || !options_.persevere) return status;
  Warn(absl::StrCat(what, ": ", status.message()));
  return absl::OkStatus();
}

// The engine has logged them already.
void Job::TakeEngineWarnings() {
  for (std::string& line : engine_.TakeWarnings()) {
    record_.warnings.push_back(std::move(line));
  }
}

// Reads and checks everything the user gave, before anything is written.
absl::Status Job::ReadEverything() {
  ARCTRM_ASSIGN_OR_RETURN(inputs_,
                          ReadJobInputs(options_.challenges, options_.solutions,
                                        options_.train_on));
  if (!options_.checkpoint.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                            ReadCheckpointInfo(options_.checkpoint));
    options_.model = options_.train.Tuned(info.model);
  }
  ARCTRM_RETURN_IF_ERROR(options_.model.Validate());
  ARCTRM_RETURN_IF_ERROR(options_.train.Validate());
  ARCTRM_ASSIGN_OR_RETURN(device_,
                          engine_.Describe(options_.device, options_.train));
  if (options_.checkpoint.empty()) {
    std::vector<Task> all;
    for (const DatasetSource& source : inputs_.sources) {
      all.insert(all.end(), source.challenges.tasks.begin(),
                 source.challenges.tasks.end());
    }
    options_.model.canvas_side =
        FitCanvas(all, options_.planning.canvas_margin).side;
    options_.model.position_side =
        std::max(options_.model.position_side, options_.model.canvas_side);
  }
  // A task too large for the checkpoint's canvas, and too few tasks to hold
  // pairs out of, are found before anything is written.
  BuildOptions probe;
  probe.plan.copies = 0;
  probe.canvas_side = options_.model.canvas_side;
  ARCTRM_ASSIGN_OR_RETURN(Dataset probed, BuildDataset(inputs_.sources, probe));
  return TakeHeldOut(options_.planning.held_out, options_.seed, probed)
      .status();
}

// Then puts a valid submission in place.
absl::Status Job::Open() {
  ARCTRM_RETURN_IF_ERROR(ReadEverything());
  ARCTRM_RETURN_IF_ERROR(CheckWritable(options_.out));
  if (!options_.report.empty()) {
    ARCTRM_RETURN_IF_ERROR(CheckWritable(options_.report));
  }

  if (options_.resume) {
    ARCTRM_ASSIGN_OR_RETURN(record_, folder_.ReadRecord());
    const std::map<std::string, std::string> now = SettingsMap();
    for (const auto& [key, value] : record_.settings) {
      const auto it = now.find(key);
      if (it == now.end() || it->second != value) {
        return absl::FailedPreconditionError(absl::StrCat(
            folder_.dir(), ": ", key, " was \"", value, "\" and is \"",
            it == now.end() ? "" : it->second,
            "\" now; resume with the settings the run began with"));
      }
    }
    ARCTRM_ASSIGN_OR_RETURN(const std::string before,
                            ReadFile(folder_.challenges_path()));
    if (before != ChallengesJson(inputs_.challenges)) {
      return absl::FailedPreconditionError(
          absl::StrCat(folder_.dir(),
                       ": was started on other challenges; resume with the "
                       "same files"));
    }
    if (FileExists(folder_.ballots_path())) {
      ARCTRM_ASSIGN_OR_RETURN(ballots_, Ballots::Read(folder_.ballots_path()));
    }
    log_.Info(absl::StrCat("resuming ", folder_.dir(), ": ", record_.status,
                           ", ", ballots_.num_votes(), " votes"));
  } else {
    ARCTRM_RETURN_IF_ERROR(folder_.Start());
    record_.title = options_.title;
    record_.settings = SettingsMap();
    record_.groups = options_.groups;
    ARCTRM_RETURN_IF_ERROR(WriteFileAtomically(
        folder_.challenges_path(), ChallengesJson(inputs_.challenges)));
    if (!inputs_.solutions.empty()) {
      ARCTRM_RETURN_IF_ERROR(WriteFileAtomically(
          folder_.solutions_path(), SolutionsJson(inputs_.solutions)));
    }
    auto& settings = Section("Settings");
    for (const OptionSet::Item& item : options_.Settings()) {
      settings.emplace_back(item.key, item.value);
    }
    auto& input = Section("Input");
    for (const std::string& path : options_.challenges) {
      input.emplace_back("challenges", path);
    }
    for (const std::string& path : options_.train_on) {
      input.emplace_back("train on", path);
    }
    if (!options_.checkpoint.empty()) {
      input.emplace_back("checkpoint", options_.checkpoint);
    }
    input.emplace_back("tasks", absl::StrCat(inputs_.challenges.tasks.size()));
    input.emplace_back("test inputs",
                       absl::StrCat(inputs_.challenges.num_test_inputs()));
  }
  auto& machine = Section("Machine");
  machine.clear();
  machine.emplace_back("device", device_);
  log_.Info(absl::StrFormat(
      "%d tasks, %d test inputs; network of %d parameters on a %dx%d canvas; "
      "%s",
      inputs_.challenges.tasks.size(), inputs_.challenges.num_test_inputs(),
      options_.model.num_parameters(), options_.model.canvas_side,
      options_.model.canvas_side, device_));
  ARCTRM_RETURN_IF_ERROR(SaveRecord(record_.status));
  return SaveSubmission();
}

absl::Status Job::CheckLeaks(const Dataset& dataset) {
  std::vector<TrainedTask> seen;
  if (!options_.checkpoint.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(CheckpointInfo info,
                            ReadCheckpointInfo(options_.checkpoint));
    seen = std::move(info.trained);
  }
  MergeTrainedTasks(TrainedTasks(dataset), seen);
  leak_warning_ =
      LeakWarning(FindLeaks(seen, inputs_.challenges, inputs_.solutions),
                  static_cast<int>(inputs_.challenges.tasks.size()));
  if (!leak_warning_.empty()) Warn(leak_warning_);
  return absl::OkStatus();
}

// Into in.step_s. When persevering, a batch that is too large for the device is
// halved, and what can't be measured is assumed: the plan is made anew anyway.
absl::Status Job::MeasureStep(PlanInputs& in) {
  constexpr int kLeastBatch = 8;
  constexpr int kTries = 3;
  constexpr double kAssumed = 1;
  for (int tries = 1;;) {
    log_.Progress("measuring this machine");
    const absl::StatusOr<double> step_s = engine_.MeasureStepSeconds(
        dataset_, options_.model, options_.train, options_.device,
        std::clamp(0.03 * in.left_s, 1.0, 20.0));
    log_.EndProgress();
    TakeEngineWarnings();
    if (step_s.ok()) {
      in.step_s = *step_s;
      return absl::OkStatus();
    }
    const bool lost = absl::IsUnavailable(step_s.status()) ||
                      absl::IsDeadlineExceeded(step_s.status());
    if (options_.persevere && lost) {
      Warn(absl::StrCat("measuring: ", step_s.status().message()));
      if (tries++ < kTries && !deadline_.Passed()) continue;
      in.step_s = kAssumed;
      return absl::OkStatus();
    }
    if (!options_.persevere || !absl::IsResourceExhausted(step_s.status()) ||
        options_.train.batch < 2 * kLeastBatch) {
      return step_s.status();
    }
    options_.train.batch /= 2;
    Warn(absl::StrCat(step_s.status().message(), "; going on with train.batch ",
                      options_.train.batch));
  }
}

absl::Status Job::MakePlan() {
  PlanInputs in;
  in.tasks = static_cast<int>(dataset_.tasks.size());
  in.test_inputs = inputs_.challenges.num_test_inputs();
  in.steps_asked = options_.steps;
  in.start_s = engine_.StartSeconds();
  if (!options_.checkpoint.empty() && options_.train.new_rows == "match") {
    in.match_share = options_.train.match_share;
  }
  in.augmentations_asked =
      record_.copies >= 0 ? record_.copies : options_.augmentations;
  in.left_s = absl::ToDoubleSeconds(deadline_.Remaining());
  if (!deadline_.IsInfinite()) {
    ARCTRM_RETURN_IF_ERROR(MeasureStep(in));
    in.left_s = absl::ToDoubleSeconds(deadline_.Remaining());
  }
  plan_inputs_ = in;
  plan_ = PlanRun(in, options_.model, options_.train, options_.planning);
  return absl::OkStatus();
}

absl::StatusOr<std::string> Job::PlanOnly() {
  ARCTRM_RETURN_IF_ERROR(ReadEverything());
  BuildOptions build;
  build.plan.seed = options_.seed;
  build.plan.copies = 0;
  build.canvas_side = options_.model.canvas_side;
  ARCTRM_ASSIGN_OR_RETURN(dataset_, BuildDataset(inputs_.sources, build));
  ARCTRM_RETURN_IF_ERROR(MakePlan());
  return absl::StrFormat(
      "%d tasks, %d test inputs; %s\nnetwork of %d parameters on a %dx%d "
      "canvas, batch %d: a step takes %.3f s, a view of a test input %.4f s\n"
      "set-up %s, then %s\n",
      inputs_.challenges.tasks.size(), inputs_.challenges.num_test_inputs(),
      device_, options_.model.num_parameters(), options_.model.canvas_side,
      options_.model.canvas_side, options_.train.batch, plan_inputs_.step_s,
      ViewSeconds(plan_inputs_.step_s, options_.model, options_.train.batch),
      DurationText(absl::Seconds(ElapsedS())), plan_.Describe());
}

// Measures the machine, decides copies and steps, builds the dataset.
absl::Status Job::Prepare() {
  const double started = ElapsedS();
  BuildOptions build;
  build.plan.seed = options_.seed;
  build.canvas_side = options_.model.canvas_side;
  build.threads = options_.device.threads > 0 ? options_.device.threads : 2;
  if (options_.resume &&
      FileExists(JoinPath(folder_.dataset_dir(), "dataset.json"))) {
    ARCTRM_ASSIGN_OR_RETURN(dataset_, ReadDataset(folder_.dataset_dir()));
  }
  const bool have_dataset = !dataset_.tasks.empty();
  if (!have_dataset) {
    build.plan.copies = 0;
    ARCTRM_ASSIGN_OR_RETURN(dataset_, BuildDataset(inputs_.sources, build));
    record_.copies = -1;
  }
  ARCTRM_RETURN_IF_ERROR(MakePlan());
  if (!have_dataset) {
    build.plan.copies = plan_.copies;
    ARCTRM_ASSIGN_OR_RETURN(dataset_, BuildDataset(inputs_.sources, build));
    ARCTRM_RETURN_IF_ERROR(
        WriteDataset(dataset_, folder_.dataset_dir()).status());
  }
  // The files keep what is held out; a resumed run takes the same.
  ARCTRM_ASSIGN_OR_RETURN(held_out_, TakeHeldOut(options_.planning.held_out,
                                                 options_.seed, dataset_));
  record_.copies = plan_.copies;
  record_.planned_steps = plan_.steps;
  log_.Info(absl::StrCat("plan: ", plan_.Describe()));
  auto& facts = Section("Plan");
  facts.clear();
  facts.emplace_back("plan", plan_.Describe());
  if (plan_inputs_.step_s > 0) {
    facts.emplace_back("measured step",
                       absl::StrFormat("%.3f s", plan_inputs_.step_s));
  }
  facts.emplace_back("embedding rows", absl::StrCat(dataset_.num_ids() - 1));
  facts.emplace_back("tasks with fewer copies",
                     absl::StrCat(dataset_.num_short_tasks()));
  ARCTRM_RETURN_IF_ERROR(CheckLeaks(dataset_));
  AddTiming("set-up", ElapsedS() - started);
  return SaveRecord("training");
}

absl::Status Job::TrainModel() {
  const std::string spare =
      options_.spare.empty() ? "" : JoinPath(options_.spare, "checkpoint");
  saved_in_ = folder_.checkpoint_dir();
  if (record_.training_done) {
    if (!IsDirectory(saved_in_) && !spare.empty()) saved_in_ = spare;
    return absl::OkStatus();
  }
  const double started = ElapsedS();
  TrainRequest request;
  request.dataset = &dataset_;
  request.model = options_.model;
  request.train = options_.train;
  request.device = options_.device;
  request.seed = options_.seed;
  request.checkpoint = options_.checkpoint;
  request.out = folder_.checkpoint_dir();
  request.spare_out = spare;
  // What an earlier run left there is not of this one.
  if (!spare.empty()) (void)RemoveAll(spare);
  request.resume = options_.resume && ReadCheckpointInfo(request.out).ok();
  request.max_steps = options_.steps;
  request.snapshots = options_.planning.snapshots;
  if (!deadline_.IsInfinite()) {
    replanner_.emplace(plan_, plan_inputs_, options_, start_, deadline_,
                       RealClock());
    request.deadline = replanner_->deadline();
    request.replan = [this](const TrainStats& stats) { return Replan(stats); };
  }
  if (!held_out_.empty()) {
    request.best_out = folder_.best_dir();
    request.evaluate = [this](Predictor& predictor) {
      return ScoreHeldOut(predictor, held_out_);
    };
  }
  ARCTRM_ASSIGN_OR_RETURN(const TrainResult result, TrainUntilDone(request));
  if (!result.out.empty()) saved_in_ = result.out;
  record_.training_done = result.stop != TrainStop::kSignal;
  stopped_early_ = result.stop == TrainStop::kSignal;
  log_.Info(absl::StrFormat("trained %d steps in %s (%.2f steps/s, %s)",
                            result.steps,
                            DurationText(absl::Seconds(result.time_s)),
                            result.steps_per_s, TrainStopName(result.stop)));
  if (result.stop == TrainStop::kDiverged) {
    Warn("training diverged; the weights before that vote");
  }
  if (result.best_step > 0) {
    const std::string line = absl::StrFormat(
        "step %d solves %.1f %% of what is held out; its weights vote",
        result.best_step, 100 * result.best.exact);
    log_.Info(line);
    Section("Plan").emplace_back("best weights", line);
  }
  AddTiming("training", ElapsedS() - started);
  Section("Plan").emplace_back(
      "trained", absl::StrFormat("%d steps, %.2f steps/s, %.0f samples/s",
                                 result.steps, result.steps_per_s,
                                 result.steps_per_s * options_.train.batch));
  ARCTRM_RETURN_IF_ERROR(Forgive(AddRowUpdates(), "updates of rows"));
  return Forgive(SaveRecord(stopped_early_ ? record_.status : "voting"),
                 "run.json");
}

Deadline Job::Replan(const TrainStats& stats) {
  const std::string reason = replanner_->Look(stats.step);
  if (!reason.empty()) {
    log_.Info(absl::StrCat("new plan: ", reason));
    Section("Plan").emplace_back(
        absl::StrCat("after ", DurationText(absl::Seconds(ElapsedS()))),
        reason);
    plan_ = replanner_->plan();
    record_.planned_steps = plan_.steps;
  }
  return replanner_->deadline();
}

absl::StatusOr<TrainResult> Job::TrainOnce(const TrainRequest& request) {
  absl::StatusOr<TrainResult> result = TrainRecorded(
      [this](const TrainRequest& r) {
        return engine_.Train({r, folder_.dataset_dir(), options_.Settings()});
      },
      request, folder_, options_.steps > 0 ? options_.steps : plan_.steps,
      deadline_, log_);
  TakeEngineWarnings();
  return result;
}

// When persevering, what can be helped is: weights that don't load are done
// without, what diverged goes on more slowly, and a training that ended in an
// error is good for the weights it has saved.
absl::StatusOr<TrainResult> Job::TrainUntilDone(TrainRequest request) {
  constexpr double kSlower = 0.2;
  constexpr absl::Duration kWorthwhile = absl::Seconds(5);
  bool slowed = false;
  for (;;) {
    absl::StatusOr<TrainResult> result = TrainOnce(request);
    if (!options_.persevere || StopSignal() != 0) return result;
    const bool diverged = result.ok() ? result->stop == TrainStop::kDiverged
                                      : IsDiverged(result.status());
    if (result.ok() && !diverged) return result;
    if (result.ok() && !result->out.empty()) request.out = result->out;
    const bool saved = ReadCheckpointInfo(request.out).ok();
    const Deadline deadline =
        replanner_.has_value() ? replanner_->deadline() : Deadline();
    const bool time_left = deadline.Remaining() > kWorthwhile;
    if (!result.ok()) {
      Warn(absl::StrCat("training: ", result.status().message()));
    }
    if (time_left && diverged && !slowed) {
      slowed = true;
      options_.train.learning_rate *= kSlower;
      options_.train.puzzle_learning_rate *= kSlower;
      options_.train.precision = "float32";
      if (saved) request.checkpoint = request.out;
      Warn(absl::StrCat(
          "training diverged: going on in float32 with "
          "train.learning_rate ",
          options_.train.learning_rate,
          saved ? " from the last checkpoint" : " from the start"));
    } else if (time_left && !result.ok() && !saved &&
               !request.checkpoint.empty() &&
               !absl::IsResourceExhausted(result.status())) {
      Warn("training begins from nothing");
      request.checkpoint.clear();
    } else if (saved && !result.ok()) {
      Warn("the weights saved before that vote");
      TrainResult stopped;
      stopped.stop = TrainStop::kDeadline;
      return stopped;
    } else {
      return result;
    }
    request.train = options_.train;
    request.resume = false;
    request.deadline = deadline;
  }
}

// How often the embedding rows were updated, against what was wanted.
absl::Status Job::AddRowUpdates() {
  ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                          ReadCheckpointInfo(saved_in_));
  std::vector<int64_t> updates;
  for (const PuzzleTask& task : info.ids.tasks) {
    updates.insert(updates.end(), task.updates.begin(), task.updates.end());
  }
  if (updates.empty()) return absl::OkStatus();
  std::sort(updates.begin(), updates.end());
  const std::string text = absl::StrFormat(
      "least %d, median %d, most %d; %d wanted (run.row_updates)",
      updates.front(), updates[updates.size() / 2], updates.back(),
      options_.planning.row_updates);
  log_.Info(absl::StrCat("updates of an embedding row: ", text));
  Section("Plan").emplace_back("updates of a row", text);
  return absl::OkStatus();
}

// Votes of one checkpoint until the deadline.
absl::StatusOr<VoteResult> Job::VoteWith(const std::string& checkpoint,
                                         const std::string& source) {
  // Workers that die are started anew so often.
  constexpr int kMostStarts = 3;
  VoteOptions vote;
  vote.max_views = options_.planning.max_views;
  // What one model's votes decide another's may change.
  vote.stop_decided =
      options_.planning.stop_decided && options_.planning.snapshots == 0;
  vote.source = source;
  if (!deadline_.IsInfinite()) {
    vote.deadline = deadline_.EarlierBy(absl::Seconds(plan_.reserve_s));
  }
  ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                          ReadCheckpointInfo(checkpoint));
  absl::Time last_submission = RealClock().Now();
  absl::Time last_ballots = last_submission;
  absl::Status written = absl::OkStatus();
  std::string score = ScoreSoFar();
  const auto on_batch = [&](const VoteProgress& p) {
    const absl::Time now = RealClock().Now();
    const bool last = p.views_done >= p.views_planned;
    if (now - last_submission >= kSubmissionInterval || last) {
      written = Forgive(SaveSubmission(), "writing the submission");
      last_submission = now;
      score = ScoreSoFar();
    }
    if (written.ok() && now - last_ballots >= kBallotsInterval) {
      written = Forgive(ballots_.Write(folder_.ballots_path()),
                        "writing the ballots");
      last_ballots = now;
    }
    log_.Progress(absl::StrFormat("vote   %d/%d views  %.1f views/s%s%s",
                                  p.views_done, p.views_planned, p.views_per_s,
                                  score, TimeLeftField(deadline_)));
    return written.ok();
  };
  VoteResult result;
  for (int start = 0; start < kMostStarts; ++start) {
    absl::StatusOr<std::vector<std::unique_ptr<Predictor>>> loaded =
        engine_.LoadPredictors(checkpoint, options_.Predicting(),
                               vote.deadline);
    TakeEngineWarnings();
    ARCTRM_RETURN_IF_ERROR(loaded.status());
    std::vector<Predictor*> predictors;
    for (const auto& predictor : *loaded) predictors.push_back(predictor.get());
    ARCTRM_ASSIGN_OR_RETURN(
        result, PredictVotes(predictors, info.ids, inputs_.challenges, vote,
                             on_batch, ballots_));
    log_.EndProgress();
    for (const std::string& line : result.lost) {
      Warn(absl::StrCat("voting: ", line));
    }
    const bool all_lost = result.lost.size() == predictors.size();
    if (result.complete || !all_lost || vote.deadline.Passed() ||
        StopSignal() != 0) {
      break;
    }
  }
  ARCTRM_RETURN_IF_ERROR(written);
  ARCTRM_RETURN_IF_ERROR(
      Forgive(ballots_.Write(folder_.ballots_path()), "writing the ballots"));
  return result;
}

// The latest first; what no time is left for is left.
absl::Status Job::VoteOnSnapshots() {
  constexpr absl::Duration kWorthwhile = absl::Seconds(2);
  for (int number = options_.planning.snapshots; number >= 1; --number) {
    const std::string dir = SnapshotDir(saved_in_, number);
    const absl::Duration left =
        deadline_.Remaining() - absl::Seconds(plan_.reserve_s);
    if (!ReadCheckpointInfo(dir).ok()) continue;
    if (StopSignal() != 0 ||
        left < kWorthwhile + absl::Seconds(2 * engine_.StartSeconds())) {
      break;
    }
    const std::string source = absl::StrCat("snapshot-", number);
    ARCTRM_ASSIGN_OR_RETURN(const VoteResult result, VoteWith(dir, source));
    const std::string line =
        absl::StrFormat("%d of %d views", result.progress.views_done,
                        result.progress.views_planned);
    log_.Info(absl::StrCat(source, " voted: ", line));
    Section("Plan").emplace_back(source, line);
    if (!result.complete) break;
  }
  return absl::OkStatus();
}

absl::Status Job::VoteOnTests() {
  if (stopped_early_ || record_.voting_done) return absl::OkStatus();
  const double started = ElapsedS();
  const absl::StatusOr<VoteResult> voted =
      VoteWith(IsDirectory(folder_.best_dir()) ? folder_.best_dir() : saved_in_,
               kSource);
  ARCTRM_RETURN_IF_ERROR(Forgive(voted.status(), "voting"));
  if (!voted.ok()) return absl::OkStatus();
  const VoteResult& result = *voted;
  record_.voting_done = result.complete;
  if (result.complete) {
    ARCTRM_RETURN_IF_ERROR(Forgive(VoteOnSnapshots(), "snapshots"));
  }
  stopped_early_ = StopSignal() != 0;
  for (const auto& [task, index] : result.too_large) {
    Warn(absl::StrCat(task, "[", index,
                      "]: the test input does not fit the canvas"));
  }
  const int64_t skipped = result.progress.views_skipped;
  log_.Info(absl::StrFormat(
      "voted: %d of %d views, %d votes count (%.1f views/s)%s",
      result.progress.views_done, result.progress.views_planned,
      ballots_.num_votes(), result.progress.views_per_s,
      skipped > 0 ? absl::StrCat(", ", skipped,
                                 " left out that could change no attempt")
                  : ""));
  AddTiming("voting", ElapsedS() - started);
  Section("Plan").emplace_back(
      "voted", absl::StrFormat(
                   "%d of %d views, %.1f views/s", result.progress.views_done,
                   result.progress.views_planned, result.progress.views_per_s));
  return absl::OkStatus();
}

absl::StatusOr<RunOutcome> Job::Finish() {
  ARCTRM_RETURN_IF_ERROR(SaveSubmission());
  RunOutcome outcome;
  outcome.leak_warning = leak_warning_;
  outcome.test_inputs = inputs_.challenges.num_test_inputs();
  for (const Task& task : inputs_.challenges.tasks) {
    for (size_t i = 0; i < task.test_inputs.size(); ++i) {
      if (ballots_.num_votes(task.id, static_cast<int>(i)) == 0) {
        ++outcome.without_votes;
      }
    }
  }
  if (stopped_early_) {
    outcome.status = absl::StrCat(
        "stopped by ", StopSignal() == SIGINT ? "SIGINT" : "SIGTERM");
  } else if (outcome.without_votes > 0) {
    outcome.status =
        absl::StrCat("time used up: ", outcome.without_votes, " of ",
                     outcome.test_inputs, " test inputs have no vote");
  } else {
    outcome.status = "done";
    outcome.complete = true;
  }
  if (!inputs_.solutions.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(
        JobScore score, ScoreJob(ChooseAttempts(ballots_, inputs_.challenges),
                                 inputs_.challenges, inputs_.solutions,
                                 ballots_, options_.groups));
    outcome.score = std::move(score.all);
    outcome.group_scores = std::move(score.groups);
  }
  record_.elapsed_s += ElapsedS();
  AddTiming("in all", record_.elapsed_s);
  Section("Machine").emplace_back(
      "peak memory",
      absl::StrFormat("%.0f MiB",
                      static_cast<double>(PeakMemoryBytes()) / (1 << 20)));
  ARCTRM_RETURN_IF_ERROR(Forgive(SaveRecord(outcome.status), "run.json"));
  if (!options_.report.empty()) {
    ARCTRM_RETURN_IF_ERROR(
        Forgive(WriteRunReport(folder_.dir(), options_.report), "the report"));
  }
  if (outcome.complete) {
    ARCTRM_RETURN_IF_ERROR(
        Forgive(folder_.RemoveResumeState(), "clearing the work folder"));
  }
  return outcome;
}

}  // namespace

absl::StatusOr<RunOutcome> RunJob(const RunOptions& options,
                                  const Deadline& deadline, Log& log,
                                  Engine& engine) {
  Job job(options, deadline, log, engine);
  ARCTRM_RETURN_IF_ERROR(job.Open());
  ARCTRM_RETURN_IF_ERROR(job.Prepare());
  ARCTRM_RETURN_IF_ERROR(job.TrainModel());
  ARCTRM_RETURN_IF_ERROR(job.VoteOnTests());
  return job.Finish();
}

absl::StatusOr<std::string> DescribePlan(const RunOptions& options,
                                         const Deadline& deadline, Log& log,
                                         Engine& engine) {
  return Job(options, deadline, log, engine).PlanOnly();
}

}  // namespace arctrm
