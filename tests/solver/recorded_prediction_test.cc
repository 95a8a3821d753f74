// SPDX-License-Identifier: MIT
// Predictions from recorded steps, with recordings that call the work again.
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "solver/predict/predictor.h"
#include "tests/solver/fake_recorder.h"

namespace arctrm::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kSteps = 6;

// Counts recordings and replays of all workers.
struct Counts {
  std::mutex mutex;
  int recorded = 0;
  int replayed = 0;
};

// Counts the recordings of the test device.
class Counting : public StepRecorder {
 public:
  explicit Counting(Counts* counts) : counts_(counts) {}
  void Run(const std::function<void()>& work) override { inner_->Run(work); }
  absl::StatusOr<std::unique_ptr<StepRecording>> Record(
      const std::function<void()>& work) override {
    auto recording = inner_->Record(work);
    if (!recording.ok()) return recording;
    const std::lock_guard<std::mutex> lock(counts_->mutex);
    ++counts_->recorded;
    return std::make_unique<Recording>(counts_, *std::move(recording));
  }

 private:
  class Recording : public StepRecording {
   public:
    Recording(Counts* counts, std::unique_ptr<StepRecording> inner)
        : counts_(counts), inner_(std::move(inner)) {}
    void Replay() override {
      inner_->Replay();
      const std::lock_guard<std::mutex> lock(counts_->mutex);
      ++counts_->replayed;
    }

   private:
    Counts* counts_;
    std::unique_ptr<StepRecording> inner_;
  };

  Counts* counts_;
  std::unique_ptr<StepRecorder> inner_ = MakeTestRecorder();
};

ModelOptions SmallModel(const std::string& puzzle) {
  ModelOptions options;
  options.hidden = 32;
  options.heads = 2;
  options.h_cycles = 1;
  options.l_cycles = 2;
  options.puzzle_prefix = 3;
  options.halt_max_steps = kSteps;
  options.canvas_side = puzzle == "sudoku" ? 4 : 6;
  options.position_side = options.canvas_side;
  options.puzzle = puzzle;
  return options;
}

class RecordedPrediction : public testing::Test {
 protected:
  std::unique_ptr<Predictor> Make(const PredictorOptions& options,
                                  const RecorderFactory& recorder,
                                  int threads = 1,
                                  const std::string& puzzle = "arc",
                                  at::ScalarType dtype = at::kFloat) {
    Random random(5, "init");
    auto model = std::make_unique<Model>(SmallModel(puzzle), TestDevice(),
                                         dtype, random);
    // Answers and halting logits then change with every step.
    {
      at::NoGradGuard no_grad;
      for (const auto& [name, tensor] : model->parameters()) {
        if (absl::StrContains(name, "q_head.weight")) {
          tensor.copy_(Model::WithNoise(tensor, 1, 3));
        }
      }
      model->flat().mul_(scale_);
    }
    PredictorOptions own = options;
    own.batch = 24;
    at::set_num_threads(threads);
    auto workers = std::make_shared<BatchThreadPool>(threads);
    DeviceUse use;
    use.recorder = recorder;
    use.costs = StepCosts();
    return MakePredictor(
        std::move(model),
        OnTestDevice(at::linspace(-1, 1, 4 * 32).view({4, 32})),
        puzzle == "arc" ? 1 : 0, own, workers, use);
  }

  RecorderFactory CountingRecorder() {
    return [this] { return std::make_unique<Counting>(&counts_); };
  }

  // `count` inputs with windows of `size`.
  std::vector<PredictorInput> Inputs(int count, GridSize size) {
    std::vector<PredictorInput> inputs;
    for (int i = 0; i < count; ++i) {
      PredictorInput& input = inputs.emplace_back();
      input.cols = size.cols;
      input.embedding_id = random_.Between(1, 3);
      for (int c = 0; c < size.cells(); ++c) {
        input.tokens.push_back(static_cast<uint8_t>(random_.Below(11)));
      }
    }
    return inputs;
  }

  std::vector<PredictorInput> MixedInputs() {
    std::vector<PredictorInput> inputs;
    for (int i = 0; i < 24; ++i) {
      inputs.push_back(
          Inputs(1, {random_.Between(2, 3), random_.Between(2, 3)})[0]);
    }
    return inputs;
  }

  static std::vector<PredictorOutput> Predict(
      Predictor& predictor, const std::vector<PredictorInput>& inputs) {
    const auto outputs = predictor.Predict(inputs);
    EXPECT_TRUE(outputs.ok()) << outputs.status();
    return *outputs;
  }

  static void ExpectSame(const std::vector<PredictorOutput>& a,
                         const std::vector<PredictorOutput>& b) {
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) {
      EXPECT_EQ(a[i].tokens, b[i].tokens) << i;
      EXPECT_EQ(a[i].second, b[i].second) << i;
      EXPECT_EQ(a[i].steps, b[i].steps) << i;
      EXPECT_NEAR(a[i].halt_logit, b[i].halt_logit, 1e-3) << i;
    }
  }

  void TearDown() override { at::set_num_threads(1); }

  Random random_{9, "test"};
  double scale_ = 1;
  Counts counts_;
};

TEST_F(RecordedPrediction, AnswersWhatPlainStepsAnswer) {
  const std::vector<PredictorInput> inputs = MixedInputs();
  const auto plain = Predict(*Make({}, nullptr), inputs);
  std::vector<float> logits;
  for (const auto& output : plain) logits.push_back(output.halt_logit);
  std::sort(logits.begin(), logits.end());
  const std::vector<std::function<void(PredictorOptions&)>> variants = {
      [](PredictorOptions&) {},
      [&](PredictorOptions& o) {
        o.early_halt = 1 / (1 + std::exp(-double{logits[20]} + 1e-3));
      },
      [](PredictorOptions& o) { o.stable_halt = 1; },
      [](PredictorOptions& o) {
        o.rollouts = 3;
        o.latent_noise = 0.2;
        o.start_noise = 0.3;
      },
      [](PredictorOptions& o) {
        o.rollouts = 2;
        o.latent_noise = 0.2;
        o.early_halt = 0.9;
        o.rollout_choice = "agreement";
      }};
  for (size_t v = 0; v < variants.size(); ++v) {
    SCOPED_TRACE(v);
    PredictorOptions options;
    variants[v](options);
    int early = 0;
    for (const int threads : {1, 2}) {
      const auto expected = Predict(*Make(options, nullptr, threads), inputs);
      const auto recorded = Make(options, CountingRecorder(), threads);
      counts_.replayed = 0;
      // The second time with the recordings of the first one. Noise depends on
      // the call.
      ExpectSame(Predict(*recorded, inputs), expected);
      EXPECT_GT(counts_.replayed, 0);
      if (options.latent_noise == 0) {
        ExpectSame(Predict(*recorded, inputs), expected);
      }
      EXPECT_THAT(recorded->TakeWarnings(), ElementsAre());
      for (const auto& output : expected) early += output.steps < kSteps;
    }
    const bool all_steps = options.early_halt == 0 && options.stable_halt == 0;
    EXPECT_EQ(early > 0, !all_steps);
    EXPECT_LT(early, 2 * 24);
  }
}

TEST_F(RecordedPrediction, PuzzlesAndWholeCanvasesAreRecordedToo) {
  const std::vector<PredictorInput> inputs = Inputs(11, {4, 4});
  const auto recorded = Make({}, CountingRecorder(), 1, "sudoku");
  ExpectSame(Predict(*recorded, inputs),
             Predict(*Make({}, nullptr, 1, "sudoku"), inputs));
  EXPECT_EQ(counts_.recorded, 1);
}

TEST_F(RecordedPrediction, EachShapeIsRecordedOnceAndReplayed) {
  const auto predictor = Make({}, CountingRecorder());
  Predict(*predictor, Inputs(5, {2, 3}));
  EXPECT_EQ(counts_.recorded, 1);
  // All steps but the first, which runs directly, and the second, which is
  // recorded; one replay proves the recording.
  EXPECT_EQ(counts_.replayed, kSteps - 2 + 1);
  // Padded to the same 8 batch rows.
  counts_.replayed = 0;
  Predict(*predictor, Inputs(7, {2, 3}));
  EXPECT_EQ(counts_.recorded, 1);
  EXPECT_EQ(counts_.replayed, kSteps);
  // Another window, and another number of rows.
  counts_.replayed = 0;
  Predict(*predictor, Inputs(7, {3, 2}));
  Predict(*predictor, Inputs(9, {2, 3}));
  EXPECT_EQ(counts_.recorded, 3);
  EXPECT_EQ(counts_.replayed, 2 * (kSteps - 2));
}

TEST_F(RecordedPrediction, FailedRecordingsAreSaidOnceAndChangeNothing) {
  const std::vector<PredictorInput> inputs = MixedInputs();
  const auto expected = Predict(*Make({}, nullptr, 2), inputs);
  const auto predictor = Make(
      {}, [] { return std::make_unique<CallAgain>(false); }, 2);
  ExpectSame(Predict(*predictor, inputs), expected);
  EXPECT_THAT(predictor->TakeWarnings(),
              ElementsAre(HasSubstr("not today; predictions continue")));
  ExpectSame(Predict(*predictor, inputs), expected);
  EXPECT_THAT(predictor->TakeWarnings(), ElementsAre());
}

// A recorder whose recordings change the answers of a step.
class Wrong : public StepRecorder {
 public:
  void Run(const std::function<void()>& work) override { work(); }
  absl::StatusOr<std::unique_ptr<StepRecording>> Record(
      const std::function<void()>& work) override {
    return Distorted([] {}).Record([work] {
      // The second run starts from the latents of the first.
      work();
      work();
    });
  }
};

TEST_F(RecordedPrediction, WrongRecordingsAreDropped) {
  const std::vector<PredictorInput> inputs = Inputs(6, {3, 3});
  const auto expected = Predict(*Make({}, nullptr), inputs);
  const auto predictor = Make({}, [] { return std::make_unique<Wrong>(); });
  ExpectSame(Predict(*predictor, inputs), expected);
  EXPECT_THAT(predictor->TakeWarnings(),
              ElementsAre(HasSubstr("other results")));
}

TEST_F(RecordedPrediction, WithoutMemoryForRecordingsStepsRunDirectly) {
  class NoMemory : public CallAgain {
   public:
    void Run(const std::function<void()>& work) override {
      work();
      TORCH_CHECK_WITH(OutOfMemoryError, ++calls_ == 1, "CUDA out of memory.");
    }

   private:
    int calls_ = 0;
  };
  const std::vector<PredictorInput> inputs = Inputs(6, {3, 3});
  const auto expected = Predict(*Make({}, nullptr), inputs);
  const auto predictor = Make({}, [] { return std::make_unique<NoMemory>(); });
  ExpectSame(Predict(*predictor, inputs), expected);
  EXPECT_THAT(predictor->TakeWarnings(), ElementsAre(HasSubstr("memory")));
}

// Answers that overflow in float16 are repeated in float32, without the
// recordings of float16.
TEST_F(RecordedPrediction, TheFallBackToFloat32DropsRecordings) {
  const std::vector<PredictorInput> inputs = Inputs(6, {3, 3});
  scale_ = 3e3;
  const auto expected = Predict(*Make({}, nullptr), inputs);
  const auto predictor = Make({}, CountingRecorder(), 1, "arc", at::kHalf);
  const auto answers = Predict(*predictor, inputs);
  for (size_t i = 0; i < inputs.size(); ++i) {
    EXPECT_TRUE(std::isfinite(answers[i].halt_logit));
    EXPECT_EQ(answers[i].tokens, expected[i].tokens);
  }
  EXPECT_GT(counts_.replayed, 0);
  EXPECT_THAT(predictor->TakeWarnings(), ElementsAre());
}

// The batch holds a full size bucket for each of two streams.
TEST(DefaultBatch, GrowsWithTheCostOfASizeBucket) {
  const auto make = [](double bucket_s) {
    Random random(5, "init");
    ModelOptions options = SmallModel("arc");
    options.canvas_side = 30;
    options.position_side = 30;
    DeviceUse use;
    use.costs = StepCosts{bucket_s, bucket_s, 1e-12, false};
    at::set_num_threads(1);
    return MakePredictor(
        std::make_unique<Model>(options, at::kCPU, at::kFloat, random),
        at::zeros({2, 32}), 1, {}, nullptr, use);
  };
  const auto cpu = make(0);
  EXPECT_EQ(cpu->full_bucket(), 0);
  EXPECT_EQ(cpu->max_batch(), 8192 / 903);
  ModelOptions options = SmallModel("arc");
  options.canvas_side = 30;
  const double token_s = StepProducts(options, 900, false) / 900 * 1e-12;
  // 40 times the cost of a size bucket, a power of two.
  const auto device = make(1000 * token_s);
  EXPECT_EQ(device->full_bucket(), 32768);
  EXPECT_EQ(device->max_batch(), 65536 / 903);
  const auto slow_start = make(1e6 * token_s);
  EXPECT_GE(slow_start->full_bucket(), 1 << 25);
  EXPECT_EQ(slow_start->max_batch(), (1 << 18) / 903);
}

}  // namespace
}  // namespace arctrm::internal
