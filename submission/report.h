// SPDX-License-Identifier: MIT
// The self-contained HTML report of a run: no network, no script needed to read
// it (a small inline one filters), prints well.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arc/task.h"
#include "submission/score.h"

namespace arctrm {

// One row of metrics.jsonl.
struct CurvePoint {
  int64_t step = 0;
  double time_s = 0;
  double loss = 0;  // lm_loss + 0.5 q_halt_loss, per row
  double lm_loss = 0;
  double q_halt_loss = 0;
  double accuracy = 0;        // 0-1, token accuracy of halted rows
  double exact_accuracy = 0;  // 0-1
  double steps = 0;           // supervision steps of halted rows, mean
  double learning_rate = 0;
};

struct ReportCandidate {
  Grid grid;
  double votes = 0;
  double mean_confidence = 0;
};

struct ReportTestInput {
  // Best first; the first two are the attempts.
  std::vector<ReportCandidate> candidates;
  Attempts attempts;
  std::optional<Grid> solution;
};

struct ReportTask {
  Task task;
  // "pretrained rule", "left-out rule", …; "" for none. Shown and filterable.
  std::string group;
  std::vector<ReportTestInput> tests;
};

struct ReportData {
  std::string title;
  // "running", "done", "stopped by SIGTERM" …
  std::string status;
  // Shown on top in a box: leaks, fallbacks.
  std::vector<std::string> warnings;
  // (section, (key, value) rows): settings as resolved, machine, plan, timings.
  std::vector<
      std::pair<std::string, std::vector<std::pair<std::string, std::string>>>>
      facts;
  std::vector<CurvePoint> curve;
  std::optional<ScoreTable> score;
  // Score by group ("pretrained rule" …), when there are groups.
  std::vector<std::pair<std::string, ScoreTable>> group_scores;
  std::vector<ReportTask> tasks;
};

std::string ReportHtml(const ReportData& data);

}  // namespace arctrm
