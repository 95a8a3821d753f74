// SPDX-License-Identifier: MIT
// What commands may write over, without a model.
#include <unistd.h>

#include <string>
#include <vector>

#include "augment/augmentation.h"
#include "base/file_lock.h"
#include "base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/run_folder.h"
#include "submission/write.h"
#include "tests/cli/cli_fixture.h"
#include "tests/testing/tree.h"
#include "tta/ballots.h"

namespace arctrm {
namespace {

using ::testing::HasSubstr;

class OutputsTest : public CliTest {
 protected:
  OutputsTest() {
    Ballots ballots;
    ballots.Add("aaaa0001", 0,
                {Grid::FromText("987"), 0.5f, Augmentation().Key(), "run"});
    EXPECT_EQ(ballots.Write(Path("ballots.zst")), absl::OkStatus());
  }
  std::vector<std::string> Vote(const std::string& out) const {
    return {
        "vote",  "--ballots", "ballots.zst", "--challenges", "challenges.json",
        "--out", out};
  }
  // Exit code 2 with these words, and nothing changed.
  void ExpectRefused(const std::vector<std::string>& args,
                     const std::vector<std::string>& words) const {
    const auto before = Tree(dir_);
    const ProgramResult result = Arctrm(args);
    EXPECT_EQ(result.exit_code, 2) << args[0] << result.err;
    for (const std::string& word : words) {
      EXPECT_THAT(result.err, HasSubstr(word));
    }
    EXPECT_TRUE(Tree(dir_) == before) << args[0] << result.err;
  }
  void ExpectDone(std::vector<std::string> args) const {
    const ProgramResult result = Arctrm(args);
    EXPECT_EQ(result.exit_code, 0) << args[0] << result.err;
  }
};

TEST_F(OutputsTest, LogsAreNeitherInputsNorOtherPeoplesFiles) {
  ASSERT_EQ(symlink("challenges.json", Path("link").c_str()), 0);
  const std::vector<std::vector<std::string>> commands = {
      {"validate", "--challenges", "challenges.json", "submission.json"},
      {"score", "--solutions", "solutions.json", "--challenges",
       "challenges.json", "submission.json"},
      {"show", "challenges.json"},
      {"augment", "--challenges", "challenges.json", "--out", "d"},
      {"run", "--challenges", "challenges.json", "--steps", "1", "--out", "s"},
      {"predict", "--challenges", "challenges.json", "--checkpoint", "c",
       "--out", "b"},
      Vote("v.json")};
  for (std::vector<std::string> args : commands) {
    args.push_back("--log");
    for (const std::string log :
         {"challenges.json", "./tasks/../challenges.json", "link"}) {
      args.push_back(log);
      ExpectRefused(args, {"--log", "input"});
      args.pop_back();
    }
    Write("letter.txt", "precious");
    args.push_back("letter.txt");
    ExpectRefused(args, {"--log", "letter.txt", "--overwrite"});
  }
  // Our own logs are appended to.
  for (int i = 0; i < 2; ++i) {
    std::vector<std::string> args = Vote("v.json");
    args.insert(args.end(), {"--log", "vote.log"});
    ExpectDone(args);
  }
}

TEST_F(OutputsTest, FilesThatArctrmDidNotMakeAreLeftAlone) {
  Write("theirs.json", "{ \"aaaa0001\": [] }");
  ExpectRefused(Vote("theirs.json"), {"theirs.json", "--overwrite"});
  std::vector<std::string> forced = Vote("theirs.json");
  forced.push_back("--overwrite");
  ExpectDone(forced);
  ExpectDone(Vote("theirs.json"));  // ours now
  Write("empty.json", "");
  ExpectDone(Vote("empty.json"));
  ExpectRefused({"augment", "--challenges", "challenges.json", "--out", "tasks",
                 "--overwrite"},
                {"tasks"});
  ExpectDone({"augment", "--challenges", "challenges.json", "--augmentations",
              "2", "--out", "d"});
  ExpectDone({"augment", "--challenges", "challenges.json", "--augmentations",
              "3", "--out", "d/"});
  Write("d/notes.txt", "precious");
  ExpectRefused({"augment", "--challenges", "challenges.json", "--out", "d"},
                {"notes.txt"});
}

TEST_F(OutputsTest, PuzzlesAreReplacedByTheSameOnly) {
  const auto generate = [](const std::string& seed) {
    return std::vector<std::string>{"puzzle", "generate", "sudoku", "--size",
                                    "4",      "--count",  "20",     "--seed",
                                    seed,     "--out",    "p.csv"};
  };
  ExpectDone(generate("1"));
  ExpectDone(generate("1"));
  ExpectRefused(generate("2"), {"p.csv", "--overwrite"});
  std::vector<std::string> forced = generate("2");
  forced.push_back("--overwrite");
  ExpectDone(forced);
}

TEST_F(OutputsTest, WorkFoldersAndOutputsAreKeptApart) {
  const auto run = [](const std::vector<std::string>& more) {
    std::vector<std::string> args = {"run", "--challenges", "challenges.json",
                                     "--steps", "1"};
    args.insert(args.end(), more.begin(), more.end());
    return args;
  };
  ExpectRefused(run({"--out", "s.json", "--report", "s.json"}),
                {"--report", "--out"});
  ExpectRefused(run({"--out", "s.json", "--report", "s.json.run/run.json"}),
                {"--report", "work folder"});
  ExpectRefused(run({"--out", "w/ballots.zst", "--work", "w"}), {"--out"});
  ExpectRefused(run({"--out", "w", "--work", "w"}), {"--work"});
  ExpectRefused(
      run({"--out", "s.json", "--checkpoint", "w/checkpoint", "--work", "w"}),
      {"--checkpoint", "--work"});
  ExpectRefused(run({"--out", "solutions.json", "--train-on",
                     "challenges.json=solutions.json"}),
                {"--train-on", "input"});
  ExpectRefused(
      {"train", "--dataset", "d", "--out", "m", "--work", "m", "--steps", "1"},
      {"--work", "--out"});
  ExpectRefused({"checkpoint", "average", "a", "b", "--out", "a"},
                {"--out", "input"});
  ExpectRefused({"puzzle", "train", "sudoku", "--train", "p.csv", "--test",
                 "q.csv", "--out", "m", "--report", "q.csv", "--steps", "1"},
                {"--report", "--test"});
}

TEST_F(OutputsTest, OtherAnswersAreNotReplacedUnasked) {
  ExpectDone(Vote("v.json"));
  ExpectDone(Vote("v.json"));
  Ballots ballots;
  ballots.Add("bbbb0002", 0,
              {Grid::FromText("5"), 0.5f, Augmentation().Key(), "run"});
  ASSERT_EQ(ballots.Write(Path("ballots.zst")), absl::OkStatus());
  ExpectRefused(Vote("v.json"), {"v.json", "answers", "--overwrite"});
  ExpectRefused({"submit", "--merge", "submission.json", "--challenges",
                 "challenges.json", "--out", "v.json"},
                {"v.json", "--overwrite"});
  std::vector<std::string> forced = Vote("v.json");
  forced.push_back("--overwrite");
  ExpectDone(forced);
}

TEST_F(OutputsTest, WhatAnotherProcessWritesIsLeftToIt) {
  const auto out = [](std::vector<std::string> args) {
    args.insert(args.end(), {"--out", "./o", "--overwrite"});
    return args;
  };
  const auto lock = FileLock::Take(LockName(Path("o")), "o");
  ASSERT_TRUE(lock.ok()) << lock.status();
  for (const std::vector<std::string>& args :
       {Vote("o"), out({"augment", "--challenges", "challenges.json"}),
        out({"submit", "--merge", "submission.json", "--challenges",
             "challenges.json"}),
        out({"checkpoint", "export", "c"}),
        out({"checkpoint", "average", "a", "b"}),
        out({"puzzle", "generate", "sudoku", "--size", "4", "--count", "3"}),
        out({"report", "--run", "r"}),
        out({"kaggle", "run", "--input", "challenges.json"})}) {
    ExpectRefused(args, {"--out", "process ", std::to_string(getpid())});
  }
}

TEST_F(OutputsTest, FilesOfRunsAreLeftAlone) {
  const RunFolder run(Path("s.json.run"));
  ASSERT_TRUE(MakeDirectories(run.dir()).ok());
  RunRecord record;
  record.title = "arctrm run, s.json";
  record.status = "done";
  ASSERT_TRUE(run.WriteRecord(record).ok());
  ASSERT_TRUE(MakeDirectories(Path("s.json.run/deep")).ok());
  Write("s.json", kSubmission);
  const std::vector<std::string> runs = {"run in", "s.json.run", "--overwrite"};
  ExpectRefused(Vote("s.json"), runs);
  ExpectRefused(Vote("s.json.run/ballots.zst"), runs);
  ExpectRefused(Vote("s.json.run/deep/../solutions.json"), runs);
  ASSERT_EQ(symlink("s.json.run", Path("link").c_str()), 0);
  ExpectRefused(Vote("link/metrics.csv"), runs);
  ExpectRefused({"augment", "--challenges", "challenges.json", "--out",
                 "s.json.run/dataset/"},
                runs);
  ExpectRefused({"puzzle", "generate", "maze", "--size", "5", "--count", "1",
                 "--out", "s.json.run/puzzles.csv"},
                runs);
  std::vector<std::string> logged = Vote("v.json");
  logged.insert(logged.end(), {"--log", "s.json.run/dataset"});
  ExpectRefused(logged, runs);
  Write("s.json.run/challenges.json", kChallenges);
  ExpectDone({"report", "--run", "s.json.run", "--out", "r.html"});
  ExpectDone({"report", "--run", "s.json.run", "--out", "r.html"});
  ASSERT_TRUE(MakeDirectories(Path("other.run")).ok());
  ASSERT_TRUE(RunFolder(Path("other.run")).WriteRecord(record).ok());
  ExpectRefused({"report", "--run", "other.run", "--out", "r.html"},
                {"r.html", "--overwrite"});
  // Other names there are anybody's.
  ExpectDone(Vote("s.json.run/voted.json"));
  std::vector<std::string> forced = Vote("s.json");
  forced.push_back("--overwrite");
  const auto lock = run.Lock();
  ASSERT_TRUE(lock.ok());
  ExpectRefused(forced, {"s.json.run", std::to_string(getpid())});
}

TEST_F(OutputsTest, ResultsMayLieAmongTheTasks) {
  const auto vote = [](const std::string& out) {
    return std::vector<std::string>{
        "vote",  "--ballots", "ballots.zst", "--challenges", "tasks",
        "--out", out};
  };
  Ballots ballots;
  ballots.Add("cccc0003", 0,
              {Grid::FromText("98"), 0.5f, Augmentation().Key(), "run"});
  ASSERT_EQ(ballots.Write(Path("ballots.zst")), absl::OkStatus());
  const RunFolder run(Path("tasks/s.json.run"));
  ASSERT_TRUE(MakeDirectories(run.dir()).ok());
  ASSERT_TRUE(run.WriteRecord(RunRecord()).ok());
  Write("tasks/s.json.run/challenges.json", kChallenges);
  for (int i = 0; i < 2; ++i) {
    ExpectDone(vote("tasks/v.json"));
    ExpectDone({"augment", "--challenges", "tasks", "--out", "tasks/data",
                "--augmentations", "1"});
    ExpectDone({"augment", "--challenges", "tasks", "--out", "d",
                "--augmentations", "1", "--log", "tasks/augment.log"});
  }
  std::vector<std::string> forced = vote("tasks/dddd0004.json");
  forced.push_back("--overwrite");
  ExpectRefused(forced, {"--out", "file of an input"});
}

TEST_F(OutputsTest, WhatKilledProcessesLeftGoes) {
  Write(Basename(SpareName(Path("killed.json"))), "{}");
  Write(Basename(LockName(Path("killed.json"))), "1\n");
  const auto lock = FileLock::Take(LockName(Path("running.json")), "r");
  ASSERT_TRUE(lock.ok());
  Write(Basename(SpareName(Path("running.json"))), "{}");
  ExpectDone(Vote("v.json"));
  EXPECT_FALSE(FileExists(SpareName(Path("killed.json"))));
  EXPECT_FALSE(FileExists(LockName(Path("killed.json"))));
  EXPECT_TRUE(FileExists(SpareName(Path("running.json"))));
  EXPECT_FALSE(FileExists(LockName(Path("v.json"))));
}

TEST_F(OutputsTest, WhatIsRefusedLeavesNothingBehind) {
  ExpectDone({"augment", "--challenges", "challenges.json", "--out", "data",
              "--augmentations", "1"});
  const std::vector<std::vector<std::string>> commands = {
      {"augment", "--challenges", "none.json", "--out", "d", "--log", "l"},
      {"augment", "--challenges", "challenges.json", "--out", "data/."},
      {"augment", "--challenges", "challenges.json", "--out", "."},
      {"augment", "--challenges", "challenges.json", "--out", "tasks/.."},
      Vote("v.json/"),
      Vote("v.json/."),
      {"vote", "--ballots", "none", "--challenges", "challenges.json", "--out",
       "v.json", "--log", "l"},
      {"submit", "--merge", "none", "--challenges", "challenges.json", "--out",
       "v.json", "--log", "l"},
      {"report", "--run", "none", "--out", "r.html", "--log", "l"},
      {"report", "--run", "tasks", "--out", "r.html/"},
      {"puzzle", "generate", "sudoku", "--size", "5", "--count", "1", "--out",
       "p.csv", "--log", "l"},
      {"puzzle", "generate", "sudoku", "--size", "4", "--count", "1", "--out",
       "p.csv/"},
      {"checkpoint", "export", "none", "--out", "e", "--log", "l"},
      {"validate", "--challenges", "none", "submission.json", "--log", "l"},
      {"show", "challenges.json", "zzzz", "--log", "l/"}};
  for (const std::vector<std::string>& args : commands) {
    ExpectRefused(args, {"error: "});
  }
}

}  // namespace
}  // namespace arctrm
