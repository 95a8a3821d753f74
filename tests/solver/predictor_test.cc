// SPDX-License-Identifier: MIT
// Early halting and noisy rollouts, with the weights of tests/golden/imported.
#include "solver/predictor.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "augment/canvas.h"
#include "base/files.h"
#include "base/random.h"
#include "gtest/gtest.h"
#include "solver/checkpoint_import.h"
#include "solver/predict/predictor.h"
#include "tests/solver/test_device.h"
#include "tests/testing/test_data.h"

namespace arctrm {
namespace {

constexpr int kSteps = 5;

class PredictorTest : public testing::Test {
 protected:
  void SetUp() override {
    Import(kSteps);
    Random random(1, "test");
    for (int i = 0; i < 20; ++i) {
      PredictorInput input;
      input.embedding_id = random.Between(1, 4);
      for (int c = 0; c < 16; ++c) {
        input.tokens.push_back(static_cast<uint8_t>(random.Below(12)));
      }
      inputs_.push_back(input);
    }
  }

  void Import(int steps) {
    checkpoint_ = testing::TempDir() + "/predictor_checkpoint";
    ASSERT_TRUE(RemoveAll(checkpoint_).ok());
    ImportOptions options;
    options.model.heads = 2;
    options.model.h_cycles = 2;
    options.model.l_cycles = 2;
    options.model.halt_max_steps = steps;
    options.model.puzzle_prefix = 2;
    options.model.canvas_side = 4;
    options.model.position_side = 4;
    const auto info = ImportCheckpoint(TestData("imported/state_dict.pt"),
                                       checkpoint_, options);
    ASSERT_TRUE(info.ok()) << info.status();
  }

  std::vector<PredictorOutput> Predict(PredictorOptions options) {
    options.device = {TestDeviceName(), 2};
    options.batch = 20;
    const auto predictor = LoadPredictor(checkpoint_, options);
    EXPECT_TRUE(predictor.ok()) << predictor.status();
    const auto outputs = (*predictor)->Predict(inputs_);
    EXPECT_TRUE(outputs.ok()) << outputs.status();
    return *outputs;
  }

  std::string checkpoint_;
  std::vector<PredictorInput> inputs_;
};

TEST_F(PredictorTest, EveryRowRunsAllStepsUnlessAsked) {
  for (const PredictorOutput& out : Predict({})) EXPECT_EQ(out.steps, kSteps);
}

TEST_F(PredictorTest, ConfidentRowsStopEarlyAndOthersAreUntouched) {
  const auto plain = Predict({});
  // A threshold that some batch rows reach: the median of the last confidences.
  std::vector<float> logits;
  for (const auto& out : plain) logits.push_back(out.halt_logit);
  std::sort(logits.begin(), logits.end());
  PredictorOptions options;
  options.early_halt = 1 / (1 + std::exp(-double{logits[10]}));
  const auto early = Predict(options);
  int stopped = 0;
  for (size_t i = 0; i < early.size(); ++i) {
    if (early[i].steps < kSteps) {
      ++stopped;
      EXPECT_GE(early[i].halt_logit, logits[10] - 1e-4);
    } else {
      EXPECT_EQ(early[i].tokens, plain[i].tokens) << i;
      EXPECT_NEAR(early[i].halt_logit, plain[i].halt_logit, 1e-4);
    }
  }
  EXPECT_GT(stopped, 0);
  EXPECT_LT(stopped, 20);
  options.early_halt = 1e-9;
  for (const auto& out : Predict(options)) EXPECT_EQ(out.steps, 1);
}

// The answer after the k-th step equals that of a model with k steps.
TEST_F(PredictorTest, RowsStopWhenTheirAnswerStaysTheSame) {
  const auto plain = Predict({});
  PredictorOptions options;
  options.stable_halt = 2;
  const auto early = Predict(options);
  int stopped = 0;
  for (size_t i = 0; i < early.size(); ++i) {
    ASSERT_GE(early[i].steps, 3);  // the step with the answer and two more
    stopped += early[i].steps < kSteps;
    if (early[i].steps == kSteps) {
      EXPECT_EQ(early[i].tokens, plain[i].tokens) << i;
      EXPECT_NEAR(early[i].halt_logit, plain[i].halt_logit, 1e-4);
    }
  }
  EXPECT_GT(stopped, 0);
  // No answer can stay the same for more steps than the model has.
  options.stable_halt = kSteps;
  const auto late = Predict(options);
  for (size_t i = 0; i < late.size(); ++i) {
    EXPECT_EQ(late[i].steps, kSteps);
    EXPECT_EQ(late[i].tokens, plain[i].tokens) << i;
  }
}

TEST_F(PredictorTest, RolloutsMayStartElsewhere) {
  PredictorOptions options;
  options.rollouts = 4;
  options.start_noise = 0.5;
  const auto plain = Predict({});
  const auto noisy = Predict(options);
  int better = 0;
  for (size_t i = 0; i < plain.size(); ++i) {
    EXPECT_GE(noisy[i].halt_logit, plain[i].halt_logit);
    better += noisy[i].halt_logit > plain[i].halt_logit;
  }
  EXPECT_GT(better, 0);
}

TEST(ChooseRollout, SurestOrMostFrequent) {
  const std::vector<PredictorOutput> answers = {
      {{1}, -1, 5}, {{2}, 3, 5}, {{1}, 0, 4}, {{3}, 3, 5}, {{2}, 1, 5}};
  EXPECT_EQ(
      internal::ChooseRollout(answers, internal::RolloutChoice::kConfidence)
          .tokens[0],
      2);
  // 1 and 2 have two votes each: the most confident answer decides.
  EXPECT_EQ(
      internal::ChooseRollout(answers, internal::RolloutChoice::kAgreement)
          .tokens[0],
      2);
  EXPECT_EQ(
      internal::ChooseRollout(answers, internal::RolloutChoice::kAgreement)
          .halt_logit,
      3);
  auto more = answers;
  more.push_back({{1}, -4, 5});
  EXPECT_EQ(internal::ChooseRollout(more, internal::RolloutChoice::kAgreement)
                .tokens[0],
            1);
  EXPECT_EQ(internal::ChooseRollout(more, internal::RolloutChoice::kAgreement)
                .halt_logit,
            0);
  EXPECT_EQ(internal::ChooseRollout(more, internal::RolloutChoice::kConfidence)
                .tokens[0],
            2);
}

TEST_F(PredictorTest, TheMostConfidentRolloutCounts) {
  const auto plain = Predict({});
  PredictorOptions options;
  options.rollouts = 4;
  // Without noise all rollouts are equal.
  const auto same = Predict(options);
  options.latent_noise = 0.5;
  const auto noisy = Predict(options);
  const auto again = Predict(options);
  options.seed = 1;
  const auto other = Predict(options);
  int better = 0;
  int differs = 0;
  for (size_t i = 0; i < plain.size(); ++i) {
    EXPECT_EQ(same[i].tokens, plain[i].tokens);
    EXPECT_EQ(same[i].halt_logit, plain[i].halt_logit);
    EXPECT_GE(noisy[i].halt_logit, plain[i].halt_logit);
    better += noisy[i].halt_logit > plain[i].halt_logit;
    EXPECT_EQ(noisy[i].tokens, again[i].tokens);
    EXPECT_EQ(noisy[i].halt_logit, again[i].halt_logit);
    differs += noisy[i].halt_logit != other[i].halt_logit;
  }
  EXPECT_GT(better, 0);
  EXPECT_GT(differs, 0);
}

Grid GridOf(const std::vector<uint8_t>& tokens) {
  return CropGrid(tokens, Canvas{4});
}

// The answer after the k-th step equals that of a model with k steps.
TEST_F(PredictorTest, SecondAnswersAreThoseOfTheLatestStepWithAnotherGrid) {
  const auto last = Predict({});
  std::vector<Grid> expected(last.size());
  for (int k = 1; k < kSteps; ++k) {
    Import(k);
    const auto outputs = Predict({});
    for (size_t i = 0; i < last.size(); ++i) {
      const Grid grid = GridOf(outputs[i].tokens);
      if (!grid.empty() && grid != GridOf(last[i].tokens)) expected[i] = grid;
    }
  }
  int earlier = 0;
  for (size_t i = 0; i < last.size(); ++i) {
    if (expected[i].empty()) continue;
    EXPECT_EQ(GridOf(last[i].second), expected[i]) << i;
    ++earlier;
  }
  EXPECT_GT(earlier, 0);
}

TEST_F(PredictorTest, WhereNoStepGivesAnotherGridOneCellDiffers) {
  Import(1);
  int compared = 0;
  for (const PredictorOutput& output : Predict({})) {
    const Grid grid = GridOf(output.tokens);
    ASSERT_EQ(output.second.empty(), grid.empty());
    if (grid.empty()) continue;
    const Grid second = GridOf(output.second);
    ASSERT_EQ(second.rows(), grid.rows());
    ASSERT_EQ(second.cols(), grid.cols());
    int differ = 0;
    for (int c = 0; c < grid.size(); ++c) {
      differ += grid.at(c / grid.cols(), c % grid.cols()) !=
                second.at(c / grid.cols(), c % grid.cols());
    }
    EXPECT_EQ(differ, 1);
    ++compared;
  }
  EXPECT_GT(compared, 0);
}

TEST_F(PredictorTest, RowsThatStopEarlyHaveSecondAnswersToo) {
  PredictorOptions options;
  options.stable_halt = 2;
  options.rollouts = 3;
  options.start_noise = 0.5;
  for (const PredictorOutput& output : Predict(options)) {
    if (GridOf(output.tokens).empty()) continue;
    ASSERT_EQ(output.second.size(), output.tokens.size());
    EXPECT_NE(GridOf(output.second), GridOf(output.tokens));
  }
}

TEST(ChooseRollout, TheBestOfAnotherGridIsSecond) {
  const GridSize size = {1, 1};
  const auto answer = [](int color, float halt) {
    PredictorOutput output;
    output.tokens = {static_cast<uint8_t>(kFirstColorToken + color)};
    output.halt_logit = halt;
    return output;
  };
  const std::vector<PredictorOutput> answers = {answer(1, 3), answer(2, 1),
                                                answer(3, 2), answer(1, 0)};
  const auto chosen = internal::ChooseRollout(
      answers, internal::RolloutChoice::kConfidence, size);
  EXPECT_EQ(chosen.tokens, answer(1, 0).tokens);
  EXPECT_EQ(chosen.second, answer(3, 0).tokens);
  EXPECT_TRUE(internal::ChooseRollout({answer(1, 3), answer(1, 4)},
                                      internal::RolloutChoice::kConfidence,
                                      size)
                  .second.empty());
}

}  // namespace
}  // namespace arctrm
