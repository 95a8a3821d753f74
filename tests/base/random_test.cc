// SPDX-License-Identifier: MIT
// Known answers come from an independent Python implementation of the published
// generator, seeded with hashlib's SHA-256.
#include "base/random.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace arctrm {
namespace {

std::vector<uint64_t> Draw(Random& random, int n) {
  std::vector<uint64_t> numbers;
  for (int i = 0; i < n; ++i) numbers.push_back(random.Next());
  return numbers;
}

TEST(Random, FollowsXoshiro256StarStar) {
  Random random(0, "any");
  ASSERT_TRUE(random
                  .SetState("0000000000000001"
                            "0000000000000002"
                            "0000000000000003"
                            "0000000000000004")
                  .ok());
  EXPECT_EQ(
      Draw(random, 10),
      (std::vector<uint64_t>{11520, 0, 1509978240, 1215971899390074240U,
                             1216172134540287360U, 607988272756665600U,
                             16172922978634559625U, 8476171486693032832U,
                             10595114339597558777U, 2904607092377533576U}));
}

TEST(Random, StreamsOfASeedAreNamed) {
  Random batches(0, "batches");
  EXPECT_EQ(Draw(batches, 4),
            (std::vector<uint64_t>{0x088f42a41bb2c4c1, 0x4f53ac448abccee9,
                                   0xe2cce3049037d79f, 0xc463e3ba89dc1298}));
  Random init(0, "init");
  EXPECT_EQ(Draw(init, 2),
            (std::vector<uint64_t>{0x10da8a3535d5f673, 0x854666c6c73e3726}));
  Random last(std::numeric_limits<uint64_t>::max(), "augment");
  EXPECT_EQ(Draw(last, 2),
            (std::vector<uint64_t>{0x1597d522747650ef, 0x11ebaa9cf5094950}));
}

TEST(Random, BelowDrawsAgainBeyondTheLastWholeMultiple) {
  Random dice(7, "dice");
  std::vector<uint64_t> thrown;
  for (int i = 0; i < 12; ++i) thrown.push_back(dice.Below(6));
  EXPECT_EQ(thrown,
            (std::vector<uint64_t>{1, 0, 4, 4, 3, 2, 2, 5, 5, 1, 2, 1}));
  // Just above 2^63 nearly every second number is rejected. Without rejection,
  // the first answer would be 3031666715865279.
  Random big(7, "big");
  const uint64_t n = (uint64_t{1} << 63) + 1;
  EXPECT_EQ(big.Below(n), 9088735062927962849U);
  EXPECT_EQ(big.Below(n), 901744267104352254U);
  EXPECT_EQ(big.Below(n), 7709285892704761295U);
}

// Chi-squared over n cells: mean n - 1, deviation sqrt(2 (n - 1)).
TEST(Random, BelowIsUniform) {
  Random random(3, "uniform");
  for (const uint64_t n : {2, 3, 7, 10, 100}) {
    constexpr int kDraws = 200000;
    std::vector<int> counts(n);
    for (int i = 0; i < kDraws; ++i) ++counts[random.Below(n)];
    const double expected = static_cast<double>(kDraws) / n;
    double chi = 0;
    for (const int count : counts) {
      chi += (count - expected) * (count - expected) / expected;
    }
    EXPECT_LT(chi, n - 1 + 6 * std::sqrt(2.0 * (n - 1))) << n;
  }
}

TEST(Random, BelowOneIsZeroAndBelowTheLargestIsInRange) {
  Random random(1, "edges");
  EXPECT_EQ(random.Below(1), 0U);
  const uint64_t most = std::numeric_limits<uint64_t>::max();
  for (int i = 0; i < 100; ++i) EXPECT_LT(random.Below(most), most);
  // Powers of two reject no numbers: the answers are the low bits.
  Random same = random;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(random.Below(uint64_t{1} << 63), same.Next() << 1 >> 1);
  }
}

TEST(Random, BetweenHoldsBothEndsOfAnyRange) {
  Random random(1, "between");
  constexpr int kLow = std::numeric_limits<int>::min();
  constexpr int kHigh = std::numeric_limits<int>::max();
  EXPECT_EQ(random.Between(kHigh, kHigh), kHigh);
  EXPECT_EQ(random.Between(kLow, kLow), kLow);
  bool negative = false, positive = false;
  for (int i = 0; i < 64; ++i) {
    (random.Between(kLow, kHigh) < 0 ? negative : positive) = true;
  }
  EXPECT_TRUE(negative && positive);
  std::vector<int> seen(3);
  for (int i = 0; i < 100; ++i)
    ++seen[static_cast<size_t>(random.Between(-1, 1) + 1)];
  EXPECT_GT(*std::min_element(seen.begin(), seen.end()), 10);
}

TEST(Random, UniformAndNormalKnownAnswers) {
  Random uniform(7, "normal");
  EXPECT_EQ(uniform.Uniform(), 0.4826655133338231);
  EXPECT_EQ(uniform.Uniform(), 0.40369424634869133);
  Random normal(7, "normal");
  EXPECT_NEAR(normal.Normal(), -0.9442440137247758, 1e-14);
  EXPECT_NEAR(normal.Normal(), -0.05815773706722693, 1e-14);
}

TEST(Random, UniformAndNormalHaveTheirMoments) {
  Random random(5, "moments");
  constexpr int kDraws = 100000;
  double sum = 0, normal_sum = 0, normal_squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double u = random.Uniform();
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    sum += u;
    const double x = random.Normal();
    ASSERT_TRUE(std::isfinite(x));
    normal_sum += x;
    normal_squares += x * x;
  }
  // Six standard errors.
  EXPECT_NEAR(sum / kDraws, 0.5, 6 * 0.2887 / std::sqrt(kDraws));
  EXPECT_NEAR(normal_sum / kDraws, 0, 6 / std::sqrt(kDraws));
  EXPECT_NEAR(normal_squares / kDraws, 1, 6 * std::sqrt(2.0 / kDraws));
}

TEST(Random, ShuffleKnownAnswer) {
  Random random(7, "shuffle");
  std::vector<int> items(12);
  std::iota(items.begin(), items.end(), 0);
  random.Shuffle(items);
  EXPECT_EQ(items, (std::vector<int>{7, 0, 4, 3, 11, 2, 6, 9, 10, 1, 5, 8}));
  std::vector<int> none;
  random.Shuffle(none);
  EXPECT_TRUE(none.empty());
}

TEST(Random, ShuffleReachesEveryOrderEquallyOften) {
  Random random(9, "orders");
  std::vector<int> counts(27);
  constexpr int kDraws = 60000;
  for (int i = 0; i < kDraws; ++i) {
    std::vector<int> items = {0, 1, 2};
    random.Shuffle(items);
    ++counts[static_cast<size_t>(items[0] * 9 + items[1] * 3 + items[2])];
  }
  int orders = 0;
  for (const int count : counts) {
    if (count == 0) continue;
    ++orders;
    EXPECT_NEAR(count, kDraws / 6, 6 * std::sqrt(kDraws / 6.0));
  }
  EXPECT_EQ(orders, 6);
}

TEST(Random, StateRoundTrip) {
  Random random(11, "state");
  Draw(random, 5);
  const std::string state = random.State();
  EXPECT_EQ(state.size(), 64U);
  Random other(0, "other");
  ASSERT_TRUE(other.SetState(state).ok());
  EXPECT_EQ(other.State(), state);
  EXPECT_EQ(Draw(other, 20), Draw(random, 20));
}

TEST(Random, BadStatesAreRefusedAndChangeNothing) {
  Random random(11, "state");
  const std::string good = random.State();
  std::vector<std::string> bad = {"", "12", std::string(64, '0'), good + "0",
                                  good.substr(1)};
  for (const char wrong : {'g', ' ', '-', 'x', '\0', '\xff'}) {
    for (const size_t at : {0, 15, 16, 63}) {
      bad.push_back(good);
      bad.back()[at] = wrong;
    }
  }
  bad.push_back("0x" + good.substr(2));
  for (const std::string& state : bad) {
    EXPECT_EQ(random.SetState(state).code(), absl::StatusCode::kDataLoss)
        << state;
    EXPECT_EQ(random.State(), good);
  }
}

}  // namespace
}  // namespace arctrm
