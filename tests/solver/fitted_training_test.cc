// SPDX-License-Identifier: MIT
// Trains with windows instead of whole canvases, and divides size buckets.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "solver/checkpoint/checkpoint.h"
#include "solver/checkpoint/checkpoint_files.h"
#include "solver/checkpoint_info.h"
#include "solver/device/batch_thread_pool.h"
#include "solver/nn/model.h"
#include "solver/train/make_training.h"
#include "solver/train/sampler.h"
#include "solver/train/state_io.h"
#include "tests/solver/golden_tensors.h"
#include "tests/solver/on_test_device.h"
#include "tests/solver/small_training.h"
#include "tests/testing/scratch.h"

namespace arctrm::internal {
namespace {

TEST(DivideRows, OneSizeIsDividedIntoSlices) {
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

TEST(DivideRows, ContainsEveryRowOnceWithAboutEqualWork) {
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
    for (const auto& buckets : DivideRows(sizes, cost, 4)) {
      double own = 0;
      GridSize last;
      for (const SizeBucket& bucket : buckets) {
        EXPECT_GT(bucket.size, last);
        last = bucket.size;
        for (int64_t row : bucket.rows) {
          EXPECT_EQ(sizes[static_cast<size_t>(row)], bucket.size);
          ++seen[static_cast<size_t>(row)];
          own += cost(bucket.size.cells());
        }
      }
      EXPECT_NEAR(own, total / 4, cost(60));
    }
    for (int times : seen) EXPECT_EQ(times, 1);
  }
}

// Tasks with 3 x 3 windows on a canvas of 6 x 6.
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
  return UnpackMetrics(sums.packed).lm_loss;
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

// Attention without positions does not distinguish rows and columns.
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

// The first step gives each example the loss that the model gives it alone, at
// its place on the canvas.
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
          model.StartLatents(1, size.cells()), OnTestDevice(longs(input)),
          OnTestDevice(at::zeros({1, 32})),
          {size,
           OnTestDevice(
               at::tensor({origin.row, origin.col}, at::kLong).view({1, 2}))});
      wanted += TokenLoss(LossOptions(request.spec.train).kind, out.logits,
                          OnTestDevice(labels))
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
  // A measurement chooses the step on other devices (canvas_step_test.cc).
  const int chosen = step_after("", 0).second;
  if (TestDeviceName() == "cpu") {
    EXPECT_EQ(chosen, 1);
  } else {
    EXPECT_GE(chosen, 1);
  }
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

// Older resume states have square windows: side, first row and column.
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

}  // namespace
}  // namespace arctrm::internal
