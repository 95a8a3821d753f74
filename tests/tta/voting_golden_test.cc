// SPDX-License-Identifier: MIT
// Compares the vote with recorded votes of the published evaluator: equal
// rankings and attempts, with three differences.
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "arc/placeholder.h"
#include "augment/augmentation.h"
#include "augment/canvas.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "simdjson.h"
#include "tests/testing/fake_predictor.h"
#include "tests/testing/golden.h"
#include "tests/testing/golden_json.h"
#include "tta/ballots.h"
#include "tta/predict.h"

namespace arctrm {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

struct Entry {
  NamedAugmentation name;
  int64_t embedding_id = 0;
  Grid input;
  std::vector<uint8_t> tokens;
  float halt_logit = 0;
};

struct Case {
  std::string name;
  int evaluations = 1;
  ChallengeSet challenges;
  std::vector<std::string> identifiers;
  std::vector<Entry> entries;
  std::map<TestInputKey, std::vector<Candidate>> ranked;
  // The published code omits test inputs without votes.
  Submission submission;
};

Case ToCase(object json) {
  Case c;
  c.name = std::string(std::string_view(json["case"]));
  c.evaluations = static_cast<int>(int64_t(json["evaluations"]));
  for (const auto field : object(json["test_puzzles"])) {
    Task task;
    task.id = std::string(field.key);
    for (element test : array(field.value["test"])) {
      task.test_inputs.push_back(GoldenGrid(test["input"]));
    }
    c.challenges.tasks.push_back(std::move(task));
  }
  for (element name : array(json["identifiers"])) {
    c.identifiers.emplace_back(std::string_view(name));
  }
  for (element item : array(json["entries"])) {
    Entry entry;
    entry.name =
        ParseAugmentedName(AbslView(std::string_view(item["name"]))).value();
    entry.embedding_id = int64_t(item["identifier"]);
    entry.input = GoldenGrid(item["input_seq_grid"]);
    for (element token : array(item["predicted_tokens"])) {
      entry.tokens.push_back(static_cast<uint8_t>(uint64_t(token)));
    }
    entry.halt_logit = static_cast<float>(double(item["q_halt_logit"]));
    c.entries.push_back(std::move(entry));
  }
  for (const auto task : object(json["ranked"])) {
    int test_index = 0;
    for (element table : array(task.value)) {
      std::vector<Candidate>& candidates =
          c.ranked[{std::string(task.key), test_index++}];
      for (element row : array(table)) {
        candidates.push_back({GoldenGrid(row["grid"]), double(row["count"]),
                              double(row["mean_q"])});
      }
    }
  }
  for (const auto task : object(json["submission"])) {
    std::vector<Attempts>& attempts = c.submission[std::string(task.key)];
    for (element item : array(task.value)) {
      attempts.push_back(
          {GoldenGrid(item["attempt_1"]), GoldenGrid(item["attempt_2"])});
    }
  }
  return c;
}

std::vector<Case> ReadCases() {
  const std::string text = ReadGolden("augment.json.zst");
  simdjson::dom::parser parser;
  std::vector<Case> cases;
  for (element item : array(parser.parse(text)["voting"])) {
    cases.push_back(ToCase(item));
  }
  return cases;
}

const Canvas kCanvas{30};

// Adds the recorded predictions as the evaluator does: finds test inputs by
// content and drops other predictions.
Ballots Feed(const Case& c, bool reverse = false) {
  Ballots ballots;
  for (int evaluation = 0; evaluation < c.evaluations; ++evaluation) {
    for (size_t n = 0; n < c.entries.size(); ++n) {
      const Entry& entry = c.entries[reverse ? c.entries.size() - 1 - n : n];
      const Augmentation& augmentation = entry.name.augmentation;
      const Grid input = augmentation.Invert(entry.input);
      const Task* task = c.challenges.Find(entry.name.task_id);
      for (size_t i = 0; i < task->test_inputs.size(); ++i) {
        if (task->test_inputs[i] != input) continue;
        Vote vote;
        vote.grid = augmentation.Invert(CropGrid(entry.tokens, kCanvas));
        vote.confidence =
            static_cast<float>(1 / (1 + std::exp(-entry.halt_logit)));
        vote.augmentation = augmentation.Key();
        vote.source = absl::StrCat("evaluation ", evaluation);
        ballots.Add(task->id, static_cast<int>(i), vote);
      }
    }
  }
  return ballots;
}

void ExpectRanking(const Case& c, const Ballots& ballots) {
  for (const auto& [key, published] : c.ranked) {
    SCOPED_TRACE(absl::StrCat(c.name, ": ", key.first, "[", key.second, "]"));
    std::vector<Candidate> expected;
    for (const Candidate& candidate : published) {
      if (!candidate.grid.empty()) expected.push_back(candidate);
    }
    const std::vector<Candidate> ranked = ballots.Rank(key.first, key.second);
    ASSERT_EQ(ranked.size(), expected.size());
    for (size_t i = 0; i < ranked.size(); ++i) {
      EXPECT_EQ(ranked[i].grid, expected[i].grid);
      EXPECT_EQ(ranked[i].votes, expected[i].votes);
      // Confidence is kept as float32.
      EXPECT_NEAR(ranked[i].mean_confidence, expected[i].mean_confidence, 1e-7);
    }
  }
}

TEST(VotingGolden, RankingTablesEqualThePublishedOnes) {
  const std::vector<Case> cases = ReadCases();
  ASSERT_EQ(cases.size(), 3u);
  for (const Case& c : cases) {
    ASSERT_GE(c.entries.size(), 8u);
    ExpectRanking(c, Feed(c));
  }
}

TEST(VotingGolden, AttemptsEqualThePublishedOnesWhereNoEmptyGridVoted) {
  int compared = 0;
  for (const Case& c : ReadCases()) {
    const Submission submission = ChooseAttempts(Feed(c), c.challenges);
    for (const auto& [id, published] : c.submission) {
      const std::vector<Attempts>& mine = submission.at(id);
      if (published.size() != mine.size()) continue;
      for (size_t i = 0; i < published.size(); ++i) {
        if (published[i].attempt_1.empty() || published[i].attempt_2.empty()) {
          continue;
        }
        EXPECT_EQ(mine[i].attempt_1, published[i].attempt_1) << c.name << id;
        // Differs from TRM, where a single candidate becomes both attempts.
        if (published[i].attempt_1 != published[i].attempt_2) {
          EXPECT_EQ(mine[i].attempt_2, published[i].attempt_2) << c.name << id;
        } else {
          EXPECT_NE(mine[i].attempt_2, mine[i].attempt_1) << c.name << id;
        }
        ++compared;
      }
    }
  }
  EXPECT_EQ(compared, 7);
}

// Differs from TRM, where exact ties keep the order of arrival.
TEST(VotingGolden, TiesAreOrderedByContentWhicheverWayFed) {
  for (const Case& c : ReadCases()) {
    const Ballots forward = Feed(c);
    EXPECT_EQ(forward, Feed(c, /*reverse=*/true));
    ExpectRanking(c, Feed(c, /*reverse=*/true));
    const std::vector<Candidate> ranked = forward.Rank("taskA", 0);
    ASSERT_EQ(ranked.size(), 4u);
    EXPECT_EQ(ranked[2].votes, ranked[3].votes);
    EXPECT_EQ(ranked[2].mean_confidence, ranked[3].mean_confidence);
    EXPECT_LT(ranked[2].grid, ranked[3].grid);
  }
}

// Differs from TRM, where empty grids vote.
TEST(VotingGolden, EmptyGridsDoNotVote) {
  const std::vector<Case> cases = ReadCases();
  const Case& c = cases[0];
  const std::vector<Candidate>& published = c.ranked.at({"taskB", 1});
  ASSERT_EQ(published.size(), 2u);
  ASSERT_TRUE(published[0].grid.empty());
  const Ballots ballots = Feed(c);
  EXPECT_EQ(ballots.num_votes("taskB", 1), 1);
  const std::vector<Candidate> ranked = ballots.Rank("taskB", 1);
  ASSERT_EQ(ranked.size(), 1u);
  EXPECT_EQ(ranked[0].grid, published[1].grid);
  const Attempts mine = ChooseAttempts(ballots, c.challenges).at("taskB")[1];
  EXPECT_EQ(mine.attempt_1, published[1].grid);
  EXPECT_NE(mine.attempt_2, published[1].grid);
}

// Differs from TRM, which omits test inputs without votes and shifts later
// ones.
TEST(VotingGolden, TestInputsWithoutVotesStayInPlace) {
  const std::vector<Case> cases = ReadCases();
  const Case& c = cases[2];
  ASSERT_EQ(c.submission.at("taskB").size(), 1u);
  ASSERT_TRUE(c.submission.at("taskC").empty());
  const Submission mine = ChooseAttempts(Feed(c), c.challenges);
  ASSERT_EQ(mine.at("taskB").size(), 2u);
  EXPECT_EQ(mine.at("taskB")[0],
            PlaceholderFor(*c.challenges.Find("taskB"), 0));
  EXPECT_EQ(mine.at("taskB")[1].attempt_1,
            c.submission.at("taskB")[0].attempt_2);
  ASSERT_EQ(mine.at("taskC").size(), 1u);
  EXPECT_EQ(mine.at("taskC")[0],
            PlaceholderFor(*c.challenges.Find("taskC"), 0));
}

// End to end: plans and encodes views, and gives the recorded answers.
TEST(VotingGolden, PredictVotesReproducesTheTables) {
  for (const Case& c : ReadCases()) {
    EmbeddingIndex ids;
    ids.num_ids = static_cast<int64_t>(c.identifiers.size());
    for (size_t i = 1; i < c.identifiers.size(); ++i) {
      const NamedAugmentation name =
          ParseAugmentedName(c.identifiers[i]).value();
      if (ids.tasks.empty() || ids.tasks.back().name != name.task_id) {
        ids.tasks.push_back({name.task_id, static_cast<int64_t>(i), {}, {}});
      }
      ids.tasks.back().augmentations.push_back(name.augmentation);
      ids.tasks.back().updates.push_back(1);
    }
    int answered = 0;
    FakePredictor predictor(kCanvas, 5, [&](const PredictorInput& input) {
      for (const Entry& entry : c.entries) {
        if (entry.embedding_id == input.embedding_id &&
            GridTokens(entry.input, kCanvas) == input.tokens) {
          ++answered;
          return PredictorOutput{entry.tokens, entry.halt_logit};
        }
      }
      // No answer was recorded.
      return PredictorOutput{std::vector<uint8_t>(input.tokens.size()), 0};
    });
    Ballots ballots;
    for (int evaluation = 0; evaluation < c.evaluations; ++evaluation) {
      VoteOptions options;
      options.source = absl::StrCat("evaluation ", evaluation);
      const absl::StatusOr<VoteResult> result =
          PredictVotes(predictor, ids, c.challenges, options, nullptr, ballots);
      ASSERT_EQ(result.status(), absl::OkStatus());
      EXPECT_TRUE(result->complete);
    }
    EXPECT_GE(answered, 8);
    ExpectRanking(c, ballots);
  }
}

}  // namespace
}  // namespace arctrm
