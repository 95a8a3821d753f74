// SPDX-License-Identifier: MIT
// What each command reads and writes, for OutputGuard. What several outputs are
// derived from (work folders, best weights) is here too.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "arc/task.h"
#include "base/output_guard.h"
#include "cli/augment_command.h"
#include "cli/bundle_command.h"
#include "cli/checkpoint_command.h"
#include "cli/demo_command.h"
#include "cli/doctor_command.h"
#include "cli/kaggle_command.h"
#include "cli/predict_command.h"
#include "cli/puzzle_command.h"
#include "cli/report_command.h"
#include "cli/run_command.h"
#include "cli/score_command.h"
#include "cli/settings_command.h"
#include "cli/show_command.h"
#include "cli/submit_command.h"
#include "cli/train_command.h"
#include "cli/validate_command.h"
#include "cli/vote_command.h"

namespace arctrm {

OutputGuard FilesOf(const AugmentFlags& flags);
OutputGuard FilesOf(const BundleFlags& flags);
OutputGuard FilesOf(const CheckpointInfoFlags& flags);
OutputGuard FilesOf(const CheckpointImportFlags& flags);
OutputGuard FilesOf(const CheckpointExportFlags& flags);
OutputGuard FilesOf(const CheckpointAverageFlags& flags);
OutputGuard FilesOf(const DemoFlags& flags);
OutputGuard FilesOf(const DoctorFlags& flags);
OutputGuard FilesOf(const KaggleFlags& flags);
OutputGuard FilesOf(const PredictFlags& flags);
OutputGuard FilesOf(const PuzzleGenerateFlags& flags);
OutputGuard FilesOf(const PuzzleCheckFlags& flags);
OutputGuard FilesOf(const PuzzleScoreFlags& flags);
OutputGuard FilesOf(const PuzzleTrainFlags& flags);
OutputGuard FilesOf(const PuzzlePredictFlags& flags);
OutputGuard FilesOf(const ReportFlags& flags);
OutputGuard FilesOf(const RunFlags& flags);
OutputGuard FilesOf(const ScoreFlags& flags);
OutputGuard FilesOf(const SettingsFlags& flags);
OutputGuard FilesOf(const ShowFlags& flags);
OutputGuard FilesOf(const SubmitFlags& flags);
OutputGuard FilesOf(const TrainFlags& flags);
OutputGuard FilesOf(const ValidateFlags& flags);
OutputGuard FilesOf(const VoteFlags& flags);

// The files of the checkpoint that `path` names, a folder or its weights file.
void ReadsCheckpoint(const std::string& option, const std::string& path,
                     OutputGuard& guard);

// FailedPrecondition where `out` holds a checkpoint: its weights are somebody's
// work. `resumable`: whether the command that asks has --resume.
absl::Status CheckNoCheckpoint(const std::string& out, bool resumable);

// May what `guard` replaces be replaced? What stands there has to be the
// command's own kind of file, and no part of a run: neither in the work folder
// of a run other than the command's own, nor a run's submission. With
// `overwrite` only a run that is at work is in the way. Writes nothing.
absl::Status CheckStanding(const OutputGuard& guard, bool overwrite);
template <typename Flags>
absl::Status CheckStanding(const Flags& flags) {
  return CheckStanding(FilesOf(flags), flags.common.overwrite);
}

// May the log go where `common` says? A file that is no log is left alone.
// `files`: of the command.
absl::Status CheckLog(const CommonFlags& common, const OutputGuard& files);

// May `submission` be written to `path`? Without `overwrite` not where other
// answers stand.
absl::Status CheckNoOtherAnswers(const std::string& path,
                                 const Submission& submission,
                                 const ChallengeSet& challenges,
                                 bool overwrite);

// Removes what runs that were killed have left beside the outputs of `guard`.
void RemoveLeftoversBeside(const OutputGuard& guard);

// RunLogged() once the command's outputs are found to be none of its inputs,
// and are locked against other processes. Whether what stands at them may be
// replaced is for the command to ask, when its inputs are read:
// CheckStanding(flags).
template <typename Flags>
int RunGuarded(const Flags& flags,
               const std::function<absl::StatusOr<int>(Log&)>& body) {
  const OutputGuard guard = FilesOf(flags);
  absl::Status status = guard.CheckApart();
  if (status.ok()) status = CheckLog(flags.common, guard);
  if (!status.ok()) return ReportError(status);
  const auto locks = guard.Lock();
  if (!locks.ok()) return ReportError(locks.status());
  const int code = RunLogged(flags.common, body);
  if (code != kExitUsage) RemoveLeftoversBeside(guard);
  return code;
}

}  // namespace arctrm
