// SPDX-License-Identifier: MIT
#include "pipeline/resume_check.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "arc/write.h"
#include "augment/dataset.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/status.h"
#include "solver/checkpoint_info.h"
#include "solver/train.h"

namespace arctrm {
namespace {

constexpr char kWhatToDo[] =
    "put it back from a copy, or give --overwrite instead of --resume to start "
    "anew";

absl::Status Missing(const std::string& path, absl::string_view what) {
  return absl::NotFoundError(
      absl::StrCat(path, ": missing: ", what, "; ", kWhatToDo));
}

absl::Status CheckKept(const std::string& dir) {
  const absl::Status status = CheckWholeCheckpoint(dir);
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrCat(status.message(), "; ", kWhatToDo));
}

// How many of the `wanted` snapshots lie behind a training of `steps` steps
// that has done `done`.
int SnapshotsBehind(int wanted, int64_t done, int64_t steps) {
  int behind = 0;
  const double share =
      std::min(1.0, static_cast<double>(done) / static_cast<double>(steps));
  while (behind < wanted && share >= 0.5 + 0.5 * (behind + 1) / (wanted + 1)) {
    ++behind;
  }
  return behind;
}

absl::Status CheckSnapshots(const RunFolder& folder, const RunRecord& record,
                            const RunOptions& options) {
  int behind = record.snapshots;
  const absl::StatusOr<CheckpointInfo> saved =
      ReadCheckpointInfo(folder.checkpoint_dir());
  // With start weights their steps count too.
  if (options.steps > 0 && saved.ok() && options.checkpoint.empty()) {
    behind = std::max(behind, SnapshotsBehind(options.planning.snapshots,
                                              saved->step, options.steps));
  }
  for (int number = 1; number <= options.planning.snapshots; ++number) {
    const std::string dir = SnapshotDir(folder.checkpoint_dir(), number);
    if (IsDirectory(dir)) {
      ARCTRM_RETURN_IF_ERROR(CheckKept(dir));
      behind = std::max(behind, number);
    } else if (number <= behind) {
      return Missing(dir, "a snapshot that votes too");
    }
  }
  // One that is missing before another one that is there.
  for (int number = 1; number < behind; ++number) {
    const std::string dir = SnapshotDir(folder.checkpoint_dir(), number);
    if (!IsDirectory(dir)) return Missing(dir, "a snapshot that votes too");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::map<std::string, std::string>> FingerprintsOf(
    const JobInputs& inputs, const RunOptions& options) {
  std::map<std::string, std::string> prints;
  prints["--challenges"] = Sha256Hex(ChallengesJson(inputs.challenges));
  prints["--solutions"] = inputs.solutions.empty()
                              ? ""
                              : Sha256Hex(SolutionsJson(inputs.solutions));
  std::string trained_on;
  for (const DatasetSource& source : inputs.sources) {
    if (!source.train_on_test_pairs) continue;
    absl::StrAppend(&trained_on, Sha256Hex(ChallengesJson(source.challenges)),
                    Sha256Hex(SolutionsJson(source.solutions)));
  }
  prints["--train-on"] = trained_on.empty() ? "" : Sha256Hex(trained_on);
  prints["--checkpoint"] = "";
  if (!options.checkpoint.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(prints["--checkpoint"],
                            CheckpointFingerprint(options.checkpoint));
  }
  return prints;
}

absl::Status CheckFingerprints(const RunFolder& folder,
                               const std::map<std::string, std::string>& before,
                               const std::map<std::string, std::string>& now) {
  const auto shown = [](const std::string& print) {
    return print.empty() ? std::string("not given")
                         : absl::StrCat("SHA-256 ", print.substr(0, 16));
  };
  for (const auto& [option, print] : before) {
    const auto it = now.find(option);
    if (it == now.end() || it->second == print) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        folder.dir(), ": ", option, " was ", shown(print), " and is ",
        shown(it->second),
        " now: its content changed; resume with what the run began with, or "
        "give --overwrite in the place of --resume to start anew"));
  }
  return absl::OkStatus();
}

absl::Status CheckMetrics(const RunFolder& folder, int64_t step) {
  const std::string path = folder.metrics_path();
  if (!FileExists(path)) {
    if (step == 0) return absl::OkStatus();
    return absl::NotFoundError(absl::StrCat(
        path,
        ": missing: the curves so far; put it back from a copy, or make "
        "an empty file of that name to go on without them"));
  }
  ARCTRM_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  lines.pop_back();
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].empty() && IsMetricsRow(lines[i])) continue;
    return absl::DataLossError(
        absl::StrCat(path, ":", i + 1,
                     ": damaged: not a row of the curves; remove the "
                     "line, or put the file back from a copy"));
  }
  return absl::OkStatus();
}

absl::Status CheckResumeFiles(const RunFolder& folder, const RunRecord& record,
                              const RunOptions& options) {
  if (record.votes > 0 && !FileExists(folder.ballots_path())) {
    return Missing(folder.ballots_path(), "the votes so far");
  }
  // What a finished run needs no more is gone.
  if (absl::StartsWith(record.status, "done")) return absl::OkStatus();
  const std::string checkpoint = folder.checkpoint_dir();
  const bool saved =
      IsDirectory(checkpoint) || IsDirectory(AsideName(checkpoint));
  // Without room there, checkpoints went to the spare folder.
  if (!saved && options.spare.empty() &&
      (record.training_done || record.steps > 0)) {
    return Missing(checkpoint, "the weights so far");
  }
  if (saved) {
    ARCTRM_RETURN_IF_ERROR(CheckKept(checkpoint));
    ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                            ReadCheckpointInfo(checkpoint));
    if (!record.training_done && !info.has_resume_state) {
      return Missing(JoinPath(checkpoint, "resume.safetensors"),
                     "what the training goes on from");
    }
  }
  if (IsDirectory(folder.best_dir())) {
    ARCTRM_RETURN_IF_ERROR(CheckKept(folder.best_dir()));
  }
  ARCTRM_RETURN_IF_ERROR(CheckSnapshots(folder, record, options));
  if (!record.training_done) {
    const std::string dataset = folder.dataset_dir();
    if (IsDirectory(dataset) || IsDirectory(AsideName(dataset))) {
      const absl::Status whole = ReadDataset(dataset).status();
      if (!whole.ok()) {
        return absl::Status(whole.code(),
                            absl::StrCat(whole.message(), "; ", kWhatToDo));
      }
    } else if (saved || record.copies >= 0) {
      return Missing(dataset, "the augmented tasks");
    }
  }
  return CheckMetrics(folder, record.steps);
}

}  // namespace arctrm
