// SPDX-License-Identifier: MIT
#include "submission/report.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "submission/internal/html.h"
#include "submission/internal/page.h"
#include "submission/internal/report_tasks.h"

namespace arctrm {
namespace {

// Pages of this size stay fast in browsers. Further candidates are dropped
// first.
constexpr int64_t kMaxTaskBytes = int64_t{24} << 20;

int NumFirstRight(const ScoreTable& score) {
  return static_cast<int>(
      std::count_if(score.outputs.begin(), score.outputs.end(),
                    [](const OutputScore& o) { return o.attempt_1; }));
}

int NumRightCandidates(const ScoreTable& score) {
  return static_cast<int>(
      std::count_if(score.outputs.begin(), score.outputs.end(),
                    [](const OutputScore& o) { return o.oracle_rank > 0; }));
}

std::string ScoreCards(const ScoreTable& score) {
  const int64_t outputs = static_cast<int64_t>(score.outputs.size());
  std::string html = "<div class=\"cards\">\n";
  absl::StrAppend(
      &html,
      CardHtml(true, "Two attempts, per task", score.per_task.pass_2,
               absl::StrCat(CountOfHtml(score.num_solved_tasks(), score.tasks),
                            " tasks fully solved")),
      CardHtml(false, "Two attempts, per output", score.per_output.pass_2,
               absl::StrCat(CountOfHtml(score.num_solved_outputs(), outputs),
                            " outputs")),
      CardHtml(false, "First attempt, per task", score.per_task.pass_1,
               absl::StrCat("per output ", PercentHtml(score.per_output.pass_1),
                            ", ", CountOfHtml(NumFirstRight(score), outputs))));
  const auto all = score.oracle.find(kAllCandidates);
  if (all != score.oracle.end()) {
    html +=
        CardHtml(false, "Right among all candidates", all->second,
                 absl::StrCat(CountOfHtml(NumRightCandidates(score), outputs),
                              " outputs"));
  }
  return html + "</div>\n";
}

std::string OracleHtml(const ScoreTable& score) {
  if (score.oracle.empty()) return "";
  std::string head;
  std::string shares;
  for (const auto& [depth, share] : score.oracle) {
    absl::StrAppend(&head, "<th scope=\"col\">",
                    depth == kAllCandidates ? "all"
                    : depth == 1            ? "first"
                                            : absl::StrCat("first ", depth),
                    "</th>");
    absl::StrAppend(&shares, "<td>", PercentHtml(share), "</td>");
  }
  return absl::StrCat(
      "<h2>Right answer among the candidates</h2>\n<div class=\"groups "
      "scroll\"><table><thead><tr><th scope=\"col\">Candidates</th>",
      head, "</tr></thead><tbody><tr><th scope=\"row\">Outputs</th>", shares,
      "</tr></tbody></table></div>\n");
}

std::string GroupRow(absl::string_view name, const ScoreTable& score,
                     bool oracle, absl::string_view css_class) {
  const int64_t outputs = static_cast<int64_t>(score.outputs.size());
  const auto cell = [](double share, absl::string_view note) {
    return absl::StrCat("<td>", PercentHtml(share), "<small>", note,
                        "</small></td>");
  };
  std::string html =
      absl::StrCat("<tr", css_class, "><th scope=\"row\">", EscapeHtml(name),
                   "</th><td>", CountHtml(score.tasks), "</td>",
                   cell(score.per_task.pass_2,
                        CountOfHtml(score.num_solved_tasks(), score.tasks)),
                   cell(score.per_output.pass_2,
                        CountOfHtml(score.num_solved_outputs(), outputs)),
                   cell(score.per_output.pass_1,
                        CountOfHtml(NumFirstRight(score), outputs)));
  const auto all = score.oracle.find(kAllCandidates);
  if (all != score.oracle.end()) {
    html += cell(all->second, CountOfHtml(NumRightCandidates(score), outputs));
  } else if (oracle) {
    html += "<td></td>";
  }
  return html + "</tr>\n";
}

std::string GroupsHtml(const ReportData& data) {
  if (data.label_scores.empty()) return "";
  const bool oracle =
      (data.score.has_value() && !data.score->oracle.empty()) ||
      std::any_of(data.label_scores.begin(), data.label_scores.end(),
                  [](const auto& g) { return !g.second.oracle.empty(); });
  std::string html = absl::StrCat(
      "<h2>Score by label</h2>\n<div class=\"groups scroll\"><table><thead><tr>"
      "<th scope=\"col\">Label</th><th scope=\"col\">Tasks</th><th "
      "scope=\"col\">Two attempts, per task</th><th scope=\"col\">Two "
      "attempts, per output</th><th scope=\"col\">First attempt, per output"
      "</th>",
      oracle ? "<th scope=\"col\">All candidates</th>" : "",
      "</tr></thead><tbody>\n");
  for (const auto& [name, score] : data.label_scores) {
    html += GroupRow(name, score, oracle, "");
  }
  if (data.score.has_value()) {
    html += GroupRow("All tasks", *data.score, oracle, " class=\"all\"");
  }
  return html + "</tbody></table></div>\n";
}

std::string Controls(const ReportData& data, bool scored) {
  std::string html =
      "<form class=\"controls\" data-noun=\"tasks\" onsubmit=\"return false\">";
  if (scored) {
    for (const auto& [value, name] :
         {std::pair("", "All"), std::pair("solved", "Solved"),
          std::pair("partly", "Partly"), std::pair("unsolved", "Unsolved")}) {
      absl::StrAppend(&html, "<button type=\"button\" value=\"", value,
                      "\" aria-pressed=\"", *value == '\0' ? "true" : "false",
                      "\">", name, "</button>");
    }
  }
  std::set<std::string> groups;
  for (const ReportTask& task : data.tasks) groups.insert(task.group);
  if (groups.size() > 1) {
    html +=
        "<select aria-label=\"Label\"><option value=\"\">All labels</option>";
    for (const std::string& group : groups) {
      const std::string name = EscapeHtml(group);
      // "=" distinguishes tasks without a label from no selection.
      absl::StrAppend(&html, "<option value=\"=", name, "\">",
                      group.empty() ? "no label" : name, "</option>");
    }
    html += "</select>";
  }
  return html +
         "<input type=\"search\" placeholder=\"Task id\" aria-label=\"Task "
         "id\"><output class=\"muted\"></output></form>\n";
}

std::string TasksSection(const ReportData& data) {
  if (data.tasks.empty()) return "";
  bool scored = false;
  for (const ReportTask& task : data.tasks) {
    scored = scored || StateOf(task) != TaskState::kUnknown;
  }
  std::string html = "<h2 class=\"tasks\">Tasks</h2>\n";
  if (scored) {
    absl::StrAppend(
        &html, TaskMapHtml(data.tasks),
        "<p class=\"key\"><i class=\"solved\"></i>solved<i "
        "class=\"partly\"></i>partly solved<i class=\"unsolved\"></i>"
        "unsolved<i></i>unknown</p>\n");
  }
  return absl::StrCat(html, Controls(data, scored),
                      TasksHtml(data.tasks, kMaxTaskBytes));
}

std::string SummaryText(const ReportData& data) {
  int64_t tests = 0;
  int64_t voted = 0;
  for (const ReportTask& task : data.tasks) {
    for (const ReportTestInput& test : task.tests) {
      ++tests;
      voted += std::any_of(test.candidates.begin(), test.candidates.end(),
                           [](const auto& c) { return c.votes != 0; });
    }
  }
  if (tests == 0) return "No tasks.";
  return absl::StrCat(
      Plural(static_cast<int64_t>(data.tasks.size()), "task", "tasks"), ", ",
      Plural(tests, "test input", "test inputs"), ", ", CountHtml(voted),
      " with votes", data.score.has_value() ? "" : "; not scored");
}

}  // namespace

std::string ReportHtml(const ReportData& data) {
  std::string scores;
  if (data.score.has_value()) scores += ScoreCards(*data.score);
  scores += GroupsHtml(data);
  if (data.score.has_value()) scores += OracleHtml(*data.score);
  return PageHtml(data, SummaryText(data), scores, TasksSection(data));
}

}  // namespace arctrm
