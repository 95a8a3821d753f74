// SPDX-License-Identifier: MIT
#include "solver/train/graph_cache.h"

#include <chrono>
#include <cmath>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/shared_library.h"
#include "gtest/gtest.h"
#include "solver/train/make_training.h"
#include "tests/solver/cuda_device.h"
#include "tests/solver/fake_recorder.h"
#include "tests/solver/golden_tensors.h"
#include "tests/solver/on_test_device.h"
#include "tests/solver/small_training.h"
#include "tests/testing/scratch.h"

namespace arctrm::internal {
namespace {

TEST(PaddedRows, FewSizesAndLittleMore) {
  std::set<int64_t> sizes;
  for (int64_t rows = 1; rows <= 768; ++rows) {
    const int64_t padded = PaddedRows(rows, 768);
    EXPECT_GE(padded, rows);
    EXPECT_LE(padded, std::max(rows + 3, rows + rows / 4)) << rows;
    EXPECT_EQ(PaddedRows(padded, 768), padded);
    sizes.insert(padded);
  }
  EXPECT_LE(sizes.size(), 26u);
  EXPECT_EQ(PaddedRows(3, 3), 3);
  EXPECT_EQ(PaddedRows(13, 13), 13);
}

// Padding a size bucket does not change its results.
TEST(GraphCache, PaddedBucketsGiveTheSameResults) {
  ModelOptions options;
  options.hidden = 32;
  options.heads = 2;
  options.h_cycles = 2;
  options.l_cycles = 1;
  options.puzzle_prefix = 2;
  options.halt_max_steps = 3;
  options.canvas_side = 5;
  for (const bool continue_head : {false, true}) {
    options.continue_head = continue_head;
    Random random(5, "init");
    Model model(options, TestDevice(), at::kFloat, random);
    const TrainOptions train;
    GraphCache graphs(&model, LossOptions(train), 20, MakeTestRecorder(),
                      /*timed=*/false, nullptr);
    for (const GridSize size :
         {GridSize{3, 3}, GridSize{2, 4}, GridSize{4, 2}, GridSize{5, 5}}) {
      const int64_t cells = size.cells();
      for (int64_t rows = 1; rows <= 11; ++rows) {
        const auto numbers = [&](std::vector<int64_t> shape, int64_t below) {
          Tensor t = at::empty(shape, at::kLong);
          for (int64_t i = 0; i < t.numel(); ++i) {
            t.mutable_data_ptr<int64_t>()[i] = static_cast<int64_t>(
                random.Below(static_cast<uint64_t>(below)));
          }
          return OnTestDevice(t);
        };
        BucketInput input;
        Latents& latents = input.carry.latents;
        latents = model.StartLatents(rows, cells);
        latents.z_h = Model::WithNoise(latents.z_h, 1, random.Next());
        input.carry.steps = numbers({rows}, 3);
        Batch& batch = input.carry.current;
        batch.tokens = numbers({rows, cells}, 12);
        batch.labels = numbers({rows, cells}, 12);
        batch.labels.select(1, 0).fill_(kIgnoredLabel);
        batch.windows.size = size;
        if (cells < 25) batch.windows.origins = numbers({rows, 2}, 2);
        input.embedding_rows = Model::WithNoise(
            OnTestDevice(at::zeros({rows, 32})), 1, random.Next());
        input.min_steps = numbers({rows}, 3);
        input.divisor = OnTestDevice(at::full({}, 7, at::kDouble));
        model.flat_grad().zero_();
        const BucketOutput plain = StepBucket(model, LossOptions(train), input);
        const Tensor grad = model.flat_grad().clone();
        model.flat_grad().zero_();
        const BucketOutput out = graphs.Run(input);
        EXPECT_LT(MaxError(model.flat_grad(), grad), 1e-5) << rows;
        EXPECT_LT(MaxError(out.latents.z_h, plain.latents.z_h), 1e-5) << rows;
        EXPECT_LT(MaxError(out.latents.z_l, plain.latents.z_l), 1e-5) << rows;
        EXPECT_TRUE(at::equal(out.steps, plain.steps)) << rows;
        EXPECT_TRUE(at::equal(out.halted, plain.halted)) << rows;
        EXPECT_LT(MaxError(out.embedding_grad, plain.embedding_grad), 1e-6)
            << rows;
        EXPECT_LT(MaxError(out.metrics, plain.metrics), 1e-4) << rows;
      }
    }
    // Each size has buckets of 4, 8 and 12 batch rows: the first runs directly,
    // the second is recorded.
    EXPECT_EQ(graphs.recordings(), 12u);
    EXPECT_EQ(graphs.replays(), 4 * (2 + 2 + 1));
    graphs.Clear();
    EXPECT_EQ(graphs.recordings(), 0u);
  }
}

struct RecordedVariant {
  std::string name;
  std::function<void(TrainRequest&)> set;
};

class RecordedTraining : public testing::TestWithParam<RecordedVariant> {};

TEST_P(RecordedTraining, LearnsWhatPlainStepsLearn) {
  const Dataset dataset = MixedDataset(2);
  // Only a CPU divides a batch among threads.
  const int most_threads = TestDevice().is_cpu() ? 2 : 1;
  for (int threads = 1; threads <= most_threads; ++threads) {
    TrainRequest request = SmallRequest(dataset, threads);
    request.spec.train.batch = 29;
    request.spec.train.learning_rate = 1e-4;
    request.spec.train.ema = 0.9;
    GetParam().set(request);
    const auto plain = MakeTraining(request);
    ASSERT_TRUE(plain.ok()) << plain.status();
    const auto recorded = MakeTraining(request, MakeTestRecorder);
    ASSERT_TRUE(recorded.ok()) << recorded.status();
    EXPECT_EQ((*plain)->executor.replays(), 0);
    const Tensor before = (*plain)->state.model->flat().clone();
    for (int step = 0; step < 12; ++step) {
      StepSums a;
      StepSums b;
      TrainStep(**plain, step / 12.0, a);
      TrainStep(**recorded, step / 12.0, b);
      ASSERT_LT(MaxError(a.packed, b.packed),
                1e-4 * std::abs(UnpackMetrics(a.packed).lm_loss))
          << step;
    }
    EXPECT_GT((*recorded)->executor.replays(), 7 * threads);
    EXPECT_LT(MaxError((*plain)->state.model->flat(),
                       (*recorded)->state.model->flat()),
              1e-5);
    EXPECT_LT(MaxError((*plain)->state.average, (*recorded)->state.average),
              1e-5);
    EXPECT_GT(MaxError((*plain)->state.model->flat(), before), 1e-4);
    // In rare cases sign-SGD flips the sign of a tiny gradient.
    const Tensor rows =
        ((*plain)->state.embeddings.rows - (*recorded)->state.embeddings.rows)
            .abs();
    EXPECT_LT((rows > 1e-4).sum().item<int64_t>(), rows.numel() / 50);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, RecordedTraining,
    testing::Values(
        RecordedVariant{"published", [](TrainRequest&) {}},
        RecordedVariant{
            "whole_canvas",
            [](TrainRequest& r) { r.spec.train.fit_canvas = "off"; }},
        RecordedVariant{"hrm",
                        [](TrainRequest& r) {
                          r.spec.model.arch = "hrm";
                          r.spec.model.continue_head = true;
                        }},
        RecordedVariant{"mixer",
                        [](TrainRequest& r) {
                          r.spec.model.mixer = true;
                          r.spec.model.positions = "none";
                        }},
        RecordedVariant{
            "learned_positions",
            [](TrainRequest& r) { r.spec.model.positions = "learned"; }},
        RecordedVariant{"noise",
                        [](TrainRequest& r) {
                          r.spec.train.start_noise = 0.2;
                          r.spec.train.latent_noise = 0.1;
                        }},
        RecordedVariant{"cycles_that_grow",
                        [](TrainRequest& r) {
                          r.spec.model.l_cycles = 3;
                          r.spec.train.curriculum_share = 0.6;
                        }},
        RecordedVariant{
            "rows_first",
            [](TrainRequest& r) { r.spec.train.rows_only_share = 0.4; }},
        RecordedVariant{
            "softmax", [](TrainRequest& r) { r.spec.train.loss = "softmax"; }}),
    [](const testing::TestParamInfo<RecordedVariant>& c) {
      return c.param.name;
    });

// The change from float16 to float32 drops all recordings.
TEST(GraphCache, LossScalesAndTheFallBackToFloat32) {
  const Dataset dataset = MixedDataset(2);
  TrainRequest request = SmallRequest(dataset, 1);
  request.spec.train.precision = "float16";
  const auto plain = MakeTraining(request);
  ASSERT_TRUE(plain.ok()) << plain.status();
  const auto recorded = MakeTraining(request, MakeTestRecorder);
  ASSERT_TRUE(recorded.ok()) << recorded.status();
  for (Training* training : {plain->get(), recorded->get()}) {
    StepSums sums;
    for (int step = 0; step < 4; ++step) TrainStep(*training, 0, sums);
    EXPECT_EQ(training->state.loss_scale.skipped_steps, 0);
    training->state.loss_scale.scale = 1e30;
    for (int step = 0; step < LossScale::kGiveUpAfter; ++step) {
      TrainStep(*training, 0, sums);
    }
    EXPECT_TRUE(training->state.loss_scale.gave_up);
    EXPECT_EQ(training->state.model->dtype(), at::kFloat);
    for (int step = 0; step < 4; ++step) TrainStep(*training, 0, sums);
    EXPECT_TRUE(std::isfinite(UnpackMetrics(sums.packed).lm_loss));
  }
  EXPECT_LT(
      MaxError((*plain)->state.model->flat(), (*recorded)->state.model->flat()),
      2e-2);
}

// Keeps warnings.
class Warnings : public Log {
 public:
  void Info(absl::string_view) override {}
  void Warning(absl::string_view line) override {
    lines.emplace_back(line.data(), line.size());
  }
  void Error(absl::string_view) override {}
  void Progress(absl::string_view) override {}
  void EndProgress() override {}
  std::vector<std::string> lines;
};

TEST(GraphCache, AFailedRecordingIsSaidOnceAndChangesNothing) {
  const Dataset dataset = MixedDataset(2);
  Warnings log;
  TrainRequest request = SmallRequest(dataset, 1);
  request.hooks.log = &log;
  const auto plain = MakeTraining(request);
  const auto failing =
      MakeTraining(request, [] { return std::make_unique<CallAgain>(false); });
  ASSERT_TRUE(plain.ok() && failing.ok());
  StepSums a;
  StepSums b;
  for (int step = 0; step < 6; ++step) {
    TrainStep(**plain, 0, a);
    TrainStep(**failing, 0, b);
  }
  EXPECT_EQ((*failing)->executor.replays(), 0);
  EXPECT_LT(MaxError(a.packed, b.packed), 1e-3);
  ASSERT_EQ(log.lines.size(), 1u);
  EXPECT_NE(log.lines[0].find("not today"), std::string::npos);
}

// A model and one bucket for a cache of its steps.
class OneBucket {
 public:
  OneBucket()
      : random_(5, "init"), model_(Options(), at::kCPU, at::kFloat, random_) {
    input_.carry.latents = model_.StartLatents(kRows, 9);
    input_.carry.steps = at::zeros({kRows}, at::kLong);
    Batch& batch = input_.carry.current;
    batch.tokens =
        at::arange(kRows * 9, at::kLong).remainder(12).view({kRows, 9});
    batch.labels = batch.tokens.flip(1);
    batch.windows.size = {3, 3};
    input_.embedding_rows = Model::WithNoise(at::zeros({kRows, 32}), 1, 3);
    input_.divisor = at::full({}, 7, at::kDouble);
  }

  // Runs the bucket `times` times and expects plain results each time. Returns
  // the recordings that are left.
  size_t Run(std::unique_ptr<StepRecorder> recorder, bool timed, int times) {
    model_.flat_grad().zero_();
    const BucketOutput plain = StepBucket(model_, loss_, input_);
    const Tensor grad = model_.flat_grad().clone();
    GraphCache graphs(&model_, loss_, kRows, std::move(recorder), timed, &log_);
    for (int i = 0; i < times; ++i) {
      model_.flat_grad().zero_();
      const BucketOutput out = graphs.Run(input_);
      EXPECT_TRUE(at::equal(out.latents.z_h, plain.latents.z_h)) << i;
      EXPECT_TRUE(at::equal(out.latents.z_l, plain.latents.z_l)) << i;
      EXPECT_TRUE(at::equal(out.embedding_grad, plain.embedding_grad)) << i;
      EXPECT_TRUE(at::equal(out.metrics, plain.metrics)) << i;
      EXPECT_TRUE(at::equal(model_.flat_grad(), grad)) << i;
    }
    return graphs.recordings();
  }

  Model& model() { return model_; }
  const std::vector<std::string>& lines() const { return log_.lines; }

 private:
  static constexpr int64_t kRows = 8;
  static ModelOptions Options() {
    ModelOptions options;
    options.hidden = 32;
    options.heads = 2;
    options.h_cycles = 1;
    options.l_cycles = 1;
    options.puzzle_prefix = 2;
    options.canvas_side = 3;
    return options;
  }
  Random random_;
  Model model_;
  LossOptions loss_{TrainOptions()};
  BucketInput input_;
  Warnings log_;
};

TEST(GraphCacheProof, ARecordingThatComputesTheSameIsUsed) {
  OneBucket bucket;
  EXPECT_EQ(bucket.Run(std::make_unique<CallAgain>(), false, 5), 1u);
  EXPECT_TRUE(bucket.lines().empty());
}

TEST(GraphCacheProof, ARecordingThatComputesSomethingElseIsDropped) {
  OneBucket bucket;
  const auto wrong = [&] { bucket.model().flat_grad().mul_(1.1); };
  EXPECT_EQ(bucket.Run(std::make_unique<Distorted>(wrong), false, 5), 0u);
  ASSERT_EQ(bucket.lines().size(), 1u);
  EXPECT_NE(bucket.lines()[0].find("other results"), std::string::npos)
      << bucket.lines()[0];
}

TEST(GraphCacheProof, ASlowRecordingIsDroppedIfTimed) {
  const auto slow = [] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  };
  OneBucket timed;
  EXPECT_EQ(timed.Run(std::make_unique<Distorted>(slow), true, 3), 0u);
  ASSERT_EQ(timed.lines().size(), 1u);
  EXPECT_NE(timed.lines()[0].find("slower"), std::string::npos)
      << timed.lines()[0];
  OneBucket forced;
  EXPECT_EQ(forced.Run(std::make_unique<Distorted>(slow), false, 3), 1u);
}

// Memory that runs out while recordings exist costs the recordings, not the
// step.
TEST(GraphCacheProof, WithoutMemoryForRecordingsStepsRunDirectly) {
  class NoMemory : public CallAgain {
   public:
    void Run(const std::function<void()>& work) override {
      work();
      TORCH_CHECK_WITH(OutOfMemoryError, ++calls_ == 1, "CUDA out of memory.");
    }

   private:
    int calls_ = 0;
  };
  OneBucket bucket;
  EXPECT_EQ(bucket.Run(std::make_unique<NoMemory>(), false, 4), 0u);
  ASSERT_EQ(bucket.lines().size(), 1u);
  EXPECT_NE(bucket.lines()[0].find("memory"), std::string::npos)
      << bucket.lines()[0];
}

TEST(GraphCache, AreRefusedWhereThereIsNoDevice) {
  const Dataset dataset = SmallDataset(2);
  TrainRequest request = SmallRequest(dataset, 1);
  request.spec.train.graphs = "on";
  const absl::Status status = MakeTraining(request).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("train.graphs"), std::string::npos);
}

// Lets all LibTorch calls that wait for a CUDA device throw c10::Error, in all
// threads.
void ForbidWaiting(bool on) {
  // The variable in c10::cuda::warning_state() begins with the mode: 0 allows
  // them, 2 throws.
  int* mode = nullptr;
  const auto library = SharedLibrary::FindLoaded("libc10_cuda.so");
  ASSERT_TRUE(library.ok()) << library.status();
  ASSERT_TRUE(
      library->Find("_ZZN3c104cuda13warning_stateEvE14warning_state_", mode));
  *mode = on ? 2 : 0;
}

class OnDevice : public testing::Test {
 protected:
  void SetUp() override { DeviceOrSkip("cuda"); }

  TrainRequest Request() {
    TrainRequest request = SmallRequest(dataset_, 2);
    request.spec.device.device = "cuda";
    request.spec.train.precision = "float32";
    request.spec.train.batch = 29;
    request.spec.train.learning_rate = 1e-4;
    request.hooks.log = &log_;
    return request;
  }

  const Dataset dataset_ = MixedDataset(2);
  Warnings log_;
};

TEST_F(OnDevice, cudaGraphsLearnWhatPlainStepsLearn) {
  TrainRequest request = Request();
  request.spec.train.graphs = "off";
  const auto plain = MakeTraining(request);
  ASSERT_TRUE(plain.ok()) << plain.status();
  request.spec.train.graphs = "on";
  const auto recorded = MakeTraining(request);
  ASSERT_TRUE(recorded.ok()) << recorded.status();
  for (int step = 0; step < 12; ++step) {
    StepSums a;
    StepSums b;
    TrainStep(**plain, 0, a);
    TrainStep(**recorded, 0, b);
    ASSERT_LT(MaxError(a.packed, b.packed),
              1e-3 * std::abs(UnpackMetrics(a.packed).lm_loss))
        << step;
  }
  EXPECT_GT((*recorded)->executor.replays(), 12);
  for (const std::string& line : log_.lines) ADD_FAILURE() << line;
  EXPECT_LT(
      MaxError((*plain)->state.model->flat(), (*recorded)->state.model->flat()),
      1e-4);
}

TEST_F(OnDevice, cudaStepsDoNotWait) {
  for (const char* graphs : {"off", "on"}) {
    TrainRequest request = Request();
    request.spec.train.graphs = graphs;
    const auto training = MakeTraining(request);
    ASSERT_TRUE(training.ok()) << training.status();
    StepSums sums;
    for (int step = 0; step < 12; ++step) {
      ForbidWaiting(step > 5);
      TrainStep(**training, 0, sums);
    }
    ForbidWaiting(false);
    EXPECT_TRUE(std::isfinite(UnpackMetrics(sums.packed).lm_loss));
  }
}

}  // namespace
}  // namespace arctrm::internal
