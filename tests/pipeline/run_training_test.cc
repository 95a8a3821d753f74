// SPDX-License-Identifier: MIT
// How unattended runs work around failures of training, with an engine that
// causes them.
#include "pipeline/run_training.h"

#include <signal.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "base/files.h"
#include "base/out_of_memory.h"
#include "base/stop.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/local_engine.h"
#include "pipeline/run.h"
#include "pipeline/run_folder.h"
#include "solver/checkpoint_info.h"
#include "tests/pipeline/small_run.h"

namespace arctrm {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

// Trains in this process if the batch has at most `max_rows` rows. A larger
// batch runs out of memory after `steps_before` steps.
class SmallMemoryEngine : public Engine {
 public:
  explicit SmallMemoryEngine(int max_rows) : max_rows_(max_rows) {}

  absl::StatusOr<DeviceInfo> Describe(const DeviceOptions& device,
                                      const TrainOptions& train) override {
    return local_->Describe(device, train);
  }
  absl::StatusOr<StepTime> MeasureStep(const Dataset&, const ModelOptions&,
                                       const TrainOptions& train,
                                       const DeviceOptions&,
                                       const MeasureLimits&) override {
    if (full_disk) return absl::ResourceExhaustedError("no space left");
    if (train.batch > most_measured) return OutOfMemoryError("no memory left");
    return StepTime{0.01, /*complete=*/true};
  }
  absl::StatusOr<TrainResult> Train(const EngineTraining& asked) override {
    EngineTraining training = asked;
    TrainRequest& request = training.request;
    asked_.push_back(request);
    if (hangs > 0) {
      --hangs;
      absl::SleepFor(request.spec.limits.end.Remaining());
      return absl::UnavailableError("the training did not end");
    }
    // A restarted worker would resume from it with other settings.
    if (!request.spec.resume) {
      const auto there = ReadCheckpointInfo(request.spec.out);
      EXPECT_FALSE(there.ok() && there->has_resume_state);
    }
    if (request.spec.train.batch <= max_rows_) {
      if (stop_at > 0) {
        request.hooks.on_step = [this](const TrainStats& stats) {
          if (stats.step == stop_at) RequestStop(SIGTERM);
          return true;
        };
      }
      return local_->Train(training);
    }
    if (steps_before > 0) {
      request.spec.max_steps = steps_before;
      const auto result = local_->Train(training);
      if (!result.ok()) return result;
    }
    return OutOfMemoryError("no memory left");
  }
  absl::StatusOr<std::vector<std::unique_ptr<Predictor>>> LoadPredictors(
      const std::string& checkpoint, const PredictorOptions& options,
      const Deadline& deadline) override {
    return local_->LoadPredictors(checkpoint, options, deadline);
  }

  const std::vector<TrainRequest>& asked() const { return asked_; }

  int64_t steps_before = 0;
  int64_t stop_at = 0;
  int most_measured = 1 << 20;
  bool full_disk = false;
  int hangs = 0;  // number of trainings that do not end

 private:
  const int max_rows_;
  const std::unique_ptr<Engine> local_ = MakeLocalEngine();
  std::vector<TrainRequest> asked_;
};

class RunTrainingTest : public SmallRunTest {
 protected:
  RunOptions Unattended(const std::string& out) {
    RunOptions options = Options(out);
    options.train.batch = 8;
    options.unattended = true;
    return options;
  }
  std::vector<std::string> Warnings(const RunOptions& options) {
    const auto record = RunFolder(options.out + ".run").ReadRecord();
    EXPECT_TRUE(record.ok()) << record.status();
    return record.ok() ? record->warnings : std::vector<std::string>();
  }
};

TEST_F(RunTrainingTest,
       OutOfMemoryHalvesTheBatchAndContinuesFromTheCheckpoint) {
  SmallMemoryEngine engine(2);
  engine.steps_before = 3;
  const RunOptions options = Unattended("out.json");
  const auto outcome = ExecuteRun(options, Deadline(), NullLog(), engine);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  ASSERT_EQ(engine.asked().size(), 3u);
  const std::string saved = RunFolder(options.out + ".run").checkpoint_dir();
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(engine.asked()[i].spec.train.batch, 8 >> i);
    EXPECT_FALSE(engine.asked()[i].spec.resume);
    EXPECT_EQ(engine.asked()[i].spec.checkpoint, i == 0 ? "" : saved);
  }
  EXPECT_THAT(Warnings(options), Contains(HasSubstr("no memory left")));
  EXPECT_THAT(Warnings(options),
              Contains("going on with train.batch 2 from the last checkpoint"));
  const auto info = ReadCheckpointInfo(saved);
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->train.batch, 2);
}

TEST_F(RunTrainingTest, OutOfMemoryWithoutACheckpointStartsAgain) {
  SmallMemoryEngine engine(1);
  const RunOptions options = Unattended("out.json");
  const auto outcome = ExecuteRun(options, Deadline(), NullLog(), engine);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  ASSERT_EQ(engine.asked().size(), 4u);
  EXPECT_EQ(engine.asked().back().spec.train.batch, 1);
  EXPECT_EQ(engine.asked().back().spec.checkpoint, "");
  EXPECT_THAT(Warnings(options),
              Contains("going on with train.batch 1 from the start"));
}

TEST_F(RunTrainingTest, WithoutMemoryForARowTheSavedWeightsVote) {
  SmallMemoryEngine engine(0);
  engine.steps_before = 40;  // enough to update each embedding row
  const RunOptions options = Unattended("out.json");
  const auto outcome = ExecuteRun(options, Deadline(), NullLog(), engine);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_TRUE(outcome->complete) << outcome->status;
  EXPECT_EQ(engine.asked().back().spec.train.batch, 1);
  // Without saved weights the error still says that memory ran out.
  SmallMemoryEngine nothing(0);
  const auto failed =
      ExecuteRun(Unattended("none.json"), Deadline(), NullLog(), nothing);
  EXPECT_TRUE(IsOutOfMemory(failed.status())) << failed.status();
}

TEST_F(RunTrainingTest, AnAttendedRunReturnsTheError) {
  SmallMemoryEngine engine(4);
  RunOptions options = Unattended("out.json");
  options.unattended = false;
  const auto outcome = ExecuteRun(options, Deadline(), NullLog(), engine);
  EXPECT_TRUE(IsOutOfMemory(outcome.status())) << outcome.status();
  EXPECT_EQ(engine.asked().size(), 1u);
}

TEST_F(RunTrainingTest, AResumedRunKeepsTheHalvedBatch) {
  RunOptions options = Unattended("out.json");
  SmallMemoryEngine first(4);
  first.stop_at = 2;
  const auto stopped = ExecuteRun(options, Deadline(), NullLog(), first);
  ASSERT_TRUE(stopped.ok()) << stopped.status();
  EXPECT_EQ(stopped->status, "stopped by SIGTERM");
  RequestStop(0);
  options.resume = true;
  SmallMemoryEngine second(4);
  second.stop_at = 4;
  ASSERT_TRUE(ExecuteRun(options, Deadline(), NullLog(), second).ok());
  ASSERT_EQ(second.asked().size(), 1u);
  EXPECT_TRUE(second.asked()[0].spec.resume);
  EXPECT_EQ(second.asked()[0].spec.train.batch, 4);
  RequestStop(0);
  // The state after the batch was halved, before the next save.
  const std::string saved = RunFolder(options.out + ".run").checkpoint_dir();
  ASSERT_TRUE(DropResumeState(saved).ok());
  SmallMemoryEngine third(8);
  const auto outcome = ExecuteRun(options, Deadline(), NullLog(), third);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  ASSERT_EQ(third.asked().size(), 1u);
  EXPECT_FALSE(third.asked()[0].spec.resume);
  EXPECT_EQ(third.asked()[0].spec.checkpoint, saved);
}

TEST_F(RunTrainingTest, MeasuringDistinguishesMemoryFromAFullDisk) {
  const Deadline deadline(RealClock(), absl::Seconds(6));
  SmallMemoryEngine engine(8);
  engine.most_measured = 1;
  const RunOptions options = Unattended("out.json");
  const auto outcome = ExecuteRun(options, deadline, NullLog(), engine);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  ASSERT_FALSE(engine.asked().empty());
  EXPECT_EQ(engine.asked()[0].spec.train.batch, 1);
  engine.full_disk = true;
  const auto full =
      ExecuteRun(Unattended("full.json"),
                 Deadline(RealClock(), absl::Seconds(6)), NullLog(), engine);
  EXPECT_EQ(full.status(), absl::ResourceExhaustedError("no space left"));
}

TEST_F(RunTrainingTest, StartWeightsVoteIfTheTrainingHangs) {
  SmallMemoryEngine engine(8);
  RunOptions options = Unattended("known.json");
  options.steps = 60;
  ASSERT_TRUE(ExecuteRun(options, Deadline(), NullLog(), engine).ok());
  const std::string start = RunFolder(options.out + ".run").checkpoint_dir();
  const auto run = [&](const std::string& out, const std::string& checkpoint,
                       double limit_s) {
    options.out = Path(out);
    options.checkpoint = checkpoint;
    options.steps = 0;
    return ExecuteRun(options, Deadline(RealClock(), absl::Seconds(limit_s)),
                      NullLog(), engine);
  };
  engine.hangs = 1;
  const auto voted = run("voted.json", start, 5);
  ASSERT_TRUE(voted.ok()) << voted.status();
  EXPECT_LT(voted->without_votes, voted->test_inputs);
  EXPECT_THAT(Warnings(options), Contains("the start weights vote"));
  // Without start weights the run ends in order and reports no votes.
  engine.hangs = 1;
  const auto none = run("none.json", "", 3);
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_FALSE(none->complete);
  EXPECT_EQ(none->without_votes, none->test_inputs);
}

}  // namespace
}  // namespace arctrm
