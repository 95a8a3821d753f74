// SPDX-License-Identifier: MIT
#include "pipeline/train_recorded.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files.h"
#include "base/status.h"
#include "pipeline/failed_writes.h"
#include "pipeline/resume_check.h"
#include "pipeline/run_identity.h"
#include "pipeline/train_progress.h"
#include "solver/checkpoint_info.h"

namespace arctrm {

absl::StatusOr<std::unique_ptr<FileLock>> LockTraining(
    const RunFolder& folder) {
  ARCTRM_RETURN_IF_ERROR(folder.CheckNotLocked());
  ARCTRM_RETURN_IF_ERROR(folder.CheckOurs());
  return folder.Lock();
}

absl::StatusOr<RunRecord> FindRecord(const RunFolder& folder,
                                     const TrainRequest& request,
                                     const RunRecord& fresh, Log& log) {
  if (!request.spec.resume) return fresh;
  RunRecord record = fresh;
  record.run.clear();
  absl::StatusOr<RunRecord> found = folder.ReadRecord();
  if (found.ok()) {
    record = *std::move(found);
    ARCTRM_RETURN_IF_ERROR(CheckSameInputs(folder, record, fresh, log));
    ARCTRM_RETURN_IF_ERROR(CheckMetrics(folder, record.steps));
    record.settings = fresh.settings;
    record.fingerprints = fresh.fingerprints;
  } else if (!absl::IsNotFound(found.status())) {
    return found.status();
  }
  std::vector<StateFile> states;
  AddCheckpoint(request.spec.out, states);
  AddCheckpoint(request.spec.best_out, states);
  ARCTRM_RETURN_IF_ERROR(CheckSameRun(states, record, log));
  return record;
}

absl::StatusOr<RunRecord> OpenRecord(const RunFolder& folder,
                                     const TrainRequest& request,
                                     const RunRecord& fresh, Log& log) {
  ARCTRM_ASSIGN_OR_RETURN(RunRecord record,
                          FindRecord(folder, request, fresh, log));
  if (request.spec.resume && folder.ReadRecord().ok()) return record;
  const absl::Status started = folder.Start();
  if (!started.ok() && !absl::IsResourceExhausted(started)) return started;
  return record;
}

void SwitchToSpareFolder(TrainRequest& request) {
  if (!request.spec.spare_out.empty() &&
      ReadCheckpointInfo(request.spec.spare_out).ok()) {
    request.spec.out = std::exchange(request.spec.spare_out, "");
  }
}

absl::StatusOr<TrainResult> TrainRecorded(
    const std::function<absl::StatusOr<TrainResult>(const TrainRequest&)>&
        train,
    TrainRequest request, const RunFolder& folder, const int64_t& goal,
    const Deadline& shown, Log& log) {
  TrainProgress progress;
  request.hooks.log = &log;
  // Failed writes become warnings: the training continues with gaps in its
  // metrics.
  FailedWrites failed_writes;
  if (!request.hooks.on_unsaved) {
    request.hooks.on_unsaved = [&](const absl::Status& why) {
      if (!failed_writes.Add(why)) return;
      log.Warning(absl::StrCat(
          why.message(), "; the training continues and saves again later"));
    };
  }
  const auto keep = [&](const absl::Status& status) {
    if (!status.ok()) request.hooks.on_unsaved(status);
  };
  request.hooks.on_start = [&](int64_t step) {
    keep(folder.TrimMetrics(step));
    return absl::OkStatus();
  };
  request.hooks.on_step = [&](const TrainStats& stats) {
    keep(folder.AppendMetrics(stats));
    if (stats.held_out.has_value()) {
      log.Info(absl::StrFormat(
          "step %d  held-out pairs: exact %.1f %%  cells %.2f %%", stats.step,
          100 * stats.held_out->exact, 100 * stats.held_out->accuracy));
    }
    log.Progress(
        progress.Line(stats, goal > 0 ? std::max(goal, stats.step) : 0, shown));
    return true;
  };
  absl::StatusOr<TrainResult> result = train(request);
  log.EndProgress();
  const std::string summary = failed_writes.Summary();
  if (!summary.empty()) log.Warning(summary);
  return result;
}

}  // namespace arctrm
