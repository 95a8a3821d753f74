// SPDX-License-Identifier: MIT
// The work folder of a run (default OUT.run/): what the report reads and what
// --resume needs. docs/formats.md describes the files.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/file_lock.h"
#include "solver/train.h"
#include "submission/report.h"
#include "submission/score.h"

namespace arctrm {

using Facts = std::vector<
    std::pair<std::string, std::vector<std::pair<std::string, std::string>>>>;

// run.json: replaced whole whenever something in it changes.
struct RunRecord {
  std::string title;
  // "preparing", "training", "voting", "done", "stopped by SIGTERM" ….
  std::string status = "preparing";
  // Resolved settings: what a resumed run must have in common.
  std::map<std::string, std::string> settings;
  // Shown in the report: machine, plan, timings.
  Facts facts;
  std::vector<std::string> warnings;
  std::map<std::string, std::string> task_labels;  // task id -> label
  // The plan, fixed when training starts.
  int augmentations = -1;
  int64_t planned_steps = 0;
  bool training_done = false;
  bool voting_done = false;
  double elapsed_s = 0;  // of all parts of the run
  // SHA-256 of what was read, by option: what a resumed run must find again.
  // Records of before have none.
  std::map<std::string, std::string> fingerprints;
  // The name that its checkpoints, snapshots and ballots have in them too, and
  // SHA-256 of dataset/dataset.json. "" in records of before.
  std::string run;
  std::string dataset;
  // What there is so far, to say what stands here: optimiser steps, votes that
  // count, snapshots kept, and the score in words ("" where it isn't known).
  int64_t steps = 0;
  int64_t votes = 0;
  int snapshots = 0;
  std::string score;
  // The submission, seen from the work folder (kept_runs.h).
  std::string out;
};

// Is it of a training that has neither ended nor been stopped in order?
bool IsBeingTrained(const RunRecord& record);

// Is `line` a row of metrics.jsonl?
bool IsMetricsRow(absl::string_view line);
// Is `name` what a run calls an entry of its work folder?
bool IsRunFolderName(absl::string_view name);

// The record that run.json holds; `path` is for messages. DataLoss for anything
// else, FailedPrecondition for another version.
absl::StatusOr<RunRecord> ParseRunRecord(const std::string& text,
                                         const std::string& path);
// The complete lines of metrics.jsonl; a line cut by a kill is left out.
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
  // The weights that did best on what is held out, where something is.
  std::string best_dir() const;
  // The same numbers as in metrics_path(), one column each.
  std::string metrics_csv_path() const;
  // Of a job on Sudoku or mazes: what was asked, and the model's answers.
  std::string puzzles_path() const;
  std::string answers_path() const;

  // May a run begin here? FailedPrecondition for a folder with entries (but for
  // logs of ours) and no run.json of ours, whatever they are called, and for
  // one whose checkpoints or dataset hold entries that are not ours. Writes
  // nothing.
  absl::Status CheckOurs() const;
  // The same, and FailedPrecondition where a run stands here that is finished
  // or has a checkpoint or votes, or a training that has curves: says which,
  // and how to go on.
  // `resumable`: whether the command that asks has --resume.
  absl::Status CheckNoRun(bool resumable = true) const;
  // CheckOurs(), then makes the folder and removes what an earlier run left;
  // entries with other names stay.
  absl::Status Start() const;
  // Makes the folder, and locks it until the lock is gone. AlreadyExists names
  // the process that holds it.
  absl::StatusOr<std::unique_ptr<FileLock>> Lock() const;
  // AlreadyExists where another process holds it now.
  absl::Status CheckNotLocked() const;
  absl::Status WriteRecord(const RunRecord& record) const;
  // NotFound when there is no run here; DataLoss.
  absl::StatusOr<RunRecord> ReadRecord() const;

  // To both forms.
  absl::Status AppendMetrics(const TrainStats& stats) const;
  // Drops rows after `step`: a resumed run writes them again.
  absl::Status TrimMetrics(int64_t step) const;
  // Complete lines only; a line cut by a kill is left out.
  absl::StatusOr<std::vector<CurvePoint>> ReadMetrics() const;

  // After exit 0: shards and resume state go, what people want later stays.
  absl::Status RemoveResumeState() const;

 private:
  std::string lock_path() const;
  std::vector<std::string> checkpoint_dirs() const;
  std::string dir_;
};

}  // namespace arctrm
