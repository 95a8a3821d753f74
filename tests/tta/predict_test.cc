// SPDX-License-Identifier: MIT
#include "tta/predict.h"

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "augment/dihedral.h"
#include "base/files.h"
#include "base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/fake_predictor.h"
#include "tests/tta/predict_fixture.h"

namespace arctrm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(PredictVotesTest, EveryViewIsUndoneSoThatVotesAgree) {
  const EmbeddingIndex ids = MakeIds(challenges_, 20);
  FakePredictor predictor({5}, 7);
  const VoteResult result = Predict(predictor, ids);
  EXPECT_TRUE(result.complete);
  EXPECT_TRUE(result.without_views.empty());
  EXPECT_TRUE(result.too_large.empty());
  EXPECT_EQ(result.progress.views_done, result.progress.views_planned);
  EXPECT_EQ(result.progress.views_planned, 4 * 21);
  EXPECT_GT(result.progress.views_per_s, 0);
  for (const Task& task : challenges_.tasks) {
    for (int i = 0; i < static_cast<int>(task.test_inputs.size()); ++i) {
      const std::vector<Candidate> ranked = ballots_.Rank(task.id, i);
      ASSERT_EQ(ranked.size(), 1u) << task.id << i;
      EXPECT_EQ(ranked[0].grid, task.test_inputs[static_cast<size_t>(i)]);
      EXPECT_EQ(ranked[0].votes, 21);
      EXPECT_EQ(ranked[0].mean_confidence, 0.5);
    }
  }
}

// 0 stays 0 under every augmentation, so the second answers agree after the
// inverse.
TEST_F(PredictVotesTest, SecondAnswersAreUndoneAndGiveTheSecondAttempt) {
  FakePredictor predictor({5}, 7, [](const PredictorInput& input) {
    PredictorOutput output{input.tokens, 0};
    output.second = input.tokens;
    for (uint8_t& token : output.second) {
      if (token >= kFirstColorToken) token = kFirstColorToken;
    }
    return output;
  });
  Predict(predictor, MakeIds(challenges_, 20));
  for (const auto& [id, outputs] : ChooseAttempts(ballots_, challenges_)) {
    const Task& task = *challenges_.Find(id);
    for (size_t i = 0; i < outputs.size(); ++i) {
      const Grid& input = task.test_inputs[i];
      EXPECT_EQ(outputs[i],
                (Attempts{input, Grid(input.rows(), input.cols())}));
    }
  }
}

TEST_F(PredictVotesTest, SecondAnswersOfAnotherSizeAreAnError) {
  FakePredictor predictor({5}, 7, [](const PredictorInput& input) {
    PredictorOutput output{input.tokens, 0};
    output.second = {1};
    return output;
  });
  EXPECT_EQ(PredictVotes(predictor, MakeIds(challenges_, 1), challenges_,
                         options_, nullptr, ballots_)
                .status()
                .code(),
            absl::StatusCode::kInternal);
}

TEST_F(PredictVotesTest, IdentityOfEveryTestInputComesFirst) {
  const EmbeddingIndex ids = MakeIds(challenges_, 2);
  FakePredictor predictor({5}, 4);
  Predict(predictor, ids);
  EXPECT_THAT(AskedIds(predictor),
              ElementsAre(1, 1, 4, 7, 2, 2, 5, 8, 3, 3, 6, 9));
  EXPECT_EQ(predictor.batches[0][0].tokens,
            GridTokens(challenges_.tasks[0].test_inputs[0], {5}));
  EXPECT_EQ(predictor.batches[0][1].tokens,
            GridTokens(challenges_.tasks[0].test_inputs[1], {5}));
}

// The rounds of the test inputs of task `a`, whose embedding rows come first.
std::vector<int64_t> RoundsOf(const FakePredictor& predictor,
                              size_t augmentations) {
  std::vector<int64_t> rounds;
  for (const int64_t id : AskedIds(predictor)) {
    if (id <= static_cast<int64_t>(augmentations)) rounds.push_back(id - 1);
  }
  return rounds;
}

TEST_F(PredictVotesTest, BlocksOfRoundsGrowUntilSizeBucketsAreFull) {
  challenges_.tasks.resize(1);
  challenges_.tasks[0].test_inputs.resize(1);
  const EmbeddingIndex ids = MakeIds(challenges_, 19);
  const int64_t rounds = ids.num_ids - 1;
  ASSERT_EQ(rounds, 20);
  const auto transposed = [&](int64_t round) {
    return Transposes(
        ids.tasks[0].augmentations[static_cast<size_t>(round)].dihedral);
  };
  // The first view of task `a` has a window of 3 x 4 = 12 tokens, or 4 x 3.
  // Rounds per block by tokens of a full size bucket.
  const std::vector<std::pair<int64_t, std::vector<int64_t>>> cases = {
      {1000, {1, 2, 4, 8, 5}}, {0, std::vector<int64_t>(20, 1)}};
  for (const auto& [full, blocks] : cases) {
    FakePredictor predictor({30}, 100);
    predictor.step = 1;
    predictor.full = full;
    Ballots ballots;
    Predict(predictor, ids, ballots);
    // Within a block, all views of one orientation come first.
    std::vector<int64_t> expected;
    int64_t begin = 0;
    for (const int64_t size : blocks) {
      for (const bool second : {false, true}) {
        for (int64_t round = begin; round < begin + size; ++round) {
          if (transposed(round) == second) expected.push_back(round);
        }
      }
      begin += size;
    }
    EXPECT_EQ(begin, rounds);
    EXPECT_EQ(RoundsOf(predictor, 20), expected) << full;
  }
  // Four rounds fill two size buckets of 24 tokens.
  FakePredictor predictor({30}, 100);
  predictor.step = 1;
  predictor.full = 24;
  Predict(predictor, ids);
  const std::vector<int64_t> asked = RoundsOf(predictor, 20);
  for (size_t i = 0; i < asked.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(asked[i]), static_cast<double>(i), 3);
  }
}

// (batch, window) pairs, each of which costs the start of all operations.
size_t NumBuckets(const FakePredictor& predictor, Canvas canvas) {
  size_t buckets = 0;
  for (const auto& batch : predictor.batches) {
    std::set<GridSize> sizes;
    for (const PredictorInput& input : batch) {
      sizes.insert(SizeOf(input, canvas));
    }
    buckets += sizes.size();
  }
  return buckets;
}

// Tasks of many sizes, as in ARC-AGI.
ChallengeSet ManySizes() {
  ChallengeSet challenges;
  Random random(3, "test");
  for (int t = 0; t < 60; ++t) {
    const int rows = random.Between(2, 25);
    const int cols = random.Between(2, 25);
    Grid grid(rows, cols);
    for (int c = 0; c < grid.size(); ++c) {
      grid.at(c / cols, c % cols) = static_cast<uint8_t>(random.Below(10));
    }
    challenges.tasks.push_back(
        {absl::StrCat("task", 100 + t), {{grid, grid}}, {grid}});
  }
  return challenges;
}

TEST_F(PredictVotesTest, GroupedRoundsGiveTheSameVotesInFewerSizeBuckets) {
  challenges_ = ManySizes();
  const EmbeddingIndex ids = MakeIds(challenges_, 99);
  FakePredictor single({30}, 16);
  single.step = 4;
  Ballots expected;
  EXPECT_TRUE(Predict(single, ids, expected).complete);
  FakePredictor grouped({30}, 16);
  grouped.step = 4;
  grouped.full = 30000;
  EXPECT_TRUE(Predict(grouped, ids).complete);
  EXPECT_EQ(ballots_, expected);
  std::vector<int64_t> a = AskedIds(single);
  std::vector<int64_t> b = AskedIds(grouped);
  // The first round is the same.
  EXPECT_TRUE(std::equal(a.begin(), a.begin() + 60, b.begin()));
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  EXPECT_EQ(a, b);
  EXPECT_LT(NumBuckets(grouped, {30}) * 9, NumBuckets(single, {30}));
}

TEST_F(PredictVotesTest, WithGroupedRoundsAnEarlyEndLeavesEveryTestInputVotes) {
  challenges_ = ManySizes();
  const EmbeddingIndex ids = MakeIds(challenges_, 99);
  for (const size_t batches : {1, 3, 7, 20, 50}) {
    FakePredictor predictor({30}, 32);
    predictor.step = 4;
    predictor.full = 30000;
    Ballots ballots;
    const absl::StatusOr<VoteResult> result = PredictVotes(
        predictor, ids, challenges_, options_,
        [&](const VoteProgress&) { return predictor.batches.size() < batches; },
        ballots);
    ASSERT_EQ(result.status(), absl::OkStatus());
    int64_t least = ballots.num_asked();
    int64_t most = 0;
    for (const Task& task : challenges_.tasks) {
      least = std::min(least, ballots.num_votes(task.id, 0));
      most = std::max(most, ballots.num_votes(task.id, 0));
    }
    EXPECT_LE(most, 2 * least + 1) << batches;
    EXPECT_GT(least, 0) << batches;
  }
}

TEST_F(PredictVotesTest, WarningsOfPredictorsAreKept) {
  FakePredictor predictor({5}, 4);
  predictor.warnings = {"no recordings"};
  EXPECT_THAT(Predict(predictor, MakeIds(challenges_, 5)).warnings,
              ElementsAre("no recordings"));
}

TEST_F(PredictVotesTest, ConfidenceIsTheSigmoidAndNamesAreKept) {
  const EmbeddingIndex ids = MakeIds(challenges_, 0);
  FakePredictor predictor({5}, 8, [](const PredictorInput& input) {
    return PredictorOutput{input.tokens,
                           input.embedding_id == 1
                               ? 2.0f
                               : std::numeric_limits<float>::quiet_NaN()};
  });
  options_.source = "model-x";
  Predict(predictor, ids);
  EXPECT_TRUE(ballots_.Has("a", 0, "model-x", Augmentation().Key()));
  EXPECT_NEAR(ballots_.Rank("a", 0)[0].mean_confidence, 0.8807970779778823,
              1e-7);
  // A diverged model does not spoil the ballots_.
  EXPECT_EQ(ballots_.Rank("b", 0)[0].mean_confidence, 0);
}

TEST_F(PredictVotesTest, MaxViewsCapsTheViewsOfEachTestInput) {
  const EmbeddingIndex ids = MakeIds(challenges_, 5);
  FakePredictor predictor({5}, 100);
  options_.max_views = 2;
  const VoteResult result = Predict(predictor, ids);
  EXPECT_TRUE(result.complete);
  EXPECT_THAT(AskedIds(predictor), ElementsAre(1, 1, 7, 13, 2, 2, 8, 14));
}

TEST_F(PredictVotesTest, RowsWithTooFewUpdatesDoNotVote) {
  EmbeddingIndex ids = MakeIds(challenges_, 2);
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
    result = MustPredict(predictor, ids, challenges_, options, ballots);
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

TEST_F(PredictVotesTest, UnknownTasksAreNamedAndTheRestGoesOn) {
  const EmbeddingIndex ids = MakeIds(challenges_, 1);
  challenges_.tasks[0].id = "stranger";
  FakePredictor predictor({5}, 100);
  const VoteResult result = Predict(predictor, ids);
  EXPECT_TRUE(result.complete);
  EXPECT_THAT(result.without_views, ElementsAre(TestInputKey("stranger", 0),
                                                TestInputKey("stranger", 1)));
  EXPECT_EQ(ballots_.num_asked(), 4);
}

TEST_F(PredictVotesTest, NothingToAskIsComplete) {
  FakePredictor predictor({5}, 100);
  const VoteResult result = Predict(predictor, EmbeddingIndex());
  EXPECT_TRUE(result.complete);
  EXPECT_EQ(result.progress.views_planned, 0);
  EXPECT_EQ(result.without_views.size(), 4u);
  EXPECT_TRUE(predictor.batches.empty());
}

TEST_F(PredictVotesTest, TestInputsBeyondTheCanvasAreNamedAndNotAsked) {
  const EmbeddingIndex ids = MakeIds(challenges_, 3);
  // "1023" has four columns.
  FakePredictor predictor({3}, 100);
  const VoteResult result = Predict(predictor, ids);
  EXPECT_THAT(result.too_large, ElementsAre(TestInputKey("b", 0)));
  EXPECT_TRUE(result.without_views.empty());
  EXPECT_TRUE(result.complete);
  EXPECT_EQ(ballots_.num_votes("b", 0), 0);
  EXPECT_EQ(ballots_.num_votes("a", 1), 4);
}

TEST_F(PredictVotesTest, EmptyAnswersAreRememberedAndNotAskedAgain) {
  const EmbeddingIndex ids = MakeIds(challenges_, 3);
  FakePredictor predictor({5}, 4, [](const PredictorInput& input) {
    return PredictorOutput{std::vector<uint8_t>(input.tokens.size()), 1};
  });
  Predict(predictor, ids);
  EXPECT_EQ(ballots_.num_asked(), 16);
  EXPECT_EQ(ballots_.num_votes(), 0);
  predictor.batches.clear();
  const VoteResult again = Predict(predictor, ids);
  EXPECT_TRUE(again.complete);
  EXPECT_EQ(again.progress.views_done, 16);
  EXPECT_TRUE(predictor.batches.empty());
}

TEST_F(PredictVotesTest, ResumedRunAsksTheSameBatchesAndWritesTheSameBytes) {
  const EmbeddingIndex ids = MakeIds(challenges_, 10);
  const std::string dir = JoinPath(::testing::TempDir(), "tta_predict_resume");
  ASSERT_EQ(MakeDirectories(dir), absl::OkStatus());

  FakePredictor whole({5}, 6);
  Ballots whole_ballots;
  Predict(whole, ids, whole_ballots);
  ASSERT_EQ(whole_ballots.Write(JoinPath(dir, "whole")), absl::OkStatus());
  ASSERT_EQ(whole.batches.size(), 8u);

  for (int stop_after = 1; stop_after < 8; ++stop_after) {
    FakePredictor first({5}, 6);
    Ballots ballots;
    int calls = 0;
    absl::StatusOr<VoteResult> result = PredictVotes(
        first, ids, challenges_, options_,
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
    const VoteResult rest = Predict(second, ids, resumed);
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

TEST_F(PredictVotesTest, ABatchThatLacksOneViewIsAskedWhole) {
  const EmbeddingIndex ids = MakeIds(challenges_, 2);
  FakePredictor predictor({5}, 4);
  // Three of the four views of the first batch have voted.
  const std::string identity = Augmentation().Key();
  ballots_.Add("a", 0, {Grid::FromText("1"), 0.5f, identity, "run"});
  ballots_.Add("a", 1, {Grid::FromText("1"), 0.5f, identity, "run"});
  ballots_.Add("b", 0, {Grid::FromText("1"), 0.5f, identity, "run"});
  Predict(predictor, ids);
  ASSERT_EQ(predictor.batches.size(), 3u);
  EXPECT_EQ(predictor.batches[0].size(), 4u);
}

TEST_F(PredictVotesTest, OtherSourcesAreAskedAnew) {
  const EmbeddingIndex ids = MakeIds(challenges_, 1);
  FakePredictor predictor({5}, 4);
  MustPredict(predictor, ids, challenges_, VoteOptions(), ballots_);
  options_.source = "second";
  Predict(predictor, ids);
  EXPECT_EQ(ballots_.num_asked(), 16);
}

TEST_F(PredictVotesTest, CallbackOnTheLastBatchDoesNotMakeItIncomplete) {
  FakePredictor predictor({5}, 100);
  const absl::StatusOr<VoteResult> result = PredictVotes(
      predictor, MakeIds(challenges_, 1), challenges_, options_,
      [](const VoteProgress&) { return false; }, ballots_);
  ASSERT_EQ(result.status(), absl::OkStatus());
  EXPECT_TRUE(result->complete);
}

TEST_F(PredictVotesTest, UntrainedRowsVoteWhereThereIsNothingElse) {
  EmbeddingIndex ids = MakeIds(challenges_, 3);
  ids.tasks[0].updates.assign(4, 0);
  ids.tasks[1].updates = {0, 1, 0, 1};
  FakePredictor without({5}, 8);
  Ballots none;
  EXPECT_EQ(Predict(without, ids, none).without_views.size(), 2u);
  options_.untrained_rows = true;
  FakePredictor predictor({5}, 8);
  EXPECT_TRUE(Predict(predictor, ids).without_views.empty());
  EXPECT_EQ(ballots_.num_votes("a", 0), 1);
  EXPECT_EQ(ballots_.num_votes("a", 1), 1);
  EXPECT_EQ(ballots_.num_votes("b", 0), 2) << "trained rows alone";
  EXPECT_EQ(ballots_.num_votes("c", 0), 4);
}

TEST_F(PredictVotesTest, WindowsAreTurnedWithTheirViews) {
  // Inputs three times as large along one axis: 3 x 13.
  Task wide;
  wide.id = "wide";
  wide.demonstrations = {{Grid(2, 3), Grid(2, 9)}, {Grid(2, 2), Grid(2, 6)}};
  wide.test_inputs = {Grid::FromText("1230 4567")};
  challenges_ = {{wide}};
  const EmbeddingIndex ids = MakeIds(challenges_, 60);
  FakePredictor predictor({30}, 1, [](const PredictorInput& input) {
    // An answer that fills the whole window, without EOS.
    return PredictorOutput{std::vector<uint8_t>(input.tokens.size(), 2), 0};
  });
  predictor.step = 1;
  Predict(predictor, ids);
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
  const std::vector<Candidate> ranked = ballots_.Rank("wide", 0);
  ASSERT_EQ(ranked.size(), 1u);
  EXPECT_EQ(ranked[0].grid, Grid(3, 13));
}

TEST_F(PredictVotesTest, WindowsHoldTheTaskAndGoFromSmallToLarge) {
  // Outputs twice as large as the inputs: 12 x 12.
  Task grows;
  grows.id = "grows";
  grows.demonstrations = {{Grid(3, 2), Grid(6, 4)}, {Grid(2, 2), Grid(4, 4)}};
  grows.test_inputs = {Grid(6, 6, 3)};
  challenges_.tasks.insert(challenges_.tasks.begin(), grows);
  const EmbeddingIndex ids = MakeIds(challenges_, 3);
  const VoteOptions options;
  FakePredictor predictor({30}, 1);
  predictor.step = 1;
  const VoteResult result =
      MustPredict(predictor, ids, challenges_, options, ballots_);
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
  // The whole canvas gives the same ballots_.
  FakePredictor whole({30}, 8);
  Ballots expected;
  MustPredict(whole, ids, challenges_, VoteOptions(), expected);
  EXPECT_EQ(ballots_, expected);
}

TEST_F(PredictVotesTest, MalformedAnswersAreInternalErrors) {
  FakePredictor predictor({5}, 4, [](const PredictorInput&) {
    return PredictorOutput{{2, 2}, 0};
  });
  const absl::Status status =
      PredictVotes(predictor, MakeIds(challenges_, 1), challenges_, options_,
                   nullptr, ballots_)
          .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ballots_.num_asked(), 0);
}

TEST_F(PredictVotesTest, DamagedIdsAndOptionsAreRefused) {
  FakePredictor predictor({5}, 4);
  const auto predict = [&](const EmbeddingIndex& ids) {
    return PredictVotes(predictor, ids, challenges_, options_, nullptr,
                        ballots_)
        .status();
  };
  EmbeddingIndex ids = MakeIds(challenges_, 2);
  ids.tasks[1].updates.pop_back();
  const absl::Status status = predict(ids);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("task b"));
  ids = MakeIds(challenges_, 2);
  --ids.num_ids;
  EXPECT_EQ(predict(ids).code(), absl::StatusCode::kInvalidArgument);
  ids = MakeIds(challenges_, 2);
  ids.tasks[0].first_id = 0;
  EXPECT_EQ(predict(ids).code(), absl::StatusCode::kInvalidArgument);
  options_.max_views = -1;
  EXPECT_EQ(predict(MakeIds(challenges_, 2)).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(predictor.batches.empty());
}

}  // namespace
}  // namespace arctrm
