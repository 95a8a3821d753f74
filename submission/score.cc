// SPDX-License-Identifier: MIT
#include "submission/score.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"

namespace arctrm {
namespace {

constexpr int kOracleDepths[] = {1, 2, 5, 10, 100};

int RankOf(const Grid& answer, const std::vector<Grid>& candidates) {
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i] == answer) return static_cast<int>(i) + 1;
  }
  return 0;
}

int Solved(const ScoreTable& score) {
  return static_cast<int>(
      std::count_if(score.outputs.begin(), score.outputs.end(),
                    [](const OutputScore& o) { return o.solved(); }));
}

}  // namespace

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
    for (size_t i = 0; i < answers.size(); ++i) {
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
    right_1 += here_1;
    right_2 += here_2;
    const double count =
        std::max<double>(1, static_cast<double>(answers.size()));
    task_1 += here_1 / count;
    task_2 += here_2 / count;
    ++score.tasks;
  }
  if (!shared) {
    return absl::InvalidArgumentError(
        "the submission and the solutions have no task in common: are they of "
        "the same data set?");
  }
  const double outputs =
      std::max<double>(1, static_cast<double>(score.outputs.size()));
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
  json["per_output"] = {{"pass@1", score.per_output.pass_1},
                        {"pass@2", score.per_output.pass_2}};
  json["per_task"] = {{"pass@1", score.per_task.pass_1},
                      {"pass@2", score.per_task.pass_2}};
  if (!score.oracle.empty()) {
    nlohmann::ordered_json oracle = nlohmann::ordered_json::object();
    for (const auto& [depth, share] : score.oracle) {
      oracle[absl::StrCat("pass@", depth)] = share;
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
  return json.dump() + "\n";
}

std::string ScoreText(const ScoreTable& score, bool per_task) {
  const int outputs = static_cast<int>(score.outputs.size());
  const int first = static_cast<int>(
      std::count_if(score.outputs.begin(), score.outputs.end(),
                    [](const OutputScore& o) { return o.attempt_1; }));
  std::string text = absl::StrFormat(
      "             first attempt   two attempts\n"
      "per output      %6.1f %%       %6.1f %%    %d and %d of %d outputs\n"
      "per task        %6.1f %%       %6.1f %%    %d tasks\n",
      100 * score.per_output.pass_1, 100 * score.per_output.pass_2, first,
      Solved(score), outputs, 100 * score.per_task.pass_1,
      100 * score.per_task.pass_2, score.tasks);
  if (!score.oracle.empty()) {
    text += "right among the first";
    for (const auto& [depth, share] : score.oracle) {
      absl::StrAppendFormat(&text, "  %d: %.1f %%", depth, 100 * share);
    }
    text += "\n";
  }
  if (per_task) {
    size_t width = 4;
    for (const OutputScore& o : score.outputs) {
      width = std::max(width, o.task_id.size() + 4);
    }
    absl::StrAppendFormat(&text, "\n%-*s  result\n", static_cast<int>(width),
                          "output");
    for (const OutputScore& o : score.outputs) {
      absl::StrAppendFormat(&text, "%-*s  %s\n", static_cast<int>(width),
                            absl::StrCat(o.task_id, "[", o.test_index, "]"),
                            o.attempt_1   ? "solved by attempt 1"
                            : o.attempt_2 ? "solved by attempt 2"
                                          : "-");
    }
  }
  return text;
}

}  // namespace arctrm
