// SPDX-License-Identifier: MIT
// Compares scores with pass@k of the published evaluator.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "simdjson.h"
#include "submission/score.h"
#include "tests/testing/golden.h"
#include "tests/testing/golden_json.h"

namespace arctrm {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

struct Case {
  SolutionSet solutions;
  Submission submission;
  CandidateGrids candidates;
};

Case ToCase(element json) {
  Case c;
  for (const auto field : object(json["test_puzzles"])) {
    for (element test : array(field.value["test"])) {
      c.solutions[std::string(field.key)].push_back(GoldenGrid(test["output"]));
    }
  }
  for (const auto field : object(json["ranked"])) {
    int test_index = 0;
    for (element table : array(field.value)) {
      std::vector<Grid>& grids =
          c.candidates[{std::string(field.key), test_index++}];
      for (element row : array(table)) grids.push_back(GoldenGrid(row["grid"]));
    }
  }
  // Uses the ranking, since the recorded submission omits test inputs without
  // votes and shifts later ones.
  for (const auto& [id, outputs] : c.solutions) {
    for (size_t i = 0; i < outputs.size(); ++i) {
      Attempts attempts;
      const auto& ranked = c.candidates[{id, static_cast<int>(i)}];
      if (!ranked.empty()) attempts.attempt_1 = ranked[0];
      if (ranked.size() > 1) attempts.attempt_2 = ranked[1];
      c.submission[id].push_back(attempts);
    }
  }
  return c;
}

// The published pass@k is a mean per task, then over tasks.
double PerTask(const ScoreTable& score, const SolutionSet& solutions, int k) {
  double sum = 0;
  for (const OutputScore& output : score.outputs) {
    if (output.oracle_rank > 0 && output.oracle_rank <= k) {
      sum += 1.0 / static_cast<double>(solutions.at(output.task_id).size());
    }
  }
  return sum / static_cast<double>(solutions.size());
}

TEST(ScoreGolden, PassRatesEqualThePublishedOnes) {
  const std::string text = ReadGolden("augment.json.zst");
  simdjson::dom::parser parser;
  int cases = 0;
  for (element json : array(parser.parse(text)["voting"])) {
    SCOPED_TRACE(absl::StrCat("case ", cases));
    const Case c = ToCase(json);
    const ScoreTable score =
        Score(c.submission, c.solutions, c.candidates).value();
    const object metrics(json["metrics"]);
    EXPECT_NEAR(score.per_task.pass_1, double(metrics["ARC/pass@1"]), 1e-15);
    EXPECT_NEAR(score.per_task.pass_2, double(metrics["ARC/pass@2"]), 1e-15);
    for (int k : {1, 2, 3, 5, 10, 100, 1000}) {
      EXPECT_NEAR(PerTask(score, c.solutions, k),
                  double(metrics[absl::StrCat("ARC/pass@", k)]), 1e-15)
          << "k = " << k;
    }
    ++cases;
  }
  EXPECT_EQ(cases, 3);
}

}  // namespace
}  // namespace arctrm
