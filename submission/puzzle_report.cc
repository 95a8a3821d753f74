// SPDX-License-Identifier: MIT
#include "submission/puzzle_report.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "puzzles/judge.h"
#include "submission/internal/html.h"
#include "submission/internal/page.h"
#include "submission/puzzle_svg.h"

namespace arctrm {
namespace {

constexpr size_t kMostDrawn = 120;
// At most this many of them are unsolved, if there are enough solved ones.
constexpr size_t kMostUnsolvedDrawn = 80;
constexpr size_t kRatingRows = 6;
constexpr int kPixels = 244;

enum class Result { kExact, kValid, kWrong, kUnknown };

// CSS class in the map, and value of the filter.
absl::string_view ResultName(Result result) {
  switch (result) {
    case Result::kExact:
      return "solved";
    case Result::kValid:
      return "partly";
    case Result::kWrong:
      return "unsolved";
    case Result::kUnknown:
      break;
  }
  return "unknown";
}

Result ResultOf(const PuzzleReportData& data, size_t i) {
  const Puzzle& puzzle = data.puzzles.puzzles[i];
  if (i >= data.answers.size() || puzzle.answer.empty()) {
    return Result::kUnknown;
  }
  switch (Judge(data.puzzles.kind, puzzle, data.answers[i].answer)) {
    case Verdict::kExact:
      return Result::kExact;
    case Verdict::kValid:
      return Result::kValid;
    case Verdict::kWrong:
      break;
  }
  return Result::kWrong;
}

// Puzzles with a known answer and an answer of the model.
struct Scored {
  std::vector<Puzzle> puzzles;
  std::vector<Grid> answers;
  double confidence = 0;  // mean

  PuzzleScore Score(PuzzleKind kind) const {
    return ScorePuzzles(kind, puzzles, answers);
  }
};

Scored ScoredOf(const PuzzleReportData& data, int least_rating,
                int most_rating) {
  Scored out;
  for (size_t i = 0; i < data.answers.size(); ++i) {
    const Puzzle& puzzle = data.puzzles.puzzles[i];
    // Puzzles without a rating are below every limit.
    const int rating = puzzle.rating.value_or(std::numeric_limits<int>::min());
    if (puzzle.answer.empty() || rating < least_rating ||
        rating > most_rating) {
      continue;
    }
    out.puzzles.push_back(puzzle);
    out.answers.push_back(data.answers[i].answer);
    out.confidence += data.answers[i].confidence.value_or(NAN);
  }
  out.confidence /= static_cast<double>(out.puzzles.size());
  return out;
}

double Share(int64_t part, int64_t of) {
  return static_cast<double>(part) / static_cast<double>(of);
}

std::string ScoreCards(const PuzzleReportData& data) {
  const Scored scored = ScoredOf(data, std::numeric_limits<int>::min(),
                                 std::numeric_limits<int>::max());
  if (scored.puzzles.empty()) return "";
  const PuzzleScore score = scored.Score(data.puzzles.kind);
  return absl::StrCat(
      "<div class=\"cards\">\n",
      CardHtml(true, "Exact answers", Share(score.exact, score.puzzles),
               CountOfHtml(score.exact, score.puzzles)),
      CardHtml(false, "Valid answers", Share(score.valid, score.puzzles),
               absl::StrCat(CountHtml(score.valid - score.exact),
                            " valid, but not the known one")),
      CardHtml(false, "Right cells", score.token_accuracy,
               "of all cells, clues included"),
      CardHtml(false, "Mean confidence", scored.confidence,
               "of the halting head"),
      "</div>\n");
}

// Divides the puzzles into at most kRatingRows ranges [least, most] of ratings
// with about equal numbers of puzzles.
std::vector<std::pair<int, int>> RatingGroups(const PuzzleReportData& data) {
  std::vector<int> ratings;
  for (size_t i = 0; i < data.answers.size(); ++i) {
    const Puzzle& puzzle = data.puzzles.puzzles[i];
    if (!puzzle.answer.empty() && puzzle.rating.has_value()) {
      ratings.push_back(*puzzle.rating);
    }
  }
  std::sort(ratings.begin(), ratings.end());
  std::vector<std::pair<int, int>> groups;
  size_t begin = 0;
  for (size_t row = 1; row <= kRatingRows && begin < ratings.size(); ++row) {
    size_t end = std::max(begin + 1, ratings.size() * row / kRatingRows);
    while (end < ratings.size() && ratings[end] == ratings[end - 1]) ++end;
    groups.emplace_back(ratings[begin], ratings[end - 1]);
    begin = end;
  }
  return groups;
}

std::string RatingsHtml(const PuzzleReportData& data) {
  const std::vector<std::pair<int, int>> groups = RatingGroups(data);
  if (groups.size() < 2) return "";
  const bool maze = data.puzzles.kind == PuzzleKind::kMaze;
  std::string html = absl::StrCat(
      "<h2>Score by rating</h2>\n<div class=\"groups scroll\"><table>"
      "<thead><tr><th scope=\"col\">",
      maze ? "Steps of the path" : "Guesses of a solver",
      "</th><th scope=\"col\">Puzzles</th><th scope=\"col\">Exact</th><th "
      "scope=\"col\">Valid</th><th scope=\"col\">Right cells</th><th "
      "scope=\"col\">Confidence</th></tr></thead><tbody>\n");
  for (const auto& [least, most] : groups) {
    const Scored scored = ScoredOf(data, least, most);
    const PuzzleScore score = scored.Score(data.puzzles.kind);
    absl::StrAppend(&html, "<tr><th scope=\"row\">", least,
                    least == most ? "" : absl::StrCat("&ndash;", most),
                    "</th><td>", CountHtml(score.puzzles), "</td><td>",
                    PercentHtml(Share(score.exact, score.puzzles)), "</td><td>",
                    PercentHtml(Share(score.valid, score.puzzles)), "</td><td>",
                    PercentHtml(score.token_accuracy), "</td><td>",
                    PercentHtml(scored.confidence), "</td></tr>\n");
  }
  return html + "</tbody></table></div>\n";
}

// For each puzzle, whether it is drawn.
std::vector<bool> Drawn(const std::vector<Result>& results) {
  std::vector<bool> drawn(results.size(), false);
  size_t left = kMostDrawn;
  const auto draw = [&](bool solved, size_t most) {
    for (size_t i = 0; i < results.size() && left > 0 && most > 0; ++i) {
      if (drawn[i] || (results[i] == Result::kExact) != solved) continue;
      drawn[i] = true;
      --left;
      --most;
    }
  };
  draw(false, kMostUnsolvedDrawn);
  draw(true, kMostDrawn);
  draw(false, kMostDrawn);
  return drawn;
}

std::string MapHtml(const std::vector<Result>& results,
                    const std::vector<bool>& drawn) {
  std::string html = "<nav class=\"map\" aria-label=\"All puzzles\">";
  for (size_t i = 0; i < results.size(); ++i) {
    absl::StrAppend(&html, "<a class=\"", ResultName(results[i]), "\"");
    if (drawn[i]) absl::StrAppend(&html, " href=\"#puzzle-", i + 1, "\"");
    absl::StrAppend(&html, " title=\"", i + 1, "\"></a>");
  }
  return html + "</nav>\n";
}

std::string Figure(absl::string_view title, absl::string_view svg,
                   absl::string_view note) {
  return absl::StrCat(
      "<figure><figcaption>", title, "</figcaption>", svg,
      note.empty() ? "" : absl::StrCat("<small>", note, "</small>"),
      "</figure>");
}

int64_t WrongCells(const Grid& a, const Grid& b) {
  int64_t wrong = 0;
  for (size_t c = 0; c < a.cells().size(); ++c) {
    wrong += a.cells()[c] != b.cells()[c];
  }
  return wrong;
}

std::string PuzzleHtml(const PuzzleReportData& data, size_t i, Result result) {
  const Puzzle& puzzle = data.puzzles.puzzles[i];
  const PuzzleKind kind = data.puzzles.kind;
  std::string html = absl::StrCat("<article class=\"task\" id=\"puzzle-", i + 1,
                                  "\" data-state=\"", ResultName(result),
                                  "\" data-group=\"\" data-id=\"", i + 1,
                                  "\">\n<header><h3>", i + 1, "</h3>");
  switch (result) {
    case Result::kExact:
      html += "<span class=\"badge good\">&#10003; exact</span>";
      break;
    case Result::kValid:
      html += "<span class=\"badge\">another valid answer</span>";
      break;
    case Result::kWrong:
      html += "<span class=\"badge bad\">&#10007; wrong</span>";
      break;
    case Result::kUnknown:
      break;
  }
  if (puzzle.rating.has_value()) {
    absl::StrAppend(
        &html, "<span class=\"badge group\">",
        Plural(*puzzle.rating, kind == PuzzleKind::kMaze ? "step" : "guess",
               kind == PuzzleKind::kMaze ? "steps" : "guesses"),
        "</span>");
  }
  absl::StrAppend(
      &html, "</header>\n<div class=\"row\">",
      Figure("Question", PuzzleSvg(kind, puzzle, puzzle.question, kPixels),
             EscapeHtml(puzzle.source)));
  if (i < data.answers.size()) {
    const Puzzle& answer = data.answers[i];
    std::string note;
    if (answer.confidence.has_value()) {
      note = absl::StrCat("confidence ", PercentHtml(*answer.confidence));
    }
    if (result == Result::kWrong || result == Result::kValid) {
      absl::StrAppend(
          &note, note.empty() ? "" : "<br>",
          CountOfHtml(WrongCells(puzzle.answer, answer.answer),
                      puzzle.answer.size()),
          result == Result::kWrong ? " cells wrong" : " cells differ");
    }
    absl::StrAppend(
        &html, "<span class=\"arrow\">&rarr;</span>",
        Figure("Answer", PuzzleSvg(kind, puzzle, answer.answer, kPixels),
               note));
  }
  if (!puzzle.answer.empty() && result != Result::kExact) {
    html +=
        Figure("Solution", PuzzleSvg(kind, puzzle, puzzle.answer, kPixels), "");
  }
  return html + "</div>\n</article>\n";
}

std::string Controls(bool scored) {
  std::string html =
      "<form class=\"controls\" data-noun=\"puzzles drawn\" onsubmit=\"return "
      "false\">";
  if (scored) {
    for (const auto& [value, name] :
         {std::pair("", "All"), std::pair("solved", "Exact"),
          std::pair("partly", "Valid"), std::pair("unsolved", "Wrong")}) {
      absl::StrAppend(&html, "<button type=\"button\" value=\"", value,
                      "\" aria-pressed=\"", *value == '\0' ? "true" : "false",
                      "\">", name, "</button>");
    }
  }
  return html +
         "<input type=\"search\" placeholder=\"Number\" aria-label=\"Number of "
         "a puzzle\"><output class=\"muted\"></output></form>\n";
}

std::string PuzzlesHtml(const PuzzleReportData& data) {
  const size_t all = data.puzzles.puzzles.size();
  if (all == 0) return "";
  std::vector<Result> results;
  for (size_t i = 0; i < all; ++i) results.push_back(ResultOf(data, i));
  const std::vector<bool> drawn = Drawn(results);
  const bool scored = std::any_of(results.begin(), results.end(), [](Result r) {
    return r != Result::kUnknown;
  });
  std::string html = "<h2 class=\"tasks\">Puzzles</h2>\n";
  if (scored) {
    absl::StrAppend(
        &html, MapHtml(results, drawn),
        "<p class=\"key\"><i class=\"solved\"></i>exact<i "
        "class=\"partly\"></i>another valid answer<i class=\"unsolved\"></i>"
        "wrong<i></i>not answered",
        data.puzzles.kind == PuzzleKind::kMaze
            ? "<i class=\"start\"></i>start<i class=\"goal\"></i>goal"
            : "",
        "</p>\n");
  }
  if (all > kMostDrawn) {
    absl::StrAppend(&html, "<p class=\"muted\">", CountHtml(kMostDrawn), " of ",
                    CountHtml(static_cast<int64_t>(all)),
                    " are drawn: first those that are not solved.</p>\n");
  }
  html += Controls(scored);
  for (size_t i = 0; i < all; ++i) {
    if (drawn[i]) html += PuzzleHtml(data, i, results[i]);
  }
  return html;
}

}  // namespace

std::string PuzzleReportHtml(const PuzzleReportData& data) {
  const int64_t all = static_cast<int64_t>(data.puzzles.puzzles.size());
  std::string summary = "The file had no puzzles to answer.";
  if (all > 0) {
    const int side = data.puzzles.puzzles[0].question.rows();
    const bool maze = data.puzzles.kind == PuzzleKind::kMaze;
    summary = absl::StrCat(
        Plural(all, maze ? "maze" : "Sudoku", maze ? "mazes" : "Sudoku"),
        " of ", side, "&times;", side, ", ",
        CountHtml(static_cast<int64_t>(data.answers.size())), " answered");
  }
  return PageHtml(data, summary, ScoreCards(data) + RatingsHtml(data),
                  PuzzlesHtml(data));
}

}  // namespace arctrm
