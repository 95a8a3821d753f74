// SPDX-License-Identifier: MIT
// augment, vote, submit, validate and score with good input.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "arc/read.h"
#include "augment/augmentation.h"
#include "augment/dataset.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "simdjson.h"
#include "tests/cli/cli_fixture.h"
#include "tta/ballots.h"

namespace arctrm {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class FilesTest : public CliTest {
 protected:
  // Adds a vote for `grid` from the view with the dihedral transform `view`.
  static void Add(Ballots& ballots, const std::string& task, int test,
                  const std::string& grid, int view,
                  const std::string& source = "run") {
    Augmentation augmentation;
    augmentation.dihedral = view;
    ballots.Add(task, test,
                {Grid::FromText(grid), 0.5f, augmentation.Key(), source});
  }
  Submission ReadBack(const std::string& name) {
    absl::StatusOr<Submission> submission = ReadSubmission(Path(name));
    EXPECT_EQ(submission.status(), absl::OkStatus());
    return submission.ok() ? *submission : Submission();
  }
  int64_t Number(const std::string& json, const std::string& key) {
    simdjson::dom::parser parser;
    int64_t value = -1;
    EXPECT_EQ(parser.parse(json)[key].get(value), simdjson::SUCCESS)
        << key << " in " << json;
    return value;
  }
};

TEST_F(FilesTest, AugmentWritesADatasetAndCountsIt) {
  const ProgramResult result =
      Arctrm({"augment", "--challenges", "challenges.json", "--train-on",
              "tasks", "--augmentations", "5", "--out", "data", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Number(result.out, "tasks"), 4);
  EXPECT_EQ(Number(result.out, "short_tasks"), 0);
  // The blank row, and a row for each task and its five augmentations.
  EXPECT_EQ(Number(result.out, "ids"), 1 + 4 * 6);
  // aaaa0001 has 2 demonstrations, bbbb0002 has 1, the folder's tasks have one
  // demonstration and one test pair each.
  EXPECT_EQ(Number(result.out, "examples"), 6 * (2 + 1 + 2 + 2));
  EXPECT_GT(Number(result.out, "bytes"), 0);
  const absl::StatusOr<Dataset> dataset = ReadDataset(Path("data"));
  ASSERT_EQ(dataset.status(), absl::OkStatus());
  EXPECT_EQ(dataset->tasks.size(), 4u);
  EXPECT_EQ(dataset->num_ids(), 25);
  // The largest side is 3; the border adds one.
  EXPECT_EQ(dataset->canvas.side, 4);
}

TEST_F(FilesTest, AugmentOfOneTaskFileAndWithoutJson) {
  const ProgramResult result =
      Arctrm({"augment", "--train-on", "tasks/cccc0003.json",
              "--augmentations=0", "--canvas-margin", "2", "--out", "data/"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("1 task ("));
  const absl::StatusOr<Dataset> dataset = ReadDataset(Path("data"));
  ASSERT_EQ(dataset.status(), absl::OkStatus());
  EXPECT_EQ(dataset->canvas.side, 5);
  EXPECT_EQ(dataset->tasks[0].augmentations.size(), 1u);
  EXPECT_EQ(dataset->tasks[0].pairs.size(), 2u);
}

TEST_F(FilesTest, AugmentDependsOnSeedButNotOnThreads) {
  const auto augment = [&](const std::string& out, const std::string& seed,
                           const std::string& threads) {
    const ProgramResult result = Arctrm(
        {"augment", "--challenges", "challenges.json", "tasks", "--out", out,
         "--augmentations", "20", "--seed", seed, "--threads", threads});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    std::string bytes;
    const std::vector<std::string> names = ListFiles(Path(out)).value();
    for (const std::string& name : names) {
      absl::StrAppend(&bytes, name, "\n", Read(JoinPath(out, name)));
    }
    return bytes;
  };
  const std::string first = augment("d1", "1", "1");
  EXPECT_EQ(augment("d2", "1", "2"), first);
  EXPECT_NE(augment("d3", "2", "1"), first);
  // A dataset may replace a dataset.
  EXPECT_EQ(augment("d3", "1", "1"), first);
}

TEST_F(FilesTest, AugmentUsesRequestedCanvas) {
  const ProgramResult result =
      Arctrm({"augment", "--challenges", "challenges.json", "--canvas-side",
              "11", "--augmentations", "1", "--out", "data"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(ReadDataset(Path("data"))->canvas.side, 11);
}

TEST_F(FilesTest, VoteMergesBallotsAndWritesTwoAttempts) {
  Ballots a;
  for (int view = 0; view < 3; ++view) Add(a, "aaaa0001", 0, "987", view);
  Add(a, "aaaa0001", 0, "789", 3);
  Add(a, "bbbb0002", 0, "4", 0);
  ASSERT_EQ(a.Write(Path("a.zst")), absl::OkStatus());
  Ballots b;
  for (int view = 0; view < 2; ++view) {
    Add(b, "aaaa0001", 0, "789", view, "other");
  }
  ASSERT_EQ(b.Write(Path("b.zst")), absl::OkStatus());
  const ProgramResult result =
      Arctrm({"vote", "--ballots", "a.zst", "b.zst", "--challenges",
              "challenges.json", "--out", "vote.json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr("1 of 3 test inputs have no vote"));
  const Submission submission = ReadBack("vote.json");
  // Votes and confidence are equal, so the content decides: 789 first.
  EXPECT_EQ(submission.at("aaaa0001")[0],
            (Attempts{Grid::FromText("789"), Grid::FromText("987")}));
  EXPECT_EQ(submission.at("aaaa0001")[1],
            (Attempts{Grid::FromText("1 2"), Grid(2, 1)}));
  EXPECT_EQ(submission.at("bbbb0002")[0].attempt_1, Grid::FromText("4"));
  EXPECT_NE(submission.at("bbbb0002")[0].attempt_2, Grid::FromText("4"));
  EXPECT_EQ(Arctrm({"validate", "--challenges", "challenges.json", "vote.json"})
                .exit_code,
            0);

  ASSERT_EQ(Arctrm({"vote", "--ballots", "a.zst:1.5", "b.zst", "--challenges",
                    "challenges.json", "--out", "vote.json", "--overwrite"})
                .exit_code,
            0);
  EXPECT_EQ(ReadBack("vote.json").at("aaaa0001")[0].attempt_1,
            Grid::FromText("987"));
}

TEST_F(FilesTest, VoteDoesNotDependOnOrderOfBallots) {
  Ballots a;
  Add(a, "aaaa0001", 0, "1", 0);
  Ballots b;
  Add(b, "aaaa0001", 0, "2", 0);
  ASSERT_EQ(a.Write(Path("a.zst")), absl::OkStatus());
  ASSERT_EQ(b.Write(Path("b.zst")), absl::OkStatus());
  for (const std::vector<std::string>& order :
       std::vector<std::vector<std::string>>{{"a.zst", "b.zst"},
                                             {"b.zst", "a.zst"},
                                             {"b.zst", "a.zst", "b.zst"}}) {
    ASSERT_EQ(Arctrm(Joined({"vote", "--challenges", "challenges.json", "--out",
                             "vote.json", "--ballots"},
                            order))
                  .exit_code,
              0);
    EXPECT_EQ(ReadBack("vote.json").at("aaaa0001")[0],
              (Attempts{Grid::FromText("1"), Grid::FromText("2")}));
  }
}

TEST_F(FilesTest, QuietAndLog) {
  Ballots a;
  Add(a, "aaaa0001", 0, "1", 0);
  Add(a, "aaaa0001", 1, "1", 0);
  Add(a, "bbbb0002", 0, "1", 0);
  ASSERT_EQ(a.Write(Path("a.zst")), absl::OkStatus());
  const std::vector<std::string> vote = {
      "vote",  "--ballots", "a.zst",   "--challenges", "challenges.json",
      "--out", "vote.json", "--quiet", "--log",        "log.txt"};
  const ProgramResult result = Arctrm(vote);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(Read("log.txt"), HasSubstr("wrote vote.json"));
  // A refused command doesn't change the log.
  const std::string before = Read("log.txt");
  Write("challenges.json", "{");
  EXPECT_EQ(Arctrm(vote).exit_code, 2);
  EXPECT_EQ(Read("log.txt"), before);
}

TEST_F(FilesTest, SubmitMergesByWeight) {
  Write("other.json",
        R"({"aaaa0001":[{"attempt_1":[[1]],"attempt_2":[[9,8,7]]},)"
        R"({"attempt_1":[[5]],"attempt_2":[[0]]}],)"
        R"("bbbb0002":[{"attempt_1":[[4]],"attempt_2":[[8]]}]})");
  ASSERT_EQ(Arctrm({"submit", "--merge", "submission.json", "other.json:1.5",
                    "--challenges", "challenges.json", "--out", "m.json"})
                .exit_code,
            0);
  const Submission merged = ReadBack("m.json");
  // 1 + 0.75 against 1.5.
  EXPECT_EQ(merged.at("aaaa0001")[0],
            (Attempts{Grid::FromText("987"), Grid::FromText("1")}));
  EXPECT_EQ(merged.at("aaaa0001")[1],
            (Attempts{Grid::FromText("5"), Grid::FromText("6")}));
  // 1.5 + 0.5 against 1 and 0.75.
  EXPECT_EQ(merged.at("bbbb0002")[0],
            (Attempts{Grid::FromText("4"), Grid::FromText("3")}));
  EXPECT_EQ(Arctrm({"validate", "--challenges", "challenges.json", "m.json"})
                .exit_code,
            0);
}

TEST_F(FilesTest, FileNamesMayHoldColons) {
  Write("a:2.json", kSubmissionJson);
  Write("b.json:2", kSubmissionJson);
  EXPECT_EQ(Arctrm({"submit", "--merge", "a:2.json", "b.json:2", "a:2.json:0.5",
                    "--challenges", "challenges.json", "--out", "m.json"})
                .exit_code,
            0);
}

TEST_F(FilesTest, NamesOfCommandsMayBeValues) {
  Write("run", kSubmissionJson);
  Write("show", kChallenges);
  EXPECT_EQ(Arctrm({"validate", "--challenges", "show", "run"}).exit_code, 0);
  EXPECT_EQ(Arctrm({"submit", "--merge", "run", "--challenges", "show", "--out",
                    "vote"})
                .exit_code,
            0);
  EXPECT_TRUE(Exists("vote"));
}

TEST_F(FilesTest, ValidateCountsTasksAndTestInputs) {
  const ProgramResult result = Arctrm(
      {"validate", "--challenges", "challenges.json", "submission.json"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "valid: 2 tasks, 3 test inputs\n");
  EXPECT_EQ(result.err, "");
}

TEST_F(FilesTest, ValidateReadsSeveralChallenges) {
  Write("both.json", R"({"aaaa0001":[{"attempt_1":[[1]],"attempt_2":[[1]]},)"
                     R"({"attempt_1":[[1]],"attempt_2":[[1]]}],)"
                     R"("bbbb0002":[{"attempt_1":[[1]],"attempt_2":[[1]]}],)"
                     R"("cccc0003":[{"attempt_1":[[1]],"attempt_2":[[1]]}]})");
  const ProgramResult result =
      Arctrm({"validate", "--challenges", "challenges.json", "--challenges",
              "tasks/cccc0003.json", "both.json"});
  EXPECT_EQ(result.out, "valid: 3 tasks, 4 test inputs\n");
}

TEST_F(FilesTest, ValidateListsEveryFault) {
  Write("bad.json",
        R"({"aaaa0001":[{"attempt_1":[[1,2],[3]],"attempt_2":[[11]]}],)"
        R"("zzzz0009":[{"attempt_1":[[1]],"attempt_2":[[1]]}]})");
  const ProgramResult result =
      Arctrm({"validate", "--challenges", "challenges.json", "bad.json"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.out, HasSubstr("aaaa0001[0].attempt_1"));
  EXPECT_THAT(result.out, HasSubstr("aaaa0001[0].attempt_2"));
  EXPECT_THAT(result.out, HasSubstr("bbbb0002"));
  EXPECT_THAT(result.out, HasSubstr("zzzz0009"));
  EXPECT_THAT(result.err, HasSubstr("bad.json: not valid"));
}

TEST_F(FilesTest, ScoreAsJsonIsOneDocument) {
  const ProgramResult result = Arctrm(
      {"score", "--solutions", "solutions.json", "submission.json", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  ASSERT_EQ(parser.parse(result.out).get(json), simdjson::SUCCESS);
  EXPECT_EQ(int64_t(json["tasks"]), 2);
  EXPECT_EQ(int64_t(json["outputs"]), 3);
  EXPECT_NEAR(double(json["per_output"]["pass@1"]), 1 / 3.0, 1e-9);
  EXPECT_NEAR(double(json["per_output"]["pass@2"]), 2 / 3.0, 1e-9);
  EXPECT_NEAR(double(json["per_task"]["pass@1"]), 0.25, 1e-9);
  EXPECT_NEAR(double(json["per_task"]["pass@2"]), 0.75, 1e-9);
  EXPECT_EQ(simdjson::dom::array(json["solved_outputs"]).size(), 2u);
}

TEST_F(FilesTest, ScoreAsTextAndPerTask) {
  const ProgramResult brief =
      Arctrm({"score", "--solutions", "solutions.json", "--challenges",
              "challenges.json", "submission.json"});
  ASSERT_EQ(brief.exit_code, 0) << brief.err;
  EXPECT_THAT(brief.out, HasSubstr("75"));
  EXPECT_THAT(brief.out, Not(HasSubstr("bbbb0002")));
  const ProgramResult full = Arctrm(
      {"score", "--tasks", "--solutions", "solutions.json", "submission.json"});
  EXPECT_THAT(full.out, HasSubstr("bbbb0002"));
}

TEST_F(FilesTest, ScoreReadsFolderOfTaskFiles) {
  Write("c.json", R"({"cccc0003":[{"attempt_1":[[4,3]],"attempt_2":[[0]]}]})");
  const ProgramResult result =
      Arctrm({"score", "--solutions", "tasks", "c.json", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Number(result.out, "tasks"), 2);
  EXPECT_EQ(Number(result.out, "outputs"), 2);
}

TEST_F(FilesTest, ScoreRepeatsTheWarningsOfTheRun) {
  ASSERT_TRUE(MakeDirectories(Path("submission.json.run")).ok());
  Write("submission.json.run/run.json",
        R"({"warnings":["1 of 2 scored tasks were trained on"]})");
  const ProgramResult text =
      Arctrm({"score", "--solutions", "solutions.json", "submission.json"});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_THAT(text.out,
              HasSubstr("warning: 1 of 2 scored tasks were trained on\n"));
  EXPECT_THAT(text.err,
              HasSubstr("warning: 1 of 2 scored tasks were trained on\n"));
  const ProgramResult json = Arctrm(
      {"score", "--solutions", "solutions.json", "submission.json", "--json"});
  EXPECT_THAT(json.out, Not(HasSubstr("warning")));
  EXPECT_THAT(json.err, HasSubstr("were trained on"));

  Write("submission.json.run/run.json", "{\"warnings\":");
  const ProgramResult damaged =
      Arctrm({"score", "--solutions", "solutions.json", "submission.json"});
  EXPECT_EQ(damaged.exit_code, 0);
  EXPECT_THAT(damaged.err, HasSubstr("run.json: can't be read"));
  Write("submission.json.run/run.json", "{}");
  EXPECT_EQ(
      Arctrm({"score", "--solutions", "solutions.json", "submission.json"}).err,
      "");
}

TEST_F(FilesTest, OptionsAcceptValueAfterEquals) {
  const ProgramResult result =
      Arctrm({"score", "--solutions=solutions.json",
              "--challenges=challenges.json", "submission.json", "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
}

}  // namespace
}  // namespace arctrm
