// SPDX-License-Identifier: MIT
// The HTML report of a job on Sudoku or mazes, as self-contained as that of a
// run (submission/report.h).
#pragma once

#include <string>
#include <vector>

#include "puzzles/csv.h"
#include "submission/report_page.h"

namespace arctrm {

struct PuzzleReportData : ReportPage {
  PuzzleFile puzzles;  // those that were to be answered
  // In the same order; fewer when time ran out. `answer` is the model's.
  std::vector<Puzzle> answers;
};

// Scores only what has a known answer. Draws at most 120 puzzles, those with a
// wrong answer first; the map above them shows all.
std::string PuzzleReportHtml(const PuzzleReportData& data);

}  // namespace arctrm
