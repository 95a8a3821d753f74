// SPDX-License-Identifier: MIT
#include "pipeline/puzzle_training.h"

#include <string>
#include <vector>

#include "base/files.h"
#include "base/stop.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/answer_puzzles.h"
#include "puzzles/generate.h"
#include "tests/pipeline/test_logs.h"
#include "tests/testing/scratch.h"

namespace arctrm {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class PuzzleTrainingTest : public testing::Test {
 protected:
  void SetUp() override { RequestStop(0); }

  // A training on mazes, which take up to 200 steps each to answer.
  PuzzleTrainOptions Options(int64_t test_puzzles) {
    PuzzleTrainOptions options;
    options.kind = PuzzleKind::kMaze;
    options.train = Write("train.csv", 64);
    options.test = Write("test.csv", test_puzzles);
    options.spec.out = scratch_("checkpoint");
    options.data.augmentations = 0;
    options.spec.model.hidden = 64;
    options.spec.model.heads = 2;
    options.spec.model.h_cycles = 1;
    options.spec.model.l_cycles = 1;
    options.spec.model.halt_max_steps = 200;
    options.spec.train.batch = 16;
    options.spec.train.warmup_steps = 2;
    options.spec.device = {"cpu", 1};
    options.predicting.device = options.spec.device;
    options.predicting.batch = 16;
    return options;
  }
  std::string Write(const std::string& name, int64_t count) {
    GenerateOptions generate;
    generate.kind = PuzzleKind::kMaze;
    generate.side = 7;
    generate.count = count;
    const auto file = GeneratePuzzles(generate);
    EXPECT_TRUE(file.ok()) << file.status();
    EXPECT_TRUE(WriteFileAtomically(scratch_(name), PuzzleCsv(*file)).ok());
    return scratch_(name);
  }

  ScratchFolder scratch_;
};

TEST_F(PuzzleTrainingTest, TrainingGetsTheTimeThatEarlyHaltingSaves) {
  PuzzleTrainOptions options = Options(250);
  options.predicting.early_halt =
      1e-6;  // every batch row halts after its first step
  options.held_out = 2;
  RecordingLog log;
  const auto outcome =
      TrainPuzzles(options, Deadline(RealClock(), absl::Seconds(14)), log);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_THAT(log.infos, Contains(HasSubstr("longer than planned")));
  ASSERT_TRUE(outcome->score.has_value());
  EXPECT_EQ(outcome->score->puzzles, 250);
  // Both parts of the training score held-out puzzles.
  EXPECT_GT(outcome->training.best_step, 0);
  EXPECT_EQ(outcome->training.stop, TrainStop::kDeadline);
}

TEST_F(PuzzleTrainingTest, AShortTestIsNotMeasured) {
  PuzzleTrainOptions options = Options(20);
  options.spec.model.halt_max_steps = 4;
  RecordingLog log;
  const auto outcome =
      TrainPuzzles(options, Deadline(RealClock(), absl::Seconds(5)), log);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_THAT(log.infos, Not(Contains(HasSubstr("than planned"))));
  EXPECT_EQ(outcome->score->puzzles, 20);
}

TEST(EstimateAnswerSeconds, CountsRollouts) {
  ModelOptions model;
  PredictorOptions options;
  const double once = EstimateAnswerSeconds(1, model, 8, options, 100);
  EXPECT_GT(once, 0);
  options.rollouts = 3;
  EXPECT_DOUBLE_EQ(EstimateAnswerSeconds(1, model, 8, options, 100), 3 * once);
}

}  // namespace
}  // namespace arctrm
