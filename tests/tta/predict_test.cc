// SPDX-License-Identifier: MIT
#include "tta/predict.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "augment/augmentation_sampling.h"
#include "base/files.h"
#include "base/interrupt.h"
#include "base/out_of_memory.h"
#include "base/random.h"
#include "base/stop.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_predictor.h"

namespace arctrm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ChallengeSet MakeChallenges() {
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
EmbeddingIndex MakeIds(const ChallengeSet& challenges, int augmentations) {
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

std::vector<int64_t> AskedIds(const FakePredictor& predictor) {
  std::vector<int64_t> ids;
  for (const auto& batch : predictor.batches) {
    for (const PredictorInput& input : batch) ids.push_back(input.embedding_id);
  }
  return ids;
}

VoteResult MustPredict(Predictor& predictor, const EmbeddingIndex& ids,
                       const ChallengeSet& challenges,
                       const VoteOptions& options, Ballots& ballots) {
  absl::StatusOr<VoteResult> result =
      PredictVotes(predictor, ids, challenges, options, nullptr, ballots);
  EXPECT_EQ(result.status(), absl::OkStatus());
  return result.ok() ? *result : VoteResult();
}

TEST(PredictVotes, EveryViewIsUndoneSoThatCopiesAgree) {
  const ChallengeSet challenges = MakeChallenges();
  const EmbeddingIndex ids = MakeIds(challenges, 20);
  FakePredictor predictor({5}, 7);
  Ballots ballots;
  const VoteResult result =
      MustPredict(predictor, ids, challenges, VoteOptions(), ballots);
  EXPECT_TRUE(result.complete);
  EXPECT_TRUE(result.without_views.empty());
  EXPECT_TRUE(result.too_large.empty());
  EXPECT_EQ(result.progress.views_done, result.progress.views_planned);
  EXPECT_EQ(result.progress.views_planned, 4 * 21);
  EXPECT_GT(result.progress.views_per_s, 0);
  for (const Task& task : challenges.tasks) {
    for (int i = 0; i < static_cast<int>(task.test_inputs.size()); ++i) {
      const std::vector<Candidate> ranked = ballots.Rank(task.id, i);
      ASSERT_EQ(ranked.size(), 1u) << task.id << i;
      EXPECT_EQ(ranked[0].grid, task.test_inputs[static_cast<size_t>(i)]);
      EXPECT_EQ(ranked[0].votes, 21);
      EXPECT_EQ(ranked[0].mean_confidence, 0.5);
    }
  }
}

// 0 stays 0 under every augmentation, so the second answers agree after the
// inverse.
TEST(PredictVotes, SecondAnswersAreUndoneAndGiveTheSecondAttempt) {
  const ChallengeSet challenges = MakeChallenges();
  FakePredictor predictor({5}, 7, [](const PredictorInput& input) {
    PredictorOutput output{input.tokens, 0};
    output.second = input.tokens;
    for (uint8_t& token : output.second) {
      if (token >= kFirstColorToken) token = kFirstColorToken;
    }
    return output;
  });
  Ballots ballots;
  MustPredict(predictor, MakeIds(challenges, 20), challenges, VoteOptions(),
              ballots);
  for (const auto& [id, outputs] : ChooseAttempts(ballots, challenges)) {
    const Task& task = *challenges.Find(id);
    for (size_t i = 0; i < outputs.size(); ++i) {
      const Grid& input = task.test_inputs[i];
      EXPECT_EQ(outputs[i],
                (Attempts{input, Grid(input.rows(), input.cols())}));
    }
  }
}

TEST(PredictVotes, SecondAnswersOfAnotherSizeAreAnError) {
  const ChallengeSet challenges = MakeChallenges();
  FakePredictor predictor({5}, 7, [](const PredictorInput& input) {
    PredictorOutput output{input.tokens, 0};
    output.second = {1};
    return output;
  });
  Ballots ballots;
  EXPECT_EQ(PredictVotes(predictor, MakeIds(challenges, 1), challenges,
                         VoteOptions(), nullptr, ballots)
                .status()
                .code(),
            absl::StatusCode::kInternal);
}

TEST(PredictVotes, IdentityOfEveryTestInputComesFirst) {
  const ChallengeSet challenges = MakeChallenges();
  const EmbeddingIndex ids = MakeIds(challenges, 2);
  FakePredictor predictor({5}, 4);
  Ballots ballots;
  MustPredict(predictor, ids, challenges, VoteOptions(), ballots);
  EXPECT_THAT(AskedIds(predictor),
              ElementsAre(1, 1, 4, 7, 2, 2, 5, 8, 3, 3, 6, 9));
  EXPECT_EQ(predictor.batches[0][0].tokens,
            GridTokens(challenges.tasks[0].test_inputs[0], {5}));
  EXPECT_EQ(predictor.batches[0][1].tokens,
            GridTokens(challenges.tasks[0].test_inputs[1], {5}));
}

TEST(PredictVotes, ConfidenceIsTheSigmoidAndNamesAreKept) {
  const ChallengeSet challenges = MakeChallenges();
  const EmbeddingIndex ids = MakeIds(challenges, 0);
  FakePredictor predictor({5}, 8, [](const PredictorInput& input) {
    return PredictorOutput{input.tokens,
                           input.embedding_id == 1
                               ? 2.0f
                               : std::numeric_limits<float>::quiet_NaN()};
  });
  VoteOptions options;
  options.source = "model-x";
  Ballots ballots;
  MustPredict(predictor, ids, challenges, options, ballots);
  EXPECT_TRUE(ballots.Has("a", 0, "model-x", Augmentation().Key()));
  EXPECT_NEAR(ballots.Rank("a", 0)[0].mean_confidence, 0.8807970779778823,
              1e-7);
  // A diverged model does not spoil the ballots.
  EXPECT_EQ(ballots.Rank("b", 0)[0].mean_confidence, 0);
}

TEST(PredictVotes, MaxViewsCapsTheViewsOfEachTestInput) {
  const ChallengeSet challenges = MakeChallenges();
  const EmbeddingIndex ids = MakeIds(challenges, 5);
  FakePredictor predictor({5}, 100);
  VoteOptions options;
  options.max_views = 2;
  Ballots ballots;
  const VoteResult result =
      MustPredict(predictor, ids, challenges, options, ballots);
  EXPECT_TRUE(result.complete);
  EXPECT_THAT(AskedIds(predictor), ElementsAre(1, 1, 7, 13, 2, 2, 8, 14));
}

TEST(PredictVotes, RowsWithTooFewUpdatesDoNotVote) {
  const ChallengeSet challenges = MakeChallenges();
  EmbeddingIndex ids = MakeIds(challenges, 2);
  ids.tasks[0].updates = {0, 3, 2};
  ids.tasks[1].updates = {0, 0, 0};
  ids.tasks[2].updates = {2, 0, 1};
  const auto asked = [&](int64_t min_updates, int max_views,
                         VoteResult& result) {
    FakePredictor predictor({5}, 100);
    VoteOptions options;
    options.min_updates = min_updates;
    options.max_views = max_views;
    Ballots ballots;
    result = MustPredict(predictor, ids, challenges, options, ballots);
    return AskedIds(predictor);
  };
  VoteResult result;
  EXPECT_THAT(asked(1, 0, result), ElementsAre(2, 2, 7, 3, 3, 9));
  EXPECT_THAT(result.without_views, ElementsAre(TestInputKey("b", 0)));
  EXPECT_TRUE(result.complete);
  EXPECT_THAT(asked(2, 0, result), ElementsAre(2, 2, 7, 3, 3));
  // The limit counts embedding rows that may vote.
  EXPECT_THAT(asked(1, 1, result), ElementsAre(2, 2, 7));
  EXPECT_THAT(asked(3, 0, result), ElementsAre(2, 2));
  EXPECT_THAT(result.without_views,
              ElementsAre(TestInputKey("b", 0), TestInputKey("c", 0)));
  EXPECT_THAT(asked(0, 0, result),
              ElementsAre(1, 1, 4, 7, 2, 2, 5, 8, 3, 3, 6, 9));
  EXPECT_TRUE(result.without_views.empty());
}

TEST(PredictVotes, UnknownTasksAreNamedAndTheRestGoesOn) {
  ChallengeSet challenges = MakeChallenges();
  const EmbeddingIndex ids = MakeIds(challenges, 1);
  challenges.tasks[0].id = "stranger";
  FakePredictor predictor({5}, 100);
  Ballots ballots;
  const VoteResult result =
      MustPredict(predictor, ids, challenges, VoteOptions(), ballots);
  EXPECT_TRUE(result.complete);
  EXPECT_THAT(result.without_views, ElementsAre(TestInputKey("stranger", 0),
                                                TestInputKey("stranger", 1)));
  EXPECT_EQ(ballots.num_asked(), 4);
}

TEST(PredictVotes, NothingToAskIsComplete) {
  const ChallengeSet challenges = MakeChallenges();
  FakePredictor predictor({5}, 100);
  Ballots ballots;
  const VoteResult result = MustPredict(predictor, EmbeddingIndex(), challenges,
                                        VoteOptions(), ballots);
  EXPECT_TRUE(result.complete);
  EXPECT_EQ(result.progress.views_planned, 0);
  EXPECT_EQ(result.without_views.size(), 4u);
  EXPECT_TRUE(predictor.batches.empty());
}

TEST(PredictVotes, TestInputsBeyondTheCanvasAreNamedAndNotAsked) {
  const ChallengeSet challenges = MakeChallenges();
  const EmbeddingIndex ids = MakeIds(challenges, 3);
  // "1023" has four columns.
  FakePredictor predictor({3}, 100);
  Ballots ballots;
  const VoteResult result =
      MustPredict(predictor, ids, challenges, VoteOptions(), ballots);
  EXPECT_THAT(result.too_large, ElementsAre(TestInputKey("b", 0)));
  EXPECT_TRUE(result.without_views.empty());
  EXPECT_TRUE(result.complete);
  EXPECT_EQ(ballots.num_votes("b", 0), 0);
  EXPECT_EQ(ballots.num_votes("a", 1), 4);
}

TEST(PredictVotes, EmptyAnswersAreRememberedAndNotAskedAgain) {
  const ChallengeSet challenges = MakeChallenges();
  const EmbeddingIndex ids = MakeIds(challenges, 3);
  FakePredictor predictor({5}, 4, [](const PredictorInput& input) {
    return PredictorOutput{std::vector<uint8_t>(input.tokens.size()), 1};
  });
  Ballots ballots;
  MustPredict(predictor, ids, challenges, VoteOptions(), ballots);
  EXPECT_EQ(ballots.num_asked(), 16);
  EXPECT_EQ(ballots.num_votes(), 0);
  predictor.batches.clear();
  const VoteResult again =
      MustPredict(predictor, ids, challenges, VoteOptions(), ballots);
  EXPECT_TRUE(again.complete);
  EXPECT_EQ(again.progress.views_done, 16);
  EXPECT_TRUE(predictor.batches.empty());
}

TEST(PredictVotes, ResumedRunAsksTheSameBatchesAndWritesTheSameBytes) {
  const ChallengeSet challenges = MakeChallenges();
  const EmbeddingIndex ids = MakeIds(challenges, 10);
  const std::string dir = JoinPath(::testing::TempDir(), "tta_predict_resume");
  ASSERT_EQ(MakeDirectories(dir), absl::OkStatus());

  FakePredictor whole({5}, 6);
  Ballots whole_ballots;
  MustPredict(whole, ids, challenges, VoteOptions(), whole_ballots);
  ASSERT_EQ(whole_ballots.Write(JoinPath(dir, "whole")), absl::OkStatus());
  ASSERT_EQ(whole.batches.size(), 8u);

  for (int stop_after = 1; stop_after < 8; ++stop_after) {
    FakePredictor first({5}, 6);
    Ballots ballots;
    int calls = 0;
    absl::StatusOr<VoteResult> result = PredictVotes(
        first, ids, challenges, VoteOptions(),
        [&](const VoteProgress& progress) {
          ++calls;
          EXPECT_EQ(progress.views_done, std::min(6 * calls, 44));
          return calls < stop_after;
        },
        ballots);
    ASSERT_EQ(result.status(), absl::OkStatus());
    EXPECT_FALSE(result->complete);
    const std::string path = JoinPath(dir, absl::StrCat("part", stop_after));
    ASSERT_EQ(ballots.Write(path), absl::OkStatus());

    FakePredictor second({5}, 6);
    Ballots resumed = Ballots::Read(path).value();
    const VoteResult rest =
        MustPredict(second, ids, challenges, VoteOptions(), resumed);
    EXPECT_TRUE(rest.complete);
    EXPECT_EQ(rest.progress.views_done, 44);
    std::vector<int64_t> both = AskedIds(first);
    for (const int64_t id : AskedIds(second)) both.push_back(id);
    EXPECT_EQ(both, AskedIds(whole));
    EXPECT_EQ(first.batches.size() + second.batches.size(),
              whole.batches.size());
    ASSERT_EQ(resumed.Write(path), absl::OkStatus());
    EXPECT_EQ(ReadFile(path).value(), ReadFile(JoinPath(dir, "whole")).value());
  }
}

TEST(PredictVotes, ABatchThatLacksOneViewIsAskedWhole) {
  const ChallengeSet challenges = MakeChallenges();
  const EmbeddingIndex ids = MakeIds(challenges, 2);
  FakePredictor predictor({5}, 4);
  Ballots ballots;
  // Three of the four views of the first batch have voted.
  const std::string identity = Augmentation().Key();
  ballots.Add("a", 0, {Grid::FromText("1"), 0.5f, identity, "run"});
  ballots.Add("a", 1, {Grid::FromText("1"), 0.5f, identity, "run"});
  ballots.Add("b", 0, {Grid::FromText("1"), 0.5f, identity, "run"});
  MustPredict(predictor, ids, challenges, VoteOptions(), ballots);
  ASSERT_EQ(predictor.batches.size(), 3u);
  EXPECT_EQ(predictor.batches[0].size(), 4u);
}

TEST(PredictVotes, OtherSourcesAreAskedAnew) {
  const ChallengeSet challenges = MakeChallenges();
  const EmbeddingIndex ids = MakeIds(challenges, 1);
  FakePredictor predictor({5}, 4);
  Ballots ballots;
  MustPredict(predictor, ids, challenges, VoteOptions(), ballots);
  VoteOptions options;
  options.source = "second";
  MustPredict(predictor, ids, challenges, options, ballots);
  EXPECT_EQ(ballots.num_asked(), 16);
}

TEST(PredictVotes, CallbackOnTheLastBatchDoesNotMakeItIncomplete) {
  const ChallengeSet challenges = MakeChallenges();
  FakePredictor predictor({5}, 100);
  Ballots ballots;
  const absl::StatusOr<VoteResult> result = PredictVotes(
      predictor, MakeIds(challenges, 1), challenges, VoteOptions(),
      [](const VoteProgress&) { return false; }, ballots);
  ASSERT_EQ(result.status(), absl::OkStatus());
  EXPECT_TRUE(result->complete);
}

TEST(PredictVotes, StopsAtTheDeadlineWithTheVotesSoFar) {
  const ChallengeSet challenges = MakeChallenges();
  const EmbeddingIndex ids = MakeIds(challenges, 10);
  FakeClock clock;
  FakePredictor predictor({5}, 4);
  predictor.before_batch = [&] { clock.Advance(absl::Seconds(10)); };
  VoteOptions options;
  options.limits.end = Deadline(clock, absl::Seconds(30));
  Ballots ballots;
  const VoteResult result =
      MustPredict(predictor, ids, challenges, options, ballots);
  EXPECT_FALSE(result.complete);
  EXPECT_EQ(result.progress.views_done, 12);
  EXPECT_EQ(ballots.num_asked(), 12);
  EXPECT_DOUBLE_EQ(result.progress.views_per_s, 12 / 30.0);
  EXPECT_EQ(predictor.batches.size(), 3u);
}

TEST(PredictVotes, ABatchThatWouldOverrunIsNotBegun) {
  const ChallengeSet challenges = MakeChallenges();
  const EmbeddingIndex ids = MakeIds(challenges, 10);
  FakeClock clock;
  FakePredictor predictor({5}, 4);
  predictor.before_batch = [&] { clock.Advance(absl::Seconds(10)); };
  VoteOptions options;
  options.limits.end = Deadline(clock, absl::Seconds(39));
  Ballots ballots;
  const VoteResult result =
      MustPredict(predictor, ids, challenges, options, ballots);
  EXPECT_FALSE(result.complete);
  EXPECT_EQ(predictor.batches.size(), 3u);
  EXPECT_FALSE(options.limits.end.Passed());
}

TEST(PredictVotes, ExpiredDeadlineAsksNothing) {
  const ChallengeSet challenges = MakeChallenges();
  FakeClock clock;
  FakePredictor predictor({5}, 4);
  VoteOptions options;
  options.limits.end = Deadline(clock, absl::ZeroDuration());
  Ballots ballots;
  const VoteResult result = MustPredict(predictor, MakeIds(challenges, 2),
                                        challenges, options, ballots);
  EXPECT_FALSE(result.complete);
  EXPECT_TRUE(predictor.batches.empty());
}

TEST(PredictVotes, ABatchThatIsGivenUpEndsVotingWithoutAnError) {
  const ChallengeSet challenges = MakeChallenges();
  const EmbeddingIndex ids = MakeIds(challenges, 5);
  FakeClock clock;
  FakePredictor predictor({5}, 4);
  bool interrupted = false;
  predictor.before_batch = [&] {
    if (predictor.batches.size() < 2) return;
    clock.Advance(absl::Seconds(9));
    interrupted = IsInterrupted();
    predictor.error = absl::CancelledError("interrupted");
  };
  VoteOptions options;
  options.limits.abort = Deadline(clock, absl::Seconds(9));
  Ballots ballots;
  const VoteResult result =
      MustPredict(predictor, ids, challenges, options, ballots);
  EXPECT_TRUE(interrupted);
  EXPECT_FALSE(result.complete);
  EXPECT_EQ(ballots.num_votes(), 8);
}

TEST(PredictVotes, TheFirstBatchIsOneThatFits) {
  const ChallengeSet challenges = MakeChallenges();
  const EmbeddingIndex ids = MakeIds(challenges, 5);
  for (const auto& [view_s, first] : std::vector<std::pair<double, size_t>>{
           {0, 8}, {0.1, 8}, {1, 4}, {9, 1}, {20, 0}}) {
    FakeClock clock;
    FakePredictor predictor({5}, 8);
    VoteOptions options;
    options.limits.end = Deadline(clock, absl::Seconds(16));
    options.expected_view_s = view_s;
    Ballots ballots;
    const VoteResult result =
        MustPredict(predictor, ids, challenges, options, ballots);
    if (first == 0) {
      EXPECT_TRUE(predictor.batches.empty()) << view_s;
      EXPECT_FALSE(result.complete);
      continue;
    }
    ASSERT_FALSE(predictor.batches.empty()) << view_s;
    EXPECT_EQ(predictor.batches[0].size(), first) << view_s;
    EXPECT_TRUE(result.complete) << "an estimate counts for the first alone";
  }
}

TEST(PredictVotes, UntrainedRowsVoteWhereThereIsNothingElse) {
  const ChallengeSet challenges = MakeChallenges();
  EmbeddingIndex ids = MakeIds(challenges, 3);
  ids.tasks[0].updates.assign(4, 0);
  ids.tasks[1].updates = {0, 1, 0, 1};
  VoteOptions options;
  FakePredictor without({5}, 8);
  Ballots none;
  EXPECT_EQ(
      MustPredict(without, ids, challenges, options, none).without_views.size(),
      2u);
  options.untrained_rows = true;
  FakePredictor predictor({5}, 8);
  Ballots ballots;
  EXPECT_TRUE(MustPredict(predictor, ids, challenges, options, ballots)
                  .without_views.empty());
  EXPECT_EQ(ballots.num_votes("a", 0), 1);
  EXPECT_EQ(ballots.num_votes("a", 1), 1);
  EXPECT_EQ(ballots.num_votes("b", 0), 2) << "trained rows alone";
  EXPECT_EQ(ballots.num_votes("c", 0), 4);
}

TEST(PredictVotes, StopsOnASignal) {
  const ChallengeSet challenges = MakeChallenges();
  const EmbeddingIndex ids = MakeIds(challenges, 10);
  FakePredictor predictor({5}, 4);
  predictor.before_batch = [&] {
    if (predictor.batches.size() == 1) RequestStop(SIGTERM);
  };
  Ballots ballots;
  const VoteResult result =
      MustPredict(predictor, ids, challenges, VoteOptions(), ballots);
  RequestStop(0);
  EXPECT_FALSE(result.complete);
  // The current batch still counts.
  EXPECT_EQ(result.progress.views_done, 8);
  EXPECT_EQ(ballots.num_asked(), 8);
}

TEST(PredictVotes, PredictorErrorsComeThroughAndKeepEarlierVotes) {
  const ChallengeSet challenges = MakeChallenges();
  FakePredictor predictor({5}, 4);
  predictor.before_batch = [&] {
    if (predictor.batches.size() == 2) {
      predictor.error = absl::ResourceExhaustedError("out of memory");
    }
  };
  Ballots ballots;
  const absl::Status status =
      PredictVotes(predictor, MakeIds(challenges, 5), challenges, VoteOptions(),
                   nullptr, ballots)
          .status();
  EXPECT_EQ(status, absl::ResourceExhaustedError("out of memory"));
  EXPECT_EQ(ballots.num_asked(), 8);
}

TEST(PredictVotes, FittedCanvasesAreTurnedWithTheirViews) {
  // Inputs three times as large along one axis: 3 x 13.
  Task wide;
  wide.id = "wide";
  wide.demonstrations = {{Grid(2, 3), Grid(2, 9)}, {Grid(2, 2), Grid(2, 6)}};
  wide.test_inputs = {Grid::FromText("1230 4567")};
  const ChallengeSet challenges = {{wide}};
  const EmbeddingIndex ids = MakeIds(challenges, 60);
  FakePredictor predictor({30}, 1, [](const PredictorInput& input) {
    // An answer that fills the whole window, without EOS.
    return PredictorOutput{std::vector<uint8_t>(input.tokens.size(), 2), 0};
  });
  predictor.step = 1;
  Ballots ballots;
  MustPredict(predictor, ids, challenges, VoteOptions(), ballots);
  int turned = 0;
  for (const auto& batch : predictor.batches) {
    for (const PredictorInput& input : batch) {
      const Augmentation& copy =
          ids.tasks[0]
              .augmentations[static_cast<size_t>(input.embedding_id - 1)];
      const bool transposed =
          copy.dihedral % 2 == 1 ? copy.dihedral < 4 : copy.dihedral == 6;
      const bool anti = copy.dihedral == 7;
      const GridSize size = SizeOf(input, {30});
      EXPECT_EQ(size,
                transposed || anti ? (GridSize{13, 3}) : (GridSize{3, 13}))
          << copy.dihedral;
      EXPECT_EQ(input.tokens, PartTokens(copy.Apply(wide.test_inputs[0]), size))
          << copy.dihedral;
      turned += size.rows == 13;
    }
  }
  EXPECT_GT(turned, 10);
  EXPECT_LT(turned, 50);
  const std::vector<Candidate> ranked = ballots.Rank("wide", 0);
  ASSERT_EQ(ranked.size(), 1u);
  EXPECT_EQ(ranked[0].grid, Grid(3, 13));
}

TEST(PredictVotes, FittedCanvasesHoldTheTaskAndGoFromSmallToLarge) {
  ChallengeSet challenges = MakeChallenges();
  // Outputs twice as large as the inputs: 12 x 12.
  Task grows;
  grows.id = "grows";
  grows.demonstrations = {{Grid(3, 2), Grid(6, 4)}, {Grid(2, 2), Grid(4, 4)}};
  grows.test_inputs = {Grid(6, 6, 3)};
  challenges.tasks.insert(challenges.tasks.begin(), grows);
  const EmbeddingIndex ids = MakeIds(challenges, 3);
  const VoteOptions options;
  FakePredictor predictor({30}, 1);
  predictor.step = 1;
  Ballots ballots;
  const VoteResult result =
      MustPredict(predictor, ids, challenges, options, ballots);
  EXPECT_TRUE(result.complete);
  std::vector<size_t> sizes;
  size_t asked = 0;
  for (const auto& batch : predictor.batches) {
    size_t tokens = 0;
    for (const PredictorInput& input : batch) {
      tokens += input.tokens.size();
      sizes.push_back(input.tokens.size());
    }
    asked += batch.size();
    EXPECT_LE(tokens, 900u);
  }
  // Many small windows form one batch.
  EXPECT_LT(predictor.batches.size(), asked);
  const size_t round = sizes.size() / 4;
  EXPECT_TRUE(std::is_sorted(sizes.begin(),
                             sizes.begin() + static_cast<ptrdiff_t>(round)));
  EXPECT_EQ(sizes[round - 1], 13u * 13);
  // The whole canvas gives the same ballots.
  FakePredictor whole({30}, 8);
  Ballots expected;
  MustPredict(whole, ids, challenges, VoteOptions(), expected);
  EXPECT_EQ(ballots, expected);
}

// Answers are black squares, which no augmentation changes. They depend only on
// `seed` and the view, with different odds per task.
FakePredictor::Answer FewGrids(uint64_t seed) {
  return [seed](const PredictorInput& input) {
    const GridSize part = SizeOf(input, Canvas());
    const std::string view(input.tokens.begin(), input.tokens.end());
    Random random(seed, absl::StrCat(input.embedding_id, " ", view));
    Random of_task(seed, absl::StrCat("odds ", (input.embedding_id - 1) / 31));
    const double odds = of_task.Uniform();
    int size = 1;
    const int most = std::min(part.rows, part.cols);
    while (size < most && random.Chance(odds)) ++size;
    PredictorOutput output{PartTokens(Grid(size, size), part),
                           static_cast<float>(random.Uniform())};
    // Some answers are empty and do not count.
    if (random.Chance(0.1)) output.tokens.assign(input.tokens.size(), 0);
    return output;
  };
}

TEST(PredictVotes, DecidedTestInputsAreLeftAndTheAttemptsAreTheSame) {
  const ChallengeSet challenges = MakeChallenges();
  const EmbeddingIndex ids = MakeIds(challenges, 30);
  int64_t skipped = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed, "test");
    VoteOptions options;
    // Earlier votes of another model, with any weight.
    Ballots all;
    if (seed % 2 == 1) {
      Ballots others;
      for (int i = 0; i < 6; ++i) {
        others.Add("a", 0,
                   {Grid(random.Between(1, 3), 1), 0.5f,
                    ids.tasks[0].augmentations[static_cast<size_t>(i)].Key(),
                    "other"});
      }
      all.Merge(others, 0.1 + 2 * random.Uniform());
    }
    Ballots some = all;
    FakePredictor plain({5}, 4, FewGrids(seed));
    plain.step = seed % 3 == 0 ? 1 : 0;
    MustPredict(plain, ids, challenges, options, all);
    options.stop_decided = true;
    FakePredictor stopping({5}, 4, FewGrids(seed));
    stopping.step = plain.step;
    const VoteResult result =
        MustPredict(stopping, ids, challenges, options, some);
    EXPECT_TRUE(result.complete);
    EXPECT_EQ(result.progress.views_done, result.progress.views_planned);
    EXPECT_EQ(some.num_asked() + result.progress.views_skipped,
              all.num_asked());
    ASSERT_EQ(ChooseAttempts(some, challenges), ChooseAttempts(all, challenges))
        << seed;
    skipped += result.progress.views_skipped;
  }
  EXPECT_GT(skipped, 1000);
}

TEST(PredictVotes, ATestInputIsLeftAtTheFirstViewThatCannotChangeIt) {
  ChallengeSet challenges = MakeChallenges();
  challenges.tasks.resize(1);
  challenges.tasks[0].test_inputs.resize(1);
  const EmbeddingIndex ids = MakeIds(challenges, 30);
  VoteOptions options;
  options.stop_decided = true;
  int64_t skipped = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    // The literal rule, applied after every view.
    FakePredictor predictor({5}, 1, FewGrids(seed));
    Ballots ballots;
    int64_t asked = 0;
    const absl::StatusOr<VoteResult> result = PredictVotes(
        predictor, ids, challenges, VoteOptions(),
        [&](const VoteProgress& progress) {
          ++asked;
          const std::vector<Candidate> ranked = ballots.Rank("a", 0);
          const auto votes = [&](size_t place) {
            return place < ranked.size() ? ranked[place].votes : 0;
          };
          const auto left = static_cast<double>(progress.views_planned - asked);
          const bool decided =
              votes(0) > votes(1) + left && votes(1) > votes(2) + left;
          if (decided) skipped += static_cast<int64_t>(left);
          return !decided;
        },
        ballots);
    ASSERT_EQ(result.status(), absl::OkStatus());
    FakePredictor alone({5}, 1, FewGrids(seed));
    Ballots same;
    const VoteResult all = MustPredict(alone, ids, challenges, options, same);
    EXPECT_EQ(alone.batches.size(), predictor.batches.size()) << seed;
    EXPECT_EQ(all.progress.views_skipped + asked, 31) << seed;
  }
  EXPECT_GT(skipped, 100);
}

TEST(PredictVotes, DecidedTestInputsAreLeftBySeveralPredictors) {
  const ChallengeSet challenges = MakeChallenges();
  const EmbeddingIndex ids = MakeIds(challenges, 30);
  for (uint64_t seed = 0; seed < 100; ++seed) {
    VoteOptions options;
    FakePredictor plain({5}, 4, FewGrids(seed));
    Ballots all;
    MustPredict(plain, ids, challenges, options, all);
    options.stop_decided = true;
    FakePredictor a({5}, 4, FewGrids(seed)), b({5}, 4, FewGrids(seed));
    b.before_batch = [&] {
      absl::SleepFor(absl::Microseconds(seed % 7 * 30));
      if (seed % 2 == 0 && b.batches.size() == seed % 5) {
        b.error = absl::UnavailableError("gone");
      }
    };
    Predictor* const both[] = {&a, &b};
    Ballots some;
    const absl::StatusOr<VoteResult> result =
        PredictVotes(both, ids, challenges, options, nullptr, some);
    ASSERT_EQ(result.status(), absl::OkStatus());
    EXPECT_TRUE(result->complete);
    EXPECT_EQ(result->progress.views_done, result->progress.views_planned);
    ASSERT_EQ(ChooseAttempts(some, challenges), ChooseAttempts(all, challenges))
        << seed;
  }
}

TEST(PredictVotes, AResumedRunThatLeavesDecidedOnesAsksOnlyForWhatIsMissing) {
  const ChallengeSet challenges = MakeChallenges();
  const EmbeddingIndex ids = MakeIds(challenges, 30);
  for (uint64_t seed = 0; seed < 200; ++seed) {
    VoteOptions options;
    FakePredictor plain({5}, 4, FewGrids(seed));
    Ballots all;
    MustPredict(plain, ids, challenges, options, all);

    options.stop_decided = true;
    FakePredictor whole({5}, 4, FewGrids(seed));
    Ballots undisturbed;
    MustPredict(whole, ids, challenges, options, undisturbed);

    Ballots ballots;
    FakePredictor first({5}, 4, FewGrids(seed));
    const size_t stop_after = 1 + seed % 20;
    ASSERT_EQ(PredictVotes(
                  first, ids, challenges, options,
                  [&](const VoteProgress&) {
                    return first.batches.size() < stop_after;
                  },
                  ballots)
                  .status(),
              absl::OkStatus());
    const int64_t before = ballots.num_asked();
    FakePredictor second({5}, 4, FewGrids(seed));
    const VoteResult rest =
        MustPredict(second, ids, challenges, options, ballots);
    EXPECT_TRUE(rest.complete);
    EXPECT_EQ(rest.progress.views_done, rest.progress.views_planned);
    EXPECT_EQ(ballots.num_asked() - before,
              static_cast<int64_t>(AskedIds(second).size()));
    EXPECT_EQ(ballots, undisturbed) << seed;
    ASSERT_EQ(ChooseAttempts(ballots, challenges),
              ChooseAttempts(all, challenges))
        << seed;
    // No view is left.
    FakePredictor third({5}, 4, FewGrids(seed));
    const VoteResult again =
        MustPredict(third, ids, challenges, options, ballots);
    EXPECT_TRUE(again.complete);
    EXPECT_TRUE(third.batches.empty());
  }
}

TEST(PredictVotes, BatchesOfDecidedViewsAreNotReported) {
  const ChallengeSet challenges = MakeChallenges();
  const EmbeddingIndex ids = MakeIds(challenges, 30);
  VoteOptions options;
  options.stop_decided = true;
  size_t calls = 0;
  int64_t skipped = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    FakePredictor predictor({5}, 1, FewGrids(seed));
    Ballots ballots;
    calls = 0;
    const absl::StatusOr<VoteResult> result = PredictVotes(
        predictor, ids, challenges, options,
        [&](const VoteProgress&) { return ++calls > 0; }, ballots);
    ASSERT_EQ(result.status(), absl::OkStatus());
    EXPECT_EQ(calls, predictor.batches.size());
    skipped += result->progress.views_skipped;
  }
  EXPECT_GT(skipped, 0);
}

TEST(PredictVotes, ALargerBatchThatWouldOverrunIsNotBegun) {
  // A small batch, then one of nine times the cells.
  ChallengeSet challenges;
  challenges.tasks.push_back(
      {"large", {{Grid(8, 8), Grid(8, 8)}}, {Grid(8, 8, 1)}});
  challenges.tasks.push_back(
      {"small", {{Grid(2, 2), Grid(2, 2)}}, {Grid(2, 2, 1)}});
  const EmbeddingIndex ids = MakeIds(challenges, 0);
  const auto asked = [&](absl::Duration limit) {
    FakeClock clock;
    FakePredictor predictor({9}, 1);
    predictor.step = 1;
    predictor.before_batch = [&] {
      clock.Advance(absl::Seconds(predictor.batches.empty() ? 1 : 4));
    };
    VoteOptions options;
    options.limits.end = Deadline(clock, limit);
    Ballots ballots;
    const VoteResult result =
        MustPredict(predictor, ids, challenges, options, ballots);
    EXPECT_EQ(result.complete, predictor.batches.size() == 2);
    EXPECT_EQ(result.progress.views_done, ballots.num_asked());
    return predictor.batches.size();
  };
  EXPECT_EQ(asked(absl::Seconds(4)), 1u);
  EXPECT_EQ(asked(absl::Seconds(6)), 2u);
}

TEST(PredictVotes, SeveralPredictorsShareTheBatchesAndGiveTheSameBallots) {
  const ChallengeSet challenges = MakeChallenges();
  const EmbeddingIndex ids = MakeIds(challenges, 30);
  FakePredictor alone({5}, 4);
  Ballots expected;
  MustPredict(alone, ids, challenges, VoteOptions(), expected);

  FakePredictor a({5}, 4), b({5}, 4), c({5}, 9);
  for (FakePredictor* p : {&a, &b, &c}) {
    p->before_batch = [] { absl::SleepFor(absl::Milliseconds(2)); };
  }
  Predictor* const all[] = {&a, &b, &c};
  Ballots ballots;
  int64_t last_done = 0;
  const absl::StatusOr<VoteResult> result = PredictVotes(
      all, ids, challenges, VoteOptions(),
      [&](const VoteProgress& p) {
        EXPECT_GT(p.views_done, last_done);
        last_done = p.views_done;
        return true;
      },
      ballots);
  ASSERT_EQ(result.status(), absl::OkStatus());
  EXPECT_TRUE(result->complete);
  EXPECT_TRUE(result->lost.empty());
  EXPECT_EQ(ballots, expected);
  EXPECT_EQ(a.batches.size() + b.batches.size() + c.batches.size(),
            alone.batches.size());
  for (const FakePredictor* p : {&a, &b, &c}) {
    EXPECT_GT(p->batches.size(), 1u);
  }
}

TEST(PredictVotes, ADeadPredictorCostsOnlyItsBatch) {
  const ChallengeSet challenges = MakeChallenges();
  const EmbeddingIndex ids = MakeIds(challenges, 30);
  FakePredictor alone({5}, 4);
  Ballots expected;
  MustPredict(alone, ids, challenges, VoteOptions(), expected);

  FakePredictor good({5}, 4), dying({5}, 4);
  std::atomic<bool> dead{false};
  good.before_batch = [&] {
    // Wait, or it might finish all batches before the other begins.
    while (!dead) absl::SleepFor(absl::Milliseconds(1));
  };
  dying.before_batch = [&] {
    if (dying.batches.size() == 3) {
      dying.error = absl::UnavailableError("worker 1 was killed by SIGKILL");
      dead = true;
    }
  };
  Predictor* const all[] = {&good, &dying};
  Ballots ballots;
  const absl::StatusOr<VoteResult> result =
      PredictVotes(all, ids, challenges, VoteOptions(), nullptr, ballots);
  ASSERT_EQ(result.status(), absl::OkStatus());
  EXPECT_TRUE(result->complete);
  EXPECT_THAT(result->lost, ElementsAre("worker 1 was killed by SIGKILL"));
  EXPECT_EQ(ballots, expected);
  EXPECT_EQ(dying.batches.size(), 3u);
}

TEST(PredictVotes, ABatchOfTheLastWorkerAtWorkCanStillComeBack) {
  const ChallengeSet challenges = MakeChallenges();
  const EmbeddingIndex ids = MakeIds(challenges, 0);  // one batch in all
  FakePredictor quick({5}, 4), dying({5}, 4);
  dying.before_batch = [&] {
    absl::SleepFor(absl::Milliseconds(50));
    dying.error = absl::UnavailableError("gone");
  };
  // The first predictor works on this thread and may find the queue empty.
  Predictor* const all[] = {&dying, &quick};
  Ballots ballots;
  const absl::StatusOr<VoteResult> result =
      PredictVotes(all, ids, challenges, VoteOptions(), nullptr, ballots);
  ASSERT_EQ(result.status(), absl::OkStatus());
  EXPECT_TRUE(result->complete);
  EXPECT_EQ(ballots.num_asked(), 4);
}

TEST(PredictVotes, WhereMemoryRunsOutBatchesAreHalved) {
  const ChallengeSet challenges = MakeChallenges();
  const EmbeddingIndex ids = MakeIds(challenges, 30);
  FakePredictor roomy({5}, 16);
  Ballots expected;
  MustPredict(roomy, ids, challenges, VoteOptions(), expected);

  FakePredictor tight({5}, 16);
  tight.most_inputs = 3;
  Ballots ballots;
  Predictor* const all[] = {&tight};
  const absl::StatusOr<VoteResult> result =
      PredictVotes(all, ids, challenges, VoteOptions(), nullptr, ballots);
  ASSERT_EQ(result.status(), absl::OkStatus());
  EXPECT_TRUE(result->complete);
  EXPECT_EQ(ballots, expected);
  EXPECT_EQ(result->progress.views_done, result->progress.views_planned);
  // 16, 8 and 4 were too many and not tried again.
  EXPECT_EQ(result->out_of_memory.size(), 3u);

  FakePredictor none({5}, 16);
  none.most_inputs = 0;
  Predictor* const without[] = {&none};
  Ballots nothing;
  EXPECT_TRUE(IsOutOfMemory(
      PredictVotes(without, ids, challenges, VoteOptions(), nullptr, nothing)
          .status()));
}

TEST(PredictVotes, WithoutAPredictorLeftTheVotesStand) {
  const ChallengeSet challenges = MakeChallenges();
  FakePredictor a({5}, 4), b({5}, 4);
  for (FakePredictor* p : {&a, &b}) {
    p->before_batch = [p] {
      if (p->batches.size() == 1) p->error = absl::UnavailableError("gone");
    };
  }
  Predictor* const all[] = {&a, &b};
  Ballots ballots;
  const absl::StatusOr<VoteResult> result =
      PredictVotes(all, MakeIds(challenges, 10), challenges, VoteOptions(),
                   nullptr, ballots);
  ASSERT_EQ(result.status(), absl::OkStatus());
  EXPECT_FALSE(result->complete);
  EXPECT_THAT(result->lost, ElementsAre("gone", "gone"));
  EXPECT_EQ(ballots.num_asked(), 8);
}

TEST(PredictVotes, MalformedAnswersAreInternalErrors) {
  const ChallengeSet challenges = MakeChallenges();
  FakePredictor predictor({5}, 4, [](const PredictorInput&) {
    return PredictorOutput{{2, 2}, 0};
  });
  Ballots ballots;
  const absl::Status status =
      PredictVotes(predictor, MakeIds(challenges, 1), challenges, VoteOptions(),
                   nullptr, ballots)
          .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ballots.num_asked(), 0);
}

TEST(PredictVotes, DamagedIdsAndOptionsAreRefused) {
  const ChallengeSet challenges = MakeChallenges();
  FakePredictor predictor({5}, 4);
  const auto predict = [&](const EmbeddingIndex& ids,
                           const VoteOptions& options) {
    Ballots ballots;
    return PredictVotes(predictor, ids, challenges, options, nullptr, ballots)
        .status();
  };
  EmbeddingIndex ids = MakeIds(challenges, 2);
  ids.tasks[1].updates.pop_back();
  const absl::Status status = predict(ids, VoteOptions());
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("task b"));
  ids = MakeIds(challenges, 2);
  --ids.num_ids;
  EXPECT_EQ(predict(ids, VoteOptions()).code(),
            absl::StatusCode::kInvalidArgument);
  ids = MakeIds(challenges, 2);
  ids.tasks[0].first_id = 0;
  EXPECT_EQ(predict(ids, VoteOptions()).code(),
            absl::StatusCode::kInvalidArgument);
  VoteOptions options;
  options.max_views = -1;
  EXPECT_EQ(predict(MakeIds(challenges, 2), options).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(predictor.batches.empty());
}

}  // namespace
}  // namespace arctrm
