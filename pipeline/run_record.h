// SPDX-License-Identifier: MIT
// The record of a run, which run.json in its work folder holds.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace arctrm {

// Sections of the report with (name, value) pairs.
using Facts = std::vector<
    std::pair<std::string, std::vector<std::pair<std::string, std::string>>>>;

// The contents of run.json, which is replaced as a whole with each change.
struct RunRecord {
  std::string title;
  // "preparing", "training", "voting", "done", "stopped by SIGTERM", ...
  std::string status = "preparing";
  // Resolved settings. A resumed run must have the same.
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
  double elapsed_s = 0;  // total of all resumed parts
  // SHA-256 of the inputs by option. A resumed run must have the same. Empty in
  // records of earlier versions.
  std::map<std::string, std::string> fingerprints;
  // The name of the run, which its checkpoints, snapshots and ballots carry
  // too, and the SHA-256 of dataset/dataset.json. "" in records of earlier
  // versions.
  std::string run;
  std::string dataset;
  // Progress: optimiser steps, votes that count, snapshots, and the score in
  // words ("" if unknown).
  int64_t steps = 0;
  int64_t votes = 0;
  int snapshots = 0;
  std::string score;
  // The submission, relative to the work folder (kept_runs.h).
  std::string out;
};

// Whether `record` is of a training that did not end in order.
bool IsBeingTrained(const RunRecord& record);

// The text of run.json. It contains the SHA-256 of itself.
std::string RunRecordText(const RunRecord& record);
// Parses the text of run.json; `path` is for messages. DataLoss for damaged
// text, FailedPrecondition for another format version.
absl::StatusOr<RunRecord> ParseRunRecord(const std::string& text,
                                         const std::string& path);

}  // namespace arctrm
