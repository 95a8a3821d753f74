// SPDX-License-Identifier: MIT
// The self-contained HTML report of a run. It needs no network and no script to
// be read; a small inline script filters tasks.
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
  double votes = 0;  // 0 for a second answer (Vote::second)
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
  // The task label ("pretrained rule", "left-out rule" …), or "". Shown in the
  // report and its filter.
  std::string group;
  std::vector<ReportTestInput> tests;
};

struct ReportData : ReportPage {
  std::optional<ScoreTable> score;
  // Score by task label, if there are labels.
  std::vector<std::pair<std::string, ScoreTable>> label_scores;
  std::vector<ReportTask> tasks;
};

std::string ReportHtml(const ReportData& data);

// Was the page made by ReportHtml() or PuzzleReportHtml() of any version?
bool IsReport(absl::string_view html);
// ReportPage::owner of such a page; "" if missing, as in pages of older
// versions.
std::string ReportOwner(absl::string_view html);

}  // namespace arctrm
