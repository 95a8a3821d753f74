// SPDX-License-Identifier: MIT
// The files that each command reads and writes, for OutputGuard, including work
// folders and best weights.
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

// Adds the files of the checkpoint `path`, a folder or its weights file.
void ReadsCheckpoint(const std::string& option, const std::string& path,
                     OutputGuard& guard);

// Fails with FailedPrecondition if `out` holds a checkpoint. `resumable`: the
// command has --resume, which the message then mentions.
absl::Status CheckNoCheckpoint(const std::string& out, bool resumable);

// Checks that every existing output of `guard` may be replaced: it must be the
// command's own kind of file, outside the work folders of other runs, and not
// the submission of a run. With `overwrite` only running runs are refused.
// Writes nothing.
absl::Status CheckStanding(const OutputGuard& guard, bool overwrite);
template <typename Flags>
absl::Status CheckStanding(const Flags& flags) {
  return CheckStanding(FilesOf(flags), flags.common.overwrite);
}

// Checks that the log may be written: an existing file must be a log of arctrm.
// `files`: the files of the command.
absl::Status CheckLog(const CommonFlags& common, const OutputGuard& files);

// Checks that `path` holds no other answers than `submission`, unless
// `overwrite`.
absl::Status CheckNoOtherAnswers(const std::string& path,
                                 const Submission& submission,
                                 const ChallengeSet& challenges,
                                 bool overwrite);

// Removes files of killed runs beside the outputs of `guard`.
void RemoveLeftoversBeside(const OutputGuard& guard);

// Checks that no output of the command is one of its inputs, locks the outputs
// against other processes, and calls RunLogged(). `body` must call
// CheckStanding(flags) after reading the inputs, before it replaces a file.
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
