// SPDX-License-Identifier: MIT
// Existing runs: what new commands must not replace, and how they are resumed.
#include <signal.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "arc/read.h"
#include "arc/write.h"
#include "base/files.h"
#include "base/stop.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/local_engine.h"
#include "pipeline/run.h"
#include "pipeline/run_folder.h"
#include "solver/checkpoint_info.h"
#include "solver/train.h"
#include "submission/write.h"
#include "tests/pipeline/kept_run.h"
#include "tests/testing/tree.h"

namespace arctrm {
namespace {

using ::testing::HasSubstr;

TEST_F(KeptRunsTest, AFinishedRunIsKeptUnlessOverwriteIsGiven) {
  RunOptions options = Options("out.json");
  options.report = Path("report.html");
  ASSERT_TRUE(ExecuteRun(options, Deadline(), NullLog()).ok());
  ExpectRefused(options,
                {"finished run", "6 steps", "votes", "of 3 test outputs solved",
                 "--resume", "--overwrite"});
  options.resume = true;
  const auto before = Tree(scratch_());
  const auto kept = ExecuteRun(options, Deadline(), NullLog());
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_TRUE(kept->complete);
  EXPECT_TRUE(kept->score.has_value());
  EXPECT_TRUE(Tree(scratch_()) == before);
  // Replaces a placeholder by the submission of the votes.
  const std::string submission = *ReadFile(options.out);
  const auto challenges = ReadTasks(options.challenges[0]);
  ASSERT_TRUE(challenges.ok());
  ASSERT_TRUE(WriteSubmission(PlaceholderSubmission(challenges->challenges),
                              challenges->challenges, options.out)
                  .ok());
  ASSERT_TRUE(ExecuteRun(options, Deadline(), NullLog()).ok());
  EXPECT_EQ(*ReadFile(options.out), submission);
  options.resume = false;
  options.overwrite = true;
  options.seed = 9;
  ASSERT_TRUE(ExecuteRun(options, Deadline(), NullLog()).ok());
  EXPECT_EQ(RunFolder(options.out + ".run").ReadRecord()->settings.at("seed"),
            "9");
}

TEST_F(KeptRunsTest, AnUnfinishedRunWithACheckpointIsRefused) {
  RunOptions options = Stopped("out.json", 3);
  options.resume = false;
  ExpectRefused(options, {"stopped by SIGTERM", "3 steps", "--resume"});
  // A run without a checkpoint and votes may be replaced.
  RequestStop(SIGTERM);
  RunOptions early = Options("early.json");
  ASSERT_TRUE(ExecuteRun(early, Deadline(), NullLog()).ok());
  RequestStop(0);
  const RunFolder folder(early.out + ".run");
  ASSERT_TRUE(RemoveAll(folder.checkpoint_dir()).ok());
  ASSERT_TRUE(RemoveAll(folder.ballots_path()).ok());
  EXPECT_TRUE(ExecuteRun(early, Deadline(), NullLog()).ok());
}

TEST_F(KeptRunsTest, ResumeNamesDamagedAndMissingFiles) {
  const RunOptions options = Stopped("out.json", 5);
  const std::string work = options.out + ".run";
  for (const std::string name :
       {"run.json", "dataset/dataset.json", "dataset/shard-00000.zst",
        "checkpoint/checkpoint.json", "checkpoint/ids.zst",
        "checkpoint/model.safetensors", "checkpoint/resume.safetensors",
        "checkpoint.snapshot-1/ids.zst",
        "checkpoint.snapshot-1/checkpoint.json",
        "checkpoint.snapshot-1/model.safetensors", "metrics.jsonl"}) {
    SCOPED_TRACE(name);
    const std::string path = JoinPath(work, name);
    const std::string whole = ReadFile(path).value();
    const size_t slash = name.find('/');
    const std::string part = name.substr(0, slash);
    ASSERT_TRUE(RemoveAll(path).ok());
    ExpectRefused(options, {part});
    Put(path, whole.substr(0, whole.size() / 2) + "\n\n");
    ExpectRefused(options, {part});
    if (part != "metrics.jsonl" && part != "run.json") {
      Put(path, "");
      ExpectRefused(options, {part});
    }
    Put(path, whole);
  }
  const std::string snapshot = JoinPath(work, "checkpoint.snapshot-1");
  ASSERT_TRUE(RenameFile(snapshot, Path("aside")).ok());
  ExpectRefused(options, {"checkpoint.snapshot-1", "missing", "--overwrite"});
  ASSERT_TRUE(RenameFile(Path("aside"), snapshot).ok());
  const auto outcome = ExecuteRun(options, Deadline(), NullLog());
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_TRUE(outcome->complete);
}

TEST_F(KeptRunsTest, ResumeNamesChangedInputs) {
  ASSERT_TRUE(ExecuteRun(Options("first.json"), Deadline(), NullLog()).ok());
  const std::string weights = Path("first.json.run/checkpoint");
  RunOptions options = Options("out.json");
  options.train_on = {Path("c.json") + "=" + Path("s.json")};
  options.checkpoint = weights;
  StoppingLog stopping = StopAtStep(3);
  ASSERT_TRUE(ExecuteRun(options, Deadline(), stopping).ok());
  RequestStop(0);
  options.resume = true;
  SolutionSet solutions = ReadSolutions(Path("s.json"), nullptr).value();
  solutions.begin()->second[0] = Grid(3, 3, 7);
  Put(Path("other.json"), SolutionsJson(solutions));
  RunOptions other = options;
  other.solutions = Path("other.json");
  ExpectRefused(other, {"--solutions", "was SHA-256", "and is SHA-256"});
  other.solutions = "";
  ExpectRefused(other, {"--solutions", "not given"});
  other = options;
  other.train_on = {Path("c.json") + "=" + Path("other.json")};
  ExpectRefused(other, {"--train-on", "was SHA-256"});
  // Other weights at the same path.
  RunOptions second = Options("second.json");
  second.seed = 7;
  ASSERT_TRUE(ExecuteRun(second, Deadline(), NullLog()).ok());
  ASSERT_TRUE(RenameFile(weights, Path("aside")).ok());
  ASSERT_TRUE(RenameFile(Path("second.json.run/checkpoint"), weights).ok());
  ExpectRefused(options, {"--checkpoint", "was SHA-256"});
  ASSERT_TRUE(RemoveAll(weights).ok());
  ASSERT_TRUE(RenameFile(Path("aside"), weights).ok());
  const auto outcome = ExecuteRun(options, Deadline(), NullLog());
  EXPECT_TRUE(outcome.ok()) << outcome.status();
}

TEST_F(KeptRunsTest, RecordsOfEarlierVersionsAreResumed) {
  const RunOptions options = Stopped("out.json", 3);
  const std::string path = RunFolder(options.out + ".run").record_path();
  std::string text = ReadFile(path).value();
  text.replace(text.find(",\n \"steps\""), std::string::npos, "\n}\n");
  Put(path, text);
  const auto outcome = ExecuteRun(options, Deadline(), NullLog());
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_TRUE(outcome->complete);
}

TEST_F(KeptRunsTest, ForeignFoldersAreNotChanged) {
  RunOptions options = Options("out.json");
  options.overwrite = true;
  options.work = Path("theirs");
  ASSERT_TRUE(MakeDirectories(Path("theirs/dataset")).ok());
  ASSERT_TRUE(MakeDirectories(Path("theirs/checkpoint/notes")).ok());
  Put(Path("theirs/checkpoint/notes/thesis.tex"), "mine");
  ExpectRefused(options, {"theirs", "checkpoint", "no run.json", "--work"});
  // Foreign files in a work folder stay too.
  options = Options("ours.json");
  ASSERT_TRUE(ExecuteRun(options, Deadline(), NullLog()).ok());
  const std::string work = options.out + ".run";
  options.overwrite = true;
  Put(JoinPath(work, "notes.txt"), "mine");
  ASSERT_TRUE(ExecuteRun(options, Deadline(), NullLog()).ok());
  EXPECT_EQ(ReadFile(JoinPath(work, "notes.txt")).value(), "mine");
  Put(JoinPath(work, "checkpoint/notes.txt"), "mine");
  ExpectRefused(options, {"checkpoint", "notes.txt"});
}

TEST_F(KeptRunsTest, DamagedWeightsAreFoundBeforeAnythingIsReplaced) {
  ASSERT_TRUE(ExecuteRun(Options("out.json"), Deadline(), NullLog()).ok());
  RunOptions options = Options("out.json");
  options.overwrite = true;
  const std::string good = Path("out.json.run/checkpoint");
  options.checkpoint = Path("bad");
  ASSERT_TRUE(MakeDirectories(options.checkpoint).ok());
  for (const std::string& name : CheckpointFileNames()) {
    const auto bytes = ReadFile(JoinPath(good, name));
    if (bytes.ok()) Put(JoinPath(options.checkpoint, name), *bytes);
  }
  const std::string path = JoinPath(options.checkpoint, "model.safetensors");
  std::string bytes = ReadFile(path).value();
  bytes[bytes.size() - 5] = static_cast<char>(bytes[bytes.size() - 5] ^ 1);
  Put(path, bytes);
  ExpectRefused(options, {"model.safetensors", "damaged"});
  ASSERT_TRUE(RemoveAll(path).ok());
  ExpectRefused(options, {"model.safetensors"});
  Put(JoinPath(options.checkpoint, "ids.zst"), "");
  ExpectRefused(options, {"ids.zst"});
  options.checkpoint = Path("none");
  ExpectRefused(options, {"none"});
}

TEST_F(KeptRunsTest, AWorkFolderIsLockedByOneRun) {
  const RunOptions options = Stopped("out.json", 3);
  const RunFolder folder(options.out + ".run");
  {
    const auto lock = folder.Lock();
    ASSERT_TRUE(lock.ok());
    ExpectRefused(options, {"another arctrm is using it", "process"});
    RunOptions anew = options;
    anew.resume = false;
    anew.overwrite = true;
    ExpectRefused(anew, {"another arctrm is using it"});
  }
  EXPECT_TRUE(ExecuteRun(options, Deadline(), NullLog()).ok());
}

TEST_F(KeptRunsTest, StandingAnswersStayUntilThereAreVotes) {
  RunOptions options = Options("out.json");
  options.standing = PlaceholderSubmission(challenges_);
  for (auto& [id, outputs] : options.standing) {
    for (Attempts& attempts : outputs) attempts.attempt_1 = Grid(2, 2, 7);
  }
  ASSERT_TRUE(WriteSubmission(options.standing, challenges_, options.out).ok());
  const std::string before = ReadFile(options.out).value();
  RequestStop(SIGTERM);
  ASSERT_TRUE(ExecuteRun(options, Deadline(), NullLog()).ok());
  EXPECT_EQ(ReadFile(options.out).value(), before);
  RequestStop(0);
  options.resume = true;
  ASSERT_TRUE(ExecuteRun(options, Deadline(), NullLog()).ok());
  EXPECT_NE(ReadFile(options.out).value(), before);
}

}  // namespace
}  // namespace arctrm
