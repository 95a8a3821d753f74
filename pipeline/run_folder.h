// SPDX-License-Identifier: MIT
// The work folder of a run (default OUT.run/), with the files that the report
// and --resume read. docs/formats.md describes them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/file_lock.h"
#include "pipeline/run_record.h"
#include "solver/train.h"
#include "submission/report.h"
#include "submission/score.h"

namespace arctrm {

// Whether `line` is a row of metrics.jsonl.
bool IsMetricsRow(absl::string_view line);
// Whether a run uses `name` for an entry of its work folder.
bool IsRunFolderName(absl::string_view name);
// Parses the complete lines of metrics.jsonl. Skips a line that a kill has cut.
std::vector<CurvePoint> ParseMetrics(absl::string_view text);

class RunFolder {
 public:
  explicit RunFolder(std::string dir) : dir_(std::move(dir)) {}

  const std::string& dir() const { return dir_; }
  std::string record_path() const;
  std::string metrics_path() const;
  std::string ballots_path() const;
  std::string challenges_path() const;
  std::string solutions_path() const;
  std::string dataset_dir() const;
  std::string checkpoint_dir() const;
  // The weights with the best score on held-out pairs, if there are any.
  std::string best_dir() const;
  // The rows of metrics_path() as CSV.
  std::string metrics_csv_path() const;
  // Questions and answers of a training on Sudoku or mazes.
  std::string puzzles_path() const;
  std::string answers_path() const;

  // Checks that the folder is absent or is the work folder of a run.
  // FailedPrecondition if it has entries (other than our logs) without a
  // run.json, or if its checkpoints or dataset have foreign entries. Writes
  // nothing.
  absl::Status CheckOurs() const;
  // CheckOurs(), and FailedPrecondition if the folder holds a run that is
  // finished or has a checkpoint or votes, or a training with metrics. The
  // message describes that run and says how to go on. `resumable`: whether the
  // command has --resume.
  absl::Status CheckNoRun(bool resumable = true) const;
  // CheckOurs(), then makes the folder and removes the files of an earlier run.
  // Other entries stay.
  absl::Status Start() const;
  // Makes the folder and locks it while the returned lock exists. AlreadyExists
  // names the process that holds the lock.
  absl::StatusOr<std::unique_ptr<FileLock>> Lock() const;
  // AlreadyExists if another process holds the lock.
  absl::Status CheckNotLocked() const;
  absl::Status WriteRecord(const RunRecord& record) const;
  // NotFound without run.json; errors of ParseRunRecord().
  absl::StatusOr<RunRecord> ReadRecord() const;

  // Appends a row to metrics.jsonl and metrics.csv.
  absl::Status AppendMetrics(const TrainStats& stats) const;
  // Removes rows after `step`, which a resumed run writes again.
  absl::Status TrimMetrics(int64_t step) const;
  // See ParseMetrics(). Empty without a file.
  absl::StatusOr<std::vector<CurvePoint>> ReadMetrics() const;

  // Removes dataset, snapshots and resume state after a complete run.
  absl::Status RemoveResumeState() const;

 private:
  std::string lock_path() const;
  std::vector<std::string> checkpoint_dirs() const;
  std::string dir_;
};

}  // namespace arctrm
