// SPDX-License-Identifier: MIT
// Canvases cut to what a task needs, from the model to training and prediction.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "solver/checkpoint/checkpoint.h"
#include "solver/checkpoint/checkpoint_files.h"
#include "solver/checkpoint_info.h"
#include "solver/device/batch_thread_pool.h"
#include "solver/device/device.h"
#include "solver/nn/model.h"
#include "solver/predict/predictor.h"
#include "solver/train/make_training.h"
#include "solver/train/sampler.h"
#include "solver/train/state_io.h"
#include "tests/solver/small_training.h"
#include "tests/testing/scratch.h"

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
              const Windows& windows) {
  const StepOutput out =
      model.Step(model.StartLatents(tokens.size(0), tokens.size(1)), tokens,
                 rows, windows);
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
  // As many of them as a window has.
  Tensor TokensOf(GridSize size) const {
    return tokens_.narrow(1, 0, size.cells());
  }
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
    // The same tokens in rows of another length.
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

// Rotary attention sees differences of positions alone, so that without a
// prefix a window may stand anywhere.
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
          from = from.index_select(0, at::tensor(index, at::kLong));
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

TEST(DivideRows, OneSizeIsCutInSlices) {
  for (int parts : {1, 2, 3, 7}) {
    for (int64_t rows : {7, 8, 20}) {
      const auto divided = DivideRows(
          std::vector<GridSize>(static_cast<size_t>(rows), {5, 7}),
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
    std::vector<GridSize> sizes;
    for (int i = 0; i < 40; ++i) {
      sizes.push_back({random.Between(3, 5), random.Between(3, 12)});
      if (i % 2 == 1) sizes.back() = sizes[sizes.size() - 2].Transposed();
    }
    const auto cost = [](int64_t cells) {
      return static_cast<double>(cells * cells);
    };
    double total = 0;
    for (const GridSize& size : sizes) total += cost(size.cells());
    std::vector<int> seen(sizes.size());
    for (const auto& groups : DivideRows(sizes, cost, 4)) {
      double own = 0;
      GridSize last;
      for (const SizeBucket& group : groups) {
        EXPECT_GT(group.size, last);
        last = group.size;
        for (int64_t row : group.rows) {
          EXPECT_EQ(sizes[static_cast<size_t>(row)], group.size);
          ++seen[static_cast<size_t>(row)];
          own += cost(group.size.cells());
        }
      }
      EXPECT_NEAR(own, total / 4, cost(60));
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

double LossAfter(Training& training, int steps) {
  StepSums sums;
  for (int i = 0; i < steps; ++i) {
    sums = {};
    TrainStep(training, 0, sums);
  }
  return sums.sums[0].item<double>();
}

TEST(FittedTraining, IsTrainingOnTheSmallCanvas) {
  const Dataset roomy = RoomyDataset();
  Dataset tight = roomy;
  tight.canvas.side = 3;
  TrainRequest fitted = SmallRequest(roomy, 1);
  fitted.spec.train.translate = false;
  TrainRequest small = SmallRequest(tight, 1);
  small.spec.train.translate = false;
  const auto a = MakeTraining(fitted);
  const auto b = MakeTraining(small);
  ASSERT_TRUE(a.ok()) << a.status();
  ASSERT_TRUE(b.ok()) << b.status();
  EXPECT_EQ(LossAfter(**a, 5), LossAfter(**b, 5));
  EXPECT_EQ(MaxError((*a)->state.model->flat(), (*b)->state.model->flat()), 0);
  EXPECT_EQ(MaxError((*a)->state.embeddings.rows, (*b)->state.embeddings.rows),
            0);

  fitted.spec.train.fit_canvas = "off";
  const auto c = MakeTraining(fitted);
  ASSERT_TRUE(c.ok()) << c.status();
  LossAfter(**c, 5);
  EXPECT_GT(MaxError((*a)->state.model->flat(), (*c)->state.model->flat()),
            1e-4);
}

// Attention without positions sees neither rows nor columns.
TEST(FittedTraining, TurnedTasksLearnTheSameWithoutPositions) {
  Dataset wide = RoomyDataset();
  for (DatasetTask& task : wide.tasks) {
    for (Pair& pair : task.pairs) {
      for (Grid* grid : {&pair.input, &pair.output}) {
        *grid = Grid(1, 4, grid->cells());
      }
    }
  }
  Dataset tall = wide;
  for (DatasetTask& task : tall.tasks) task.augmentations[0].dihedral = 6;
  double losses[2];
  for (int i = 0; i < 2; ++i) {
    TrainRequest request = SmallRequest(i == 0 ? wide : tall, 1);
    request.spec.model.positions = "none";
    request.spec.train.translate = false;
    const auto training = MakeTraining(request);
    ASSERT_TRUE(training.ok()) << training.status();
    losses[i] = LossAfter(**training, 3);
  }
  EXPECT_NEAR(losses[0], losses[1], 1e-4 * losses[0]);
}

// What the first step says of each example is what the model says of it alone,
// where it stands.
TEST(FittedTraining, RowsStandWhereTheirExamplesDo) {
  const Dataset dataset = MixedDataset(2);
  for (const char* positions : {"rope", "learned"}) {
    TrainRequest request = SmallRequest(dataset, 2);
    request.spec.model.positions = positions;
    request.spec.train.batch = 40;
    const auto training = MakeTraining(request);
    ASSERT_TRUE(training.ok()) << training.status();
    const Model& model = *(*training)->state.model;
    ExampleSampler sampler(&dataset, true, 0, request.spec.seed, 1);
    double wanted = 0;
    int rectangles = 0;
    for (int i = 0; i < request.spec.train.batch; ++i) {
      const Example example = sampler.Next();
      const auto& [size, origin] = example.window;
      rectangles += size.rows != size.cols && origin.row != origin.col;
      std::vector<uint8_t> input(static_cast<size_t>(size.cells()));
      std::vector<uint8_t> label(input.size());
      sampler.Encode(example, input.data(), label.data());
      const auto longs = [&](std::vector<uint8_t>& bytes) {
        return at::from_blob(bytes.data(), {1, size.cells()}, at::kByte)
            .to(at::kLong);
      };
      Tensor labels = longs(label);
      labels = at::where(labels == kPadToken, kIgnoredLabel, labels);
      at::NoGradGuard no_grad;
      const StepOutput out = model.Step(
          model.StartLatents(1, size.cells()), longs(input), at::zeros({1, 32}),
          {size, at::tensor({origin.row, origin.col}, at::kLong).view({1, 2})});
      wanted += TokenLoss(request.spec.train, out.logits, labels)
                    .sum()
                    .item<double>() /
                static_cast<double>((labels >= 0).sum().item<int64_t>());
    }
    EXPECT_GT(rectangles, 5);
    EXPECT_NEAR(LossAfter(**training, 1), wanted, 1e-5 * wanted) << positions;
  }
}

TEST(FittedTraining, MixedSizesWithTranslationLearnTheSameOnAnyThreads) {
  const Dataset dataset = MixedDataset(3);
  const auto one = MakeTraining(SmallRequest(dataset, 1));
  ASSERT_TRUE(one.ok()) << one.status();
  const double loss = LossAfter(**one, 6);
  for (int threads : {2, 3}) {
    const auto many = MakeTraining(SmallRequest(dataset, threads));
    ASSERT_TRUE(many.ok()) << many.status();
    EXPECT_NEAR(LossAfter(**many, 6), loss, 1e-4 * loss) << threads;
    EXPECT_LT(
        MaxError((*many)->state.model->flat(), (*one)->state.model->flat()),
        2e-5);
  }
}

TEST(FittedTraining, LearnsWhatTheWholeCanvasLearns) {
  const Dataset dataset = MixedDataset(3);
  for (const char* fit : {"on", "off"}) {
    TrainRequest request = SmallRequest(dataset, 1);
    request.spec.train.fit_canvas = fit;
    const auto training = MakeTraining(request);
    ASSERT_TRUE(training.ok()) << training.status();
    const double first = LossAfter(**training, 1);
    EXPECT_LT(LossAfter(**training, 150), 0.5 * first) << fit;
  }
}

TEST(FittedTraining, TheStepOfItsCanvasesIsKept) {
  const ScratchFolder scratch;
  const Dataset dataset = RoomyDataset();
  const auto step_after = [&](const std::string& start, int asked) {
    TrainRequest request = SmallRequest(dataset, 1);
    request.spec.train.fit_canvas = "on";
    request.spec.train.canvas_step = asked;
    request.spec.checkpoint = start;
    request.spec.out = scratch(absl::StrCat("from", start.size(), "_", asked));
    request.spec.max_steps = 1;
    EXPECT_TRUE(Train(request).ok());
    const auto info = ReadCheckpointInfo(request.spec.out);
    EXPECT_TRUE(info.ok()) << info.status();
    return std::pair(request.spec.out, info->train.canvas_step);
  };
  EXPECT_EQ(step_after("", 0).second, 1) << "on a CPU";
  const auto [two, step] = step_after("", 2);
  EXPECT_EQ(step, 2);
  EXPECT_EQ(step_after(two, 0).second, 2);
  EXPECT_EQ(step_after(two, 3).second, 3);
  const auto predictor = LoadPredictor(two, {});
  ASSERT_TRUE(predictor.ok()) << predictor.status();
  EXPECT_EQ((*predictor)->canvas_step(), 2);
}

TEST(FittedTraining, GoesOnWithItsWindows) {
  const ScratchFolder scratch;
  const Dataset dataset = MixedDataset(2);
  TrainRequest request = SmallRequest(dataset, 1);
  const auto plain = MakeTraining(request);
  ASSERT_TRUE(plain.ok()) << plain.status();
  LossAfter(**plain, 10);
  request.spec.out = scratch("checkpoint");
  for (int part = 0; part < 2; ++part) {
    request.spec.resume = part > 0;
    const auto training = MakeTraining(request);
    ASSERT_TRUE(training.ok()) << training.status();
    LossAfter(**training, 5);
    ASSERT_TRUE(SaveTraining(**training, request.spec.out, 1).ok());
    if (part == 0) continue;
    EXPECT_EQ(MaxError((*training)->state.model->flat(),
                       (*plain)->state.model->flat()),
              0);
  }
}

// What was saved before there were rectangles: side, first row and column.
TEST(FittedTraining, CarriesOfSquaresAreStillRead) {
  const ScratchFolder scratch;
  const Dataset dataset = RoomyDataset();
  TrainRequest request = SmallRequest(dataset, 1);
  request.spec.out = scratch("checkpoint");
  const auto first = MakeTraining(request);
  ASSERT_TRUE(first.ok()) << first.status();
  LossAfter(**first, 5);
  ASSERT_TRUE(SaveTraining(**first, request.spec.out, 1).ok());
  const CheckpointInfo info = *ReadCheckpointInfo(request.spec.out);
  const SafetensorsFile state =
      *ReadCheckpointTensors(request.spec.out, kResumeFile);
  TensorMap old;
  old.metadata = state.metadata();
  for (const auto& [name, entry] : state.tensors()) {
    Tensor tensor = *GetTensor(state, name, {});
    if (name == "carry.windows") {
      EXPECT_TRUE(at::equal(tensor.select(1, 0), tensor.select(1, 1)));
      EXPECT_TRUE(tensor.narrow(1, 2, 2).any().item<bool>());
      tensor = tensor.narrow(1, 1, 3).contiguous();
    }
    old.tensors.emplace_back(name, tensor);
  }
  request.spec.resume = true;
  Tensor weights[2];
  for (Tensor& flat : weights) {
    const auto training = MakeTraining(request);
    ASSERT_TRUE(training.ok()) << training.status();
    LossAfter(**training, 3);
    flat = (*training)->state.model->flat();
    const auto file = ReadCheckpointFile(request.spec.out, kWeightsFile);
    ASSERT_TRUE(file.ok()) << file.status();
    request.spec.out = scratch("old");
    ASSERT_TRUE(WriteCheckpoint(
                    request.spec.out, info,
                    {{kWeightsFile, *file}, {kResumeFile, ToSafetensors(old)}})
                    .ok());
  }
  EXPECT_EQ(MaxError(weights[0], weights[1]), 0);
}

TEST(FittedTraining, NeedsPositionsThatCanBeLeftOut) {
  const Dataset dataset = RoomyDataset();
  TrainRequest request = SmallRequest(dataset, 1);
  request.spec.model.mixer = true;
  request.spec.model.positions = "none";
  request.spec.train.fit_canvas = "on";
  EXPECT_EQ(MakeTraining(request).status().code(),
            absl::StatusCode::kInvalidArgument);
  request.spec.train.fit_canvas = "auto";
  EXPECT_TRUE(MakeTraining(request).ok());
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

// Rows and columns from 2 to the canvas's side.
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
  const auto predictor = SmallPredictor(at::kCPU);
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
    // Two rows of four and four of two are not the same.
    input.tokens.resize(8);
    told_apart += answer(2) != answer(4);
  }
  EXPECT_GT(told_apart, 10);
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
