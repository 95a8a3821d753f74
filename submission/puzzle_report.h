// SPDX-License-Identifier: MIT
// The self-contained HTML report of `arctrm puzzle` for Sudoku or mazes, like
// that of a run (submission/report.h).
#pragma once

#include <string>
#include <vector>

#include "puzzles/csv.h"
#include "submission/report_page.h"

namespace arctrm {

struct PuzzleReportData : ReportPage {
  PuzzleFile puzzles;  // all puzzles of the run
  // In the same order; fewer if time ran out. `answer` is the model's.
  std::vector<Puzzle> answers;
};

// Scores only puzzles with known answers. Draws at most 120 puzzles, those with
// wrong answers first; a map shows all.
std::string PuzzleReportHtml(const PuzzleReportData& data);

}  // namespace arctrm
