// SPDX-License-Identifier: MIT
#include "pipeline/run.h"

#include <memory>
#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/exceptions.h"
#include "base/file_lock.h"
#include "base/files.h"
#include "base/replaced_file.h"
#include "base/status.h"
#include "base/watchdog.h"
#include "pipeline/end_run.h"
#include "pipeline/run_checks.h"
#include "pipeline/run_context.h"
#include "pipeline/run_opening.h"
#include "pipeline/run_preparation.h"
#include "pipeline/run_results.h"
#include "pipeline/run_voting.h"
#include "pipeline/spare_folder.h"
#include "solver/checkpoint_info.h"

namespace arctrm {
namespace {

// Checkpoints of workers go there where the work folder has no room.
std::string OwnSpareFolder(const RunContext& run) {
  constexpr int64_t kMinBytes = int64_t{64} << 20;
  if (!run.options.spare.empty() || !run.engine.NeedsFiles()) return "";
  return SpareFolder(run.journal.folder().dir(), kMinBytes);
}

// From the inputs to the report. Owns what a run holds while it lasts: the lock
// of the work folder, room for the submission, a spare folder.
class Run {
 public:
  Run(const RunOptions& options, const Deadline& deadline, Log& log,
      Engine& engine)
      : run_(options, deadline, log, engine), own_spare_(OwnSpareFolder(run_)) {
    if (!own_spare_.empty()) run_.options.spare = own_spare_;
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() {
    ForgetCheckpointsInMemory();
    RemoveOwnSpare();
  }

  absl::StatusOr<RunOutcome> Execute();

 private:
  // Ends the process in order where the stages overrun the limit or hang.
  std::unique_ptr<Watchdog> Watch();
  int EndByWatchdog(Watchdog::Cause cause);
  // Returns true for a finished run that --resume found. Afterwards a valid
  // submission is in place.
  absl::StatusOr<bool> Open();
  absl::Status Lock();
  absl::Status Train();
  absl::Status Vote();
  absl::StatusOr<RunOutcome> Finish();
  void RemoveOwnSpare();

  RunContext run_;
  const std::string own_spare_;        // "": none
  std::optional<KeptRoom> kept_room_;  // for the submission
  std::unique_ptr<FileLock> lock_;
  // The watchdog's thread reads these.
  std::atomic<bool> opened_{false};
  std::atomic<bool> finished_{false};
  std::atomic<bool> complete_{false};
};

absl::StatusOr<RunOutcome> Run::Execute() {
  const std::unique_ptr<Watchdog> watchdog = Watch();
  return CatchExceptions("the run", [&]() -> absl::StatusOr<RunOutcome> {
    ARCTRM_RETURN_IF_ERROR(CheckRun(run_));
    ARCTRM_ASSIGN_OR_RETURN(const bool was_finished, Open());
    if (was_finished) return OutcomeOf(run_);
    ARCTRM_RETURN_IF_ERROR(PrepareRun(run_));
    ARCTRM_RETURN_IF_ERROR(Train());
    ARCTRM_RETURN_IF_ERROR(Vote());
    return Finish();
  });
}

std::unique_ptr<Watchdog> Run::Watch() {
  // However short the limit is, there is time to write a placeholder.
  return std::make_unique<Watchdog>(
      WatchedEnd(run_.budget.end()),
      [this](Watchdog::Cause cause) { return EndByWatchdog(cause); });
}

int Run::EndByWatchdog(Watchdog::Cause cause) {
  constexpr int kDone = 0;
  constexpr int kStopped = 3;
  if (finished_) return complete_ ? kDone : kStopped;
  const RunOptions& options = run_.options;
  EndedRun ended;
  if (opened_) {
    ended.work = run_.journal.folder().dir();
    ended.report = options.report;
    ended.result = absl::StrCat(options.out, " is valid");
  } else if (run_.inputs_read && !FileExists(options.out) &&
             SaveSubmission(Ballots(), run_.inputs, options).ok()) {
    ended.result = absl::StrCat(options.out, " is a valid placeholder");
  } else {
    ended.result = "nothing was written";
  }
  EndRun(ended, cause, run_.budget.end(), run_.journal.log());
  if (opened_) ReleaseRoom(options.out);
  RemoveOwnSpare();
  return kStopped;
}

absl::StatusOr<bool> Run::Open() {
  constexpr int64_t kRoomy = 1 << 20;
  const bool resume = run_.options.resume;
  const absl::StatusOr<int64_t> free = FreeBytes(run_.journal.folder().dir());
  // On a nearly full disk the submission is written first: even the lock may
  // take its room.
  const bool roomy = !free.ok() || *free >= kRoomy;
  if (roomy) ARCTRM_RETURN_IF_ERROR(Lock());
  if (resume) {
    const absl::StatusOr<bool> finished = ResumeRun(run_);
    if (!finished.ok() && lock_ != nullptr) lock_->LeaveAsFound();
    ARCTRM_RETURN_IF_ERROR(finished.status());
    if (*finished) {
      ARCTRM_RETURN_IF_ERROR(RestoreResults(run_));
      return true;
    }
  }
  kept_room_.emplace(run_.options.out);
  ARCTRM_RETURN_IF_ERROR(
      SaveSubmission(run_.ballots, run_.inputs, run_.options));
  opened_ = true;
  if (!roomy) ARCTRM_RETURN_IF_ERROR(Lock());
  if (!resume) BeginRun(run_);
  run_.options.train.batch = run_.fitted_batch;
  LogRun(run_);
  return false;
}

absl::Status Run::Lock() {
  const RunFolder& folder = run_.journal.folder();
  absl::StatusOr<std::unique_ptr<FileLock>> lock = folder.Lock();
  if (absl::IsResourceExhausted(lock.status())) {
    run_.journal.Warn(
        absl::StrCat("the work folder is not locked against other runs: ",
                     lock.status().message()));
    return absl::OkStatus();
  }
  ARCTRM_RETURN_IF_ERROR(lock.status());
  lock_ = *std::move(lock);
  // Another run may have begun and ended between the checks and the lock.
  return run_.options.resume || run_.options.overwrite ? absl::OkStatus()
                                                       : folder.CheckNoRun();
}

absl::Status Run::Train() {
  ARCTRM_ASSIGN_OR_RETURN(
      run_.trained,
      TrainRun(run_.dataset, run_.held_out, run_.budget, run_.engine,
               run_.options, run_.journal, run_.planned));
  run_.stopped_early = run_.trained.stopped;
  return absl::OkStatus();
}

absl::Status Run::Vote() {
  if (run_.stopped_early || run_.journal.record().voting_done ||
      run_.trained.checkpoint.empty()) {
    return absl::OkStatus();
  }
  ARCTRM_ASSIGN_OR_RETURN(
      run_.stopped_early,
      VoteOnTests(run_.trained.checkpoint, run_.inputs, run_.budget,
                  run_.planned, run_.engine, run_.options, run_.journal,
                  run_.ballots));
  return absl::OkStatus();
}

absl::StatusOr<RunOutcome> Run::Finish() {
  ARCTRM_RETURN_IF_ERROR(SaveLastSubmission(run_));
  ARCTRM_ASSIGN_OR_RETURN(RunOutcome outcome, OutcomeOf(run_));
  // The spare folder goes with this process: a run that resumes trains again.
  if (!own_spare_.empty() &&
      absl::StartsWith(run_.trained.checkpoint, own_spare_)) {
    run_.journal.record().training_done = false;
  }
  WriteResults(outcome, run_);
  complete_ = outcome.complete;
  finished_ = true;
  if (outcome.complete) {
    const absl::Status cleared = run_.journal.folder().RemoveResumeState();
    if (!cleared.ok()) {
      run_.journal.log().Warning(
          absl::StrCat("clearing the work folder: ", cleared.message()));
    }
  }
  return outcome;
}

void Run::RemoveOwnSpare() {
  if (opened_ && !own_spare_.empty()) RemoveAll(own_spare_).IgnoreError();
}

}  // namespace

absl::StatusOr<RunOutcome> ExecuteRun(const RunOptions& options,
                                      const Deadline& deadline, Log& log,
                                      Engine& engine) {
  return Run(options, deadline, log, engine).Execute();
}

absl::StatusOr<std::string> DescribePlan(const RunOptions& options,
                                         const Deadline& deadline, Log& log,
                                         Engine& engine) {
  RunContext run(options, deadline, log, engine);
  ARCTRM_RETURN_IF_ERROR(ReadAndCheckInputs(run));
  return PlanText(run);
}

}  // namespace arctrm
