// SPDX-License-Identifier: MIT
#include "submission/internal/page.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "submission/internal/curves.h"
#include "submission/internal/html.h"
#include "submission/internal/style.h"

namespace arctrm {
namespace {

// Longer sections, such as the settings, are folded.
constexpr size_t kMaxOpenFacts = 12;

// Identifies reports, including those of older versions.
constexpr char kOwner[] = "<meta name=\"arctrm-run\" content=\"";
constexpr char kMadeBy[] = "<footer>Made by arctrm.";

std::string FactsHtml(const ReportPage& data) {
  if (data.facts.empty()) return "";
  std::string html = "<h2>Settings and timings</h2>\n<div class=\"facts\">\n";
  for (const auto& [section, rows] : data.facts) {
    const bool long_section = rows.size() > kMaxOpenFacts;
    const std::string heading =
        absl::StrCat("<h3>", EscapeHtml(section), "</h3>");
    absl::StrAppend(
        &html, long_section ? "<section class=\"long\">" : "<section>",
        long_section ? absl::StrCat("<details><summary>", heading, "<small>",
                                    rows.size(), " rows</small></summary>")
                     : heading,
        "<table><tbody>\n");
    for (const auto& [key, value] : rows) {
      absl::StrAppend(&html, "<tr><th scope=\"row\">", EscapeHtml(key),
                      "</th><td>", EscapeHtml(value), "</td></tr>\n");
    }
    absl::StrAppend(&html, "</tbody></table>", long_section ? "</details>" : "",
                    "</section>\n");
  }
  return html + "</div>\n";
}

std::string CurvesSection(const std::vector<CurvePoint>& curve) {
  const std::string charts = CurvesHtml(curve);
  if (charts.empty()) return "";
  return absl::StrCat("<h2>Learning curves</h2>\n<div class=\"charts\">\n",
                      charts,
                      "</div>\n<p class=\"muted\">By training step, with the "
                      "time below. The faint line shows the measured values, "
                      "the strong line a running median.</p>\n");
}

absl::string_view StatusClass(absl::string_view status) {
  if (absl::StartsWith(status, "done")) return "done";
  if (absl::StartsWith(status, "running")) return "running";
  return "stopped";
}

std::string HeaderHtml(const ReportPage& data, const std::string& title,
                       absl::string_view summary) {
  std::string html = absl::StrCat("<div class=\"top\"><h1>", title, "</h1>");
  if (!data.status.empty()) {
    absl::StrAppend(&html, "<span class=\"status ", StatusClass(data.status),
                    "\">", EscapeHtml(data.status), "</span>");
  }
  absl::StrAppend(&html, "</div>\n<p class=\"summary\">", summary, "</p>\n");
  if (!data.warnings.empty()) {
    absl::StrAppend(&html, "<div class=\"warnings\" role=\"note\"><b>",
                    data.warnings.size() == 1 ? "Warning" : "Warnings",
                    "</b><ul>\n");
    for (const std::string& warning : data.warnings) {
      absl::StrAppend(&html, "<li>", EscapeHtml(warning), "</li>\n");
    }
    html += "</ul></div>\n";
  }
  return html;
}

}  // namespace

std::string CountOfHtml(int64_t count, int64_t of) {
  return absl::StrCat(CountHtml(count), " of ", CountHtml(of));
}

std::string CardHtml(bool main, absl::string_view title, double share,
                     absl::string_view note) {
  return absl::StrFormat(
      "<div class=\"card%s\"><span>%s</span><b>%s</b><small>%s</small><div "
      "class=\"bar\"><i style=\"width:%.2f%%\"></i></div></div>\n",
      main ? " main" : "", title, PercentHtml(share), note, 100 * share);
}

bool IsReport(absl::string_view html) {
  return absl::StartsWith(html, "<!DOCTYPE html>") &&
         absl::StrContains(html, kMadeBy);
}

std::string ReportOwner(absl::string_view html) {
  const size_t head = html.find("</head>");
  const size_t at = html.substr(0, head).find(kOwner);
  if (head == absl::string_view::npos || at == absl::string_view::npos) {
    return "";
  }
  html.remove_prefix(at + sizeof(kOwner) - 1);
  return std::string(html.substr(0, html.find('"')));
}

std::string PageHtml(const ReportPage& page, absl::string_view summary,
                     absl::string_view scores, absl::string_view items) {
  const std::string title =
      page.title.empty() ? "arctrm run" : EscapeHtml(page.title);
  return absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\">\n",
      page.owner.empty() ? "" : absl::StrCat(kOwner, page.owner, "\">\n"),
      "<title>", title, "</title>\n<style>", kReportStyle,
      "</style>\n</head>\n<body>\n<main>\n", HeaderHtml(page, title, summary),
      scores, CurvesSection(page.curve), FactsHtml(page), items, kMadeBy,
      " Everything on this page is in this one file."
      "</footer>\n</main>\n<script>",
      kReportScript, "</script>\n</body>\n</html>\n");
}

}  // namespace arctrm
