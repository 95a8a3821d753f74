// SPDX-License-Identifier: MIT
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <stdexcept>

#include "base/files.h"
#include "gtest/gtest.h"
#include "puzzles/generate.h"
#include "puzzles/puzzle_dataset.h"
#include "solver/checkpoint/checkpoint.h"
#include "solver/checkpoint/checkpoint_files.h"
#include "solver/device/batch_thread_pool.h"
#include "solver/nn/ops.h"
#include "solver/train/make_training.h"
#include "solver/train/state_io.h"
#include "tests/solver/small_training.h"
#include "tests/testing/file_limit.h"
#include "tests/testing/scratch.h"

namespace arctrm::internal {
namespace {

double LossAfter(Training& training, int steps, double progress = 0) {
  StepSums sums;
  for (int i = 0; i < steps; ++i) {
    sums = {};
    TrainStep(training, progress, sums);
  }
  return UnpackMetrics(sums.packed).lm_loss;
}

double MeanLoss(Training& training, int steps) {
  StepSums sums;
  for (int i = 0; i < steps; ++i) TrainStep(training, 0, sums);
  return UnpackMetrics(sums.packed).lm_loss / steps;
}

TEST(Trainer, WorkersLearnWhatOneThreadLearns) {
  const Dataset dataset = SmallDataset(3);
  const auto one = MakeTraining(SmallRequest(dataset, 1));
  ASSERT_TRUE(one.ok()) << one.status();
  const double loss_one = LossAfter(**one, 6);
  const Tensor weights_one = (*one)->state.model->flat().detach().clone();
  for (int threads : {2, 3, 64}) {
    const auto many = MakeTraining(SmallRequest(dataset, threads));
    ASSERT_TRUE(many.ok()) << many.status();
    const double loss = LossAfter(**many, 6);
    // Only the order of adding the slices' gradients differs.
    EXPECT_NEAR(loss, loss_one, 1e-4 * loss_one) << threads;
    const double error =
        ((*many)->state.model->flat() - weights_one).abs().max().item<double>();
    EXPECT_LT(error, 2e-5) << threads;
    EXPECT_GT((weights_one - 0).abs().max().item<double>(), 0.1);
  }
}

TEST(Trainer, WhatDivergedIsNeverSaved) {
  const ScratchFolder scratch;
  const Dataset dataset = SmallDataset(2);
  {
    const auto training = MakeTraining(SmallRequest(dataset, 1));
    ASSERT_TRUE(training.ok()) << training.status();
    at::NoGradGuard no_grad;
    // Finite weights, but every step from there is not.
    (*training)->state.model->flat().fill_(3e38);
    ASSERT_TRUE(SaveTraining(**training, scratch("bad"), 0).ok());
    (*training)->state.model->flat().fill_(std::nan(""));
    ASSERT_TRUE(SaveTraining(**training, scratch("nan"), 0).ok());
  }
  TrainRequest request = SmallRequest(dataset, 1);
  request.spec.max_steps = 3;
  request.spec.out = scratch("out");
  request.spec.checkpoint = scratch("bad");
  const auto nothing = Train(request);
  EXPECT_TRUE(IsDiverged(nothing.status())) << nothing.status();
  EXPECT_FALSE(FileExists(request.spec.out));

  request.spec.checkpoint = "";
  ASSERT_TRUE(Train(request).ok());
  const std::string weights = JoinPath(request.spec.out, kWeightsFile);
  const auto before = ReadFile(weights);
  ASSERT_TRUE(before.ok());
  request.spec.checkpoint = scratch("bad");
  const auto stood = Train(request);
  ASSERT_TRUE(stood.ok()) << stood.status();
  EXPECT_EQ(stood->stop, TrainStop::kDiverged);
  EXPECT_EQ(*ReadFile(weights), *before);

  // Non-finite weights can neither start a training nor predict.
  request.spec.checkpoint = scratch("nan");
  EXPECT_EQ(Train(request).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(*ReadFile(weights), *before);
  EXPECT_EQ(LoadPredictor(request.spec.checkpoint, PredictorOptions())
                .status()
                .code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(CheckWeights(request.spec.checkpoint).status().code(),
            absl::StatusCode::kDataLoss);
}

// The loss of a step belongs to the weights before it, so the last weights need
// their own check.
class SpoiltWeights : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override { UseKernels(GetParam()); }
  void TearDown() override { UseKernels(true); }
};

TEST_P(SpoiltWeights, AreNotSaved) {
  const ScratchFolder scratch;
  const Dataset dataset = SmallDataset(2);
  TrainRequest request = SmallRequest(dataset, 1);
  request.spec.max_steps = 1;
  request.spec.out = scratch("out");
  request.spec.train.learning_rate = 1e38;
  request.spec.train.weight_decay = 1e38;
  double loss = 0;
  request.hooks.on_step = [&](const TrainStats& stats) {
    loss = stats.loss;
    return true;
  };
  const auto result = Train(request);
  EXPECT_TRUE(std::isfinite(loss) && loss > 0) << loss;
  EXPECT_TRUE(IsDiverged(result.status())) << result.status();
  EXPECT_FALSE(FileExists(request.spec.out));
  // A learning rate that is too large for the optimiser alone.
  request.spec.train.weight_decay = 0;
  const auto steep = Train(request);
  EXPECT_TRUE(IsDiverged(steep.status())) << steep.status();
}

INSTANTIATE_TEST_SUITE_P(Kernels, SpoiltWeights, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& on) {
                           return on.param ? "kernels" : "plain";
                         });

TEST(Trainer, WithoutRoomTheLastCheckpointStandsAndTheLastSaveIsAnError) {
  const ScratchFolder scratch;
  const Dataset dataset = SmallDataset(2);
  TrainRequest request = SmallRequest(dataset, 1);
  request.spec.max_steps = 2;
  request.spec.out = scratch("out");
  ASSERT_TRUE(Train(request).ok());
  const std::string weights =
      *ReadFile(JoinPath(request.spec.out, kWeightsFile));
  request.spec.max_steps = 4;
  request.spec.train.checkpoint_interval_s = 1e-9;
  int unsaved = 0;
  request.hooks.on_unsaved = [&](const absl::Status&) { ++unsaved; };
  absl::StatusOr<TrainResult> result;
  {
    const FileLimit limit(4096);
    result = Train(request);
  }
  EXPECT_EQ(result.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(result.status().message().find("holds those of step 2"),
            std::string::npos)
      << result.status();
  EXPECT_GE(unsaved, 1);
  EXPECT_EQ(*ReadFile(JoinPath(request.spec.out, kWeightsFile)), weights);
  EXPECT_FALSE(FileExists(BesidePath(request.spec.out, ".new")));
}

TEST(Trainer, WithoutRoomWeightsCanBeKeptInMemory) {
  const ScratchFolder scratch;
  const Dataset dataset = SmallDataset(2);
  TrainRequest request = SmallRequest(dataset, 1);
  request.spec.max_steps = 2;
  request.spec.out = scratch("saved");
  ASSERT_TRUE(Train(request).ok());
  request.spec.out = scratch("kept");
  request.spec.keep_in_memory = true;
  request.hooks.on_unsaved = [](const absl::Status&) {};
  {
    const FileLimit limit(4096);
    const auto result = Train(request);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->out, request.spec.out);
  }
  EXPECT_TRUE(IsOnlyInMemory(request.spec.out));
  EXPECT_FALSE(FileExists(request.spec.out));
  const auto info = ReadCheckpointInfo(request.spec.out);
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->step, 2);
  EXPECT_FALSE(info->has_resume_state);
  EXPECT_TRUE(LoadPredictor(request.spec.out, {}).ok());
  // The same weights.
  EXPECT_EQ(*ReadCheckpointFile(request.spec.out, kWeightsFile),
            *ReadCheckpointFile(scratch("saved"), kWeightsFile));
  ForgetCheckpointsInMemory();
  EXPECT_FALSE(HasCheckpoint(request.spec.out));
  // On another disk, if there is one.
  request.spec.spare_out = scratch("spare");
  request.spec.out = "/proc/no/room";
  const auto spared = Train(request);
  ASSERT_TRUE(spared.ok()) << spared.status();
  EXPECT_EQ(spared->out, request.spec.spare_out);
  EXPECT_FALSE(IsOnlyInMemory(request.spec.out));
}

TEST(Trainer, TheSameThreadsGiveTheSameBits) {
  const Dataset dataset = SmallDataset(3);
  const auto run = [&] {
    auto training = MakeTraining(SmallRequest(dataset, 3));
    EXPECT_TRUE(training.ok()) << training.status();
    LossAfter(**training, 5);
    return (*training)->state.model->flat().detach().clone();
  };
  EXPECT_TRUE(at::equal(run(), run()));
}

TEST(Trainer, DeterministicRunsForgetTheNumberOfThreads) {
  const Dataset dataset = SmallDataset(3);
  const auto run = [&](int threads) {
    TrainRequest request = SmallRequest(dataset, threads);
    request.spec.train.deterministic = true;
    request.spec.train.latent_noise = 0.1;
    auto training = MakeTraining(request);
    EXPECT_TRUE(training.ok()) << training.status();
    LossAfter(**training, 5);
    return (*training)->state.model->flat().detach().clone();
  };
  const Tensor one = run(1);
  for (int threads : {2, 3, 16}) EXPECT_TRUE(at::equal(run(threads), one));
}

// The loss of one step on the same batch reveals its cycles.
TEST(Trainer, CyclesGrowWithTheRun) {
  const Dataset dataset = SmallDataset(3);
  const auto loss = [&](double share, double progress, int h, int l) {
    TrainRequest request = SmallRequest(dataset, 1);
    request.spec.model.h_cycles = h;
    request.spec.model.l_cycles = l;
    request.spec.train.curriculum_share = share;
    auto training = MakeTraining(request);
    EXPECT_TRUE(training.ok()) << training.status();
    return LossAfter(**training, 1, progress);
  };
  EXPECT_EQ(loss(0.5, 0, 2, 4), loss(0, 0, 1, 1));
  EXPECT_EQ(loss(0.5, 0.2, 2, 4), loss(0, 0, 1, 2));
  EXPECT_EQ(loss(0.5, 0.3, 2, 4), loss(0, 0, 2, 3));
  EXPECT_EQ(loss(0.5, 0.5, 2, 4), loss(0, 0, 2, 4));
  EXPECT_NE(loss(0, 0, 1, 1), loss(0, 0, 2, 4));
}

TEST(Trainer, WhatIsDrawnAheadChangesNoByteOfACheckpoint) {
  const ScratchFolder scratch;
  const Dataset dataset = SmallDataset(3);
  const auto train = [&](const std::string& name, bool ahead) {
    TrainRequest request = SmallRequest(dataset, 1);
    request.spec.out = scratch(name);
    for (int part = 0; part < 2; ++part) {
      request.spec.resume = part > 0;
      auto training = MakeTraining(request);
      EXPECT_TRUE(training.ok()) << training.status();
      for (int i = 0; i < 5; ++i) {
        LossAfter(**training, 1);
        if (ahead) DrawAhead(**training);
      }
      EXPECT_TRUE(SaveTraining(**training, request.spec.out, 1).ok());
    }
    return *ReadCheckpointFile(request.spec.out, kResumeFile);
  };
  EXPECT_EQ(train("ahead", true), train("plain", false));
}

TEST(Trainer, NoiseChangesWhatIsLearnedAndRepeats) {
  const Dataset dataset = SmallDataset(3);
  const auto loss = [&](double start, double latent) {
    TrainRequest request = SmallRequest(dataset, 2);
    request.spec.train.start_noise = start;
    request.spec.train.latent_noise = latent;
    auto training = MakeTraining(request);
    EXPECT_TRUE(training.ok()) << training.status();
    return LossAfter(**training, 3);
  };
  EXPECT_NE(loss(0.5, 0), loss(0, 0));
  EXPECT_NE(loss(0, 0.5), loss(0, 0));
  EXPECT_EQ(loss(0.5, 0.5), loss(0.5, 0.5));
}

TEST(Trainer, ACheckpointMayGoOnWithOtherCycles) {
  const Dataset dataset = SmallDataset(3);
  TrainRequest request = SmallRequest(dataset, 1);
  request.spec.out = testing::TempDir() + "/cycles_checkpoint";
  const auto first = MakeTraining(request);
  ASSERT_TRUE(first.ok()) << first.status();
  LossAfter(**first, 2);
  ASSERT_TRUE(SaveTraining(**first, request.spec.out, 1).ok());
  request.spec.checkpoint = request.spec.out;
  request.spec.train.h_cycles = 3;
  request.spec.train.halt_max_steps = 4;
  request.spec.model = request.spec.train.WithOverrides(request.spec.model);
  EXPECT_EQ(request.spec.model.h_cycles, 3);
  EXPECT_EQ(request.spec.model.l_cycles, 1);
  EXPECT_EQ(request.spec.model.halt_max_steps, 4);
  const auto tuned = MakeTraining(request);
  ASSERT_TRUE(tuned.ok()) << tuned.status();
  EXPECT_TRUE(
      at::equal((*tuned)->state.model->flat(), (*first)->state.model->flat()));
  LossAfter(**tuned, 1);
  ASSERT_TRUE(SaveTraining(**tuned, request.spec.out, 1).ok());
  const auto info = ReadCheckpointInfo(request.spec.out);
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->model.h_cycles, 3);
  // Another network is still refused.
  request.spec.model.layers = 3;
  const auto other = MakeTraining(request);
  EXPECT_EQ(other.status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Trainer, RowsLearnAloneFirst) {
  const Dataset dataset = SmallDataset(3);
  TrainRequest request = SmallRequest(dataset, 2);
  request.spec.train.rows_only_share = 0.5;
  request.spec.train.learning_rate = 1e-3;
  auto training = MakeTraining(request);
  ASSERT_TRUE(training.ok()) << training.status();
  const Tensor before = (*training)->state.model->flat().detach().clone();
  const double first = MeanLoss(**training, 20);
  MeanLoss(**training, 160);
  const double later = MeanLoss(**training, 20);
  EXPECT_TRUE(at::equal((*training)->state.model->flat(), before));
  EXPECT_EQ((*training)->state.counters.learning_rate, 0);
  EXPECT_LT(later, first);
  LossAfter(**training, 1, 0.5);
  const double moved =
      ((*training)->state.model->flat() - before).abs().max().item<double>();
  EXPECT_GT(moved, 1e-4);
  EXPECT_EQ((*training)->state.counters.learning_rate, 1e-3);
  // The progress falls when there is more time; the network keeps learning.
  LossAfter(**training, 1, 0.4);
  EXPECT_EQ((*training)->state.counters.learning_rate, 1e-3);
}

TEST(Trainer, MatchFindsTheRowOfTheSameTask) {
  Dataset dataset = SmallDataset(3);
  TrainRequest request = SmallRequest(dataset, 2);
  auto first = MakeTraining(request);
  ASSERT_TRUE(first.ok()) << first.status();
  LossAfter(**first, 250);
  const std::string known = testing::TempDir() + "/trainer_match_known";
  ASSERT_TRUE(SaveTraining(**first, known, 1).ok());

  // The same tasks with other names in another order.
  Dataset others = dataset;
  std::reverse(others.tasks.begin(), others.tasks.end());
  for (DatasetTask& task : others.tasks) task.name = "new " + task.name;
  request.dataset = &others;
  request.spec.checkpoint = known;
  request.spec.train.embedding_init = "best_match";
  auto second = MakeTraining(request);
  ASSERT_TRUE(second.ok()) << second.status();
  const std::string matched = testing::TempDir() + "/trainer_match_matched";
  ASSERT_TRUE(SaveTraining(**second, matched, 1).ok());

  const auto table = [](const std::string& dir) {
    auto bytes = ReadCheckpointFile(dir, kWeightsFile);
    auto file = SafetensorsFile::Parse(*std::move(bytes), dir);
    return *GetTensor(*file, "inner.puzzle_emb.weights", {});
  };
  const Tensor before = table(known);
  const Tensor after = table(matched);
  for (int id = 1; id <= 3; ++id) {
    EXPECT_TRUE(at::equal(after[id], before[4 - id])) << id;
  }
  EXPECT_FALSE(at::equal(before[1], before[2]));
}

TEST(Trainer, LearningRatesFallToZero) {
  const Dataset dataset = SmallDataset(3);
  TrainRequest request = SmallRequest(dataset, 1);
  request.spec.train.decay_share = 0.4;
  request.spec.train.learning_rate = 1e-3;
  auto training = MakeTraining(request);
  ASSERT_TRUE(training.ok()) << training.status();
  const auto rate_at = [&](double progress) {
    LossAfter(**training, 1, progress);
    return (*training)->state.counters.learning_rate;
  };
  EXPECT_EQ(rate_at(0), 1e-3);
  EXPECT_EQ(rate_at(0.6), 1e-3);
  EXPECT_NEAR(rate_at(0.8), 5e-4, 1e-12);
  EXPECT_EQ(rate_at(1), 0);
}

TEST(Trainer, LossFalls) {
  const Dataset dataset = SmallDataset(3);
  auto training = MakeTraining(SmallRequest(dataset, 2));
  ASSERT_TRUE(training.ok()) << training.status();
  const double first = LossAfter(**training, 1);
  EXPECT_LT(LossAfter(**training, 150), 0.5 * first);
}

// All kinds of models learn, and slices do not change the result.
struct Variant {
  std::string name;
  std::function<void(TrainRequest&)> set;
};

class TrainerVariants : public testing::TestWithParam<Variant> {};

TEST_P(TrainerVariants, LossFallsAndSlicesAgree) {
  const Dataset dataset = SmallDataset(3);
  TrainRequest request = SmallRequest(dataset, 1);
  GetParam().set(request);
  const auto one = MakeTraining(request);
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ((*one)->state.model->flat().numel(),
            request.spec.model.num_parameters());
  const double first = LossAfter(**one, 1);
  const double early = LossAfter(**one, 4);
  EXPECT_LT(LossAfter(**one, 145), 0.6 * first);
  request.spec.device.threads = 3;
  const auto three = MakeTraining(request);
  ASSERT_TRUE(three.ok()) << three.status();
  EXPECT_NEAR(LossAfter(**three, 5), early, 1e-4 * early);

  // Resumes from its files.
  const std::string dir =
      testing::TempDir() + "/trainer_variant_" + GetParam().name;
  ASSERT_TRUE(SaveTraining(**one, dir, 1).ok());
  request.spec.device.threads = 1;
  request.spec.out = dir;
  request.spec.resume = true;
  const auto again = MakeTraining(request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(LossAfter(**again, 1), LossAfter(**one, 1));
}

INSTANTIATE_TEST_SUITE_P(
    All, TrainerVariants,
    testing::Values(
        Variant{"mixer",
                [](TrainRequest& r) {
                  r.spec.model.mixer = true;
                  r.spec.model.positions = "none";
                }},
        Variant{"mixer_learned_positions",
                [](TrainRequest& r) {
                  r.spec.model.mixer = true;
                  r.spec.model.positions = "learned";
                }},
        Variant{"hrm",
                [](TrainRequest& r) {
                  r.spec.model.arch = "hrm";
                  r.spec.model.continue_head = true;
                  r.spec.model.puzzle_prefix = 1;
                }},
        Variant{"continue_head",
                [](TrainRequest& r) { r.spec.model.continue_head = true; }},
        Variant{"learned_positions",
                [](TrainRequest& r) { r.spec.model.positions = "learned"; }},
        Variant{"no_positions",
                [](TrainRequest& r) { r.spec.model.positions = "none"; }},
        Variant{"softmax",
                [](TrainRequest& r) { r.spec.train.loss = "softmax"; }}),
    [](const testing::TestParamInfo<Variant>& c) { return c.param.name; });

// Puzzles share one embedding row, or have none.
TEST(Trainer, LearnsSudokuWithAndWithoutARow) {
  GenerateOptions generate;
  generate.side = 4;
  generate.count = 20;
  PuzzleDatasetOptions data;
  data.augmentations = 100;
  const auto dataset = BuildPuzzleDataset(*GeneratePuzzles(generate), data);
  ASSERT_TRUE(dataset.ok());
  for (const int prefix : {0, 1}) {
    TrainRequest request = SmallRequest(*dataset, 2);
    request.spec.model.mixer = true;
    request.spec.model.positions = "none";
    request.spec.model.puzzle_prefix = prefix;
    request.spec.model.puzzle = "sudoku";
    request.spec.model.vocabulary = Vocabulary(PuzzleKind::kSudoku);
    auto training = MakeTraining(request);
    ASSERT_TRUE(training.ok()) << training.status();
    const double first = LossAfter(**training, 1);
    EXPECT_LT(LossAfter(**training, 60), 0.8 * first);
    // The canvas must also have the tokens of the model.
    request.spec.model.puzzle = "maze";
    EXPECT_FALSE(MakeTraining(request).ok());
  }
}

TEST(BatchThreadPool, SlicesCoverTheBatch) {
  for (int64_t total : {1, 7, 32}) {
    for (int parts : {1, 2, 5}) {
      int64_t next = 0;
      for (int i = 0; i < parts; ++i) {
        const Slice slice = SliceOf(total, parts, i);
        EXPECT_EQ(slice.begin, next);
        EXPECT_LE(slice.size, (total + parts - 1) / parts);
        next += slice.size;
      }
      EXPECT_EQ(next, total);
    }
  }
}

TEST(BatchThreadPool, EveryOneIsCalledEachTime) {
  at::set_num_threads(3);
  {
    BatchThreadPool workers(100);
    ASSERT_EQ(workers.count(), 3);
    for (int round = 0; round < 200; ++round) {
      std::atomic<int> calls = 0;
      workers.Run([&](int worker) { calls += 1 << (8 * worker); });
      ASSERT_EQ(calls, 0x010101);
    }
  }
  EXPECT_EQ(at::get_num_threads(), 3);
  {
    const BatchThreadPool few(2);
    EXPECT_EQ(few.count(), 2);
  }
  EXPECT_EQ(at::get_num_threads(), 3);
}

TEST(BatchThreadPool, ExceptionsComeBack) {
  at::set_num_threads(2);
  BatchThreadPool workers(100);
  for (int thrower : {0, 1}) {
    EXPECT_THROW(workers.Run([&](int worker) {
      if (worker == thrower) throw std::runtime_error("worker");
    }),
                 std::runtime_error);
  }
  std::atomic<int> calls = 0;
  workers.Run([&](int) { ++calls; });
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace arctrm::internal
