// SPDX-License-Identifier: MIT
#include "submission/score.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/printable.h"
#include "nlohmann/json.hpp"

namespace arctrm {
namespace {

constexpr int kOracleDepths[] = {1, 2, 5, 10, 100, kAllCandidates};

int RankOf(const Grid& answer, const std::vector<Grid>& candidates) {
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i] == answer) return static_cast<int>(i) + 1;
  }
  return 0;
}

double Percent(double share) { return 100 * share; }

std::string DepthName(int depth) {
  return depth == kAllCandidates ? "all" : absl::StrCat(depth);
}

std::string CountText(int count, int of) {
  const int width = static_cast<int>(absl::StrCat(of).size());
  return absl::StrFormat("%*d of %d", width, count, of);
}

std::string ResultText(const OutputScore& output) {
  if (output.attempt_1) return "attempt 1";
  if (output.attempt_2) return "attempt 2";
  if (output.oracle_rank == 0) return "-";
  return absl::StrCat("- (right: candidate ", output.oracle_rank, ")");
}

std::string TasksText(const ScoreTable& score) {
  size_t width = 4;
  for (const OutputScore& output : score.outputs) {
    width = std::max(width, Printable(output.task_id).size());
  }
  const int padding = static_cast<int>(width);
  std::string text = absl::StrFormat("\n%-*s  solved   by\n", padding, "task");
  for (size_t i = 0; i < score.outputs.size();) {
    const std::string& id = score.outputs[i].task_id;
    std::string results;
    int solved = 0;
    int count = 0;
    for (; i < score.outputs.size() && score.outputs[i].task_id == id; ++i) {
      absl::StrAppend(&results, count == 0 ? "" : ", ",
                      ResultText(score.outputs[i]));
      solved += score.outputs[i].solved();
      ++count;
    }
    absl::StrAppendFormat(&text, "%-*s  %d of %d   %s\n", padding,
                          Printable(id), solved, count, results);
  }
  return text;
}

}  // namespace

int ScoreTable::num_solved_outputs() const {
  return static_cast<int>(
      std::count_if(outputs.begin(), outputs.end(),
                    [](const OutputScore& o) { return o.solved(); }));
}

int ScoreTable::num_solved_tasks() const {
  std::map<std::string, bool> solved;
  for (const OutputScore& output : outputs) {
    bool& all = solved.try_emplace(output.task_id, true).first->second;
    all = all && output.solved();
  }
  return static_cast<int>(
      std::count_if(solved.begin(), solved.end(),
                    [](const auto& task) { return task.second; }));
}

absl::StatusOr<ScoreTable> Score(const Submission& submission,
                                 const SolutionSet& solutions,
                                 const CandidateGrids& candidates) {
  ScoreTable score;
  bool shared = false;
  double task_1 = 0;
  double task_2 = 0;
  int right_1 = 0;
  int right_2 = 0;
  for (const auto& [id, answers] : solutions) {
    const auto submitted = submission.find(id);
    shared = shared || submitted != submission.end();
    int here_1 = 0;
    int here_2 = 0;
    double count = 0;
    for (size_t i = 0; i < answers.size(); ++i) {
      if (answers[i].empty()) continue;
      ++count;
      OutputScore output;
      output.task_id = id;
      output.test_index = static_cast<int>(i);
      if (submitted != submission.end() && i < submitted->second.size()) {
        output.attempt_1 = submitted->second[i].attempt_1 == answers[i];
        output.attempt_2 = submitted->second[i].attempt_2 == answers[i];
      }
      const auto ranked = candidates.find({id, output.test_index});
      if (ranked != candidates.end()) {
        output.oracle_rank = RankOf(answers[i], ranked->second);
      }
      here_1 += output.attempt_1;
      here_2 += output.solved();
      score.outputs.push_back(output);
    }
    if (count == 0) continue;
    right_1 += here_1;
    right_2 += here_2;
    task_1 += here_1 / count;
    task_2 += here_2 / count;
    ++score.tasks;
  }
  if (!shared) {
    return absl::InvalidArgumentError(
        "the submission and the solutions have no task in common; do they "
        "belong to the same data set?");
  }
  if (score.outputs.empty()) {
    return absl::InvalidArgumentError("no test output is known");
  }
  const double outputs = static_cast<double>(score.outputs.size());
  score.per_output = {right_1 / outputs, right_2 / outputs};
  score.per_task = {task_1 / score.tasks, task_2 / score.tasks};
  if (!candidates.empty()) {
    for (int depth : kOracleDepths) {
      int within = 0;
      for (const OutputScore& output : score.outputs) {
        within += output.oracle_rank > 0 && output.oracle_rank <= depth;
      }
      score.oracle[depth] = within / outputs;
    }
  }
  return score;
}

std::string ScoreJson(const ScoreTable& score) {
  nlohmann::ordered_json json;
  json["tasks"] = score.tasks;
  json["outputs"] = score.outputs.size();
  json["missing_tasks"] = score.missing_tasks;
  json["missing_outputs"] = score.missing_outputs;
  json["unusable_attempts"] = score.unusable_attempts;
  json["per_output"] = {{"pass@1", score.per_output.pass_1},
                        {"pass@2", score.per_output.pass_2}};
  json["per_task"] = {{"pass@1", score.per_task.pass_1},
                      {"pass@2", score.per_task.pass_2}};
  if (!score.oracle.empty()) {
    nlohmann::ordered_json oracle = nlohmann::ordered_json::object();
    for (const auto& [depth, share] : score.oracle) {
      oracle[absl::StrCat("pass@", DepthName(depth))] = share;
    }
    json["oracle"] = std::move(oracle);
  }
  json["solved_outputs"] = nlohmann::json::array();
  for (const OutputScore& output : score.outputs) {
    if (output.solved()) {
      json["solved_outputs"].push_back(
          absl::StrCat(output.task_id, "[", output.test_index, "]"));
    }
  }
  // Ids may come from file names, which need not be UTF-8.
  return json.dump(-1, ' ', /*ensure_ascii=*/true,
                   nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

std::string ScoreText(const ScoreTable& score, bool per_task) {
  const int outputs = static_cast<int>(score.outputs.size());
  const int first = static_cast<int>(
      std::count_if(score.outputs.begin(), score.outputs.end(),
                    [](const OutputScore& o) { return o.attempt_1; }));
  const std::string first_count = CountText(first, outputs);
  const int width = std::max(16, static_cast<int>(first_count.size()) + 12);
  const auto both = [&](absl::string_view name, double share_1,
                        absl::string_view count_1, double share_2,
                        absl::string_view count_2) {
    std::string line = absl::StrFormat(
        "%-12s%-*s%s", name, width,
        absl::StrFormat("%5.1f %%  %s", Percent(share_1), count_1),
        absl::StrFormat("%5.1f %%  %s", Percent(share_2), count_2));
    absl::StripTrailingAsciiWhitespace(&line);
    return line + "\n";
  };
  std::string text =
      absl::StrFormat("%-12s%-*stwo attempts\n", "", width, "first attempt");
  text += both("per output", score.per_output.pass_1, first_count,
               score.per_output.pass_2,
               CountText(score.num_solved_outputs(), outputs));
  text += both("per task", score.per_task.pass_1, "", score.per_task.pass_2,
               absl::StrCat(CountText(score.num_solved_tasks(), score.tasks),
                            " fully solved"));
  if (!score.oracle.empty()) {
    text += "\nright answer among the candidates of a test input\n";
    for (const auto& [depth, share] : score.oracle) {
      const std::string name = depth == kAllCandidates ? "all"
                               : depth == 1            ? "first"
                                            : absl::StrCat("first ", depth);
      absl::StrAppendFormat(
          &text, "%-12s%5.1f %%  %s\n", name, Percent(share),
          CountText(static_cast<int>(std::lround(share * outputs)), outputs));
    }
  }
  if (per_task) text += TasksText(score);
  return text;
}

}  // namespace arctrm
