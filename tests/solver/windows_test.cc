// SPDX-License-Identifier: MIT
// Canvases cut to what a task needs, from the model to training and prediction.
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "solver/internal/device.h"
#include "solver/internal/model.h"
#include "solver/internal/predictor.h"
#include "solver/internal/trainer.h"
#include "solver/internal/workers.h"
#include "tests/solver/small_training.h"

namespace arctrm::internal {
namespace {

ModelOptions SmallModel(const std::string& positions, const std::string& rope) {
  ModelOptions options;
  options.hidden = 32;
  options.heads = 2;
  options.h_cycles = 2;
  options.l_cycles = 2;
  options.puzzle_prefix = 3;
  options.halt_max_steps = 3;
  options.positions = positions;
  options.rope = rope;
  options.canvas_side = 6;
  options.position_side = 8;
  return options;
}

Model MakeModel(const ModelOptions& options) {
  Random random(5, "init");
  return Model(options, at::kCPU, at::kFloat, random);
}

double MaxError(const Tensor& a, const Tensor& b) {
  return (a - b).abs().max().item<double>();
}

// What a step says, and the gradient of all parameters for a fixed loss.
struct Answer {
  Tensor logits, halt, grad;
};

Answer StepOf(Model& model, const Tensor& tokens, const Tensor& rows,
              const Tensor& origins = {}) {
  const int64_t side =
      std::llround(std::sqrt(static_cast<double>(tokens.size(1))));
  const StepOutput out = model.Step(model.StartLatents(tokens.size(0), side),
                                    tokens, rows, origins);
  model.flat_grad().zero_();
  (out.logits.square().sum() + out.q_halt_logits.sum()).backward();
  return {out.logits.detach(), out.q_halt_logits.detach(),
          model.flat_grad().clone()};
}

class WindowTest
    : public testing::TestWithParam<std::pair<const char*, const char*>> {
 protected:
  ModelOptions Options() const {
    return SmallModel(GetParam().first, GetParam().second);
  }
  const Tensor tokens_ = at::tensor({2, 3, 1, 4, 5, 1, 1, 1, 0, 7, 8, 9, 1, 1,
                                     1, 0, 0, 0, 2, 2, 2, 3, 3, 3, 1, 1, 1},
                                    at::kLong)
                             .view({3, 9});
  const Tensor rows_ = at::linspace(-1, 1, 3 * 32).view({3, 32});
};

// Of positions that give the smaller model the same weights.
class SmallerModelTest : public WindowTest {};

TEST_P(SmallerModelTest,
       AtTheOriginIsTheSmallerModelWithThePositionsOfTheLarge) {
  const ModelOptions options = Options();
  ModelOptions small = options;
  small.canvas_side = 3;
  Model whole = MakeModel(options);
  Model alone = MakeModel(small);
  ASSERT_EQ(MaxError(whole.flat(), alone.flat()), 0);
  const Answer a = StepOf(whole, tokens_, rows_);
  const Answer b = StepOf(alone, tokens_, rows_);
  EXPECT_EQ(MaxError(a.logits, b.logits), 0);
  EXPECT_EQ(MaxError(a.halt, b.halt), 0);
  EXPECT_EQ(MaxError(a.grad, b.grad), 0);
}

TEST_P(WindowTest, EachRowStandsWhereItsOriginSays) {
  Model model = MakeModel(Options());
  const Tensor origins = at::tensor({0, 0, 3, 1, 2, 3}, at::kLong).view({3, 2});
  const Answer together = StepOf(model, tokens_, rows_, origins);
  Tensor grad = at::zeros_like(together.grad);
  for (int64_t i = 0; i < 3; ++i) {
    const Answer alone = StepOf(model, tokens_.narrow(0, i, 1),
                                rows_.narrow(0, i, 1), origins.narrow(0, i, 1));
    EXPECT_LT(MaxError(together.logits[i], alone.logits[0]), 1e-5) << i;
    grad += alone.grad;
  }
  EXPECT_LT(MaxError(together.grad, grad), 1e-3);
  const Answer unmoved = StepOf(model, tokens_, rows_);
  EXPECT_LT(MaxError(together.logits[0], unmoved.logits[0]), 1e-5);
  const double moved = MaxError(together.logits[1], unmoved.logits[1]);
  if (Options().positions == "none") {
    EXPECT_LT(moved, 1e-5);
  } else {
    EXPECT_GT(moved, 1e-4);
  }
}

// Rotary attention sees differences of positions alone, so that without a
// prefix a window may stand anywhere.
class RotaryTest : public WindowTest {};

TEST_P(RotaryTest, WindowsWithoutPrefixAreTheSameAnywhere) {
  ModelOptions options = Options();
  options.puzzle_prefix = 0;
  Model model = MakeModel(options);
  const Answer here = StepOf(model, tokens_, rows_);
  const Answer there =
      StepOf(model, tokens_, rows_,
             at::tensor({3, 3, 1, 2, 0, 3}, at::kLong).view({3, 2}));
  EXPECT_LT(MaxError(here.logits, there.logits), 1e-4);
}

std::string NameOf(
    const testing::TestParamInfo<std::pair<const char*, const char*>>& param) {
  return std::string(param.param.first) + "_" + param.param.second;
}
INSTANTIATE_TEST_SUITE_P(Positions, WindowTest,
                         testing::Values(std::pair("rope", "1d"),
                                         std::pair("rope", "2d"),
                                         std::pair("learned", "1d"),
                                         std::pair("none", "1d")),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Positions, SmallerModelTest,
                         testing::Values(std::pair("rope", "1d"),
                                         std::pair("rope", "2d"),
                                         std::pair("none", "1d")),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Positions, RotaryTest,
                         testing::Values(std::pair("rope", "1d"),
                                         std::pair("rope", "2d")),
                         NameOf);

TEST(DivideRows, OneSizeIsCutInSlices) {
  for (int parts : {1, 2, 3, 7}) {
    for (int64_t rows : {7, 8, 20}) {
      const auto divided = DivideRows(
          std::vector<int64_t>(static_cast<size_t>(rows), 5),
          [](int64_t) { return 3.0; }, parts);
      ASSERT_EQ(divided.size(), static_cast<size_t>(parts));
      int64_t next = 0;
      for (int part = 0; part < parts; ++part) {
        ASSERT_EQ(divided[static_cast<size_t>(part)].size(), 1u);
        for (int64_t row : divided[static_cast<size_t>(part)][0].rows) {
          EXPECT_EQ(row, next++);
        }
      }
      EXPECT_EQ(next, rows);
    }
  }
}

TEST(DivideRows, EveryRowOnceAndAboutTheSameWork) {
  Random random(3, "test");
  for (int round = 0; round < 50; ++round) {
    std::vector<int64_t> sides;
    for (int i = 0; i < 40; ++i) sides.push_back(random.Between(3, 12));
    const auto cost = [](int64_t side) {
      return static_cast<double>(side * side);
    };
    double total = 0;
    for (int64_t side : sides) total += cost(side);
    std::vector<int> seen(sides.size());
    for (const auto& groups : DivideRows(sides, cost, 4)) {
      double own = 0;
      int64_t last = 0;
      for (const RowGroup& group : groups) {
        EXPECT_GT(group.side, last);
        last = group.side;
        for (int64_t row : group.rows) {
          EXPECT_EQ(sides[static_cast<size_t>(row)], group.side);
          ++seen[static_cast<size_t>(row)];
          own += cost(group.side);
        }
      }
      EXPECT_NEAR(own, total / 4, 144);
    }
    for (int times : seen) EXPECT_EQ(times, 1);
  }
}

// Tasks that need a 3 x 3 canvas, on one of 6 x 6.
Dataset RoomyDataset() {
  Dataset dataset = SmallDataset(3);
  dataset.canvas.side = 6;
  return dataset;
}

double LossAfter(Trainer& trainer, int steps) {
  StepSums sums;
  for (int i = 0; i < steps; ++i) {
    sums = {};
    trainer.Step(sums, 0);
  }
  return sums.sums[0].item<double>();
}

TEST(FittedTraining, IsTrainingOnTheSmallCanvas) {
  const Dataset roomy = RoomyDataset();
  Dataset tight = roomy;
  tight.canvas.side = 3;
  TrainRequest fitted = SmallRequest(roomy, 1);
  fitted.train.translate = false;
  TrainRequest small = SmallRequest(tight, 1);
  small.train.translate = false;
  const auto a = Trainer::Create(fitted);
  const auto b = Trainer::Create(small);
  ASSERT_TRUE(a.ok()) << a.status();
  ASSERT_TRUE(b.ok()) << b.status();
  EXPECT_EQ(LossAfter(**a, 5), LossAfter(**b, 5));
  EXPECT_EQ(MaxError((*a)->model().flat(), (*b)->model().flat()), 0);
  EXPECT_EQ(MaxError((*a)->table(), (*b)->table()), 0);

  fitted.train.fit_canvas = "off";
  const auto c = Trainer::Create(fitted);
  ASSERT_TRUE(c.ok()) << c.status();
  LossAfter(**c, 5);
  EXPECT_GT(MaxError((*a)->model().flat(), (*c)->model().flat()), 1e-4);
}

TEST(FittedTraining, MixedSizesWithTranslationLearnTheSameOnAnyThreads) {
  const Dataset dataset = MixedDataset(3);
  const auto one = Trainer::Create(SmallRequest(dataset, 1));
  ASSERT_TRUE(one.ok()) << one.status();
  const double loss = LossAfter(**one, 6);
  for (int threads : {2, 3}) {
    const auto many = Trainer::Create(SmallRequest(dataset, threads));
    ASSERT_TRUE(many.ok()) << many.status();
    EXPECT_NEAR(LossAfter(**many, 6), loss, 1e-4 * loss) << threads;
    EXPECT_LT(MaxError((*many)->model().flat(), (*one)->model().flat()), 2e-5);
  }
}

TEST(FittedTraining, LearnsWhatTheWholeCanvasLearns) {
  const Dataset dataset = MixedDataset(3);
  for (const char* fit : {"on", "off"}) {
    TrainRequest request = SmallRequest(dataset, 1);
    request.train.fit_canvas = fit;
    const auto trainer = Trainer::Create(request);
    ASSERT_TRUE(trainer.ok()) << trainer.status();
    const double first = LossAfter(**trainer, 1);
    EXPECT_LT(LossAfter(**trainer, 150), 0.5 * first) << fit;
  }
}

TEST(FittedTraining, NeedsPositionsThatCanBeLeftOut) {
  const Dataset dataset = RoomyDataset();
  TrainRequest request = SmallRequest(dataset, 1);
  request.model.mixer = true;
  request.model.positions = "none";
  request.train.fit_canvas = "on";
  EXPECT_EQ(Trainer::Create(request).status().code(),
            absl::StatusCode::kInvalidArgument);
  request.train.fit_canvas = "auto";
  EXPECT_TRUE(Trainer::Create(request).ok());
}

std::unique_ptr<Predictor> SmallPredictor(at::Device device) {
  Random random(5, "init");
  PredictorOptions how;
  how.batch = 12;
  return MakePredictor(std::make_unique<Model>(SmallModel("rope", "2d"), device,
                                               at::kFloat, random),
                       at::linspace(-1, 1, 4 * 32).view({4, 32}).to(device), 1,
                       how, nullptr);
}

// Of sides from 2 to the canvas's.
std::vector<PredictorInput> MixedInputs() {
  Random random(9, "test");
  std::vector<PredictorInput> inputs;
  for (int i = 0; i < 12; ++i) {
    const int64_t side = random.Between(2, 6);
    PredictorInput input;
    input.puzzle_id = random.Between(1, 3);
    for (int64_t c = 0; c < side * side; ++c) {
      input.tokens.push_back(static_cast<uint8_t>(random.Below(12)));
    }
    inputs.push_back(input);
  }
  return inputs;
}

TEST(FittedPrediction, MixedSizesAnswerAsEachAlone) {
  const auto predictor = SmallPredictor(at::kCPU);
  const std::vector<PredictorInput> inputs = MixedInputs();
  const auto together = predictor->Predict(inputs);
  ASSERT_TRUE(together.ok()) << together.status();
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto alone = predictor->Predict({&inputs[i], 1});
    ASSERT_TRUE(alone.ok()) << alone.status();
    EXPECT_EQ((*together)[i].tokens, (*alone)[0].tokens) << i;
    EXPECT_EQ((*together)[i].tokens.size(), inputs[i].tokens.size()) << i;
    EXPECT_NEAR((*together)[i].halt_logit, (*alone)[0].halt_logit, 1e-4) << i;
  }
  for (size_t size : {0, 8, 49}) {
    PredictorInput wrong = inputs[0];
    wrong.tokens.assign(size, 2);
    EXPECT_EQ(predictor->Predict({&wrong, 1}).status().code(),
              absl::StatusCode::kInvalidArgument)
        << size;
  }
}

// In two parts, each on its stream, again and again.
TEST(FittedPrediction, cudaAnswersAsTheCpu) {
  DeviceOptions device;
  device.device = "cuda";
  const auto opened = OpenDevice(device, 0);
  if (!opened.ok()) GTEST_SKIP() << opened.status().message();
  const std::vector<PredictorInput> inputs = MixedInputs();
  const auto wanted = SmallPredictor(at::kCPU)->Predict(inputs);
  ASSERT_TRUE(wanted.ok()) << wanted.status();
  const auto predictor = SmallPredictor(*opened);
  for (int round = 0; round < 20; ++round) {
    const auto given = predictor->Predict(inputs);
    ASSERT_TRUE(given.ok()) << given.status();
    for (size_t i = 0; i < inputs.size(); ++i) {
      EXPECT_EQ((*given)[i].tokens, (*wanted)[i].tokens) << i;
      EXPECT_NEAR((*given)[i].halt_logit, (*wanted)[i].halt_logit, 1e-3) << i;
    }
  }
}

}  // namespace
}  // namespace arctrm::internal
