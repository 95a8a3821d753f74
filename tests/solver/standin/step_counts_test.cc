// SPDX-License-Identifier: MIT
// The work that training steps and predictions give to a device, the copies
// between device and host, and the waits of the host.
#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "puzzles/puzzle.h"
#include "solver/nn/model.h"
#include "solver/predict/predictor.h"
#include "solver/train/make_training.h"
#include "solver/train/step.h"
#include "tests/solver/on_test_device.h"
#include "tests/solver/small_training.h"
#include "tests/solver/standin/recorder.h"

namespace arctrm::internal {
namespace {

using standin::Counts;
using standin::Opened;

// Of a training step with one size bucket, in bf16.
constexpr int64_t kPlainOperations = 2969;
// Of a supervision step of a prediction, in bf16.
constexpr int64_t kPredictionOperations = 1885;

// The published cycles. The number of operations does not depend on sizes.
ModelOptions Published(ModelOptions small) {
  const ModelOptions published;
  small.layers = published.layers;
  small.h_cycles = published.h_cycles;
  small.l_cycles = published.l_cycles;
  small.exploration = published.exploration;
  return small;
}

TrainRequest Request(const Dataset& dataset) {
  TrainRequest request = SmallRequest(dataset, 1);
  request.spec.model = Published(request.spec.model);
  request.spec.train.ema = TrainOptions().ema;
  request.spec.train.precision = "bf16";
  return request;
}

void Print(const char* what, const Counts& counts) {
  std::printf(
      "[ MEASURED ] %s: %s\n", what,
      absl::StrCat(counts.operations, " operations, ", counts.replays,
                   " replays, ", counts.copies_to_device, " copies to device, ",
                   counts.copies_to_host, " to host, ", counts.waits,
                   " waits, ", Opened().peak_bytes(), " bytes")
          .c_str());
}

// The counts of one step, and its size buckets.
struct StepCount {
  Counts counts;
  int64_t buckets = 0;
};

// Counts the last of `steps` steps.
StepCount CountStep(const char* what, Training& training, int steps,
                    StepSums& sums) {
  for (int step = 1; step < steps; ++step) TrainStep(training, 0, sums);
  Opened().ResetCounts();
  Opened().ResetPeak();
  TrainStep(training, 0, sums);
  StepCount count = {Opened().counts()};
  Print(what, count.counts);
  std::set<std::pair<int64_t, int64_t>> sizes;
  const int64_t* window =
      training.state.batch.windows.const_data_ptr<int64_t>();
  for (int64_t b = 0; b < training.request.spec.train.batch; ++b) {
    sizes.emplace(window[4 * b], window[4 * b + 1]);
  }
  count.buckets = static_cast<int64_t>(sizes.size());
  return count;
}

// Copies to the device: examples, their embedding rows and the minimum number
// of steps; for each size bucket its batch rows and window origins; and for
// sign-SGD the embedding rows and the place of each batch row.
int64_t ExpectedCopies(int64_t buckets) { return 3 + 2 * buckets + 2; }

// Copies to the host: the losses and the halted flags. The step waits for the
// flags of the step before.
void ExpectOneWait(const Counts& counts) {
  EXPECT_EQ(counts.copies_to_host, 2);
  EXPECT_EQ(counts.waits, 1);
}

TEST(StepCounts, OneSize) {
  const Dataset dataset = SmallDataset(3);
  const auto training = MakeTraining(Request(dataset));
  ASSERT_TRUE(training.ok()) << training.status();
  StepSums sums;
  const auto [counts, buckets] = CountStep("one size", **training, 5, sums);
  EXPECT_EQ(buckets, 1);
  EXPECT_EQ(counts.copies_to_device, ExpectedCopies(1));
  ExpectOneWait(counts);
  // Measured. A CUDA device needs fewer: one operation computes its attention.
  EXPECT_LE(counts.operations, kPlainOperations);
  EXPECT_LE(Opened().peak_bytes(), size_t{6} << 20);
  EXPECT_EQ(
      Opened().operations()["aten::mm"] + Opened().operations()["aten::addmm"],
      206);
  // Reading the losses waits once more.
  TrainStats stats;
  ReadSums(sums, (*training)->request.spec.train, stats);
  EXPECT_GT(stats.loss, 0);
  EXPECT_EQ(Opened().counts().waits, 2);
}

TEST(StepCounts, SeveralSizes) {
  const Dataset dataset = MixedDataset(2);
  const auto training = MakeTraining(Request(dataset));
  ASSERT_TRUE(training.ok()) << training.status();
  StepSums sums;
  const auto [counts, buckets] = CountStep("mixed sizes", **training, 5, sums);
  EXPECT_GT(buckets, 2);
  EXPECT_EQ(counts.copies_to_device, ExpectedCopies(buckets));
  ExpectOneWait(counts);
  EXPECT_LE(counts.operations, kPlainOperations * buckets);
}

// A recorded size bucket is one replay; filling its memory, reading its results
// and the optimisers remain.
TEST(StepCounts, RecordedSteps) {
  const Dataset dataset = SmallDataset(3);
  const auto training = MakeTraining(Request(dataset), standin::MakeRecorder);
  ASSERT_TRUE(training.ok()) << training.status();
  StepSums sums;
  const auto [counts, buckets] = CountStep("recorded", **training, 5, sums);
  EXPECT_EQ(counts.replays, buckets);
  EXPECT_EQ(counts.copies_to_device, ExpectedCopies(buckets));
  ExpectOneWait(counts);
  EXPECT_LE(counts.operations, 63);
}

// The whole loop reads the losses after every step, before the next step waits
// for its halted flags.
TEST(StepCounts, TheLoopAddsOnlyTheLosses) {
  const Dataset dataset = SmallDataset(3);
  const auto count = [&](int64_t steps) {
    TrainRequest request = Request(dataset);
    request.spec.max_steps = steps;
    request.hooks.on_step = [](const TrainStats& stats) {
      return stats.loss > 0;
    };
    Opened().ResetCounts();
    const auto result = Train(request);
    EXPECT_TRUE(result.ok()) << result.status();
    const Counts counts = Opened().counts();
    Print("loop", counts);
    return counts;
  };
  const Counts few = count(4);
  const Counts more = count(10);
  EXPECT_EQ(more.waits - few.waits, 6 * 2);
  EXPECT_EQ(more.copies_to_host - few.copies_to_host, 6 * 2);
  EXPECT_EQ(more.copies_to_device - few.copies_to_device,
            6 * ExpectedCopies(1));
  EXPECT_LE(more.operations - few.operations, 6 * kPlainOperations);
}

// Predicts with the published cycles and 3 supervision steps, in two parts.
Counts CountPrediction(const char* what, PuzzleKind kind,
                       const RecorderFactory& recorder = {}) {
  EXPECT_TRUE(OpenDevice({TestDeviceName(), 2}).ok());  // 2 threads, 2 parts
  const Dataset dataset = SmallDataset(3);
  ModelOptions options = Published(SmallRequest(dataset, 1).spec.model);
  options.halt_max_steps = 3;
  options.puzzle = PuzzleKindName(kind);
  options.vocabulary = Vocabulary(kind);
  Random random(5, "init");
  PredictorOptions how;
  how.batch = 12;
  const auto predictor = MakePredictor(
      std::make_unique<Model>(options, TestDevice(), at::kBFloat16, random),
      OnTestDevice(
          at::linspace(-1, 1, 4 * options.hidden).view({4, options.hidden})),
      0, how, nullptr, {recorder, StepCosts()});
  PredictorInput input;
  input.embedding_id = 1;
  input.tokens.assign(16, 2);
  const std::vector<PredictorInput> inputs(12, input);
  EXPECT_TRUE(predictor->Predict(inputs).ok());
  Opened().ResetCounts();
  Opened().ResetPeak();
  EXPECT_TRUE(predictor->Predict(inputs).ok());
  const Counts counts = Opened().counts();
  Print(what, counts);
  return counts;
}

// The tokens and embedding rows of each part go to the device; its answers and
// halting logits come back.
TEST(PredictionCounts, Puzzles) {
  const Counts counts = CountPrediction("Sudoku, 2 parts", PuzzleKind::kSudoku);
  EXPECT_EQ(counts.copies_to_device, 2 * 2);
  EXPECT_EQ(counts.copies_to_host, 2 * 2);
  EXPECT_EQ(counts.waits, 2 * 2);
  EXPECT_LE(counts.operations, 2 * 3 * kPredictionOperations);
}

// The second answers of ARC need the answers of earlier steps. Where they have
// no other grid, they need the logits of some batch rows.
TEST(PredictionCounts, Arc) {
  const Counts counts = CountPrediction("ARC, 2 parts", PuzzleKind::kArc);
  EXPECT_LE(counts.copies_to_device, 2 * (2 + 1));
  EXPECT_LE(counts.copies_to_host, 2 * (3 + 1));
  EXPECT_LE(counts.waits, 2 * (4 + 1));
  EXPECT_LE(counts.operations, 2 * 3 * kPredictionOperations);
}

// Each part replays one recording for every supervision step. Copies of the
// answers and the end of the prediction remain.
TEST(PredictionCounts, Recorded) {
  const Counts counts =
      CountPrediction("recorded", PuzzleKind::kArc, standin::MakeRecorder);
  EXPECT_EQ(counts.replays, 2 * 3);
  EXPECT_LE(counts.copies_to_device, 2 * (2 + 1));
  EXPECT_LE(counts.copies_to_host, 2 * (3 + 1));
  EXPECT_LE(counts.waits, 2 * (4 + 1));
  EXPECT_LE(counts.operations, 2 * 24);
}

}  // namespace
}  // namespace arctrm::internal
