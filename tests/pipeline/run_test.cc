// SPDX-License-Identifier: MIT
// Whole runs with a tiny network.
#include "pipeline/run.h"

#include <signal.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "arc/read.h"
#include "augment/augmentation.h"
#include "base/files.h"
#include "base/stop.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/end_run.h"
#include "pipeline/local_engine.h"
#include "pipeline/run_folder.h"
#include "pipeline/run_report.h"
#include "solver/checkpoint_info.h"
#include "submission/validate.h"
#include "tests/pipeline/small_run.h"
#include "tests/pipeline/test_logs.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/file_limit.h"
#include "tta/ballots.h"

namespace arctrm {
namespace {

class RunTest : public SmallRunTest {
 protected:
  std::string Read(const std::string& path) {
    const auto text = ReadFile(path);
    EXPECT_TRUE(text.ok()) << text.status();
    return text.ok() ? *text : "";
  }
};

TEST_F(RunTest, GivesAValidSubmissionAScoreAndAReport) {
  RunOptions options = Options("out.json");
  options.report = Path("report.html");
  const auto outcome = ExecuteRun(options, Deadline(), NullLog());
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  ASSERT_TRUE(outcome->score.has_value());
  EXPECT_EQ(outcome->score->outputs.size(), 3u);
  const auto faults = ValidateSubmission(options.out, challenges_);
  ASSERT_TRUE(faults.ok());
  EXPECT_THAT(*faults, testing::IsEmpty());
  EXPECT_THAT(Read(options.report),
              testing::HasSubstr(challenges_.tasks[0].id));
  // The work folder keeps the files that are useful later.
  const RunFolder folder(options.out + ".run");
  EXPECT_TRUE(folder.ReadRecord().ok());
  EXPECT_TRUE(FileExists(folder.metrics_path()));
  EXPECT_EQ(FileExists(folder.dataset_dir()), !outcome->complete);
}

TEST_F(RunTest, ADiskWithoutRoomForCheckpointsCostsNoVotes) {
  // The same run on a disk with room.
  const auto plain = ExecuteRun(Options("plain.json"), Deadline(), NullLog());
  ASSERT_TRUE(plain.ok()) << plain.status();
  RunOptions options = Options("full.json");
  options.report = Path("full.html");
  options.planning.snapshots = 2;
  options.planning.held_out = 1;
  options.train.checkpoint_interval_s = 0.01;
  options.train.evaluate_interval_s = 0.1;
  RecordingLog log;
  absl::StatusOr<RunOutcome> outcome;
  {
    const FileLimit limit(8192);
    outcome = ExecuteRun(options, Deadline(), log);
  }
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->status, plain->status);
  EXPECT_EQ(outcome->without_votes, plain->without_votes);
  EXPECT_THAT(*ValidateSubmission(options.out, challenges_),
              testing::IsEmpty());
  EXPECT_FALSE(HasCheckpoint(RunFolder(options.out + ".run").checkpoint_dir()));
  // Warns once, and counts the others at the end.
  int reported = 0;
  for (const std::string& line : log.warnings) {
    reported += testing::Matches(testing::HasSubstr("that find no room"))(line);
  }
  EXPECT_EQ(reported, 1);
  EXPECT_LE(log.warnings.size(), 4u);
}

// A local engine that measures steps of unknown length.
class SlowEngine : public Engine {
 public:
  absl::StatusOr<DeviceInfo> Describe(const DeviceOptions& device,
                                      const TrainOptions& train) override {
    return local_->Describe(device, train);
  }
  absl::StatusOr<StepTime> MeasureStep(const Dataset&, const ModelOptions&,
                                       const TrainOptions&,
                                       const DeviceOptions&,
                                       const MeasureLimits& limits) override {
    // A share of the minute.
    EXPECT_LE(limits.give_up_s, 9.1);
    return StepTime{limits.give_up_s, /*complete=*/false};
  }
  absl::StatusOr<TrainResult> Train(const EngineTraining& training) override {
    trainings.push_back(training.request);
    return local_->Train(training);
  }
  absl::StatusOr<std::vector<std::unique_ptr<Predictor>>> LoadPredictors(
      const std::string& checkpoint, const PredictorOptions& options,
      const Deadline& deadline) override {
    return local_->LoadPredictors(checkpoint, options, deadline);
  }

  bool OnCpu() const override { return on_cpu; }

  std::vector<TrainRequest> trainings;
  bool on_cpu = false;

 private:
  const std::unique_ptr<Engine> local_ = MakeLocalEngine();
};

TEST_F(RunTest, WithoutTimeForAStepStartWeightsVoteAtOnce) {
  RunOptions options = Options("first.json");
  ASSERT_TRUE(ExecuteRun(options, Deadline(), NullLog()).ok());
  RunOptions slow = Options("slow.json");
  slow.checkpoint = Path("first.json.run/checkpoint");
  slow.steps = 0;
  slow.augmentations = -1;
  SlowEngine engine;
  const auto outcome = ExecuteRun(slow, Deadline(RealClock(), absl::Minutes(1)),
                                  NullLog(), engine);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_TRUE(outcome->complete) << outcome->status;
  EXPECT_EQ(outcome->without_votes, 0);
  ASSERT_EQ(engine.trainings.size(), 1u);
  const auto info = ReadCheckpointInfo(slow.out + ".run/checkpoint");
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->step, ReadCheckpointInfo(slow.checkpoint)->step)
      << "no step was made";
}

TEST_F(RunTest, WithoutTimeForAStepAndWithoutWeightsItWarns) {
  RunOptions options = Options("slow.json");
  options.steps = 0;
  SlowEngine engine;
  const auto outcome = ExecuteRun(
      options, Deadline(RealClock(), absl::Minutes(1)), NullLog(), engine);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_FALSE(outcome->complete);
  EXPECT_TRUE(engine.trainings.empty());
  const auto faults = ValidateSubmission(options.out, challenges_);
  ASSERT_TRUE(faults.ok());
  EXPECT_THAT(*faults, testing::IsEmpty());
  const auto record = RunFolder(options.out + ".run").ReadRecord();
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_THAT(record->warnings,
              testing::Contains(testing::HasSubstr("no training step fits")));
}

TEST_F(RunTest, ABatchBeyondMemoryIsRefusedOrHalved) {
  RunOptions options = Options("large.json");
  // Needs terabytes; a step of a few batch rows needs little.
  options.train.batch = 1 << 24;
  options.model.hidden = 512;
  const auto refused = ExecuteRun(options, Deadline(), NullLog());
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.status()));
  EXPECT_THAT(std::string(refused.status().message()),
              testing::AllOf(testing::HasSubstr("GiB"),
                             testing::HasSubstr("--set train.batch=")));
  EXPECT_FALSE(FileExists(options.out));
  EXPECT_FALSE(FileExists(options.out + ".run"));

  options.steps = 0;
  SlowEngine engine;
  engine.on_cpu = true;
  const auto outcome = ExecuteRun(
      options, Deadline(RealClock(), absl::Minutes(1)), NullLog(), engine);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const auto record = RunFolder(options.out + ".run").ReadRecord();
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_THAT(record->warnings, testing::Contains(testing::HasSubstr("GiB")));
}

TEST_F(RunTest, AnOverrunIsDescribed) {
  const FakeClock clock;
  EXPECT_EQ(OverrunText(Deadline(clock, absl::Seconds(1))), "");
  EXPECT_EQ(OverrunText(Deadline()), "");
  EXPECT_EQ(OverrunText(Deadline(clock, absl::Seconds(-2))),
            "the time limit was overrun by 2.0s");
}

TEST_F(RunTest, TheBestWeightsOnHeldOutPairsVote) {
  RunOptions options = Options("held.json");
  options.planning.held_out = 2;
  options.train.evaluate_interval_s = 0.1;
  const auto outcome = ExecuteRun(options, Deadline(), NullLog());
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const RunFolder folder(options.out + ".run");
  EXPECT_TRUE(IsDirectory(folder.best_dir()));
  const std::string metrics = Read(folder.metrics_path());
  EXPECT_THAT(metrics, testing::HasSubstr("\"held_out_exact\":0"));
  // A CSV row for each JSON row, and the header.
  const std::string csv = Read(folder.metrics_csv_path());
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'),
            std::count(metrics.begin(), metrics.end(), '\n') + 1);
  EXPECT_THAT(csv, testing::StartsWith("step,time_s,loss,"));
  // More held-out pairs than the tasks have to spare.
  options = Options("none.json");
  options.planning.held_out = 4;
  const auto refused = ExecuteRun(options, Deadline(), NullLog());
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(FileExists(options.out));
}

TEST_F(RunTest, SameSeedSameBytes) {
  RunOptions first = Options("first.json");
  RunOptions second = Options("second.json");
  ASSERT_TRUE(ExecuteRun(first, Deadline(), NullLog()).ok());
  ASSERT_TRUE(ExecuteRun(second, Deadline(), NullLog()).ok());
  EXPECT_EQ(Read(first.out), Read(second.out));
  const RunFolder a(first.out + ".run");
  const RunFolder b(second.out + ".run");
  EXPECT_EQ(Read(a.ballots_path()), Read(b.ballots_path()));
  EXPECT_EQ(Read(JoinPath(a.checkpoint_dir(), "model.safetensors")),
            Read(JoinPath(b.checkpoint_dir(), "model.safetensors")));
}

TEST_F(RunTest, SnapshotsVoteToo) {
  RunOptions options = Options("snapshots.json");
  options.planning.snapshots = 2;
  options.steps = 40;  // enough to update each embedding row
  const auto outcome = ExecuteRun(options, Deadline(), NullLog());
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_TRUE(outcome->complete);
  const RunFolder folder(options.out + ".run");
  const auto ballots = Ballots::Read(folder.ballots_path());
  ASSERT_TRUE(ballots.ok());
  RunOptions plain = Options("plain.json");
  plain.steps = 40;
  ASSERT_TRUE(ExecuteRun(plain, Deadline(), NullLog()).ok());
  const auto without =
      Ballots::Read(RunFolder(plain.out + ".run").ballots_path());
  ASSERT_TRUE(without.ok());
  // Embedding rows without an update at a snapshot do not vote.
  EXPECT_GT(ballots->num_asked(), 2 * without->num_asked());
  EXPECT_LE(ballots->num_asked(), 3 * without->num_asked());
  const std::string task = challenges_.tasks[0].id;
  EXPECT_TRUE(ballots->Has(task, 0, "run", Augmentation().Key()));
  EXPECT_TRUE(ballots->Has(task, 0, "snapshot-1", Augmentation().Key()));
  EXPECT_TRUE(ballots->Has(task, 0, "snapshot-2", Augmentation().Key()));
  EXPECT_FALSE(ballots->Has(task, 0, "snapshot-3", Augmentation().Key()));
  // A complete run removes its snapshots.
  EXPECT_FALSE(IsDirectory(SnapshotDir(folder.checkpoint_dir(), 1)));
}

TEST_F(RunTest, AStoppedAndResumedRunGivesTheSameBytes) {
  RunOptions whole = Options("whole.json");
  // Stops while only embedding rows learn, before the learning rates decay.
  whole.train.rows_only_share = 0.5;
  whole.train.decay_share = 0.4;
  ASSERT_TRUE(ExecuteRun(whole, Deadline(), NullLog()).ok());

  StoppingLog stopping = StopAtStep(3);
  RunOptions parts = Options("parts.json");
  parts.train = whole.train;
  const auto stopped = ExecuteRun(parts, Deadline(), stopping);
  ASSERT_TRUE(stopped.ok()) << stopped.status();
  EXPECT_FALSE(stopped->complete);
  EXPECT_EQ(stopped->status, "stopped by SIGTERM");
  const auto faults = ValidateSubmission(parts.out, challenges_);
  ASSERT_TRUE(faults.ok());
  EXPECT_THAT(*faults, testing::IsEmpty());
  RequestStop(0);
  parts.resume = true;
  ASSERT_TRUE(ExecuteRun(parts, Deadline(), NullLog()).ok());
  EXPECT_EQ(Read(whole.out), Read(parts.out));
  EXPECT_EQ(Read(JoinPath(RunFolder(whole.out + ".run").checkpoint_dir(),
                          "model.safetensors")),
            Read(JoinPath(RunFolder(parts.out + ".run").checkpoint_dir(),
                          "model.safetensors")));
}

TEST_F(RunTest, ResumeWithOtherSettingsIsRefused) {
  RunOptions options = Options("out.json");
  RequestStop(SIGTERM);
  ASSERT_TRUE(ExecuteRun(options, Deadline(), NullLog()).ok());
  RequestStop(0);
  options.resume = true;
  options.train.learning_rate = 0.5;
  const auto outcome = ExecuteRun(options, Deadline(), NullLog());
  ASSERT_EQ(outcome.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(outcome.status().message()),
              testing::HasSubstr("train.learning_rate"));
}

TEST_F(RunTest, BadInputChangesNoFile) {
  RunOptions options = Options("out.json");
  ASSERT_TRUE(WriteFileAtomically(options.out, "precious").ok());
  ASSERT_TRUE(WriteFileAtomically(Path("c.json"), "{\"a\": 1}").ok());
  EXPECT_FALSE(ExecuteRun(options, Deadline(), NullLog()).ok());
  EXPECT_EQ(Read(options.out), "precious");
  EXPECT_FALSE(FileExists(options.out + ".run"));
}

TEST_F(RunTest, CheckpointOfASmallerCanvasIsAnErrorBeforeAnythingIsWritten) {
  RunOptions first = Options("first.json");
  ASSERT_TRUE(ExecuteRun(first, Deadline(), NullLog()).ok());
  ChallengeSet larger = challenges_;
  larger.tasks[1].test_inputs[0] = Grid(9, 9, 1);
  ASSERT_TRUE(WriteFileAtomically(Path("c.json"), ChallengesJson(larger)).ok());
  RunOptions second = Options("second.json");
  second.solutions = "";
  second.checkpoint = first.out + ".run/checkpoint";
  const auto outcome = ExecuteRun(second, Deadline(), NullLog());
  ASSERT_EQ(outcome.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(outcome.status().message()),
              testing::HasSubstr(larger.tasks[1].id));
  EXPECT_FALSE(FileExists(second.out));
}

TEST_F(RunTest, TrainingOnScoredTasksGivesAWarning) {
  RunOptions options = Options("out.json");
  options.train_on = {Path("c.json") + "=" + Path("s.json")};
  const auto outcome = ExecuteRun(options, Deadline(), NullLog());
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_THAT(outcome->leak_warning, testing::HasSubstr("3 of 3"));
  const auto data = ReadReportData(options.out + ".run");
  ASSERT_TRUE(data.ok());
  EXPECT_THAT(data->warnings, testing::Contains(outcome->leak_warning));
}

TEST_F(RunTest, OneViewGivesTwoAttempts) {
  RunOptions options = Options("one.json");
  options.augmentations = 0;
  options.steps = 20;
  ASSERT_TRUE(ExecuteRun(options, Deadline(), NullLog())->complete);
  const auto ballots = Ballots::Read(Path("one.json.run/ballots.zst"));
  ASSERT_TRUE(ballots.ok()) << ballots.status();
  const auto submission = ReadSubmission(options.out);
  ASSERT_TRUE(submission.ok()) << submission.status();
  int answered = 0;
  for (const auto& [id, outputs] : *submission) {
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (ballots->Rank(id, static_cast<int>(i)).empty()) continue;
      EXPECT_NE(outputs[i].attempt_1, outputs[i].attempt_2) << id;
      ++answered;
    }
  }
  EXPECT_GT(answered, 0);
}

TEST_F(RunTest, ARunWithoutTrainedRowsOfATaskIsComplete) {
  RunOptions options = Options("few.json");
  options.steps = 1;
  options.train.batch = 1;
  const auto outcome = ExecuteRun(options, Deadline(), NullLog());
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  ASSERT_GT(outcome->without_votes, 0);
  EXPECT_TRUE(outcome->complete);
  EXPECT_EQ(outcome->status,
            absl::StrCat("done: all 1 step; ", outcome->without_votes, " of ",
                         outcome->test_inputs, " test inputs have no vote"));
}

TEST_F(RunTest, LongFileNamesWork) {
  const std::string name = std::string(250, 'n') + ".json";
  RunOptions options = Options(name);
  options.report = Path(std::string(250, 'r') + ".html");
  ASSERT_TRUE(ExecuteRun(options, Deadline(), NullLog()).ok());
  EXPECT_TRUE(FileExists(options.out));
  EXPECT_TRUE(FileExists(options.report));
  EXPECT_TRUE(
      FileExists(JoinPath(BesidePath(options.out, ".run"), "run.json")));
  options.out = Path("n" + name);
  EXPECT_TRUE(absl::IsInvalidArgument(
      ExecuteRun(options, Deadline(), NullLog()).status()));
}

TEST_F(RunTest, ATinyLimitGivesAValidSubmission) {
  RunOptions options = Options("out.json");
  options.steps = 0;
  const auto outcome = ExecuteRun(
      options, Deadline(RealClock(), absl::Milliseconds(1)), NullLog());
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_FALSE(outcome->complete);
  const auto faults = ValidateSubmission(options.out, challenges_);
  ASSERT_TRUE(faults.ok());
  EXPECT_THAT(*faults, testing::IsEmpty());
}

}  // namespace
}  // namespace arctrm
