// SPDX-License-Identifier: MIT
// Which files commands without a model may overwrite.
#include <unistd.h>

#include <string>
#include <vector>

#include "base/file_lock.h"
#include "base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/run_folder.h"
#include "submission/write.h"
#include "tests/cli/cli_fixture.h"
#include "tests/testing/tree.h"

namespace arctrm {
namespace {

using ::testing::HasSubstr;

class OutputsTest : public CliTest {
 protected:
  OutputsTest() { WriteBallots("ballots.zst", "aaaa0001", "987"); }

  // Expects exit code 2, these words on standard error and unchanged files.
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

TEST_F(OutputsTest, LogsReplaceNeitherInputsNorOtherFiles) {
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
  // Logs of arctrm are appended to.
  for (int i = 0; i < 2; ++i) {
    ExpectDone(Joined(Vote("v.json"), {"--log", "vote.log"}));
  }
}

TEST_F(OutputsTest, FilesThatArctrmDidNotMakeAreKept) {
  Write("theirs.json", "{ \"aaaa0001\": [] }");
  ExpectRefused(Vote("theirs.json"), {"theirs.json", "--overwrite"});
  ExpectDone(Joined(Vote("theirs.json"), {"--overwrite"}));
  ExpectDone(Vote("theirs.json"));  // arctrm's file now
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

TEST_F(OutputsTest, PuzzlesAreReplacedOnlyByTheSamePuzzles) {
  const auto generate = [](const std::string& seed) {
    return std::vector<std::string>{"puzzle", "generate", "sudoku", "--size",
                                    "4",      "--count",  "20",     "--seed",
                                    seed,     "--out",    "p.csv"};
  };
  ExpectDone(generate("1"));
  ExpectDone(generate("1"));
  ExpectRefused(generate("2"), {"p.csv", "--overwrite"});
  ExpectDone(Joined(generate("2"), {"--overwrite"}));
}

TEST_F(OutputsTest, WorkFoldersAndOutputsAreKeptApart) {
  const auto run = [](const std::vector<std::string>& more) {
    return Joined({"run", "--challenges", "challenges.json", "--steps", "1"},
                  more);
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

TEST_F(OutputsTest, OtherAnswersAreReplacedOnlyWithOverwrite) {
  ExpectDone(Vote("v.json"));
  ExpectDone(Vote("v.json"));
  WriteBallots("ballots.zst", "bbbb0002", "5");
  ExpectRefused(Vote("v.json"), {"v.json", "answers", "--overwrite"});
  ExpectRefused({"submit", "--merge", "submission.json", "--challenges",
                 "challenges.json", "--out", "v.json"},
                {"v.json", "--overwrite"});
  ExpectDone(Joined(Vote("v.json"), {"--overwrite"}));
}

TEST_F(OutputsTest, OutputsOfOtherProcessesAreRefused) {
  const auto out = [](const std::vector<std::string>& args) {
    return Joined(args, {"--out", "./o", "--overwrite"});
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

TEST_F(OutputsTest, FilesOfRunsAreKept) {
  const RunFolder run(Path("s.json.run"));
  ASSERT_TRUE(MakeDirectories(run.dir()).ok());
  RunRecord record;
  record.title = "arctrm run, s.json";
  record.status = "done";
  ASSERT_TRUE(run.WriteRecord(record).ok());
  ASSERT_TRUE(MakeDirectories(Path("s.json.run/deep")).ok());
  Write("s.json", kSubmissionJson);
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
  ExpectRefused(Joined(Vote("v.json"), {"--log", "s.json.run/dataset"}), runs);
  Write("s.json.run/challenges.json", kChallenges);
  ExpectDone({"report", "--run", "s.json.run", "--out", "r.html"});
  ExpectDone({"report", "--run", "s.json.run", "--out", "r.html"});
  ASSERT_TRUE(MakeDirectories(Path("other.run")).ok());
  ASSERT_TRUE(RunFolder(Path("other.run")).WriteRecord(record).ok());
  ExpectRefused({"report", "--run", "other.run", "--out", "r.html"},
                {"r.html", "--overwrite"});
  // Other names in the work folder may be written.
  ExpectDone(Vote("s.json.run/voted.json"));
  const auto lock = run.Lock();
  ASSERT_TRUE(lock.ok());
  ExpectRefused(Joined(Vote("s.json"), {"--overwrite"}),
                {"s.json.run", std::to_string(getpid())});
}

TEST_F(OutputsTest, ResultsMayLieBesideTheTasks) {
  WriteBallots("ballots.zst", "cccc0003", "98");
  const RunFolder run(Path("tasks/s.json.run"));
  ASSERT_TRUE(MakeDirectories(run.dir()).ok());
  ASSERT_TRUE(run.WriteRecord(RunRecord()).ok());
  Write("tasks/s.json.run/challenges.json", kChallenges);
  for (int i = 0; i < 2; ++i) {
    ExpectDone(Vote("tasks/v.json", "tasks"));
    ExpectDone({"augment", "--challenges", "tasks", "--out", "tasks/data",
                "--augmentations", "1"});
    ExpectDone({"augment", "--challenges", "tasks", "--out", "d",
                "--augmentations", "1", "--log", "tasks/augment.log"});
  }
  ExpectRefused(Joined(Vote("tasks/dddd0004.json", "tasks"), {"--overwrite"}),
                {"--out", "file of an input"});
}

TEST_F(OutputsTest, LeftoversOfKilledProcessesAreRemoved) {
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

TEST_F(OutputsTest, RefusedCommandsLeaveNothingBehind) {
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
