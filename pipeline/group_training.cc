// SPDX-License-Identifier: MIT
#include "pipeline/group_training.h"

#include "absl/strings/str_cat.h"
#include "base/stop.h"
#include "pipeline/end_run.h"
#include "solver/checkpoint_info.h"

namespace arctrm {

absl::StatusOr<TrainResult> TrainInGroup(const TrainRequest& request) {
  const ProcessGroup& group = request.group;
  if (group.size == 1) return Train(request);
  if (group.rank == 0 && request.hooks.log != nullptr) {
    request.hooks.log->Info(absl::StrCat("waiting for ", group.size,
                                         " processes at ", group.address, ":",
                                         group.port));
  }
  absl::StatusOr<TrainResult> result = Train(request);
  const absl::Status& status = result.status();
  if (!absl::IsUnavailable(status) && !absl::IsAborted(status)) return result;
  if (group.rank > 0) return absl::CancelledError(status.message());
  const std::string& out = request.spec.out;
  const absl::StatusOr<CheckpointInfo> saved = ReadCheckpointInfo(out);
  return absl::CancelledError(absl::StrCat(
      status.message(), "; ",
      saved.ok() && saved->has_resume_state
          ? absl::StrCat(out, " holds the checkpoint of step ", saved->step,
                         ": continue from it with --resume, with any number of "
                         "processes")
          : "no checkpoint had been saved"));
}

std::string EndedGroupStatus() {
  return StopSignal() != 0 ? StoppedBySignal() : "another rank was lost";
}

std::unique_ptr<Watchdog> WatchFollower(const Deadline& deadline, Log& log) {
  return WatchRun({"", "", "rank 0 saves the training"}, deadline, log,
                  Watchdog::Signals::kIgnored);
}

}  // namespace arctrm
