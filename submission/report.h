// SPDX-License-Identifier: MIT
// The self-contained HTML report of a run: no network, no script needed to read
// it (a small inline one filters), prints well.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arc/task.h"
#include "submission/report_page.h"
#include "submission/score.h"

namespace arctrm {

struct ReportCandidate {
  Grid grid;
  double votes = 0;  // 0: a second answer (Vote::second)
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

struct ReportData : ReportPage {
  std::optional<ScoreTable> score;
  // Score by group ("pretrained rule" …), when there are groups.
  std::vector<std::pair<std::string, ScoreTable>> label_scores;
  std::vector<ReportTask> tasks;
};

std::string ReportHtml(const ReportData& data);

// Is it a page that ReportHtml() or PuzzleReportHtml() made, in whatever
// version?
bool IsReport(absl::string_view html);
// ReportPage::owner of such a page; "" where it has none, as earlier ones.
std::string ReportOwner(absl::string_view html);

}  // namespace arctrm
