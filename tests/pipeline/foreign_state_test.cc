// SPDX-License-Identifier: MIT
// Files of another run in the work folder of a resumed run.
#include <filesystem>
#include <string>
#include <vector>

#include "augment/augmentation.h"
#include "base/files.h"
#include "gtest/gtest.h"
#include "pipeline/local_engine.h"
#include "pipeline/run.h"
#include "pipeline/run_folder.h"
#include "solver/checkpoint_info.h"
#include "solver/train.h"
#include "tests/pipeline/kept_run.h"
#include "tta/ballots.h"

namespace arctrm {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;

class ForeignStateTest : public KeptRunsTest {
 protected:
  // Starts a run and stops it at `step`, or while it votes if 0. Returns the
  // options to resume it.
  RunOptions Begun(const std::string& out, uint64_t seed, int step = 0) {
    RunOptions options = Options(out);
    options.seed = seed;
    options.planning.snapshots = 2;
    options.planning.held_out = 1;
    options.planning.predict_batch = 1;
    options.train.evaluate_interval_s = 0.1;
    StoppingLog log = step > 0 ? StopAtStep(step) : StopAtVoting();
    EXPECT_TRUE(ExecuteRun(options, Deadline(), log).ok());
    RequestStop(0);
    options.resume = true;
    return options;
  }
  std::string In(const RunOptions& options, const std::string& name) {
    return JoinPath(options.out + ".run", name);
  }
  // Expects an error while `name` of `theirs` replaces that of `ours`.
  void ExpectForeign(const RunOptions& ours, const RunOptions& theirs,
                     const std::string& name,
                     const std::vector<std::string>& words) {
    SCOPED_TRACE(name);
    const std::string at = In(ours, name);
    ASSERT_TRUE(FileExists(at));
    ASSERT_TRUE(FileExists(In(theirs, name)));
    ASSERT_TRUE(RenameFile(at, Path("aside")).ok());
    fs::copy(In(theirs, name), at, fs::copy_options::recursive);
    ExpectRefused(ours, words);
    ASSERT_TRUE(RemoveAll(at).ok());
    ASSERT_TRUE(RenameFile(Path("aside"), at).ok());
  }
  void ExpectCompletes(const RunOptions& options) {
    const auto outcome = ExecuteRun(options, Deadline(), NullLog());
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    EXPECT_TRUE(outcome->complete);
  }
};

TEST_F(ForeignStateTest, FilesOfAnotherVotingRunAreRefused) {
  const RunOptions ours = Begun("ours.json", 1);
  const RunOptions theirs = Begun("theirs.json", 2);
  for (const std::string name : {"checkpoint", "checkpoint.best",
                                 "checkpoint.snapshot-1", "ballots.zst"}) {
    ExpectForeign(ours, theirs, name, {name, "belongs to the run", "--resume"});
  }
  ExpectForeign(ours, theirs, "run.json", {"seed"});
  ExpectCompletes(ours);
}

TEST_F(ForeignStateTest, FilesOfAnotherTrainingRunAreRefused) {
  const RunOptions ours = Begun("ours.json", 1, 5);
  const RunOptions theirs = Begun("theirs.json", 2, 5);
  for (const std::string name : {"checkpoint", "checkpoint.snapshot-1"}) {
    ExpectForeign(ours, theirs, name, {name, "belongs to the run", "--resume"});
  }
  ExpectForeign(ours, theirs, "dataset", {"dataset", "not the dataset"});
  // Also before the first checkpoint.
  for (const RunOptions& options : {ours, theirs}) {
    RunFolder folder(options.out + ".run");
    RunRecord record = folder.ReadRecord().value();
    record.steps = 0;
    record.snapshots = 0;
    ASSERT_TRUE(folder.WriteRecord(record).ok());
    ASSERT_TRUE(RemoveAll(folder.checkpoint_dir()).ok());
    ASSERT_TRUE(RemoveAll(folder.best_dir()).ok());
    for (const int number : {1, 2}) {
      ASSERT_TRUE(RemoveAll(SnapshotDir(folder.checkpoint_dir(), number)).ok());
    }
  }
  ExpectForeign(ours, theirs, "dataset", {"dataset", "not the dataset"});
  ExpectCompletes(ours);
}

TEST_F(ForeignStateTest, FilesOfAnotherFinishedRunAreRefused) {
  RunOptions ours = Options("ours.json");
  ASSERT_TRUE(ExecuteRun(ours, Deadline(), NullLog()).ok());
  RunOptions theirs = Options("theirs.json");
  theirs.seed = 2;
  ASSERT_TRUE(ExecuteRun(theirs, Deadline(), NullLog()).ok());
  ours.resume = true;
  ASSERT_TRUE(RemoveAll(ours.out).ok());
  ExpectForeign(ours, theirs, "ballots.zst", {"ballots.zst", "belongs to"});
}

TEST_F(ForeignStateTest, VotesForOtherTestInputsAreRefused) {
  const RunOptions ours = Begun("ours.json", 1);
  const std::string path = In(ours, "ballots.zst");
  const std::string before = ReadFile(path).value();
  const auto vote_for = [&](const std::string& task, int test,
                            const std::string& source) {
    Ballots ballots;
    ballots.Add(task, test,
                {Grid(1, 1, 3), 0.5f, Augmentation().Key(), source});
    ASSERT_TRUE(ballots.Write(path).ok());
  };
  const std::string task = challenges_.tasks[0].id;
  vote_for("other", 0, "run");
  ExpectRefused(ours, {"ballots.zst", "other[0]", "not a test input"});
  vote_for(task, 7, "run");
  ExpectRefused(ours, {"ballots.zst", "[7]"});
  vote_for(task, 0, "their-model");
  ExpectRefused(ours, {"ballots.zst", "their-model"});
  Put(path, before);
  ExpectCompletes(ours);
}

TEST_F(ForeignStateTest, FilesOfEarlierVersionsAreAcceptedAndLogged) {
  const RunOptions ours = Begun("ours.json", 1);
  const RunFolder folder(ours.out + ".run");
  Ballots ballots = Ballots::Read(folder.ballots_path()).value();
  EXPECT_FALSE(ballots.run().empty());
  ballots.SetRun("");
  ASSERT_TRUE(ballots.Write(folder.ballots_path()).ok());
  RunRecord record = folder.ReadRecord().value();
  record.run.clear();
  record.dataset.clear();
  record.fingerprints.clear();
  ASSERT_TRUE(folder.WriteRecord(record).ok());
  RecordingLog log;
  const auto outcome = ExecuteRun(ours, Deadline(), log);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_THAT(log.infos, Contains(HasSubstr("ballots.zst: names no run")));
  EXPECT_THAT(log.infos, Contains(HasSubstr("has no fingerprints")));
  // The name comes from the checkpoint.
  EXPECT_EQ(folder.ReadRecord()->run,
            ReadCheckpointInfo(folder.checkpoint_dir())->run);
}

TEST_F(ForeignStateTest, ExportedWeightsNameNoRun) {
  ASSERT_TRUE(ExecuteRun(Options("out.json"), Deadline(), NullLog()).ok());
  const std::string weights = Path("out.json.run/checkpoint");
  EXPECT_FALSE(ReadCheckpointInfo(weights)->run.empty());
  ASSERT_TRUE(ExportCheckpoint(weights, Path("copy"), {}).ok());
  ASSERT_TRUE(AverageCheckpoints({weights, weights}, Path("mean")).ok());
  EXPECT_EQ(ReadCheckpointInfo(Path("copy"))->run, "");
  EXPECT_EQ(ReadCheckpointInfo(Path("mean"))->run, "");
}

}  // namespace
}  // namespace arctrm
