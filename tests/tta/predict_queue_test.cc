// SPDX-License-Identifier: MIT
// The queue of batches: deadlines, signals, decided test inputs, several
// predictors.
#include <algorithm>
#include <atomic>
#include <csignal>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/interrupt.h"
#include "base/out_of_memory.h"
#include "base/random.h"
#include "base/stop.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_predictor.h"
#include "tests/tta/predict_fixture.h"
#include "tta/predict.h"

namespace arctrm {
namespace {

using ::testing::ElementsAre;

TEST_F(PredictVotesTest, StopsAtTheDeadlineWithTheVotesSoFar) {
  const EmbeddingIndex ids = MakeIds(challenges_, 10);
  FakeClock clock;
  FakePredictor predictor({5}, 4);
  predictor.before_batch = [&] { clock.Advance(absl::Seconds(10)); };
  options_.limits.end = Deadline(clock, absl::Seconds(30));
  const VoteResult result = Predict(predictor, ids);
  EXPECT_FALSE(result.complete);
  EXPECT_EQ(result.progress.views_done, 12);
  EXPECT_EQ(ballots_.num_asked(), 12);
  EXPECT_DOUBLE_EQ(result.progress.views_per_s, 12 / 30.0);
  EXPECT_EQ(predictor.batches.size(), 3u);
}

TEST_F(PredictVotesTest, ABatchThatWouldOverrunIsNotBegun) {
  const EmbeddingIndex ids = MakeIds(challenges_, 10);
  FakeClock clock;
  FakePredictor predictor({5}, 4);
  predictor.before_batch = [&] { clock.Advance(absl::Seconds(10)); };
  options_.limits.end = Deadline(clock, absl::Seconds(39));
  const VoteResult result = Predict(predictor, ids);
  EXPECT_FALSE(result.complete);
  EXPECT_EQ(predictor.batches.size(), 3u);
  EXPECT_FALSE(options_.limits.end.Passed());
}

TEST_F(PredictVotesTest, ExpiredDeadlineAsksNothing) {
  FakeClock clock;
  FakePredictor predictor({5}, 4);
  options_.limits.end = Deadline(clock, absl::ZeroDuration());
  const VoteResult result = Predict(predictor, MakeIds(challenges_, 2));
  EXPECT_FALSE(result.complete);
  EXPECT_TRUE(predictor.batches.empty());
}

TEST_F(PredictVotesTest, ABatchThatIsGivenUpEndsVotingWithoutAnError) {
  const EmbeddingIndex ids = MakeIds(challenges_, 5);
  FakeClock clock;
  FakePredictor predictor({5}, 4);
  bool interrupted = false;
  predictor.before_batch = [&] {
    if (predictor.batches.size() < 2) return;
    clock.Advance(absl::Seconds(9));
    interrupted = IsInterrupted();
    predictor.error = absl::CancelledError("interrupted");
  };
  options_.limits.abort = Deadline(clock, absl::Seconds(9));
  const VoteResult result = Predict(predictor, ids);
  EXPECT_TRUE(interrupted);
  EXPECT_FALSE(result.complete);
  EXPECT_EQ(ballots_.num_votes(), 8);
}

TEST_F(PredictVotesTest, TheFirstBatchIsOneThatFits) {
  const EmbeddingIndex ids = MakeIds(challenges_, 5);
  for (const auto& [view_s, first] : std::vector<std::pair<double, size_t>>{
           {0, 8}, {0.1, 8}, {1, 4}, {9, 1}, {20, 0}}) {
    FakeClock clock;
    FakePredictor predictor({5}, 8);
    VoteOptions options;
    options.limits.end = Deadline(clock, absl::Seconds(16));
    options.expected_view_s = view_s;
    Ballots ballots;
    const VoteResult result =
        MustPredict(predictor, ids, challenges_, options, ballots);
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

TEST_F(PredictVotesTest, StopsOnASignal) {
  const EmbeddingIndex ids = MakeIds(challenges_, 10);
  FakePredictor predictor({5}, 4);
  predictor.before_batch = [&] {
    if (predictor.batches.size() == 1) RequestStop(SIGTERM);
  };
  const VoteResult result = Predict(predictor, ids);
  RequestStop(0);
  EXPECT_FALSE(result.complete);
  // The current batch still counts.
  EXPECT_EQ(result.progress.views_done, 8);
  EXPECT_EQ(ballots_.num_asked(), 8);
}

TEST_F(PredictVotesTest, PredictorErrorsComeThroughAndKeepEarlierVotes) {
  FakePredictor predictor({5}, 4);
  predictor.before_batch = [&] {
    if (predictor.batches.size() == 2) {
      predictor.error = absl::ResourceExhaustedError("out of memory");
    }
  };
  const absl::Status status =
      PredictVotes(predictor, MakeIds(challenges_, 5), challenges_, options_,
                   nullptr, ballots_)
          .status();
  EXPECT_EQ(status, absl::ResourceExhaustedError("out of memory"));
  EXPECT_EQ(ballots_.num_asked(), 8);
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

TEST_F(PredictVotesTest, DecidedTestInputsAreLeftAndTheAttemptsAreTheSame) {
  const EmbeddingIndex ids = MakeIds(challenges_, 30);
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
    plain.full = seed % 5 * 100;
    MustPredict(plain, ids, challenges_, options, all);
    options.stop_decided = true;
    FakePredictor stopping({5}, 4, FewGrids(seed));
    stopping.step = plain.step;
    stopping.full = plain.full;
    const VoteResult result =
        MustPredict(stopping, ids, challenges_, options, some);
    EXPECT_TRUE(result.complete);
    EXPECT_EQ(result.progress.views_done, result.progress.views_planned);
    EXPECT_EQ(some.num_asked() + result.progress.views_skipped,
              all.num_asked());
    ASSERT_EQ(ChooseAttempts(some, challenges_),
              ChooseAttempts(all, challenges_))
        << seed;
    skipped += result.progress.views_skipped;
  }
  EXPECT_GT(skipped, 1000);
}

TEST_F(PredictVotesTest, ATestInputIsLeftAtTheFirstViewThatCannotChangeIt) {
  challenges_.tasks.resize(1);
  challenges_.tasks[0].test_inputs.resize(1);
  const EmbeddingIndex ids = MakeIds(challenges_, 30);
  options_.stop_decided = true;
  int64_t skipped = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    // The literal rule, applied after every view.
    FakePredictor predictor({5}, 1, FewGrids(seed));
    Ballots ballots;
    int64_t asked = 0;
    const absl::StatusOr<VoteResult> result = PredictVotes(
        predictor, ids, challenges_, VoteOptions(),
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
    const VoteResult all = Predict(alone, ids, same);
    EXPECT_EQ(alone.batches.size(), predictor.batches.size()) << seed;
    EXPECT_EQ(all.progress.views_skipped + asked, 31) << seed;
  }
  EXPECT_GT(skipped, 100);
}

TEST_F(PredictVotesTest, DecidedTestInputsAreLeftBySeveralPredictors) {
  const EmbeddingIndex ids = MakeIds(challenges_, 30);
  for (uint64_t seed = 0; seed < 100; ++seed) {
    VoteOptions options;
    FakePredictor plain({5}, 4, FewGrids(seed));
    Ballots all;
    MustPredict(plain, ids, challenges_, options, all);
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
        PredictVotes(both, ids, challenges_, options, nullptr, some);
    ASSERT_EQ(result.status(), absl::OkStatus());
    EXPECT_TRUE(result->complete);
    EXPECT_EQ(result->progress.views_done, result->progress.views_planned);
    ASSERT_EQ(ChooseAttempts(some, challenges_),
              ChooseAttempts(all, challenges_))
        << seed;
  }
}

TEST_F(PredictVotesTest,
       AResumedRunThatLeavesDecidedOnesAsksOnlyForWhatIsMissing) {
  const EmbeddingIndex ids = MakeIds(challenges_, 30);
  for (uint64_t seed = 0; seed < 200; ++seed) {
    VoteOptions options;
    FakePredictor plain({5}, 4, FewGrids(seed));
    Ballots all;
    MustPredict(plain, ids, challenges_, options, all);

    options.stop_decided = true;
    FakePredictor whole({5}, 4, FewGrids(seed));
    Ballots undisturbed;
    MustPredict(whole, ids, challenges_, options, undisturbed);

    Ballots ballots;
    FakePredictor first({5}, 4, FewGrids(seed));
    const size_t stop_after = 1 + seed % 20;
    ASSERT_EQ(PredictVotes(
                  first, ids, challenges_, options,
                  [&](const VoteProgress&) {
                    return first.batches.size() < stop_after;
                  },
                  ballots)
                  .status(),
              absl::OkStatus());
    const int64_t before = ballots.num_asked();
    FakePredictor second({5}, 4, FewGrids(seed));
    const VoteResult rest =
        MustPredict(second, ids, challenges_, options, ballots);
    EXPECT_TRUE(rest.complete);
    EXPECT_EQ(rest.progress.views_done, rest.progress.views_planned);
    EXPECT_EQ(ballots.num_asked() - before,
              static_cast<int64_t>(AskedIds(second).size()));
    EXPECT_EQ(ballots, undisturbed) << seed;
    ASSERT_EQ(ChooseAttempts(ballots, challenges_),
              ChooseAttempts(all, challenges_))
        << seed;
    // No view is left.
    FakePredictor third({5}, 4, FewGrids(seed));
    const VoteResult again =
        MustPredict(third, ids, challenges_, options, ballots);
    EXPECT_TRUE(again.complete);
    EXPECT_TRUE(third.batches.empty());
  }
}

TEST_F(PredictVotesTest, BatchesOfDecidedViewsAreNotReported) {
  const EmbeddingIndex ids = MakeIds(challenges_, 30);
  options_.stop_decided = true;
  size_t calls = 0;
  int64_t skipped = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    FakePredictor predictor({5}, 1, FewGrids(seed));
    Ballots ballots;
    calls = 0;
    const absl::StatusOr<VoteResult> result = PredictVotes(
        predictor, ids, challenges_, options_,
        [&](const VoteProgress&) { return ++calls > 0; }, ballots);
    ASSERT_EQ(result.status(), absl::OkStatus());
    EXPECT_EQ(calls, predictor.batches.size());
    skipped += result->progress.views_skipped;
  }
  EXPECT_GT(skipped, 0);
}

TEST_F(PredictVotesTest, ALargerBatchThatWouldOverrunIsNotBegun) {
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

TEST_F(PredictVotesTest,
       SeveralPredictorsShareTheBatchesAndGiveTheSameBallots) {
  const EmbeddingIndex ids = MakeIds(challenges_, 30);
  FakePredictor alone({5}, 4);
  Ballots expected;
  Predict(alone, ids, expected);

  FakePredictor a({5}, 4), b({5}, 4), c({5}, 9);
  for (FakePredictor* p : {&a, &b, &c}) {
    p->before_batch = [] { absl::SleepFor(absl::Milliseconds(2)); };
  }
  Predictor* const all[] = {&a, &b, &c};
  int64_t last_done = 0;
  const absl::StatusOr<VoteResult> result = PredictVotes(
      all, ids, challenges_, options_,
      [&](const VoteProgress& p) {
        EXPECT_GT(p.views_done, last_done);
        last_done = p.views_done;
        return true;
      },
      ballots_);
  ASSERT_EQ(result.status(), absl::OkStatus());
  EXPECT_TRUE(result->complete);
  EXPECT_TRUE(result->lost.empty());
  EXPECT_EQ(ballots_, expected);
  EXPECT_EQ(a.batches.size() + b.batches.size() + c.batches.size(),
            alone.batches.size());
  for (const FakePredictor* p : {&a, &b, &c}) {
    EXPECT_GT(p->batches.size(), 1u);
  }
}

TEST_F(PredictVotesTest, ADeadPredictorCostsOnlyItsBatch) {
  const EmbeddingIndex ids = MakeIds(challenges_, 30);
  FakePredictor alone({5}, 4);
  Ballots expected;
  Predict(alone, ids, expected);

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
  const absl::StatusOr<VoteResult> result =
      PredictVotes(all, ids, challenges_, options_, nullptr, ballots_);
  ASSERT_EQ(result.status(), absl::OkStatus());
  EXPECT_TRUE(result->complete);
  EXPECT_THAT(result->lost, ElementsAre("worker 1 was killed by SIGKILL"));
  EXPECT_EQ(ballots_, expected);
  EXPECT_EQ(dying.batches.size(), 3u);
}

TEST_F(PredictVotesTest, ABatchOfTheLastWorkerAtWorkCanStillComeBack) {
  const EmbeddingIndex ids = MakeIds(challenges_, 0);  // one batch in all
  FakePredictor quick({5}, 4), dying({5}, 4);
  dying.before_batch = [&] {
    absl::SleepFor(absl::Milliseconds(50));
    dying.error = absl::UnavailableError("gone");
  };
  // The first predictor works on this thread and may find the queue empty.
  Predictor* const all[] = {&dying, &quick};
  const absl::StatusOr<VoteResult> result =
      PredictVotes(all, ids, challenges_, options_, nullptr, ballots_);
  ASSERT_EQ(result.status(), absl::OkStatus());
  EXPECT_TRUE(result->complete);
  EXPECT_EQ(ballots_.num_asked(), 4);
}

TEST_F(PredictVotesTest, WhereMemoryRunsOutBatchesAreHalved) {
  const EmbeddingIndex ids = MakeIds(challenges_, 30);
  FakePredictor roomy({5}, 16);
  Ballots expected;
  Predict(roomy, ids, expected);

  FakePredictor tight({5}, 16);
  tight.most_inputs = 3;
  Predictor* const all[] = {&tight};
  const absl::StatusOr<VoteResult> result =
      PredictVotes(all, ids, challenges_, options_, nullptr, ballots_);
  ASSERT_EQ(result.status(), absl::OkStatus());
  EXPECT_TRUE(result->complete);
  EXPECT_EQ(ballots_, expected);
  EXPECT_EQ(result->progress.views_done, result->progress.views_planned);
  // 16, 8 and 4 were too many and not tried again.
  EXPECT_EQ(result->out_of_memory.size(), 3u);

  FakePredictor none({5}, 16);
  none.most_inputs = 0;
  Predictor* const without[] = {&none};
  Ballots nothing;
  EXPECT_TRUE(IsOutOfMemory(
      PredictVotes(without, ids, challenges_, options_, nullptr, nothing)
          .status()));
}

TEST_F(PredictVotesTest, WithoutAPredictorLeftTheVotesStand) {
  FakePredictor a({5}, 4), b({5}, 4);
  for (FakePredictor* p : {&a, &b}) {
    p->before_batch = [p] {
      if (p->batches.size() == 1) p->error = absl::UnavailableError("gone");
    };
  }
  Predictor* const all[] = {&a, &b};
  const absl::StatusOr<VoteResult> result = PredictVotes(
      all, MakeIds(challenges_, 10), challenges_, options_, nullptr, ballots_);
  ASSERT_EQ(result.status(), absl::OkStatus());
  EXPECT_FALSE(result->complete);
  EXPECT_THAT(result->lost, ElementsAre("gone", "gone"));
  EXPECT_EQ(ballots_.num_asked(), 8);
}

}  // namespace
}  // namespace arctrm
