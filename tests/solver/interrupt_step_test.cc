// SPDX-License-Identifier: MIT
// Interrupts training and prediction inside the network.
#include <signal.h>

#include <memory>

#include "base/files.h"
#include "base/interrupt.h"
#include "base/status.h"
#include "base/stop.h"
#include "gtest/gtest.h"
#include "solver/checkpoint_info.h"
#include "solver/train.h"
#include "solver/train/make_training.h"
#include "solver/train/state_io.h"
#include "tests/solver/small_training.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/scratch.h"

namespace arctrm {
namespace {

using internal::MakeTraining;
using internal::SaveTraining;
using internal::StepSums;
using internal::Training;
using internal::TrainStep;

class InterruptStepTest : public testing::Test {
 protected:
  void TearDown() override { RequestStop(0); }

  TrainRequest Request(int threads) const {
    TrainRequest request = SmallRequest(dataset_, threads);
    request.spec.model.exploration = 0.5;
    request.spec.model.halt_max_steps = 4;
    request.spec.train.ema = 0.9;
    return request;
  }
  static std::unique_ptr<Training> Make(const TrainRequest& request) {
    auto training = MakeTraining(request);
    ARCTRM_CHECK(training.ok());
    return *std::move(training);
  }
  Deadline Passed() const { return Deadline(clock_, absl::ZeroDuration()); }

  const FakeClock clock_;
  const Dataset dataset_ = MixedDataset(3);
};

TEST_F(InterruptStepTest, AStepThatIsStoppedChangesNothing) {
  for (int threads : {1, 3}) {
    const TrainRequest request = Request(threads);
    const std::unique_ptr<Training> plain = Make(request);
    const std::unique_ptr<Training> stopped = Make(request);
    for (int step = 0; step < 12; ++step) {
      StepSums sums;
      ASSERT_TRUE(TrainStep(*plain, 0, sums));
      StepSums none;
      if (step % 3 == 1) {
        RequestStop(SIGTERM);
        ASSERT_FALSE(TrainStep(*stopped, 0, none));
        RequestStop(0);
      }
      ASSERT_FALSE(TrainStep(*stopped, 0, none, Passed()));
      EXPECT_EQ(stopped->state.counters.step, step);
      ASSERT_TRUE(TrainStep(*stopped, 0, none));
      EXPECT_TRUE(at::equal(sums.packed, none.packed)) << step;
    }
    EXPECT_TRUE(
        at::equal(plain->state.model->flat(), stopped->state.model->flat()));
    EXPECT_TRUE(at::equal(plain->state.embeddings.rows,
                          stopped->state.embeddings.rows));
    EXPECT_TRUE(at::equal(plain->state.average, stopped->state.average));
    const ScratchFolder scratch;
    ASSERT_TRUE(SaveTraining(*plain, scratch("plain"), 1).ok());
    ASSERT_TRUE(SaveTraining(*stopped, scratch("stopped"), 1).ok());
    for (const char* file : {"model.safetensors", "resume.safetensors"}) {
      const auto a = ReadFile(JoinPath(scratch("plain"), file));
      const auto b = ReadFile(JoinPath(scratch("stopped"), file));
      ASSERT_TRUE(a.ok() && b.ok()) << a.status() << b.status();
      EXPECT_TRUE(*a == *b) << file;
    }
  }
}

TEST_F(InterruptStepTest, TrainingSavesWhatWasThereBeforeTheLateStep) {
  const ScratchFolder scratch;
  TrainRequest request = Request(1);
  request.spec.out = scratch("out");
  request.spec.max_steps = 100;
  FakeClock clock;
  request.spec.limits.abort = Deadline(clock, absl::Seconds(1));
  request.hooks.on_step = [&](const TrainStats& stats) {
    if (stats.step == 3) clock.Advance(absl::Seconds(1));
    return true;
  };
  const auto result = Train(request);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->stop, TrainStop::kDeadline);
  EXPECT_EQ(result->steps, 3);
  const auto info = ReadCheckpointInfo(request.spec.out);
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->step, 3);
}

TEST_F(InterruptStepTest, AStepThatDoesNotFitIsNotBegun) {
  const ScratchFolder scratch;
  TrainRequest request = Request(1);
  request.spec.out = scratch("out");
  request.spec.limits.end = Deadline(RealClock(), absl::Seconds(60));
  request.spec.expected_step_s = 100;
  const auto result = Train(request);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->stop, TrainStop::kDeadline);
  EXPECT_EQ(result->steps, 0);
  EXPECT_TRUE(ReadCheckpointInfo(request.spec.out).ok());
}

TEST_F(InterruptStepTest, NothingIsMadeWhereTheTimeIsOver) {
  const ScratchFolder scratch;
  TrainRequest request = Request(1);
  request.spec.out = scratch("out");
  request.spec.max_steps = 3;
  request.spec.train.embedding_init = "best_match";
  RequestStop(SIGTERM);
  const auto result = Train(request);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->stop, TrainStop::kSignal);
  EXPECT_EQ(result->steps, 0);
}

TEST_F(InterruptStepTest, MeasuringGivesUp) {
  const TrainRequest request = Request(1);
  const auto time =
      MeasureStep(dataset_, request.spec.model, request.spec.train,
                  request.spec.device, {.repeat_s = 0, .give_up_s = 0});
  ASSERT_TRUE(time.ok()) << time.status();
  EXPECT_FALSE(time->complete);
  const auto enough =
      MeasureStep(dataset_, request.spec.model, request.spec.train,
                  request.spec.device, {.repeat_s = 0.1, .give_up_s = 60});
  ASSERT_TRUE(enough.ok()) << enough.status();
  EXPECT_TRUE(enough->complete);
  EXPECT_GT(enough->seconds, 0);
  EXPECT_LT(enough->seconds, 10);
}

TEST_F(InterruptStepTest, PredictionsStopToo) {
  const std::unique_ptr<Training> training = Make(Request(2));
  const std::unique_ptr<Predictor> predictor = training->MakePredictor();
  PredictorInput input;
  input.tokens.assign(static_cast<size_t>(predictor->canvas().num_tokens()), 2);
  input.embedding_id = 1;
  EXPECT_TRUE(predictor->Predict({input}).ok());
  const InterruptScope scope(Passed());
  EXPECT_TRUE(absl::IsCancelled(predictor->Predict({input}).status()));
}

}  // namespace
}  // namespace arctrm
