// SPDX-License-Identifier: MIT
#include "kaggle/run_kaggle.h"

#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "arc/read.h"
#include "arc/write.h"
#include "base/file_lock.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/out_of_memory.h"
#include "base/output_guard.h"
#include "base/replaced_file.h"
#include "base/status.h"
#include "base/stop.h"
#include "base/time_budget.h"
#include "pipeline/end_run.h"
#include "pipeline/run_folder.h"
#include "pipeline/run_inputs.h"
#include "pipeline/worker_engine.h"
#include "solver/checkpoint_info.h"
#include "submission/report.h"
#include "submission/validate.h"
#include "submission/write.h"

namespace arctrm {
namespace {

constexpr char kTitle[] = "arctrm kaggle run";

// Writes a valid submission. Keeps and returns one with answers of an earlier
// attempt, whose answers are used for test inputs without votes.
absl::StatusOr<Submission> WritePlaceholder(const ChallengeSet& challenges,
                                            const std::string& out,
                                            bool overwrite, Log& log) {
  if (FileExists(out)) {
    const auto faults = ValidateSubmission(out, challenges);
    if (faults.ok() && faults->empty()) {
      log.Info(
          absl::StrCat(out, ": is valid and is kept until there are votes"));
      return ReadSubmission(out);
    }
    const absl::StatusOr<Submission> others = ReadSubmission(out);
    if (!overwrite && others.ok() && HasAnswers(*others, challenges)) {
      return absl::FailedPreconditionError(
          absl::StrCat("--out ", out,
                       ": holds answers to other tasks; name another file, or "
                       "replace it with --overwrite"));
    }
  }
  ARCTRM_RETURN_IF_ERROR(WriteSubmission(PlaceholderSubmission(challenges),
                                         challenges, out,
                                         /*again=*/true));
  log.Info(absl::StrCat(out, ": wrote a valid placeholder"));
  return Submission();
}

// No output of the run may be an input or a foreign file.
absl::Status CheckFiles(const KaggleOptions& options,
                        const KaggleEnvironment& site) {
  OutputGuard guard;
  guard.AllowOverwriting(options.run.overwrite);
  for (const std::string& path :
       {site.challenges, site.training_challenges, site.training_solutions,
        site.evaluation_challenges, site.evaluation_solutions,
        site.sample_submission}) {
    guard.Reads("--input", path);
  }
  std::vector<std::string> checkpoints = site.checkpoints;
  if (!options.run.checkpoint.empty()) {
    checkpoints.push_back(options.run.checkpoint);
  }
  for (const std::string& checkpoint : checkpoints) {
    guard.ReadsFrom("--input", checkpoint, CheckpointFileNames());
  }
  for (const std::string& argument : options.run.train_on) {
    for (const std::string& path : TrainOnPaths(argument)) {
      guard.Reads("--train-on", path);
    }
  }
  guard.Writes("--out", options.run.out, [](const std::string& path) {
    const absl::StatusOr<std::string> text = ReadFile(path);
    return text.ok() && LooksLikeSubmission(*text);
  });
  guard.Writes("--report", options.run.report, [](const std::string& path) {
    const absl::StatusOr<std::string> html = ReadFile(path);
    return html.ok() && IsReport(*html);
  });
  return guard.Check();
}

// Refuses the work folder of another command.
absl::Status CheckWork(const KaggleOptions& options) {
  const std::string& work = options.run.work;
  if (work.empty() || options.run.overwrite) return absl::OkStatus();
  const absl::StatusOr<RunRecord> record = RunFolder(work).ReadRecord();
  if (!record.ok() || record->title == kTitle) return absl::OkStatus();
  return RunFolder(work).CheckNoRun(/*resumable=*/false);
}

// Describes the processor and memory; workers describe the GPUs.
std::string HostLine() {
  struct sysinfo info = {};
  const double gib = sysinfo(&info) == 0 ? static_cast<double>(info.totalram) *
                                               info.mem_unit / (1 << 30)
                                         : 0;
  return absl::StrFormat("host: %d cores, %.1f GiB",
                         std::thread::hardware_concurrency(), gib);
}

// Runs in one work folder. Resumes the run there or, if that fails, begins anew
// unless that run is finished.
absl::StatusOr<RunOutcome> RunIn(const std::string& work, RunOptions run,
                                 const Deadline& deadline, Log& log,
                                 Engine& engine) {
  run.work = work;
  const absl::StatusOr<RunRecord> record = RunFolder(work).ReadRecord();
  run.resume = record.ok() && !run.overwrite;
  if (run.resume) {
    absl::StatusOr<RunOutcome> outcome = ExecuteRun(run, deadline, log, engine);
    if (outcome.ok() || absl::IsResourceExhausted(outcome.status())) {
      return outcome;
    }
    if (absl::StartsWith(record->status, "done")) {
      ARCTRM_RETURN_IF_ERROR(
          Annotate(RunFolder(work).CheckNoRun(/*resumable=*/false),
                   outcome.status().message()));
    }
    log.Warning(absl::StrCat("the run in ", work, " cannot be resumed: ",
                             outcome.status().message()));
    run.resume = false;
  }
  // The files of the earlier run are useless now.
  run.overwrite = true;
  return ExecuteRun(run, deadline, log, engine);
}

WorkerOptions WorkersIn(const KaggleOptions& options, const std::string& work) {
  WorkerOptions workers;
  workers.solver = options.solver;
  // A name of arctrm's own, so it is removed later.
  workers.scratch = WorkersName(work);
  workers.deadline = Deadline(RealClock(), KaggleTimeLeft(options));
  return workers;
}

// Writes the solutions of stand-in tasks to `path`, so that a trial run can be
// scored. False if that is impossible.
bool WriteStandInSolutions(const KaggleEnvironment& site,
                           const ChallengeSet& challenges,
                           const std::string& path) {
  if (!site.stand_ins || site.training_solutions.empty()) return false;
  absl::StatusOr<SolutionSet> all =
      ReadSolutions(site.training_solutions, nullptr);
  if (!all.ok()) return false;
  SolutionSet known;
  for (const Task& task : challenges.tasks) {
    const auto it = all->find(task.id);
    if (it == all->end() || it->second.size() != task.test_inputs.size()) {
      return false;
    }
    known.insert(*it);
  }
  return WriteFileAtomically(path, SolutionsJson(known)).ok();
}

// The folders to try, best first.
std::vector<std::string> WorkFolders(const KaggleOptions& options,
                                     const KaggleEnvironment& site) {
  std::vector<std::string> folders;
  if (!options.run.work.empty()) folders.push_back(options.run.work);
  // The name depends on the output, so a restarted run finds its folder.
  const std::string name =
      absl::StrCat("arctrm-", Sha256Hex(options.run.out).substr(0, 8));
  for (const std::string& scratch : site.scratch_folders) {
    folders.push_back(JoinPath(scratch, name));
  }
  // In case all of those are in use.
  if (!site.scratch_folders.empty()) {
    folders.push_back(
        JoinPath(site.scratch_folders[0], absl::StrCat(name, "-", getpid())));
  }
  return folders;
}

// Locks `work` and the folder of its workers. FailedPrecondition if it is a
// foreign folder, AlreadyExists if another run uses it.
absl::Status TakeFolder(const std::string& work, const std::string& checkpoint,
                        const std::string& scratch,
                        std::unique_ptr<FileLock>& lock) {
  const RunFolder folder(work);
  ARCTRM_RETURN_IF_ERROR(folder.CheckNotLocked());
  ARCTRM_RETURN_IF_ERROR(folder.CheckOurs());
  OutputGuard guard;
  guard.Reads("--checkpoint", checkpoint);
  guard.WorksIn("--work", work, IsRunFolderName);
  ARCTRM_RETURN_IF_ERROR(guard.Check());
  ARCTRM_RETURN_IF_ERROR(MakeDirectories(Dirname(scratch)));
  ARCTRM_ASSIGN_OR_RETURN(lock, FileLock::Take(LockName(work), work));
  return MakeDirectories(scratch);
}

// Makes and locks a spare folder beside `work`; "" if another run uses it.
std::string TakeSpareFolder(const std::string& work,
                            std::unique_ptr<FileLock>& lock) {
  absl::StatusOr<std::unique_ptr<FileLock>> taken =
      FileLock::Take(LockName(work), work);
  if (!taken.ok()) return "";
  lock = *std::move(taken);
  return SpareFolderName(work);
}

// The outcome with only placeholders.
RunOutcome NoTime(const ChallengeSet& challenges, absl::string_view why) {
  RunOutcome outcome;
  outcome.status = absl::StrCat("no time left", why.empty() ? "" : ": ", why);
  outcome.test_inputs = challenges.num_test_inputs();
  outcome.without_votes = outcome.test_inputs;
  return outcome;
}

absl::StatusOr<RunOptions> PrepareRun(const KaggleOptions& options,
                                      const KaggleEnvironment& site, Log& log) {
  RunOptions run = options.run;
  run.challenges = {site.challenges};
  run.title = kTitle;
  run.unattended = true;
  if (run.checkpoint.empty() && !site.checkpoints.empty()) {
    run.checkpoint = site.checkpoints[0];
    log.Info(absl::StrCat("starting from ", run.checkpoint));
  }
  if (!run.checkpoint.empty()) {
    const absl::StatusOr<CheckpointInfo> info =
        ReadCheckpointInfo(run.checkpoint);
    const bool arc =
        info.ok() && info->model.puzzle == PuzzleKindName(PuzzleKind::kArc);
    if (!arc) {
      log.Warning(absl::StrCat(
          "training begins from random weights: ",
          info.ok()
              ? absl::StrCat(run.checkpoint, " is for ", info->model.puzzle)
              : std::string(info.status().message())));
      run.checkpoint.clear();
    }
  }
  return run;
}

}  // namespace

absl::Duration KaggleTimeLeft(const KaggleOptions& options) {
  const absl::Duration gone =
      absl::Now() - absl::UnixEpoch() - absl::Seconds(options.started);
  return options.limit - options.safety - gone;
}

absl::StatusOr<RunOutcome> RunKaggle(const KaggleOptions& options, Log& log) {
  const Deadline deadline(RealClock(), KaggleTimeLeft(options));
  const std::unique_ptr<Watchdog> watchdog =
      WatchRun({"", "", ""}, deadline, log);
  ARCTRM_RETURN_IF_ERROR(CheckSubmissionPath(options.run.out));
  if (!options.run.report.empty()) {
    ARCTRM_RETURN_IF_ERROR(CheckIsFile(options.run.report));
  }
  ARCTRM_ASSIGN_OR_RETURN(const KaggleEnvironment site, FindSite(options.site));
  for (const std::string& note : site.notes) log.Info(note);
  log.Info(HostLine());
  const KeptRoom kept_room(options.run.out);
  ARCTRM_RETURN_IF_ERROR(CheckFiles(options, site));
  ARCTRM_RETURN_IF_ERROR(CheckWork(options));
  ARCTRM_ASSIGN_OR_RETURN(const TaskFiles files, ReadTasks(site.challenges));
  ARCTRM_ASSIGN_OR_RETURN(const Submission standing,
                          WritePlaceholder(files.challenges, options.run.out,
                                           options.run.overwrite, log));
  log.Info(absl::StrCat(
      "time for the run: ",
      DurationText(std::max(absl::ZeroDuration(), deadline.Remaining()))));
  if (!WorthBeginning(deadline)) {
    return NoTime(files.challenges, "");
  }
  ARCTRM_ASSIGN_OR_RETURN(RunOptions run, PrepareRun(options, site, log));
  run.standing = standing;
  absl::Status failed =
      absl::FailedPreconditionError("no writable scratch folder");
  const std::vector<std::string> folders = WorkFolders(options, site);
  for (size_t i = 0; i < folders.size(); ++i) {
    const std::string& work = folders[i];
    const WorkerOptions workers = WorkersIn(options, work);
    std::unique_ptr<FileLock> lock;
    failed = TakeFolder(work, run.checkpoint, workers.scratch, lock);
    if (failed.ok()) {
      const std::unique_ptr<Engine> engine = MakeWorkerEngine(workers, log);
      RunOptions settled = run;
      const std::string solutions = JoinPath(workers.scratch, "solutions.json");
      if (WriteStandInSolutions(site, files.challenges, solutions)) {
        settled.solutions = solutions;
      }
      std::unique_ptr<FileLock> spare_lock;
      if (i + 2 < folders.size()) {
        settled.spare = TakeSpareFolder(folders[i + 1], spare_lock);
      }
      const absl::Status known = options.ResolveSettings(*engine, settled);
      if (absl::IsDeadlineExceeded(known)) {
        return NoTime(files.challenges, known.message());
      }
      ARCTRM_RETURN_IF_ERROR(known);
      // Depends on the limit, not on the time left, since a resumed run must
      // have the same settings.
      settled.train.checkpoint_interval_s = std::min(
          settled.train.checkpoint_interval_s,
          MaxCheckpointIntervalS(absl::ToDoubleSeconds(options.limit)));
      absl::StatusOr<RunOutcome> outcome =
          RunIn(work, settled, deadline, log, *engine);
      if (outcome.ok() && outcome->complete) {
        (void)RemoveAll(workers.scratch);
        if (!settled.spare.empty()) (void)RemoveAll(settled.spare);
      }
      if (absl::IsDeadlineExceeded(outcome.status())) {
        return NoTime(files.challenges, outcome.status().message());
      }
      if (outcome.ok() || !(absl::IsResourceExhausted(outcome.status()) ||
                            absl::IsAlreadyExists(outcome.status()))) {
        return outcome;
      }
      failed = outcome.status();
    }
    // Another folder does not help against exhausted memory, and there is no
    // other folder after the last.
    if (IsOutOfMemory(failed)) break;
    if (absl::IsResourceExhausted(failed) && i + 2 == folders.size()) break;
    if (StopSignal() != 0 || !WorthBeginning(deadline)) break;
    log.Warning(absl::StrCat(work, ": ", failed.message()));
  }
  // The placeholder submission remains, as if there had been no time.
  if (absl::IsResourceExhausted(failed)) {
    return NoTime(files.challenges, failed.message());
  }
  return failed;
}

absl::StatusOr<std::string> PlanKaggle(const KaggleOptions& options, Log& log) {
  ARCTRM_ASSIGN_OR_RETURN(const KaggleEnvironment site, FindSite(options.site));
  for (const std::string& note : site.notes) log.Info(note);
  ARCTRM_ASSIGN_OR_RETURN(RunOptions run, PrepareRun(options, site, log));
  const std::vector<std::string> folders = WorkFolders(options, site);
  if (folders.empty()) {
    return absl::FailedPreconditionError("no writable scratch folder");
  }
  // A folder for this process only.
  WorkerOptions workers =
      WorkersIn(options, absl::StrCat(folders[0], "-plan-", getpid()));
  ARCTRM_RETURN_IF_ERROR(MakeDirectories(workers.scratch));
  const std::unique_ptr<Engine> engine = MakeWorkerEngine(workers, log);
  const auto describe = [&]() -> absl::StatusOr<std::string> {
    ARCTRM_RETURN_IF_ERROR(options.ResolveSettings(*engine, run));
    return DescribePlan(run, Deadline(RealClock(), KaggleTimeLeft(options)),
                        log, *engine);
  };
  absl::StatusOr<std::string> plan = describe();
  ARCTRM_RETURN_IF_ERROR(RemoveAll(workers.scratch));
  return plan;
}

}  // namespace arctrm
