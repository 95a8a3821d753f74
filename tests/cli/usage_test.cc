// SPDX-License-Identifier: MIT
// Wrong usage and wrong input give exit code 2 and a helpful message, print
// nothing to standard output and overwrite nothing.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/cli_fixture.h"
#include "tests/testing/gzip.h"

namespace arctrm {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

struct BadCall {
  std::vector<std::string> args;
  std::vector<std::string> expected;  // parts of standard error
};

class UsageTest : public CliTest {
 protected:
  UsageTest() { Write("out.json", "precious"); }

  void ExpectRefused(const std::vector<BadCall>& calls) {
    for (const BadCall& call : calls) {
      SCOPED_TRACE(absl::StrJoin(call.args, " "));
      const ProgramResult result = Arctrm(call.args);
      EXPECT_EQ(result.exit_code, 2);
      EXPECT_EQ(result.out, "");
      EXPECT_THAT(result.err, HasSubstr("error: "));
      for (const std::string& part : call.expected) {
        EXPECT_THAT(result.err, HasSubstr(part));
      }
      EXPECT_EQ(Read("out.json"), "precious");
    }
  }
};

TEST_F(UsageTest, UnknownWordsAreRefusedWithTheNearestKnownOne) {
  ExpectRefused({
      {{}, {"expected a command: run, demo", "\nTry 'arctrm --help'"}},
      {{""}, {"unknown command ''"}},
      {{"bogus"}, {"unknown command 'bogus'", "\nTry 'arctrm --help'"}},
      {{"vlaidate"}, {"did you mean 'validate'?"}},
      {{"Run"}, {"did you mean 'run'?"}},
      {{"-x"}, {"unknown option '-x'"}},
      {{"--verison"}, {"did you mean '--version'?"}},
      {{"--seed", "1", "vote"}, {"unknown option '--seed'"}},
      {{"checkpoint"}, {"expected a command: info"}},
      {{"checkpoint", "inof"}, {"did you mean 'info'?"}},
      {{"checkpoint", "info", "c", "--jsno"},
       {"did you mean '--json'?", "\nTry 'arctrm checkpoint info --help'"}},
      {{"run", "--chalenges", "x", "--out", "out.json"},
       {"unknown option '--chalenges'", "did you mean '--challenges'?",
        "\nTry 'arctrm run --help'"}},
      {{"run", "--challenges", "x", "--out", "out.json", "--time-limt=5m"},
       {"unknown option '--time-limt'", "'--time-limit'"}},
      {{"run", "-q"}, {"unknown option '-q'"}},
      {{"vote", "--device", "cpu"}, {"unknown option '--device'"}},
  });
}

TEST_F(UsageTest, MissingAndMalformedValuesAreRefused) {
  const auto with = [](const std::vector<std::string>& more) {
    return Joined(
        {"run", "--challenges", "challenges.json", "--out", "out.json"}, more);
  };
  ExpectRefused({
      {{"run"}, {"required"}},
      {{"run", "--challenges", "challenges.json"}, {"--out is required"}},
      {{"run", "--out", "out.json"}, {"--challenges is required"}},
      {{"run", "--challenges", "--out", "out.json"},
       {"--challenges: expected a value"}},
      {with({"extra"}), {"extra"}},
      {with({"--out", "b.json"}), {"--out"}},
      {with({"--time-limit"}), {"--time-limit"}},
      {with({"--time-limit", "20"}), {"--time-limit", "90s"}},
      {with({"--time-limit", "soon"}), {"\"soon\" is not a duration"}},
      {with({"--time-limit", "-5m"}), {"--time-limit"}},
      {with({"--time-limit", "0s"}), {"--time-limit"}},
      {with({"--time-limit", "5x"}), {"--time-limit"}},
      {with({"--time-limit="}), {"--time-limit"}},
      {with({"--steps", "0"}), {"--steps"}},
      {with({"--steps", "-3"}), {"--steps"}},
      {with({"--steps", "many"}), {"--steps"}},
      {with({"--steps", "1.5"}), {"--steps"}},
      {with({"--steps", "99999999999999999999"}), {"--steps"}},
      {with({"--augmentations", "-1"}), {"--augmentations"}},
      {with({"--augmentations", "1e9"}), {"--augmentations"}},
      {with({"--augmentations", "2000000"}), {"--augmentations"}},
      {with({"--seed", "-1"}), {"--seed"}},
      {with({"--seed", "x"}), {"--seed"}},
      {with({"--threads", "-2"}), {"--threads"}},
      {with({"--threads", "99999"}), {"--threads"}},
      {with({"--resume=7"}), {"--resume: takes no value"}},
      {with({"--work", "--quiet"}), {"--work: expected a value"}},
      {with({"--log"}), {"--log: expected a value"}},
      {with({"--device", "cuda:-1"}),
       {"--device: 'cuda:-1': expected auto, cpu, cuda, cuda:1, cuda:0,1"}},
      {with({"--device", "cuda:"}), {"--device", "cpu,cpu"}},
      {with({"--device", "cpu:1"}), {"--device", "cpu,cpu"}},
      {with({"--device", "cuda:0,0"}), {"--device", "twice"}},
      {with({"--device", "cpu,cuda"}),
       {"--device", "can't use both the CPU and GPUs"}},
      {{"demo", "--time-limit", "1"}, {"--time-limit"}},
      {{"demo", "stray"}, {"stray"}},
      {{"train", "--out", "c"}, {"--dataset is required"}},
      {{"train", "--dataset", "d"}, {"--out is required"}},
      {{"train", "--dataset", "d", "--out", "c", "--steps", "0"}, {"--steps"}},
      {{"predict", "--challenges", "c", "--out", "b"},
       {"--checkpoint is required"}},
      {{"predict", "--checkpoint", "c", "--out", "b"},
       {"--challenges is required"}},
      {{"predict", "--checkpoint", "c", "--challenges", "c"},
       {"--out is required"}},
      {{"doctor", "stray"}, {"stray"}},
      {{"augment", "--challenges", "challenges.json"}, {"--out is required"}},
      {{"augment", "--challenges", "challenges.json", "--out", "d",
        "--augmentations", "-1"},
       {"--augmentations"}},
      {{"augment", "--challenges", "challenges.json", "--out", "d",
        "--canvas-side", "31"},
       {"--canvas-side"}},
      {{"vote", "--challenges", "challenges.json", "--out", "out.json"},
       {"--ballots is required"}},
      {{"submit", "--challenges", "challenges.json", "--out", "out.json"},
       {"--merge is required"}},
      {{"validate", "submission.json"}, {"--challenges is required"}},
      {{"validate", "--challenges", "challenges.json"},
       {"submission is required"}},
      {{"validate", "--challenges", "challenges.json", "a.json", "b.json"},
       {"b.json"}},
      {{"score", "submission.json"}, {"--solutions is required"}},
      {{"score", "--solutions", "solutions.json", "submission.json", "--json",
        "--tasks"},
       {"--tasks", "--json"}},
      {{"report", "--run", "r"}, {"--out is required"}},
      {{"report", "--out", "r.html"}, {"--run is required"}},
      {{"show"}, {"file is required"}},
      {{"show", "challenges.json", "--color", "red"}, {"--color"}},
      {{"checkpoint", "info"}, {"checkpoint is required"}},
  });
  EXPECT_FALSE(Exists("d"));
}

TEST_F(UsageTest, MissingFilesAreNamed) {
  ExpectRefused({
      {{"augment", "--challenges", "absent.json", "--out", "d"},
       {"absent.json"}},
      {{"augment", "--train-on", "absent.json", "--out", "d"}, {"absent.json"}},
      {{"augment", "--train-on", "challenges.json=absent.json", "--out", "d"},
       {"absent.json"}},
      {{"vote", "--ballots", "absent.zst", "--challenges", "challenges.json",
        "--out", "out.json"},
       {"absent.zst"}},
      {{"vote", "--ballots", "absent.zst", "--challenges", "absent.json",
        "--out", "out.json"},
       {"absent.json"}},
      {{"submit", "--merge", "absent.json", "--challenges", "challenges.json",
        "--out", "out.json"},
       {"absent.json"}},
      {{"submit", "--merge", "absent.json:2", "--challenges", "challenges.json",
        "--out", "out.json"},
       {"absent.json"}},
      {{"validate", "--challenges", "absent.json", "submission.json"},
       {"absent.json"}},
      {{"validate", "--challenges", "challenges.json", "absent.json"},
       {"absent.json"}},
      {{"score", "--solutions", "absent.json", "submission.json"},
       {"absent.json"}},
      {{"score", "--solutions", "solutions.json", "absent.json"},
       {"absent.json"}},
      {{"score", "--solutions", "solutions.json", "--challenges", "absent.json",
        "submission.json"},
       {"absent.json"}},
      {{"report", "--run", "absent.run", "--out", "report.html"},
       {"absent.run"}},
      {{"show", "absent.json"}, {"absent.json"}},
      {{"show", "submission.json", "--solutions", "absent.json"},
       {"absent.json"}},
      {{"checkpoint", "info", "absent"}, {"absent"}},
      {{"validate", "--log", "no/such/folder/log", "--challenges",
        "challenges.json", "submission.json"},
       {"no/such/folder/log"}},
  });
  EXPECT_FALSE(Exists("d"));
  EXPECT_FALSE(Exists("report.html"));
}

TEST_F(UsageTest, DamagedInputsAreRefusedWithTheirPlace) {
  const std::string text(kChallenges);
  Write("empty.json", "");
  Write("cut.json", text.substr(0, text.size() / 2));
  Write("trailing.json", text + "x");
  Write("list.json", "[1,2,3]");
  Write("value.json",
        R"({"aaaa0001":{"train":[{"input":[[10]],"output":[[1]]}],)"
        R"("test":[{"input":[[1]]}]}})");
  Write("ragged.json",
        R"({"aaaa0001":{"train":[{"input":[[1,2],[3]],"output":[[1]]}],)"
        R"("test":[{"input":[[1]]}]}})");
  Write("notests.json",
        R"({"aaaa0001":{"train":[{"input":[[1]],"output":[[1]]}],)"
        R"("test":[]}})");
  std::vector<BadCall> calls;
  for (const std::string name :
       {"empty.json", "cut.json", "trailing.json", "list.json", "value.json",
        "ragged.json", "notests.json"}) {
    calls.push_back({{"augment", "--challenges", name, "--out", "d"}, {name}});
    calls.push_back(
        {{"validate", "--challenges", name, "submission.json"}, {name}});
    calls.push_back(
        {{"vote", "--ballots", "b", "--challenges", name, "--out", "out.json"},
         {name}});
    calls.push_back({{"show", name}, {name}});
    calls.push_back(
        {{"score", "--solutions", name, "submission.json"}, {name}});
    calls.push_back({{"score", "--solutions", "solutions.json", name}, {name}});
    calls.push_back({{"submit", "--merge", name, "--challenges",
                      "challenges.json", "--out", "out.json"},
                     {name}});
    calls.push_back({{"vote", "--ballots", name, "--challenges",
                      "challenges.json", "--out", "out.json"},
                     {name}});
  }
  ExpectRefused(calls);
  EXPECT_FALSE(Exists("d"));
}

TEST_F(UsageTest, UnwritableAndProtectedOutputsAreRefused) {
  WriteBallots("ballots.zst", "aaaa0001", "987");
  const auto submit = [](const std::string& out) {
    return std::vector<std::string>{"submit",
                                    "--merge",
                                    "submission.json",
                                    "--challenges",
                                    "challenges.json",
                                    "--out",
                                    out};
  };
  ASSERT_TRUE(MakeDirectories(Path("full")).ok());
  Write("full/letter.txt", "precious");
  const std::string challenges = Read("challenges.json");
  const std::string ballots_bytes = Read("ballots.zst");
  ExpectRefused({
      {Vote("no/such/out.json"), {"no/such/out.json"}},
      {Vote("tasks"), {"tasks", "folder"}},
      {Vote(""), {"empty"}},
      {Vote("challenges.json"), {"challenges.json", "input"}},
      {Vote("./tasks/../challenges.json"), {"input"}},
      {Vote("ballots.zst"), {"ballots.zst", "input"}},
      {submit("submission.json"), {"input"}},
      {submit("no/such/out.json"), {"no/such/out.json"}},
      {submit("challenges.json"), {"input"}},
      {{"augment", "--challenges", "challenges.json", "--out", "full"},
       {"full", "not a dataset"}},
      {{"augment", "--challenges", "challenges.json", "--out", "out.json"},
       {"out.json", "file"}},
      {{"augment", "--challenges", "challenges.json", "--out", ""}, {"empty"}},
      {{"augment", "--challenges", "tasks", "--out", "tasks"},
       {"tasks", "input"}},
      {{"augment", "--challenges", "challenges.json", "--out", "no/such/d"},
       {"no/such/d"}},
      {{"augment", "--out", "d"}, {"--challenges", "--train-on"}},
  });
  EXPECT_EQ(Read("challenges.json"), challenges);
  EXPECT_EQ(Read("ballots.zst"), ballots_bytes);
  EXPECT_EQ(Read("submission.json"), kSubmissionJson);
  EXPECT_EQ(Read("full/letter.txt"), "precious");
  EXPECT_TRUE(Exists("tasks/cccc0003.json"));
}

TEST_F(UsageTest, SettingsListsValuesOfRecipe) {
  const ProgramResult all = Arctrm({"settings"});
  EXPECT_EQ(all.exit_code, 0);
  EXPECT_THAT(all.out, HasSubstr("\nmodel.mixer "));
  EXPECT_THAT(all.out, HasSubstr("(trm, hrm)"));
  EXPECT_THAT(all.out, HasSubstr("\nrun.held_out "));
  EXPECT_THAT(all.out, HasSubstr("built-in recipes: demo "));
  // Defaults have no mark. A help text may hold " * ".
  EXPECT_THAT(all.out, Not(HasSubstr("  * ")));
  const ProgramResult one = Arctrm({"settings", "sudoku-extreme"});
  EXPECT_THAT(one.out, ContainsRegex("model.mixer +\\* true"));
  EXPECT_EQ(Arctrm({"settings", "no-such"}).exit_code, 2);
}

TEST_F(UsageTest, RecipesInVariousForms) {
  const std::string text = "# mine\n; too\n\n[model]\nhidden = 64\n";
  const std::string windows = "\xEF\xBB\xBF# mine\r\nmodel.hidden=64\r\n";
  for (const std::string& recipe :
       {text, windows, std::string("# mine\rmodel.hidden = 64\r"),
        Gzip(windows), std::string("model.hidden = 64")}) {
    Write("mine.conf", recipe);
    const ProgramResult result = Arctrm({"settings", "mine.conf"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, ContainsRegex("model.hidden +\\* 64"));
  }
  const std::pair<const char*, const char*> kRefused[] = {
      {"{",
       "line 1: expected key = value, [section] or # comment, found \"{\""},
      {"{\"model.hidden\": 64}", "line 1: expected key = value"},
      {"# a\r\nmodel.hidden 64\r\n", "line 2: expected key = value"},
      {"# a\nmodel.hidden: 64\n", "line 2: expected key = value"},
      {"[model\nhidden = 64\n", "line 1: expected key = value"},
      {"", "holds no setting"},
      {"# model.hidden = 64\n", "holds no setting"},
      {"<!DOCTYPE html>\n<html>", "a web page"},
      {"model.hidden = 64\nmodel.heads = 2\nmodel.hidden = 32\n",
       "model.hidden is set twice"},
  };
  for (const auto& [recipe, says] : kRefused) {
    Write("mine.conf", recipe);
    const ProgramResult result = Arctrm({"settings", "mine.conf"});
    EXPECT_EQ(result.exit_code, 2) << recipe;
    EXPECT_THAT(result.err, HasSubstr(says));
  }
  EXPECT_EQ(Arctrm({"settings", "tasks"}).exit_code, 2);
}

TEST_F(UsageTest, InputsThatDoNotFitEachOtherAreRefused) {
  WriteBallots("strange.zst", "other", "987");
  Write("short.json",
        R"({"aaaa0001":[{"attempt_1":[[1]],"attempt_2":[[1]]}]})");
  Write("few.json", R"({"aaaa0001":[[[9,8,7]],[[1],[2]]]})");
  Write("others.json", R"({"zzzz0009":[[[1]]]})");
  ExpectRefused({
      {{"vote", "--ballots", "strange.zst", "--challenges", "challenges.json",
        "--out", "out.json"},
       {"none of the 3 test inputs"}},
      {{"vote", "--ballots", "strange.zst:0", "--challenges", "challenges.json",
        "--out", "out.json"},
       {"strange.zst", "weight"}},
      {{"vote", "--ballots", "strange.zst:heavy", "--challenges",
        "challenges.json", "--out", "out.json"},
       {"heavy"}},
      {{"submit", "--merge", "submission.json:-1", "--challenges",
        "challenges.json", "--out", "out.json"},
       {"-1", "positive"}},
      {{"submit", "--merge", "submission.json:nan", "--challenges",
        "challenges.json", "--out", "out.json"},
       {"nan"}},
      {{"submit", "--merge", "submission.json", "short.json", "--challenges",
        "challenges.json", "--out", "out.json"},
       {"short.json", "arctrm validate"}},
      {{"score", "--solutions", "few.json", "--challenges", "challenges.json",
        "submission.json"},
       {"few.json", "bbbb0002"}},
      {{"score", "--solutions", "others.json", "submission.json"}, {}},
      {{"validate", "--challenges", "challenges.json", "--challenges",
        "challenges.json", "submission.json"},
       {"aaaa0001"}},
      {{"show", "challenges.json", "aaaa0002"},
       {"aaaa0002", "did you mean aaaa0001?"}},
      {{"augment", "--challenges", "challenges.json", "--canvas-side", "2",
        "--out", "d"},
       {"aaaa0001"}},
      {{"augment", "--train-on", "challenges.json=few.json", "--out", "d"},
       {"few.json"}},
      {{"augment", "--train-on", "submission.json", "--out", "d"},
       {"submission.json"}},
  });
  EXPECT_FALSE(Exists("d"));
}

}  // namespace
}  // namespace arctrm
