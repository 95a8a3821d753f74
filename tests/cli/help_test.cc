// SPDX-License-Identifier: MIT
// Help of every command, and the time that it takes.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/cli_fixture.h"

namespace arctrm {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using HelpTest = CliTest;

// Every command with its documented options.
const std::map<std::string, std::string>& DocumentedOptions() {
  static const std::map<std::string, std::string>* const options = new std::map<
      std::string, std::string>{
      {"run",
       "--challenges --solutions --out --train-on --checkpoint "
       "--time-limit --steps --augmentations --resume --report --seed "
       "--threads --device --recipe --set --work --log --quiet"},
      {"demo",
       "--out --time-limit --from-scratch --seed --threads --device "
       "--recipe --set --work --log --quiet"},
      {"augment",
       "--train-on --challenges --out --augmentations --canvas-side "
       "--canvas-margin --json --seed --threads --log --quiet"},
      {"train",
       "--dataset --out --checkpoint --time-limit --steps --resume --seed "
       "--threads --device --recipe --set --work --log --quiet"},
      {"predict",
       "--checkpoint --challenges --out --augmentations --time-limit "
       "--seed --threads --device --recipe --set --log --quiet"},
      {"vote", "--ballots --challenges --out --log --quiet"},
      {"submit", "--merge --challenges --out --log --quiet"},
      {"validate", "--challenges submission --log --quiet"},
      {"score",
       "--solutions --challenges submission --json --tasks --log --quiet"},
      {"report", "--run --out --log --quiet"},
      {"show", "--solutions --color file task --log --quiet"},
      {"checkpoint info", "checkpoint --json --log --quiet"},
      {"checkpoint import",
       "weights --out --identifiers --device --recipe --set --log --quiet"},
      {"checkpoint export",
       "checkpoint --out --mean-row --prefix --log --quiet"},
      {"checkpoint average", "checkpoints --out --log --quiet"},
      {"puzzle generate",
       "kind --count --size --min-rating --out --seed --threads --log "
       "--quiet"},
      {"puzzle check", "puzzles --threads --log --quiet"},
      {"puzzle train",
       "kind --train --test --out --checkpoint --augmentations "
       "--min-rating --max-rating --sample --held-out --report --time-limit "
       "--steps "
       "--resume --seed "
       "--threads --device --recipe --set --work --log --quiet"},
      {"puzzle predict",
       "--checkpoint --puzzles --out --time-limit --threads --device "
       "--recipe --set --log --quiet"},
      {"puzzle score", "--answers puzzles --json --log --quiet"},
      {"settings", "recipe --log --quiet"},
      {"bundle",
       "--out --checkpoint --keep-rows --recipe --torch --binaries --source "
       "--third-party --owner --title --slug --competition --accelerator "
       "--log --quiet"},
      {"doctor", "--json --log --quiet"},
      {"kaggle run",
       "--input --competition --working --out --report --checkpoint "
       "--train-on --limit --safety --started --room --steps --augmentations "
       "--seed --threads --device --recipe --set --work --log --quiet"},
      {"kaggle plan",
       "--input --competition --working --checkpoint --limit --safety "
       "--started --steps --augmentations --device --recipe --set --log "
       "--quiet"},
  };
  return *options;
}

std::vector<std::string> Words(const std::string& text) {
  return absl::StrSplit(text, ' ', absl::SkipEmpty());
}

TEST_F(HelpTest, TopLevelNamesEveryCommandAndTheExitCodes) {
  for (const std::string flag : {"--help", "-h"}) {
    const ProgramResult result = Arctrm({flag});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.err, "");
    for (const auto& [command, options] : DocumentedOptions()) {
      EXPECT_THAT(result.out, HasSubstr("\n  " + Words(command)[0] + " "));
    }
    EXPECT_THAT(result.out, HasSubstr("Examples:\n"));
    EXPECT_THAT(result.out, HasSubstr("Exit codes:\n  0  done\n"));
    EXPECT_THAT(result.out, HasSubstr("--version"));
  }
}

TEST_F(HelpTest, EveryCommandExplainsItsOptionsWithExamples) {
  for (const auto& [command, options] : DocumentedOptions()) {
    SCOPED_TRACE(command);
    std::vector<std::string> args = Words(command);
    args.push_back("--help");
    const ProgramResult result = Arctrm(args);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.err, "");
    for (const std::string& option : Words(options)) {
      EXPECT_THAT(result.out, HasSubstr("\n  " + option + " "));
    }
    EXPECT_THAT(result.out, HasSubstr("-h,--help"));
    EXPECT_THAT(result.out, HasSubstr("Examples:\n  arctrm " + command));
    args.back() = "-h";
    EXPECT_EQ(Arctrm(args).out, result.out);
    // Every line must fit a terminal of 80 columns.
    for (const std::string& line :
         std::vector<std::string>(absl::StrSplit(result.out, '\n'))) {
      EXPECT_LE(line.size(), 79u) << line;
    }
  }
}

TEST_F(HelpTest, CheckpointListsItsCommands) {
  const ProgramResult result = Arctrm({"checkpoint", "--help"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("info"));
}

TEST_F(HelpTest, HelpBeatsMissingOptions) {
  const ProgramResult result = Arctrm({"vote", "--ballots", "x", "--help"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("--ballots"));
}

TEST_F(HelpTest, UnusedCommonOptionsAreAcceptedButNotListed) {
  EXPECT_THAT(Arctrm({"validate", "--help"}).out, Not(HasSubstr("--seed")));
  EXPECT_EQ(Arctrm({"validate", "--seed", "3", "--threads=2", "--quiet",
                    "--challenges", "challenges.json", "submission.json"})
                .exit_code,
            0);
}

TEST_F(HelpTest, VersionIsOneLine) {
  const ProgramResult result = Arctrm({"--version"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(result.out, ::testing::MatchesRegex("arctrm [0-9.]+\n"));
}

TEST_F(HelpTest, OutputThatCannotBeWrittenIsAnError) {
  if (!FileExists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  ProgramOptions options;
  options.out_path = "/dev/full";
  const ProgramResult result = Arctrm({"--help"}, options);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("standard output"));
}

// The documented maximum is 0.2 s. Processor time is measured, because
// wall-clock time depends on the other work of the machine.
TEST_F(HelpTest, HelpAndUsageErrorsAreFast) {
  const std::vector<std::vector<std::string>> calls = {
      {"--help"},
      {"run", "--help"},
      {"train", "--help"},
      {"run", "--bogus"},
      {"run"},
      {"bogus"},
      {"predict", "--time-limit", "soon"}};
  for (const std::vector<std::string>& call : calls) {
    std::vector<absl::Duration> times;
    for (int i = 0; i < 5; ++i) times.push_back(Arctrm(call).cpu_time);
    std::sort(times.begin(), times.end());
    EXPECT_LT(times[2], absl::Milliseconds(200)) << absl::StrJoin(call, " ");
  }
}

}  // namespace
}  // namespace arctrm
