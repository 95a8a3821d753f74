// SPDX-License-Identifier: MIT
// What commands may write over, without a model.
#include <unistd.h>

#include <string>
#include <vector>

#include "augment/augmentation.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
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

}  // namespace
}  // namespace arctrm
