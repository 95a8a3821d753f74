// SPDX-License-Identifier: MIT
// The work folder of a run (default OUT.run/): what the report reads and what
// --resume needs. docs/formats.md describes the files.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
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
  std::map<std::string, std::string> groups;  // task -> group
  // The plan, fixed when training starts.
  int copies = -1;
  int64_t planned_steps = 0;
  bool training_done = false;
  bool voting_done = false;
  double elapsed_s = 0;  // of all parts of the run
};

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

  // Can it be a run's? FailedPrecondition when it holds files that are not of a
  // run, or nothing may be made there. Changes nothing.
  absl::Status Check() const;
  // Makes the folder, empty. FailedPrecondition when it holds files that are
  // not of a run.
  absl::Status Start() const;
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
  std::string dir_;
};

}  // namespace arctrm
