// SPDX-License-Identifier: MIT
// Three small tasks and a fixture for tests of PredictVotes.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "augment/augmentation_sampling.h"
#include "gtest/gtest.h"
#include "tests/testing/fake_predictor.h"
#include "tta/predict.h"

namespace arctrm {

inline ChallengeSet MakeChallenges() {
  ChallengeSet challenges;
  challenges.tasks.push_back(
      {"a",
       {{Grid::FromText("120 345"), Grid::FromText("12 34")}},
       {Grid::FromText("123 456"), Grid::FromText("700 089 100")}});
  challenges.tasks.push_back({"b",
                              {{Grid::FromText("12 21"), Grid::FromText("3")}},
                              {Grid::FromText("1023")}});
  challenges.tasks.push_back({"c",
                              {{Grid::FromText("45 67"), Grid::FromText("8")}},
                              {Grid::FromText("98 76 54")}});
  return challenges;
}

// Every task with augmentations, and each embedding row updated once.
inline EmbeddingIndex MakeIds(const ChallengeSet& challenges,
                              int augmentations) {
  EmbeddingIndex ids;
  PlanOptions plan;
  plan.augmentations = augmentations;
  for (const Task& task : challenges.tasks) {
    TaskEmbeddings known;
    known.name = task.id;
    known.first_id = ids.num_ids;
    known.augmentations =
        PlanTask(task.id, task.demonstrations, task.test_inputs, plan);
    known.updates.assign(known.augmentations.size(), 1);
    ids.num_ids += static_cast<int64_t>(known.augmentations.size());
    ids.tasks.push_back(std::move(known));
  }
  return ids;
}

inline std::vector<int64_t> AskedIds(const FakePredictor& predictor) {
  std::vector<int64_t> ids;
  for (const auto& batch : predictor.batches) {
    for (const PredictorInput& input : batch) ids.push_back(input.embedding_id);
  }
  return ids;
}

inline VoteResult MustPredict(Predictor& predictor, const EmbeddingIndex& ids,
                              const ChallengeSet& challenges,
                              const VoteOptions& options, Ballots& ballots) {
  absl::StatusOr<VoteResult> result =
      PredictVotes(predictor, ids, challenges, options, nullptr, ballots);
  EXPECT_EQ(result.status(), absl::OkStatus());
  return result.ok() ? *result : VoteResult();
}

class PredictVotesTest : public testing::Test {
 protected:
  // With the votes in ballots_.
  VoteResult Predict(Predictor& predictor, const EmbeddingIndex& ids) {
    return Predict(predictor, ids, ballots_);
  }
  VoteResult Predict(Predictor& predictor, const EmbeddingIndex& ids,
                     Ballots& ballots) {
    return MustPredict(predictor, ids, challenges_, options_, ballots);
  }

  ChallengeSet challenges_ = MakeChallenges();
  VoteOptions options_;
  Ballots ballots_;
};

}  // namespace arctrm
