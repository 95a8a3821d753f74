// SPDX-License-Identifier: MIT
#include "submission/score.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "simdjson.h"
#include "tests/testing/grid.h"

namespace arctrm {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

// Task a: one output, solved by attempt 1. Task b: three outputs, one solved by
// attempt 2. Task c: not in the submission.
SolutionSet Solutions() {
  return {{"a", {G("1")}}, {"b", {G("2"), G("3"), G("4")}}, {"c", {G("5")}}};
}

Submission Answers() {
  return {{"a", {{G("1"), G("9")}}},
          {"b", {{G("9"), G("2")}, {G("3 3"), G("33")}, {G("9"), G("9")}}},
          {"unasked", {{G("9"), G("9")}}}};
}

CandidateGrids Candidates() {
  CandidateGrids candidates;
  candidates[{"a", 0}] = {G("1"), G("9")};
  candidates[{"b", 0}] = {G("9"), G("2")};
  candidates[{"b", 1}] = {G("3 3"), G("33"), G("7"), G("8"), G("3")};
  candidates[{"b", 2}] = {G("9"), G("8"), G("7"), G("6"),  G("5"), G("3"),
                          G("2"), G("1"), G("0"), G("11"), G("4")};
  return candidates;
}

TEST(Score, BothAverages) {
  const ScoreTable score = Score(Answers(), Solutions()).value();
  EXPECT_EQ(score.tasks, 3);
  ASSERT_EQ(score.outputs.size(), 5u);
  EXPECT_DOUBLE_EQ(score.per_output.pass_1, 1.0 / 5);
  EXPECT_DOUBLE_EQ(score.per_output.pass_2, 2.0 / 5);
  EXPECT_DOUBLE_EQ(score.per_task.pass_1, 1.0 / 3);
  EXPECT_DOUBLE_EQ(score.per_task.pass_2, (1 + 1.0 / 3) / 3);
  EXPECT_TRUE(score.oracle.empty());
  EXPECT_EQ(score.num_solved_outputs(), 2);
  EXPECT_EQ(score.num_solved_tasks(), 1);
  EXPECT_TRUE(score.outputs[1].attempt_2);
  EXPECT_FALSE(score.outputs[1].attempt_1);
  EXPECT_EQ(score.outputs[3].task_id, "b");
  EXPECT_EQ(score.outputs[3].test_index, 2);
}

TEST(Score, OracleCountsTheRankOfTheRightAnswer) {
  const ScoreTable score = Score(Answers(), Solutions(), Candidates()).value();
  std::vector<int> ranks;
  for (const OutputScore& output : score.outputs) {
    ranks.push_back(output.oracle_rank);
  }
  EXPECT_THAT(ranks, ElementsAre(1, 2, 5, 11, 0));
  EXPECT_THAT(
      score.oracle,
      ElementsAre(Pair(1, 0.2), Pair(2, 0.4), Pair(5, 0.6), Pair(10, 0.6),
                  Pair(100, 0.8), Pair(kAllCandidates, 0.8)));
}

TEST(Score, OracleDepthsIncludeTheirLastRank) {
  std::vector<Grid> ranked;
  for (int i = 0; i < 101; ++i) ranked.push_back(Grid(1 + i % 30, 1 + i / 30));
  const Submission submission = {{"a", {{G("9"), G("9")}, {G("9"), G("9")}}}};
  const SolutionSet solutions = {{"a", {ranked[99], ranked[100]}}};
  const ScoreTable score =
      Score(submission, solutions, {{{"a", 0}, ranked}, {{"a", 1}, ranked}})
          .value();
  EXPECT_THAT(score.oracle,
              ElementsAre(Pair(1, 0), Pair(2, 0), Pair(5, 0), Pair(10, 0),
                          Pair(100, 0.5), Pair(kAllCandidates, 1)));
}

TEST(Score, MissingAndEmptyAnswersAreWrong) {
  Submission submission;
  submission["b"] = {{G("2"), G("2")}};
  submission["c"] = {{Grid(), Grid()}};
  const ScoreTable score = Score(submission, Solutions()).value();
  EXPECT_EQ(score.num_solved_outputs(), 1);
  EXPECT_DOUBLE_EQ(score.per_task.pass_2, 1.0 / 9);
}

TEST(Score, OutputsThatAreNotKnownAreNotScored) {
  SolutionSet solutions = Solutions();
  solutions["b"][2] = Grid();
  solutions["c"] = {Grid()};
  Submission answers = Answers();
  answers["b"][2] = {Grid(), Grid()};
  const ScoreTable score = Score(answers, solutions).value();
  EXPECT_EQ(score.tasks, 2);
  ASSERT_EQ(score.outputs.size(), 3u);
  EXPECT_DOUBLE_EQ(score.per_output.pass_2, 2.0 / 3);
  EXPECT_DOUBLE_EQ(score.per_task.pass_2, (1 + 1.0 / 2) / 2);
  EXPECT_FALSE(Score(answers, {{"a", {Grid()}}}).ok());
}

TEST(Score, ASubmissionOfOtherTasksIsRefused) {
  const Submission other = {{"x", {{G("1"), G("1")}}}};
  EXPECT_EQ(Score(other, Solutions()).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(Score({}, Solutions()).ok());
  EXPECT_FALSE(Score(other, {}).ok());
}

TEST(ScoreJson, HoldsTheDocumentedKeys) {
  const std::string text = ScoreJson(Score(Answers(), Solutions()).value());
  EXPECT_EQ(text,
            "{\"tasks\":3,\"outputs\":5,\"missing_tasks\":0,"
            "\"missing_outputs\":0,\"unusable_attempts\":0,"
            "\"per_output\":{\"pass@1\":0.2,"
            "\"pass@2\":0.4},\"per_task\":{\"pass@1\":0.3333333333333333,"
            "\"pass@2\":0.4444444444444444},\"solved_outputs\":[\"a[0]\","
            "\"b[0]\"]}\n");
}

TEST(ScoreJson, OracleFollowsItsDepths) {
  const std::string text =
      ScoreJson(Score(Answers(), Solutions(), Candidates()).value());
  EXPECT_THAT(text, testing::HasSubstr(
                        "\"oracle\":{\"pass@1\":0.2,\"pass@2\":0.4,"
                        "\"pass@5\":0.6,\"pass@10\":0.6,\"pass@100\":0.8,"
                        "\"pass@all\":0.8}"));
}

TEST(ScoreJson, AnyIdGivesValidJson) {
  const std::string id = "q\"\\\n\xFF";
  const std::string text =
      ScoreJson(Score({{id, {{G("1"), G("1")}}}}, {{id, {G("1")}}}).value());
  simdjson::dom::parser parser;
  std::string_view solved;
  ASSERT_EQ(parser.parse(text)["solved_outputs"].at(0).get(solved),
            simdjson::SUCCESS);
  EXPECT_EQ(solved, "q\"\\\n\xEF\xBF\xBD[0]");
}

TEST(ScoreText, ShowsPercentagesAndCounts) {
  EXPECT_EQ(ScoreText(Score(Answers(), Solutions()).value(), false),
            "            first attempt     two attempts\n"
            "per output   20.0 %  1 of 5    40.0 %  2 of 5\n"
            "per task     33.3 %            44.4 %  1 of 3 fully solved\n");
}

TEST(ScoreText, ShowsOracleAndTasks) {
  EXPECT_EQ(
      ScoreText(Score(Answers(), Solutions(), Candidates()).value(), true),
      "            first attempt     two attempts\n"
      "per output   20.0 %  1 of 5    40.0 %  2 of 5\n"
      "per task     33.3 %            44.4 %  1 of 3 fully solved\n"
      "\n"
      "right answer among the candidates of a test input\n"
      "first        20.0 %  1 of 5\n"
      "first 2      40.0 %  2 of 5\n"
      "first 5      60.0 %  3 of 5\n"
      "first 10     60.0 %  3 of 5\n"
      "first 100    80.0 %  4 of 5\n"
      "all          80.0 %  4 of 5\n"
      "\n"
      "task  solved   by\n"
      "a     1 of 1   attempt 1\n"
      "b     1 of 3   attempt 2, - (right: candidate 5), - (right: candidate "
      "11)\n"
      "c     0 of 1   -\n");
}

}  // namespace
}  // namespace arctrm
