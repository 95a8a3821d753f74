// SPDX-License-Identifier: MIT
#include "pipeline/run.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "arc/read.h"
#include "arc/write.h"
#include "augment/leak_guard.h"
#include "base/exceptions.h"
#include "base/file_lock.h"
#include "base/files.h"
#include "base/printable.h"
#include "base/replaced_file.h"
#include "base/status.h"
#include "base/stop.h"
#include "base/watchdog.h"
#include "pipeline/end_run.h"
#include "pipeline/held_out.h"
#include "pipeline/kept_runs.h"
#include "pipeline/memory_check.h"
#include "pipeline/planner.h"
#include "pipeline/resume_check.h"
#include "pipeline/run_folder.h"
#include "pipeline/run_identity.h"
#include "pipeline/run_inputs.h"
#include "pipeline/run_journal.h"
#include "pipeline/run_plan.h"
#include "pipeline/run_report.h"
#include "pipeline/run_training.h"
#include "pipeline/run_voting.h"
#include "pipeline/scoring.h"
#include "pipeline/spare_folder.h"
#include "solver/checkpoint_info.h"
#include "submission/write.h"
#include "tta/ballots.h"

namespace arctrm {
namespace {

constexpr char kStatusDone[] = "done";

// "1 of 3 test outputs solved".
std::string SolvedText(const ScoreTable& score) {
  const auto solved =
      std::count_if(score.outputs.begin(), score.outputs.end(),
                    [](const OutputScore& output) { return output.solved(); });
  return absl::StrCat(solved, " of ", score.outputs.size(),
                      " test outputs solved");
}

// One job: its inputs, its journal, and what is known so far. The functions are
// the stages, in the order ExecuteRun calls them.
class Run {
 public:
  Run(const RunOptions& options, const Deadline& deadline, Log& log,
      Engine& engine)
      : options_(options),
        budget_(deadline),
        engine_(engine),
        journal_(options.work.empty() ? BesidePath(options.out, ".run")
                                      : options.work,
                 options.unattended, log) {
    constexpr int64_t kLeastSpare = int64_t{64} << 20;
    if (options_.spare.empty() && engine_.NeedsFiles()) {
      own_spare_ = SpareFolder(journal_.folder().dir(), kLeastSpare);
      options_.spare = own_spare_;
    }
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() {
    ForgetCheckpointsInMemory();
    if (opened_ && !own_spare_.empty()) RemoveAll(own_spare_).IgnoreError();
  }

  // Ends the process where the stages do not come to an end in time.
  std::unique_ptr<Watchdog> Watch();

  absl::Status Open();
  // Of a run that is taken up and was done before: nothing is left to do.
  bool WasDone() const { return was_done_; }
  absl::Status Prepare();
  // Open and Prepare without writing anything.
  absl::StatusOr<std::string> PlanOnly();
  absl::Status Train();
  absl::Status Vote();
  absl::StatusOr<RunOutcome> Finish();
  // Votes and score, as the ballots have them.
  absl::StatusOr<RunOutcome> Outcome();

 private:
  std::map<std::string, std::string> SettingsMap() const;
  absl::Status ReadEverything();
  // Settings and start weights, read whole.
  absl::Status CheckStart();
  absl::Status FitMemory(const Dataset& dataset);
  absl::Status CheckAll();
  absl::Status CheckFolder() const;
  absl::Status Lock();
  absl::Status ResumeRun();
  absl::Status CheckKeptInputs() const;
  absl::Status KeepDone();
  void Begin();
  absl::Status CheckLeaks();
  // From the tasks in dataset_.
  absl::Status MakePlan();
  absl::Status StoreDataset();
  // The one that counts.
  absl::Status SaveLastSubmission();
  void WriteResults(const std::string& status);

  RunOptions options_;
  std::optional<KeptRoom> kept_room_;  // of the submission
  std::string own_spare_;              // options_.spare where nobody gave one
  TimeBudget budget_;
  Engine& engine_;
  RunJournal journal_;
  RunInputs inputs_;
  Dataset dataset_;
  std::vector<HeldOutPair> held_out_;
  MeasuredPlan planned_;
  TrainedRun trained_;
  std::string device_;    // in words
  int fitted_batch_ = 0;  // train.batch, or what memory is enough for
  Ballots ballots_;
  std::string leak_warning_;
  std::string overrun_;
  bool stopped_early_ = false;
  bool was_done_ = false;
  std::map<std::string, std::string> fingerprints_;  // of the inputs
  std::unique_ptr<FileLock> lock_;
  // What the watchdog's thread may count on.
  std::atomic<bool> inputs_read_{false};
  std::atomic<bool> opened_{false};
  std::atomic<bool> finished_{false};
  std::atomic<bool> complete_{false};
};

std::unique_ptr<Watchdog> Run::Watch() {
  // However short the limit, there is time to put a placeholder in place.
  const Deadline watched = WatchedEnd(budget_.end());
  return std::make_unique<Watchdog>(watched, [this](Watchdog::Cause cause) {
    constexpr int kDone = 0;
    constexpr int kStopped = 3;
    if (finished_) return complete_ ? kDone : kStopped;
    EndedRun run;
    if (opened_) {
      run.work = journal_.folder().dir();
      run.report = options_.report;
      run.result = absl::StrCat(options_.out, " is valid");
    } else if (inputs_read_ && !FileExists(options_.out) &&
               SaveSubmission(Ballots(), inputs_, options_).ok()) {
      run.result = absl::StrCat(options_.out, " is a valid placeholder");
    } else {
      run.result = "nothing was written";
    }
    EndRun(run, cause, budget_.end(), journal_.log());
    if (opened_) ReleaseRoom(options_.out);
    if (opened_ && !own_spare_.empty()) RemoveAll(own_spare_).IgnoreError();
    return kStopped;
  });
}

std::map<std::string, std::string> Run::SettingsMap() const {
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

// Reads and checks everything the user gave, before anything is written.
absl::Status Run::ReadEverything() {
  ARCTRM_ASSIGN_OR_RETURN(inputs_,
                          ReadRunInputs(options_.challenges, options_.solutions,
                                        options_.train_on));
  inputs_read_ = true;
  if (!options_.checkpoint.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                            ReadCheckpointInfo(options_.checkpoint));
    if (info.model.puzzle != PuzzleKindName(PuzzleKind::kArc)) {
      return absl::InvalidArgumentError(absl::StrCat(
          options_.checkpoint, ": holds a network for ", info.model.puzzle,
          "; these are ARC tasks, give weights that were trained on such"));
    }
    options_.model = options_.train.WithOverrides(info.model);
  }
  ARCTRM_RETURN_IF_ERROR(options_.model.Validate());
  ARCTRM_RETURN_IF_ERROR(options_.train.Validate());
  ARCTRM_ASSIGN_OR_RETURN(const DeviceInfo device,
                          engine_.Describe(options_.device, options_.train));
  device_ = device.Text();
  if (options_.checkpoint.empty()) {
    std::vector<Task> all;
    for (const DatasetSource& source : inputs_.sources) {
      all.insert(all.end(), source.challenges.tasks.begin(),
                 source.challenges.tasks.end());
    }
    options_.model.canvas_side =
        DatasetCanvas(all, options_.planning.canvas_margin).side;
    options_.model.position_side =
        std::max(options_.model.position_side, options_.model.canvas_side);
  }
  // A task too large for the checkpoint's canvas, and too few tasks to hold
  // pairs out of, are found before anything is written.
  BuildOptions probe;
  probe.plan.augmentations = 0;
  probe.canvas_side = options_.model.canvas_side;
  ARCTRM_ASSIGN_OR_RETURN(Dataset probed, BuildDataset(inputs_.sources, probe));
  ARCTRM_RETURN_IF_ERROR(FitMemory(probed));
  return TakeHeldOut(options_.planning.held_out, options_.seed, probed)
      .status();
}

// Nothing is wrong with settings and weights once training begins. Where nobody
// watches, training itself finds what is, and does without.
absl::Status Run::CheckStart() {
  if (options_.unattended) return absl::OkStatus();
  TrainRequest request;
  request.spec = options_.ToTrainSpec();
  // Checked below, unless the run goes on with weights of its own.
  request.spec.checkpoint.clear();
  request.spec.limits.end = budget_.end();
  ARCTRM_RETURN_IF_ERROR(engine_.CheckTraining(request));
  // A run that goes on has weights of its own, which are looked at instead.
  if (options_.checkpoint.empty() ||
      (options_.resume && IsDirectory(journal_.folder().checkpoint_dir()))) {
    return absl::OkStatus();
  }
  ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                          CheckWeights(options_.checkpoint));
  return CheckSameNetwork(info, options_.model);
}

// A run that ends by time takes a smaller batch where memory is short; one that
// is to be repeatable is refused, as the batch changes its result.
absl::Status Run::FitMemory(const Dataset& dataset) {
  fitted_batch_ = options_.train.batch;
  if (!engine_.OnCpu()) return absl::OkStatus();
  TrainOptions train = options_.train;
  if (!options_.checkpoint.empty() && train.fit_canvas == "auto") {
    ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                            ReadCheckpointInfo(options_.checkpoint));
    train.fit_canvas = info.train.fit_canvas;
  }
  const int threads = options_.device.threads;
  const absl::Status enough =
      CheckMemory(dataset, options_.model, train, threads);
  if (enough.ok()) return enough;
  const int batch =
      BatchForMemory(dataset, options_.model, train, threads, engine_.Ranks());
  if (batch == 0 || !budget_.limited()) {
    // Voting may still work, and a submission has to be there.
    return options_.unattended ? absl::OkStatus() : enough;
  }
  fitted_batch_ = batch;
  journal_.Warn(absl::StrCat(enough.message(), ": going on with it"));
  return absl::OkStatus();
}

// Are the tasks and solutions that the work folder keeps this run's?
absl::Status Run::CheckKeptInputs() const {
  const RunFolder& folder = journal_.folder();
  ARCTRM_ASSIGN_OR_RETURN(const std::string tasks,
                          ReadFile(folder.challenges_path()));
  if (tasks != ChallengesJson(inputs_.challenges)) {
    return absl::FailedPreconditionError(
        absl::StrCat(folder.dir(),
                     ": was started on other challenges; resume with the "
                     "same files"));
  }
  if (inputs_.solutions.empty() || !FileExists(folder.solutions_path())) {
    return absl::OkStatus();
  }
  ARCTRM_ASSIGN_OR_RETURN(const std::string solutions,
                          ReadFile(folder.solutions_path()));
  if (solutions == SolutionsJson(inputs_.solutions)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      folder.solutions_path(),
      ": is not this run's copy of --solutions; put that back, or give "
      "--overwrite in the place of --resume to start anew"));
}

// A run that was stopped: with the same settings and inputs.
absl::Status Run::ResumeRun() {
  const RunFolder& folder = journal_.folder();
  ARCTRM_ASSIGN_OR_RETURN(journal_.record(), folder.ReadRecord());
  RunRecord& record = journal_.record();
  RunRecord now;
  now.settings = SettingsMap();
  now.fingerprints = fingerprints_;
  ARCTRM_RETURN_IF_ERROR(CheckSameInputs(folder, record, now, journal_.log()));
  record.fingerprints = fingerprints_;
  ARCTRM_RETURN_IF_ERROR(CheckKeptInputs());
  const bool voted = FileExists(folder.ballots_path());
  if (voted) {
    ARCTRM_ASSIGN_OR_RETURN(ballots_, Ballots::Read(folder.ballots_path()));
  }
  ARCTRM_RETURN_IF_ERROR(CheckWorkFolder(folder, voted ? &ballots_ : nullptr,
                                         inputs_.challenges, record,
                                         journal_.log()));
  ballots_.SetRun(record.run);
  ARCTRM_RETURN_IF_ERROR(options_.unattended
                             ? CheckDataset(folder, record)
                             : CheckResumeFiles(folder, record, options_));
  was_done_ = absl::StartsWith(journal_.record().status, kStatusDone);
  if (was_done_) {
    journal_.log().Info(
        absl::StrCat(folder.dir(),
                     ": this run is finished, nothing is left to do; "
                     "--overwrite removes it and starts anew"));
    return absl::OkStatus();
  }
  journal_.log().Info(absl::StrCat("resuming ", folder.dir(), ": ",
                                   journal_.record().status, ", ",
                                   ballots_.num_votes(), " votes"));
  return absl::OkStatus();
}

void Run::Begin() {
  const RunFolder& folder = journal_.folder();
  journal_.Keep(folder.Start());
  journal_.record().title = options_.title;
  journal_.record().out = SeenFrom(folder.dir(), options_.out);
  journal_.record().settings = SettingsMap();
  journal_.record().groups = options_.groups;
  journal_.record().fingerprints = fingerprints_;
  journal_.record().run =
      NameRun(journal_.record(), options_.steps > 0 && !budget_.limited());
  ballots_.SetRun(journal_.record().run);
  // First: it says whose the folder is.
  journal_.Keep(journal_.Save(journal_.record().status));
  journal_.Keep(WriteFileAtomically(folder.challenges_path(),
                                    ChallengesJson(inputs_.challenges)));
  if (!inputs_.solutions.empty()) {
    journal_.Keep(WriteFileAtomically(folder.solutions_path(),
                                      SolutionsJson(inputs_.solutions)));
  }
  auto& settings = journal_.Section("Settings");
  for (const OptionSet::Item& item : options_.Settings()) {
    settings.emplace_back(item.key, item.value);
  }
  auto& input = journal_.Section("Input");
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

// May this run begin, or go on, in its work folder? Writes nothing.
absl::Status Run::CheckFolder() const {
  const RunFolder& folder = journal_.folder();
  ARCTRM_RETURN_IF_ERROR(folder.CheckNotLocked());
  if (options_.resume) {
    ARCTRM_RETURN_IF_ERROR(folder.ReadRecord().status());
    return folder.CheckOurs();
  }
  return options_.overwrite ? folder.CheckOurs() : folder.CheckNoRun();
}

// Of a run that was done before: what of its results is gone is written again.
absl::Status Run::KeepDone() {
  if (!options_.report.empty() && !FileExists(options_.report)) {
    const absl::Status written =
        WriteRunReport(journal_.folder().dir(), options_.report);
    if (!written.ok()) {
      journal_.log().Warning(absl::StrCat("the report: ", written.message()));
    }
  }
  // A placeholder may have taken the place of a submission that is gone.
  const absl::StatusOr<Submission> stands = ReadSubmission(options_.out);
  if (stands.ok() && HasAnswers(*stands, inputs_.challenges)) {
    return absl::OkStatus();
  }
  return SaveSubmission(ballots_, inputs_, options_);
}

// Everything that a run may be refused for, before it writes anything.
absl::Status Run::CheckAll() {
  ARCTRM_RETURN_IF_ERROR(ReadEverything());
  ARCTRM_RETURN_IF_ERROR(CheckStart());
  ARCTRM_ASSIGN_OR_RETURN(fingerprints_, FingerprintsOf(inputs_, options_));
  ARCTRM_RETURN_IF_ERROR(CheckSubmissionPath(options_.out));
  ARCTRM_RETURN_IF_ERROR(CheckWritable(options_.out));
  if (!options_.report.empty()) {
    // A report that finds no room is done without.
    const absl::StatusOr<int64_t> free = FreeBytes(Dirname(options_.report));
    ARCTRM_RETURN_IF_ERROR(free.ok() && *free == 0
                               ? CheckIsFile(options_.report)
                               : CheckWritable(options_.report));
  }
  if (options_.may_write) ARCTRM_RETURN_IF_ERROR(options_.may_write());
  return CheckFolder();
}

// A full disk has no room for a lock; the run goes on without.
absl::Status Run::Lock() {
  absl::StatusOr<std::unique_ptr<FileLock>> lock = journal_.folder().Lock();
  if (absl::IsResourceExhausted(lock.status())) {
    journal_.Warn(
        absl::StrCat("the work folder is not locked against other runs: ",
                     lock.status().message()));
    return absl::OkStatus();
  }
  ARCTRM_RETURN_IF_ERROR(lock.status());
  lock_ = *std::move(lock);
  // Another run may have begun and ended since.
  return options_.resume || options_.overwrite ? absl::OkStatus()
                                               : journal_.folder().CheckNoRun();
}

// Ends with a valid submission in place. On a disk that is nearly full it is
// written before all else: it needs the least room.
absl::Status Run::Open() {
  constexpr int64_t kRoomy = 1 << 20;
  ARCTRM_RETURN_IF_ERROR(CheckAll());
  const absl::StatusOr<int64_t> free = FreeBytes(journal_.folder().dir());
  const bool roomy = !free.ok() || *free >= kRoomy;
  if (roomy) ARCTRM_RETURN_IF_ERROR(Lock());
  if (options_.resume) {
    const absl::Status taken = ResumeRun();
    if (!taken.ok() && lock_ != nullptr) lock_->LeaveAsFound();
    ARCTRM_RETURN_IF_ERROR(taken);
  }
  if (was_done_) return KeepDone();
  kept_room_.emplace(options_.out);
  ARCTRM_RETURN_IF_ERROR(SaveSubmission(ballots_, inputs_, options_));
  opened_ = true;
  if (!roomy) ARCTRM_RETURN_IF_ERROR(Lock());
  if (!options_.resume) Begin();
  journal_.log().Begin();
  options_.train.batch = fitted_batch_;
  for (const Remark& remark : inputs_.remarks) journal_.Warn(remark);
  auto& machine = journal_.Section("Machine");
  machine.clear();
  machine.emplace_back("device", device_);
  journal_.log().Info(absl::StrFormat(
      "%s, %s; network of %d parameters on a %dx%d canvas; %s",
      Counted(static_cast<int64_t>(inputs_.challenges.tasks.size()), "task"),
      Counted(inputs_.challenges.num_test_inputs(), "test input"),
      options_.model.num_parameters(), options_.model.canvas_side,
      options_.model.canvas_side, device_));
  journal_.Keep(journal_.Save(journal_.record().status));
  return absl::OkStatus();
}

absl::Status Run::CheckLeaks() {
  std::vector<TrainedTask> seen;
  if (!options_.checkpoint.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(CheckpointInfo info,
                            ReadCheckpointInfo(options_.checkpoint));
    seen = std::move(info.trained);
  }
  MergeTrainedTasks(TrainedTasks(dataset_), seen);
  leak_warning_ =
      LeakWarning(FindLeaks(seen, inputs_.challenges, inputs_.solutions),
                  static_cast<int>(inputs_.challenges.tasks.size()));
  if (!leak_warning_.empty()) journal_.Warn(leak_warning_);
  return absl::OkStatus();
}

absl::Status Run::MakePlan() {
  ARCTRM_ASSIGN_OR_RETURN(
      planned_, MeasureAndPlan(dataset_, inputs_.challenges.num_test_inputs(),
                               budget_, engine_, options_, journal_));
  return absl::OkStatus();
}

absl::StatusOr<std::string> Run::PlanOnly() {
  ARCTRM_RETURN_IF_ERROR(ReadEverything());
  BuildOptions build;
  build.plan.seed = options_.seed;
  build.plan.augmentations = 0;
  build.canvas_side = options_.model.canvas_side;
  ARCTRM_ASSIGN_OR_RETURN(dataset_, BuildDataset(inputs_.sources, build));
  ARCTRM_RETURN_IF_ERROR(MakePlan());
  return absl::StrFormat(
      "%d tasks, %d test inputs; %s\nnetwork of %d parameters on a %dx%d "
      "canvas, batch %d: a step takes %.3f s, a view of a test input %.4f s\n"
      "set-up %s, then %s\n",
      inputs_.challenges.tasks.size(), inputs_.challenges.num_test_inputs(),
      device_, options_.model.num_parameters(), options_.model.canvas_side,
      options_.model.canvas_side, options_.train.batch, planned_.inputs.step_s,
      ViewSeconds(planned_.inputs.step_s, options_.model, options_.train.batch),
      DurationText(absl::Seconds(journal_.ElapsedS())),
      planned_.plan.Describe());
}

// Measures the machine, decides copies and steps, builds the dataset.
absl::Status Run::Prepare() {
  const double started = journal_.ElapsedS();
  BuildOptions build;
  build.plan.seed = options_.seed;
  build.canvas_side = options_.model.canvas_side;
  build.threads = options_.device.threads > 0 ? options_.device.threads : 2;
  // One of a run that was ended before it had said so is made again.
  if (options_.resume &&
      (journal_.record().augmentations >= 0 ||
       HasCheckpoint(journal_.folder().checkpoint_dir())) &&
      FileExists(JoinPath(journal_.folder().dataset_dir(), kDatasetMark))) {
    ARCTRM_ASSIGN_OR_RETURN(dataset_,
                            ReadDataset(journal_.folder().dataset_dir()));
  }
  const bool have_dataset = !dataset_.tasks.empty();
  if (!have_dataset) {
    build.plan.augmentations = 0;
    ARCTRM_ASSIGN_OR_RETURN(dataset_, BuildDataset(inputs_.sources, build));
    journal_.record().augmentations = -1;
  }
  ARCTRM_RETURN_IF_ERROR(MakePlan());
  if (!have_dataset) {
    ARCTRM_ASSIGN_OR_RETURN(build.plan.augmentations,
                            AffordableAugmentations(inputs_.sources, build,
                                                    planned_.plan.augmentations,
                                                    options_.model, budget_));
    if (build.plan.augmentations < planned_.plan.augmentations) {
      journal_.Warn(absl::StrCat(
          build.plan.augmentations, " copies beside each task instead of ",
          planned_.plan.augmentations,
          ": more do not fit into the time or the memory"));
      planned_.plan.augmentations = build.plan.augmentations;
    }
    ARCTRM_ASSIGN_OR_RETURN(dataset_, BuildDataset(inputs_.sources, build));
    ARCTRM_RETURN_IF_ERROR(StoreDataset());
    journal_.record().dataset = DatasetOf(journal_.folder());
  }
  // The files keep what is held out; a resumed run takes the same.
  ARCTRM_ASSIGN_OR_RETURN(held_out_, TakeHeldOut(options_.planning.held_out,
                                                 options_.seed, dataset_));
  journal_.record().augmentations = planned_.plan.augmentations;
  journal_.record().planned_steps = planned_.plan.steps;
  journal_.log().Info(absl::StrCat("plan: ", planned_.plan.Describe()));
  auto& facts = journal_.Section("Plan");
  facts.clear();
  facts.emplace_back("plan", planned_.plan.Describe());
  if (planned_.inputs.step_s > 0) {
    facts.emplace_back("measured step",
                       absl::StrFormat("%.3f s", planned_.inputs.step_s));
  }
  facts.emplace_back("embedding rows", absl::StrCat(dataset_.num_ids() - 1));
  facts.emplace_back("tasks with fewer copies",
                     absl::StrCat(dataset_.num_short_tasks()));
  ARCTRM_RETURN_IF_ERROR(CheckLeaks());
  journal_.AddTiming("set-up", journal_.ElapsedS() - started);
  journal_.Keep(journal_.Save("training"));
  return absl::OkStatus();
}

// For a run that is taken up, and for workers.
absl::Status Run::StoreDataset() {
  absl::Status stored =
      WriteDataset(dataset_, journal_.folder().dataset_dir()).status();
  if (stored.ok()) return stored;
  if (engine_.NeedsFiles()) {
    if (options_.spare.empty()) return stored;
    ARCTRM_RETURN_IF_ERROR(MakeDirectories(options_.spare));
    ARCTRM_RETURN_IF_ERROR(
        WriteDataset(dataset_, JoinPath(options_.spare, "dataset")).status());
  }
  journal_.Unsaved(stored);
  return absl::OkStatus();
}

absl::Status Run::Train() {
  ARCTRM_ASSIGN_OR_RETURN(
      trained_, TrainRun(dataset_, held_out_, budget_, engine_, options_,
                         journal_, planned_));
  stopped_early_ = trained_.stopped;
  return absl::OkStatus();
}

absl::Status Run::Vote() {
  if (stopped_early_ || journal_.record().voting_done ||
      trained_.checkpoint.empty()) {
    return absl::OkStatus();
  }
  ARCTRM_ASSIGN_OR_RETURN(
      stopped_early_,
      VoteOnTests(trained_.checkpoint, inputs_, budget_, planned_, engine_,
                  options_, journal_, ballots_));
  return absl::OkStatus();
}

absl::Status Run::SaveLastSubmission() {
  absl::Status saved = SaveSubmission(ballots_, inputs_, options_);
  if (saved.ok()) return saved;
  // Its room may be taken by what a run that is over needs no more.
  journal_.Keep(journal_.folder().RemoveResumeState());
  return SaveSubmission(ballots_, inputs_, options_);
}

// run.json and the report.
void Run::WriteResults(const std::string& status) {
  overrun_ = OverrunText(budget_.end());
  if (!overrun_.empty()) journal_.Warn(overrun_);
  journal_.TellUnsaved();
  if (!options_.report.empty()) {
    journal_.record().status = status;
    const absl::Status written =
        WriteRunReport(journal_.folder(), journal_.record(), inputs_.challenges,
                       inputs_.solutions, ballots_, options_.report);
    if (!written.ok()) {
      journal_.Warn(absl::StrCat("the report: ", written.message()));
    }
  }
  const absl::Status saved = journal_.Save(status);
  if (!saved.ok() && journal_.unsaved() == 0) {
    journal_.log().Warning(absl::StrCat("run.json: ", saved.message()));
  }
}

absl::StatusOr<RunOutcome> Run::Outcome() {
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
    outcome.status = StoppedBySignal();
  } else if (outcome.without_votes > 0 && !budget_.limited() &&
             journal_.record().voting_done) {
    const std::string missing = absl::StrCat(
        outcome.without_votes, " of ",
        Counted(outcome.test_inputs, "test input"), " have no vote");
    outcome.complete = true;
    outcome.status = absl::StrCat("done: all ", Counted(options_.steps, "step"),
                                  "; ", missing);
  } else if (outcome.without_votes > 0) {
    outcome.status =
        absl::StrCat("time used up: ", outcome.without_votes, " of ",
                     outcome.test_inputs, " test inputs have no vote");
  } else {
    outcome.status = kStatusDone;
    outcome.complete = true;
  }
  if (!inputs_.solutions.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(
        RunScore score, ScoreRun(ChooseAttempts(ballots_, inputs_.challenges),
                                 inputs_.challenges, inputs_.solutions,
                                 ballots_, options_.groups));
    outcome.score = std::move(score.all);
    outcome.label_scores = std::move(score.groups);
  }
  return outcome;
}

absl::StatusOr<RunOutcome> Run::Finish() {
  ARCTRM_RETURN_IF_ERROR(SaveLastSubmission());
  ARCTRM_ASSIGN_OR_RETURN(RunOutcome outcome, Outcome());
  if (outcome.complete && outcome.without_votes > 0) {
    journal_.Warn(absl::StrCat(
        outcome.without_votes, " of ",
        Counted(outcome.test_inputs, "test input"),
        " have no vote: none of their rows was trained, or every answer was "
        "empty; more --steps help"));
  }
  journal_.record().votes = ballots_.num_votes();
  if (outcome.score.has_value()) {
    journal_.record().score = SolvedText(*outcome.score);
  }
  journal_.record().elapsed_s += journal_.ElapsedS();
  journal_.AddTiming("in all", journal_.record().elapsed_s);
  journal_.Section("Machine").emplace_back(
      "peak memory",
      absl::StrFormat("%.0f MiB",
                      static_cast<double>(PeakMemoryBytes()) / (1 << 20)));
  // A process that takes the run up will find no spare folder.
  if (!own_spare_.empty() &&
      absl::StartsWith(trained_.checkpoint, own_spare_)) {
    journal_.record().training_done = false;
  }
  WriteResults(outcome.status);
  complete_ = outcome.complete;
  finished_ = true;
  // Where writing it took too long, it is told all the same.
  if (budget_.end().Passed() && overrun_.empty()) {
    WriteResults(outcome.status);
  }
  if (outcome.complete) {
    const absl::Status cleared = journal_.folder().RemoveResumeState();
    if (!cleared.ok()) {
      journal_.log().Warning(
          absl::StrCat("clearing the work folder: ", cleared.message()));
    }
  }
  return outcome;
}

}  // namespace

absl::StatusOr<RunOutcome> ExecuteRun(const RunOptions& options,
                                      const Deadline& deadline, Log& log,
                                      Engine& engine) {
  Run planned(options, deadline, log, engine);
  const std::unique_ptr<Watchdog> watchdog = planned.Watch();
  return CatchExceptions("the run", [&]() -> absl::StatusOr<RunOutcome> {
    ARCTRM_RETURN_IF_ERROR(planned.Open());
    if (planned.WasDone()) return planned.Outcome();
    ARCTRM_RETURN_IF_ERROR(planned.Prepare());
    ARCTRM_RETURN_IF_ERROR(planned.Train());
    ARCTRM_RETURN_IF_ERROR(planned.Vote());
    return planned.Finish();
  });
}

absl::StatusOr<std::string> DescribePlan(const RunOptions& options,
                                         const Deadline& deadline, Log& log,
                                         Engine& engine) {
  return Run(options, deadline, log, engine).PlanOnly();
}

}  // namespace arctrm
