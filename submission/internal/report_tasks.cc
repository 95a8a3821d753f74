// SPDX-License-Identifier: MIT
#include "submission/internal/report_tasks.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "submission/internal/html.h"
#include "submission/svg.h"

namespace arctrm {
namespace {

constexpr int kMaxFurther = 10;
// More dots would hide the grid.
constexpr size_t kMaxMarks = 60;

const GridSvgOptions& DemonstrationSize() {
  static const auto* const options = new GridSvgOptions{192, 20, {}};
  return *options;
}
const GridSvgOptions& TestSize() {
  static const auto* const options = new GridSvgOptions{220, 22, {}};
  return *options;
}
const GridSvgOptions& CandidateSize() {
  static const auto* const options = new GridSvgOptions{124, 12, {}};
  return *options;
}

std::string SizeText(const Grid& grid) {
  return absl::StrCat(grid.rows(), "&times;", grid.cols());
}

std::string Figure(absl::string_view title, absl::string_view note,
                   const Grid& grid, const GridSvgOptions& size,
                   absl::string_view css_class = "") {
  return absl::StrCat("<figure", css_class.empty() ? "" : " class=\"",
                      css_class, css_class.empty() ? "" : "\"", "><figcaption>",
                      title, "</figcaption>", GridSvg(grid, size), "<small>",
                      note, "</small></figure>");
}

std::vector<std::pair<int, int>> Differences(const Grid& a, const Grid& b) {
  std::vector<std::pair<int, int>> cells;
  for (int r = 0; r < a.rows(); ++r) {
    for (int c = 0; c < a.cols(); ++c) {
      if (a.at(r, c) != b.at(r, c)) cells.emplace_back(r, c);
    }
  }
  return cells;
}

std::string VotesText(const ReportCandidate& candidate) {
  if (!std::isfinite(candidate.votes)) return "votes unknown";
  if (candidate.votes == 0) return "no vote; second answer of a view";
  // Weighted ballots give fractions of votes.
  return absl::StrFormat("%.6g %s, confidence %s", candidate.votes,
                         candidate.votes == 1 ? "vote" : "votes",
                         PercentHtml(candidate.mean_confidence));
}

std::string Demonstrations(const Task& task) {
  std::string html = "<h4>Demonstrations</h4>\n<div class=\"pairs\">\n";
  int number = 0;
  for (const Pair& pair : task.demonstrations) {
    absl::StrAppend(
        &html, "<div class=\"pair\">",
        Figure(absl::StrCat("<b>", ++number, "</b> input"),
               SizeText(pair.input), pair.input, DemonstrationSize()),
        "<span class=\"arrow\">&rarr;</span>",
        Figure("output", SizeText(pair.output), pair.output,
               DemonstrationSize()),
        "</div>\n");
  }
  return html + "</div>\n";
}

// Index of `grid` among the candidates, or -1.
int Rank(const Grid& grid, const ReportTestInput& test) {
  for (size_t i = 0; i < test.candidates.size(); ++i) {
    if (test.candidates[i].grid == grid) return static_cast<int>(i);
  }
  return -1;
}

std::string Attempt(int number, const Grid& grid, const ReportTestInput& test) {
  const Grid& shown = grid.empty() ? Grid(1, 1) : grid;
  std::string title = absl::StrCat("Attempt ", number);
  std::string note = SizeText(shown);
  const int rank = Rank(grid, test);
  if (rank >= 0) {
    absl::StrAppend(&note, "<br>",
                    VotesText(test.candidates[static_cast<size_t>(rank)]));
  } else {
    note += test.candidates.empty() ? "<br>placeholder: no votes" : "";
  }
  GridSvgOptions size = TestSize();
  if (!test.solution.has_value()) return Figure(title, note, shown, size);
  const Grid& right = *test.solution;
  if (shown == right) {
    title += " <i class=\"mark good\">&#10003; right</i>";
    return Figure(title, note, shown, size, "right");
  }
  title += " <i class=\"mark bad\">&#10007; wrong</i>";
  if (shown.rows() != right.rows() || shown.cols() != right.cols()) {
    absl::StrAppend(&note, "<br>should be ", SizeText(right));
  } else {
    auto wrong = Differences(shown, right);
    absl::StrAppend(&note, "<br>", wrong.size(), " of ", shown.size(),
                    shown.size() == 1 ? " cell wrong" : " cells wrong");
    if (wrong.size() <= kMaxMarks && shown.size() > 1) {
      size.marks = std::move(wrong);
    }
  }
  return Figure(title, note, shown, size, "wrong");
}

// Indices of the candidates that are not attempts, best first.
std::vector<int> Further(const ReportTestInput& test) {
  std::vector<int> further;
  for (size_t i = 0; i < test.candidates.size(); ++i) {
    const Grid& grid = test.candidates[i].grid;
    if (grid != test.attempts.attempt_1 && grid != test.attempts.attempt_2) {
      further.push_back(static_cast<int>(i));
    }
  }
  return further;
}

std::string FurtherHtml(const ReportTestInput& test, int max_further) {
  const std::vector<int> further = Further(test);
  if (further.empty()) return "";
  std::string html = absl::StrCat(
      "<details><summary>", Plural(static_cast<int64_t>(further.size()),
                                   "further candidate", "further candidates"));
  const int right = test.solution.has_value() ? Rank(*test.solution, test) : -1;
  if (std::count(further.begin(), further.end(), right) > 0) {
    absl::StrAppend(&html, ", the right answer among them as number ",
                    right + 1);
  }
  html += "</summary>\n<div class=\"row small\">";
  const size_t shown =
      std::min(further.size(), static_cast<size_t>(max_further));
  for (size_t i = 0; i < shown; ++i) {
    const auto& candidate = test.candidates[static_cast<size_t>(further[i])];
    const bool is_right = further[i] == right;
    absl::StrAppend(
        &html, "\n",
        Figure(absl::StrCat(
                   "No. ", further[i] + 1,
                   is_right ? " <i class=\"mark good\">&#10003;</i>" : ""),
               VotesText(candidate), candidate.grid, CandidateSize(),
               is_right ? "right" : ""));
  }
  html += "</div>\n";
  if (shown < further.size()) {
    absl::StrAppend(&html, "<p class=\"muted\">",
                    Plural(static_cast<int64_t>(further.size() - shown),
                           "candidate", "candidates"),
                    " with fewer votes not drawn.</p>\n");
  }
  return html + "</details>\n";
}

std::string TestHtml(const Task& task, size_t index,
                     const ReportTestInput& test, int max_further) {
  std::string html = absl::StrCat(
      "<h4>Test",
      task.test_inputs.size() > 1 ? absl::StrCat(" ", index + 1) : "",
      "</h4>\n<div class=\"row\">",
      Figure("Input", SizeText(task.test_inputs[index]),
             task.test_inputs[index], TestSize()),
      "<span class=\"arrow\">&rarr;</span>");
  absl::StrAppend(&html, Attempt(1, test.attempts.attempt_1, test));
  if (test.attempts.attempt_2 == test.attempts.attempt_1) {
    html +=
        "<figure class=\"none\"><figcaption>Attempt 2</figcaption>"
        "<p>the same</p></figure>";
  } else {
    absl::StrAppend(&html, Attempt(2, test.attempts.attempt_2, test));
  }
  if (test.solution.has_value()) {
    absl::StrAppend(&html, Figure("Solution", SizeText(*test.solution),
                                  *test.solution, TestSize(), "solution"));
  }
  return html + "</div>\n" + FurtherHtml(test, max_further);
}

std::string Badge(Outcome outcome, absl::string_view prefix) {
  switch (outcome) {
    case Outcome::kSolved:
      return absl::StrCat("<span class=\"badge good\">", prefix,
                          "&#10003; solved</span>");
    case Outcome::kWrong:
      return absl::StrCat("<span class=\"badge bad\">", prefix,
                          "&#10007; unsolved</span>");
    case Outcome::kNoVotes:
      return absl::StrCat("<span class=\"badge\">", prefix, "no votes</span>");
    case Outcome::kUnknown:
      break;
  }
  return "";
}

std::string TaskHtml(const ReportTask& task, size_t number, int max_further) {
  const size_t tests =
      std::min(task.tests.size(), task.task.test_inputs.size());
  std::string html = absl::StrCat(
      "<article class=\"task\" id=\"task-", number, "\" data-state=\"",
      StateName(StateOf(task)), "\" data-group=\"", EscapeHtml(task.group),
      "\" data-id=\"", EscapeHtml(task.task.id), "\">\n<header><h3>",
      EscapeHtml(task.task.id), "</h3>");
  if (!task.group.empty()) {
    absl::StrAppend(&html, "<span class=\"badge group\">",
                    EscapeHtml(task.group), "</span>");
  }
  for (size_t i = 0; i < tests; ++i) {
    html += Badge(OutcomeOf(task.tests[i]),
                  tests > 1 ? absl::StrCat("test ", i + 1, " ") : "");
  }
  html += "</header>\n";
  html += Demonstrations(task.task);
  for (size_t i = 0; i < tests; ++i) {
    html += TestHtml(task.task, i, task.tests[i], max_further);
  }
  return html + "</article>\n";
}

}  // namespace

Outcome OutcomeOf(const ReportTestInput& test) {
  if (test.solution.has_value()) {
    return test.attempts.attempt_1 == *test.solution ||
                   test.attempts.attempt_2 == *test.solution
               ? Outcome::kSolved
               : Outcome::kWrong;
  }
  return test.candidates.empty() ? Outcome::kNoVotes : Outcome::kUnknown;
}

TaskState StateOf(const ReportTask& task) {
  int solved = 0;
  int wrong = 0;
  for (const ReportTestInput& test : task.tests) {
    const Outcome outcome = OutcomeOf(test);
    solved += outcome == Outcome::kSolved;
    wrong += outcome == Outcome::kWrong;
  }
  if (solved + wrong == 0) return TaskState::kUnknown;
  if (wrong == 0) return TaskState::kSolved;
  return solved == 0 ? TaskState::kUnsolved : TaskState::kPartly;
}

absl::string_view StateName(TaskState state) {
  switch (state) {
    case TaskState::kSolved:
      return "solved";
    case TaskState::kPartly:
      return "partly";
    case TaskState::kUnsolved:
      return "unsolved";
    case TaskState::kUnknown:
      break;
  }
  return "unknown";
}

std::string TaskMapHtml(const std::vector<ReportTask>& tasks) {
  std::string html = "<nav class=\"map\" aria-label=\"All tasks\">";
  for (size_t i = 0; i < tasks.size(); ++i) {
    const absl::string_view state = StateName(StateOf(tasks[i]));
    const std::string id = EscapeHtml(tasks[i].task.id);
    absl::StrAppend(&html, "<a class=\"", state, "\" href=\"#task-", i,
                    "\" title=\"", id, ": ", state, "\" aria-label=\"", id,
                    ": ", state, "\"></a>");
  }
  return html + "</nav>\n";
}

std::string TasksHtml(const std::vector<ReportTask>& tasks, int64_t max_bytes) {
  std::string html;
  for (int further = kMaxFurther;; further /= 2) {
    html.clear();
    bool fits = true;
    for (size_t i = 0; i < tasks.size() && fits; ++i) {
      html += TaskHtml(tasks[i], i, further);
      fits = further == 0 || static_cast<int64_t>(html.size()) <= max_bytes;
    }
    if (fits) return html;
  }
}

}  // namespace arctrm
