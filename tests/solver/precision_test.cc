// SPDX-License-Identifier: MIT
// float16 with loss scaling, on a CPU: slow, but the same numbers as on a GPU.
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "solver/checkpoint/checkpoint.h"
#include "solver/checkpoint/checkpoint_files.h"
#include "solver/device/device.h"
#include "solver/predict/predictor.h"
#include "solver/train/loss_scale.h"
#include "solver/train/make_training.h"
#include "solver/train/state_io.h"
#include "tests/solver/small_training.h"
#include "tests/testing/scratch.h"

namespace arctrm::internal {
namespace {

TrainRequest Request(const Dataset& dataset, const char* precision) {
  TrainRequest request = SmallRequest(dataset, 2);
  request.spec.train.precision = precision;
  request.spec.train.ema = 0.9;
  return request;
}

std::unique_ptr<Training> Make(const TrainRequest& request) {
  auto training = MakeTraining(request);
  EXPECT_TRUE(training.ok()) << training.status();
  return *std::move(training);
}

double Loss(Training& training) {
  StepSums sums;
  TrainStep(training, 0, sums);
  return sums.packed.defined() ? UnpackMetrics(sums.packed).lm_loss : NAN;
}

// All state that an optimiser step changes.
std::vector<Tensor> Learned(const Training& training) {
  return {training.state.model->flat().detach().clone(),
          training.state.average.clone(),
          training.state.embeddings.rows.clone()};
}

bool Same(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (!at::equal(a[i], b[i])) return false;
  }
  return true;
}

class Float16 : public testing::TestWithParam<bool> {};

TEST_P(Float16, AStepIsCloseToFloat32) {
  const Dataset dataset = SmallDataset(3);
  const auto request = [&](const char* precision) {
    TrainRequest r = Request(dataset, precision);
    if (GetParam()) {
      r.spec.model.mixer = true;
      r.spec.model.positions = "none";
    }
    return r;
  };
  const auto half = Make(request("float16"));
  const auto full = Make(request("float32"));
  ASSERT_EQ(half->state.model->dtype(), at::kHalf);
  const double half_loss = Loss(*half);
  const double full_loss = Loss(*full);
  const Tensor& g = half->state.model->flat_grad();
  const Tensor& f = full->state.model->flat_grad();
  const double error = ((g - f).norm() / f.norm()).item<double>();
  const double norm = (g.norm() / f.norm()).item<double>();
  std::fprintf(stderr,
               "[ MEASURED ] float16 step: loss %.2g, gradient %.2g, its norm "
               "%.2g from float32, relative\n",
               std::abs(half_loss / full_loss - 1), error, std::abs(norm - 1));
  // 11 bits round by 2^-11 = 5e-4 in each of some dozens of consecutive
  // operations.
  EXPECT_NEAR(half_loss, full_loss, 0.005 * full_loss);
  EXPECT_LT(error, 0.03);
  EXPECT_NEAR(norm, 1, 0.01);
  EXPECT_EQ(half->state.loss_scale.skipped_steps, 0);
}

INSTANTIATE_TEST_SUITE_P(Networks, Float16, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& c) {
                           return c.param ? "mixer" : "attention";
                         });

TEST(HalfPrecision, Learns) {
  const Dataset dataset = SmallDataset(3);
  const auto training = Make(Request(dataset, "float16"));
  const double first = Loss(*training);
  double last = first;
  for (int i = 0; i < 24; ++i) last = Loss(*training);
  EXPECT_LT(last, 0.8 * first);
  EXPECT_EQ(training->state.loss_scale.skipped_steps, 0);
  EXPECT_EQ(training->state.loss_scale.good_steps, 25);
  EXPECT_EQ(training->state.loss_scale.scale, 65536);
}

TEST(HalfPrecision, AnOverflowChangesNothingAndHalvesTheScale) {
  const Dataset dataset = SmallDataset(3);
  for (const bool rows_only : {false, true}) {
    TrainRequest request = Request(dataset, "float16");
    if (rows_only) request.spec.train.rows_only_share = 1;
    const auto training = Make(request);
    Loss(*training);
    const auto before = Learned(*training);
    training->state.loss_scale.scale = 1e12;
    EXPECT_TRUE(std::isnan(Loss(*training)));
    EXPECT_TRUE(Same(Learned(*training), before));
    EXPECT_EQ(training->state.loss_scale.scale, 5e11);
    EXPECT_EQ(training->state.loss_scale.skipped_steps, 1);
    EXPECT_EQ(training->state.counters.step, 2);
    // Training continues with a suitable scale.
    training->state.loss_scale.scale = 1024;
    EXPECT_TRUE(std::isfinite(Loss(*training)));
    EXPECT_FALSE(Same(Learned(*training), before));
    EXPECT_EQ(training->state.loss_scale.skipped_steps, 1);
    EXPECT_EQ(training->state.loss_scale.skipped_in_a_row, 0);
  }
}

// A skipped step must not change the moments, or the next step would differ.
TEST(HalfPrecision, ASkippedStepLeavesTheMoments) {
  const Dataset dataset = SmallDataset(3);
  const ScratchFolder scratch;
  const auto training = Make(Request(dataset, "float16"));
  Loss(*training);
  const auto moments = [&] {
    EXPECT_TRUE(SaveTraining(*training, scratch("checkpoint"), 1).ok());
    const auto state =
        ReadCheckpointTensors(scratch("checkpoint"), kResumeFile);
    EXPECT_TRUE(state.ok()) << state.status();
    std::vector<Tensor> tensors;
    for (const char* name : {"exp_avg", "exp_avg_sq"}) {
      tensors.push_back(*GetTensor(*state, name, {}));
    }
    EXPECT_EQ(state->metadata().at("adam_t"), "1");
    return tensors;
  };
  const auto before = moments();
  training->state.loss_scale.scale = 1e12;
  Loss(*training);
  EXPECT_TRUE(Same(moments(), before));
}

class Lines : public Log {
 public:
  void Info(absl::string_view) override {}
  void Warning(absl::string_view line) override {
    warnings.push_back(std::string(line));
  }
  void Error(absl::string_view) override {}
  void Progress(absl::string_view) override {}
  void EndProgress() override {}
  std::vector<std::string> warnings;
};

TEST(HalfPrecision, FallsBackToFloat32OnRepeatedOverflow) {
  const Dataset dataset = SmallDataset(3);
  const ScratchFolder scratch;
  Lines log;
  TrainRequest request = Request(dataset, "float16");
  request.hooks.log = &log;
  const auto training = Make(request);
  Loss(*training);
  training->state.loss_scale.scale = 1e30;
  for (int i = 0; i < LossScale::kGiveUpAfter; ++i) {
    EXPECT_EQ(training->state.model->dtype(), at::kHalf);
    EXPECT_TRUE(std::isnan(Loss(*training)));
  }
  ASSERT_EQ(log.warnings.size(), 1u);
  EXPECT_TRUE(absl::StrContains(log.warnings[0],
                                "falls back to float32 on repeated overflow"));
  EXPECT_EQ(training->state.model->dtype(), at::kFloat);
  const double first = Loss(*training);
  double last = first;
  for (int i = 0; i < 30; ++i) last = Loss(*training);
  EXPECT_LT(last, 0.8 * first);
  EXPECT_EQ(training->state.loss_scale.skipped_steps, LossScale::kGiveUpAfter);

  // A resumed run keeps float32.
  request.spec.out = scratch("checkpoint");
  request.spec.resume = true;
  ASSERT_TRUE(SaveTraining(*training, request.spec.out, 1).ok());
  const auto again = Make(request);
  EXPECT_EQ(again->state.model->dtype(), at::kFloat);
  EXPECT_EQ(Loss(*again), Loss(*training));
}

// Overflowed latents would spoil every later step.
TEST(HalfPrecision, WeightsThatOverflowForwardAreSkippedToo) {
  const Dataset dataset = SmallDataset(3);
  Lines log;
  TrainRequest request = Request(dataset, "float16");
  request.hooks.log = &log;
  const auto training = Make(request);
  Loss(*training);
  // Not a parameter, so an in-place change is allowed.
  Tensor flat = training->state.model->flat();
  const Tensor good = flat.clone();
  flat.mul_(1e4);
  const auto before = Learned(*training);
  EXPECT_TRUE(std::isnan(Loss(*training)));
  EXPECT_TRUE(Same(Learned(*training), before));
  flat.copy_(good);
  EXPECT_TRUE(std::isfinite(Loss(*training)));
}

TEST(HalfPrecision, ResumeKeepsTheScale) {
  const Dataset dataset = SmallDataset(3);
  const ScratchFolder scratch;
  TrainRequest request = Request(dataset, "float16");
  const auto training = Make(request);
  Loss(*training);
  training->state.loss_scale.scale = 1e12;
  Loss(*training);
  training->state.loss_scale.scale = 2048;
  Loss(*training);
  request.spec.out = scratch("checkpoint");
  ASSERT_TRUE(SaveTraining(*training, request.spec.out, 1).ok());
  request.spec.resume = true;
  const auto again = Make(request);
  EXPECT_EQ(again->state.loss_scale.scale, 2048);
  EXPECT_EQ(again->state.loss_scale.good_steps, 1);
  EXPECT_EQ(again->state.loss_scale.skipped_steps, 1);
  EXPECT_FALSE(again->state.loss_scale.gave_up);
  EXPECT_EQ(Loss(*again), Loss(*training));
}

// A float32 training saves no loss scale.
TEST(HalfPrecision, ResumeStatesWithoutAScaleLoad) {
  const Dataset dataset = SmallDataset(3);
  const ScratchFolder scratch;
  TrainRequest request = Request(dataset, "float32");
  const auto training = Make(request);
  Loss(*training);
  request.spec.out = scratch("checkpoint");
  ASSERT_TRUE(SaveTraining(*training, request.spec.out, 1).ok());
  const auto state = ReadCheckpointTensors(request.spec.out, kResumeFile);
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state->metadata().count("loss_scale"), 0u);
  request.spec.resume = true;
  EXPECT_EQ(Loss(*Make(request)), Loss(*training));
}

TEST(HalfPrecision, TrainCountsSkippedSteps) {
  const Dataset dataset = SmallDataset(3);
  TrainRequest request = Request(dataset, "float16");
  request.spec.max_steps = 3;
  request.hooks.on_step = [](const TrainStats& stats) {
    EXPECT_EQ(stats.skipped_steps, 0);
    EXPECT_EQ(stats.row_updates, stats.step * 13);
    EXPECT_TRUE(std::isfinite(stats.loss));
    return true;
  };
  const auto result = Train(request);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->steps, 3);
}

// Predictions on a CPU use float32. A float16 model that overflows continues in
// float32.
TEST(HalfPrecision, AnswersDoNotOverflow) {
  EXPECT_EQ(InferenceDtype("float16", at::kCPU), at::kFloat);
  EXPECT_EQ(InferenceDtype("auto", at::kCPU), at::kFloat);
  EXPECT_EQ(InferenceDtype("bf16", at::kCPU), at::kBFloat16);
  const Dataset dataset = SmallDataset(1);
  const ModelOptions options = SmallRequest(dataset, 1).spec.model;
  const auto answer = [&](at::ScalarType dtype) {
    Random random(1, "init");
    auto model = std::make_unique<Model>(options, at::kCPU, dtype, random);
    at::NoGradGuard no_grad;
    // Products of a few thousand, whose products overflow float16.
    model->flat().mul_(3e3);
    PredictorOptions small;
    small.batch = 2;
    const auto predictor = MakePredictor(
        std::move(model), at::zeros({2, options.hidden}), 0, small, nullptr);
    PredictorInput input;
    input.tokens.assign(16, 2);
    input.embedding_id = 1;
    const auto outputs = predictor->Predict({input});
    EXPECT_TRUE(outputs.ok()) << outputs.status();
    return (*outputs)[0];
  };
  const PredictorOutput half = answer(at::kHalf);
  EXPECT_TRUE(std::isfinite(half.halt_logit));
  EXPECT_EQ(half.tokens, answer(at::kFloat).tokens);
}

TEST(LossScale, GrowsAfterGoodStepsAndGivesUpAfterBadOnes) {
  LossScale s;
  EXPECT_EQ(s.scale, 65536);
  for (int i = 0; i < LossScale::kGrowAfter - 1; ++i) s.Update(true);
  EXPECT_EQ(s.scale, 65536);
  s.Update(true);
  EXPECT_EQ(s.scale, 131072);
  s.Update(false);
  EXPECT_EQ(s.scale, 65536);
  EXPECT_EQ(s.good_steps, 0);
  for (int i = 1; i < LossScale::kGiveUpAfter; ++i) {
    EXPECT_FALSE(s.gave_up) << i;
    s.Update(false);
  }
  EXPECT_TRUE(s.gave_up);
  EXPECT_EQ(s.skipped_steps, LossScale::kGiveUpAfter);
  // One finite step interrupts the row of overflows.
  LossScale other;
  for (int i = 0; i < 3 * LossScale::kGiveUpAfter; ++i) {
    other.Update(i % LossScale::kGiveUpAfter == 0);
  }
  EXPECT_FALSE(other.gave_up);
  LossScale grown;
  for (int i = 0; i < 20 * LossScale::kGrowAfter; ++i) grown.Update(true);
  EXPECT_EQ(grown.scale, LossScale::kMaxScale);
}

}  // namespace
}  // namespace arctrm::internal
