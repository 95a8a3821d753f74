// SPDX-License-Identifier: MIT
#include "pipeline/end_run.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/file_lock.h"
#include "base/status.h"
#include "base/stop.h"
#include "pipeline/run_folder.h"
#include "pipeline/run_report.h"

namespace arctrm {

std::string StoppedBySignal() {
  return absl::StrCat("stopped by ", SignalName(StopSignal()));
}

std::string OverrunText(const Deadline& deadline) {
  const absl::Duration late = -deadline.Remaining();
  if (deadline.IsInfinite() || late <= absl::ZeroDuration()) return "";
  return absl::StrCat("the time limit was overrun by ", DurationText(late));
}

void EndRun(const EndedRun& run, Watchdog::Cause cause,
            const Deadline& deadline, Log& log) {
  const bool by_signal = cause == Watchdog::Cause::kSignal;
  std::string warning = absl::StrCat(
      by_signal ? StoppedBySignal() : std::string("the time limit passed"),
      " during work that could not be interrupted");
  const std::string overrun = OverrunText(deadline);
  if (!overrun.empty()) absl::StrAppend(&warning, "; ", overrun);
  absl::Status written = absl::OkStatus();
  if (!run.work.empty()) {
    const RunFolder folder(run.work);
    absl::StatusOr<RunRecord> record = folder.ReadRecord();
    if (record.ok()) {
      record->status = by_signal ? StoppedBySignal() : "time used up";
      record->warnings.push_back(warning);
      written = folder.WriteRecord(*record);
    }
  }
  log.Begin();
  log.EndProgress();
  log.Warning(
      absl::StrCat(warning, run.result.empty() ? "" : "; ", run.result));
  if (!written.ok()) log.Warning(written.message());
  if (!run.work.empty() && !run.report.empty()) {
    const absl::Status reported = WriteRunReport(run.work, run.report);
    if (!reported.ok()) log.Warning(reported.message());
  }
  FileLock::RemoveFilesOfHeld();
}

std::unique_ptr<Watchdog> WatchRun(EndedRun run, const Deadline& deadline,
                                   Log& log, Watchdog::Signals signals) {
  return std::make_unique<Watchdog>(
      deadline,
      [run = std::move(run), deadline, &log](Watchdog::Cause cause) {
        constexpr int kStopped = 3;
        EndRun(run, cause, deadline, log);
        return kStopped;
      },
      signals);
}

}  // namespace arctrm
