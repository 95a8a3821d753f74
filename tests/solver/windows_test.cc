// SPDX-License-Identifier: MIT
// Windows of the canvas, in the model and in predictions.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "solver/nn/model.h"
#include "solver/predict/predictor.h"
#include "tests/solver/cuda_device.h"
#include "tests/solver/golden_tensors.h"
#include "tests/solver/on_test_device.h"

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
  return Model(options, TestDevice(), at::kFloat, random);
}

// The outputs of a step, and the gradient of all parameters for a fixed loss.
struct Answer {
  Tensor logits, halt, grad;
};

Answer StepOf(Model& model, const Tensor& tokens, const Tensor& rows,
              const Windows& windows) {
  Windows there = windows;
  if (there.origins.defined()) there.origins = OnTestDevice(there.origins);
  const StepOutput out =
      model.Step(model.StartLatents(tokens.size(0), tokens.size(1)),
                 OnTestDevice(tokens), OnTestDevice(rows), there);
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
  // The first tokens, as many as a window has.
  Tensor TokensOf(GridSize size) const {
    return tokens_.narrow(1, 0, size.cells());
  }
  const Tensor rows_ = at::linspace(-1, 1, 3 * 32).view({3, 32});
};

// Positions for which the smaller model has the same weights.
class SmallerModelTest : public WindowTest {};

TEST_P(SmallerModelTest,
       AtTheOriginIsTheSmallerModelWithThePositionsOfTheLarge) {
  const ModelOptions options = Options();
  ModelOptions small = options;
  small.canvas_side = 3;
  Model whole = MakeModel(options);
  Model alone = MakeModel(small);
  ASSERT_EQ(MaxError(whole.flat(), alone.flat()), 0);
  const Answer a = StepOf(whole, tokens_, rows_, {{3, 3}, {}});
  const Answer b = StepOf(alone, tokens_, rows_, {});
  EXPECT_EQ(MaxError(a.logits, b.logits), 0);
  EXPECT_EQ(MaxError(a.halt, b.halt), 0);
  EXPECT_EQ(MaxError(a.grad, b.grad), 0);
}

TEST_P(WindowTest, EachRowStandsWhereItsOriginSays) {
  Model model = MakeModel(Options());
  const Tensor origins = at::tensor({0, 0, 2, 1, 1, 2}, at::kLong).view({3, 2});
  for (const GridSize size : {GridSize{3, 3}, GridSize{2, 4}, GridSize{4, 2}}) {
    const Tensor tokens = TokensOf(size);
    const Answer together = StepOf(model, tokens, rows_, {size, origins});
    Tensor grad = at::zeros_like(together.grad);
    for (int64_t i = 0; i < 3; ++i) {
      const Answer alone =
          StepOf(model, tokens.narrow(0, i, 1), rows_.narrow(0, i, 1),
                 {size, origins.narrow(0, i, 1)});
      EXPECT_LT(MaxError(together.logits[i], alone.logits[0]), 1e-5) << i;
      grad += alone.grad;
    }
    EXPECT_LT(MaxError(together.grad, grad), 1e-3);
    const Answer unmoved = StepOf(model, tokens, rows_, {size, {}});
    EXPECT_LT(MaxError(together.logits[0], unmoved.logits[0]), 1e-5);
    const double moved = MaxError(together.logits[1], unmoved.logits[1]);
    // The same tokens with another row length.
    const Answer turned =
        StepOf(model, tokens, rows_, {size.Transposed(), origins});
    const double other = MaxError(together.logits, turned.logits);
    if (Options().positions == "none") {
      EXPECT_LT(moved, 1e-5);
      EXPECT_LT(other, 1e-5);
    } else {
      EXPECT_GT(moved, 1e-4);
      EXPECT_EQ(other > 1e-4, size.rows != size.cols) << other;
    }
  }
}

TEST_P(WindowTest, AWindowOfTheCanvasSizeIsTheCanvas) {
  const ModelOptions options = Options();
  Model model = MakeModel(options);
  const GridSize whole = {options.canvas_side, options.canvas_side};
  Random random(8, "test");
  Tensor tokens = at::empty({2, whole.cells()}, at::kLong);
  for (int64_t i = 0; i < tokens.numel(); ++i) {
    tokens.mutable_data_ptr<int64_t>()[i] = random.Between(0, 11);
  }
  const Tensor rows = rows_.narrow(0, 0, 2);
  const Answer all = StepOf(model, tokens, rows, {whole, {}});
  const Answer plain = StepOf(model, tokens, rows, {});
  EXPECT_EQ(MaxError(all.logits, plain.logits), 0);
  EXPECT_EQ(MaxError(all.grad, plain.grad), 0);
}

// Rotary attention depends only on differences of positions, so without a
// prefix the place of a window does not matter.
class RotaryTest : public WindowTest {};

TEST_P(RotaryTest, WindowsWithoutPrefixAreTheSameAnywhere) {
  ModelOptions options = Options();
  options.puzzle_prefix = 0;
  Model model = MakeModel(options);
  const Tensor origins = at::tensor({2, 2, 1, 2, 0, 2}, at::kLong).view({3, 2});
  for (const GridSize size : {GridSize{3, 3}, GridSize{2, 4}, GridSize{4, 2}}) {
    const Answer here = StepOf(model, TokensOf(size), rows_, {size, {}});
    const Answer there = StepOf(model, TokensOf(size), rows_, {size, origins});
    EXPECT_LT(MaxError(here.logits, there.logits), 1e-4);
  }
}

// Two rows of eight cells have the positions of four rows of four.
TEST(RectangularWindow, HasTheFlatPositionsOfTheCanvas) {
  ModelOptions options = SmallModel("rope", "1d");
  options.canvas_side = 8;
  options.position_side = 8;
  ModelOptions square = options;
  square.canvas_side = 4;
  square.position_side = 4;
  Model large = MakeModel(options);
  Model small = MakeModel(square);
  ASSERT_EQ(MaxError(large.flat(), small.flat()), 0);
  const Tensor tokens = (at::arange(32, at::kLong) % 12).view({2, 16});
  const Tensor rows = at::linspace(-1, 1, 2 * 32).view({2, 32});
  const Answer wanted = StepOf(small, tokens, rows, {});
  const Answer flat = StepOf(large, tokens, rows, {{2, 8}, {}});
  EXPECT_EQ(MaxError(flat.logits, wanted.logits), 0);
  EXPECT_EQ(MaxError(flat.grad, wanted.grad), 0);
  const Answer tall = StepOf(large, tokens, rows, {{8, 2}, {}});
  EXPECT_GT(MaxError(tall.logits, wanted.logits), 1e-4);
}

// A square with the learned positions of the window's cells.
TEST(RectangularWindow, HasTheLearnedPositionsOfItsCells) {
  ModelOptions options = SmallModel("learned", "1d");
  options.canvas_side = 8;
  ModelOptions square = options;
  square.canvas_side = 4;
  Model large = MakeModel(options);
  Model small = MakeModel(square);
  small.h_init = large.h_init;
  small.l_init = large.l_init;
  const Tensor tokens = (at::arange(32, at::kLong) % 12).view({2, 16});
  const Tensor rows = at::linspace(-1, 1, 2 * 32).view({2, 32});
  const struct {
    GridSize size;
    int64_t row, col;
  } kCases[] = {{{2, 8}, 0, 0}, {{2, 8}, 5, 0}, {{8, 2}, 0, 0}, {{8, 2}, 0, 3}};
  for (const auto& [size, row, col] : kCases) {
    std::vector<int64_t> index = {0, 1, 2};  // the prefix
    for (int64_t r = 0; r < size.rows; ++r) {
      for (int64_t c = 0; c < size.cols; ++c) {
        index.push_back(3 + 8 * (row + r) + col + c);
      }
    }
    {
      at::NoGradGuard no_grad;
      for (size_t i = 0; i < large.parameters().size(); ++i) {
        Tensor from = large.parameters()[i].second;
        Tensor to = small.parameters()[i].second;
        if (from.sizes() != to.sizes()) {
          from =
              from.index_select(0, OnTestDevice(at::tensor(index, at::kLong)));
        }
        to.copy_(from);
      }
    }
    const Answer wanted = StepOf(small, tokens, rows, {});
    const Tensor origins =
        at::tensor({row, col, row, col}, at::kLong).view({2, 2});
    const Answer given = StepOf(large, tokens, rows, {size, origins});
    EXPECT_LT(MaxError(given.logits, wanted.logits), 1e-6)
        << size.rows << " " << row << " " << col;
  }
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

std::unique_ptr<Predictor> SmallPredictor(at::Device device) {
  Random random(5, "init");
  PredictorOptions how;
  how.batch = 12;
  const Tensor table = at::linspace(-1, 1, 4 * 32).view({4, 32}).to(device);
  auto model = std::make_unique<Model>(SmallModel("rope", "2d"), device,
                                       at::kFloat, random);
  // Predictions must wait for such work.
  model->flat().mul_(1);
  return MakePredictor(std::move(model), table, 1, how, nullptr);
}

// Inputs with 2 to canvas_side rows and columns.
std::vector<PredictorInput> MixedInputs() {
  Random random(9, "test");
  std::vector<PredictorInput> inputs;
  for (int i = 0; i < 12; ++i) {
    const int rows = random.Between(2, 6);
    PredictorInput input;
    input.cols = random.Between(2, 6);
    input.embedding_id = random.Between(1, 3);
    for (int c = 0; c < rows * input.cols; ++c) {
      input.tokens.push_back(static_cast<uint8_t>(random.Below(12)));
    }
    inputs.push_back(input);
  }
  return inputs;
}

TEST(FittedPrediction, MixedSizesAnswerAsEachAlone) {
  const auto predictor = SmallPredictor(TestDevice());
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
  const struct {
    size_t tokens;
    int cols;
  } kWrong[] = {{0, 0}, {8, 0}, {49, 0}, {0, 3},  {8, 3}, {7, 7},
                {7, 1}, {8, 8}, {42, 6}, {8, -2}, {36, 9}};
  for (const auto& [tokens, cols] : kWrong) {
    PredictorInput wrong = inputs[0];
    wrong.tokens.assign(tokens, 2);
    wrong.cols = cols;
    EXPECT_EQ(predictor->Predict({&wrong, 1}).status().code(),
              absl::StatusCode::kInvalidArgument)
        << tokens << " " << cols;
  }
}

TEST(FittedPrediction, ColumnsThatAreNotGivenAreThoseOfASquare) {
  const auto predictor = SmallPredictor(TestDevice());
  Random random(3, "test");
  int told_apart = 0;
  for (int round = 0; round < 20; ++round) {
    PredictorInput input;
    input.embedding_id = 1;
    for (int c = 0; c < 16; ++c) {
      input.tokens.push_back(static_cast<uint8_t>(random.Below(12)));
    }
    const auto answer = [&](int cols) {
      input.cols = cols;
      const auto outputs = predictor->Predict({&input, 1});
      EXPECT_TRUE(outputs.ok()) << outputs.status();
      return (*outputs)[0].tokens;
    };
    EXPECT_EQ(answer(0), answer(4));
    // 2 x 4 and 4 x 2 differ.
    input.tokens.resize(8);
    told_apart += answer(2) != answer(4);
  }
  EXPECT_GT(told_apart, 10);
}

class DevicePrediction : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Devices, DevicePrediction,
                         testing::ValuesIn(TestDeviceNames()),
                         [](const testing::TestParamInfo<std::string>& c) {
                           return c.param;
                         });

// Repeats predictions in two parts, which have a stream each on a GPU.
TEST_P(DevicePrediction, AnswersAsTheCpu) {
  const auto opened = DeviceOrSkip(GetParam());
  if (!opened) return;
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
