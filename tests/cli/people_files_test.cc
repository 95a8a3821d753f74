// SPDX-License-Identifier: MIT
// Unusual but common input files, through the whole program.
#include <filesystem>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/compress.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/cli_fixture.h"
#include "tests/solver/torch_file.h"
#include "tests/testing/gzip.h"

namespace arctrm {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class PeopleFilesTest : public CliTest {
 protected:
  ProgramResult Augment(const std::string& option, const std::string& path) {
    return Arctrm({"augment", option, path, "--augmentations", "1", "--out",
                   "data", "--log", "log.txt"});
  }
  ProgramResult ScoreText(const std::string& name, const std::string& text) {
    Write(name, text);
    return Arctrm({"score", "--solutions", "solutions.json", name});
  }
};

TEST_F(PeopleFilesTest, EveryCommandReadsPackedFiles) {
  Write("c.gz", Gzip(kChallenges));
  Write("c.zst", ZstdCompress(kChallenges));
  Write("s.gz", Gzip(kSolutionsJson));
  Write("sub.gz", Gzip(kSubmissionJson));
  EXPECT_EQ(Augment("--challenges", "c.gz").exit_code, 0);
  EXPECT_EQ(Augment("--train-on", "c.zst=s.gz").exit_code, 0);
  for (const std::string name : {"c.gz", "s.gz", "sub.gz"}) {
    const ProgramResult shown = Arctrm({"show", name, "aaaa0001"});
    EXPECT_EQ(shown.exit_code, 0) << shown.err;
    EXPECT_THAT(shown.out, HasSubstr("task aaaa0001"));
  }
  EXPECT_EQ(Arctrm({"validate", "--challenges", "c.zst", "submission.json"})
                .exit_code,
            0);
  const ProgramResult score = Arctrm(
      {"score", "--solutions", "s.gz", "sub.gz", "--challenges", "c.gz"});
  EXPECT_EQ(score.exit_code, 0) << score.err;
  // The competition doesn't accept packed files.
  const ProgramResult packed =
      Arctrm({"validate", "--challenges", "c.zst", "sub.gz"});
  EXPECT_EQ(packed.exit_code, 2);
  EXPECT_THAT(packed.out, HasSubstr("gzip data: unpack it first"));
}

TEST_F(PeopleFilesTest, FolderOfFolders) {
  ASSERT_TRUE(MakeDirectories(Path("top/training")).ok());
  ASSERT_TRUE(MakeDirectories(Path("top/evaluation")).ok());
  Write("top/training/t.JSON", kTaskFile);
  Write("top/evaluation/e.json", kTaskFile);
  Write("top/README.md", "words");
  const ProgramResult result = Augment("--challenges", "top");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("2 tasks"));
  EXPECT_THAT(result.err, HasSubstr("skipped 1 file (*.json, *.jsonl and "
                                    "*.ndjson are read): README.md"));
  std::filesystem::create_symlink("nowhere", Path("top/link.json"));
  const ProgramResult broken = Augment("--challenges", "top");
  EXPECT_EQ(broken.exit_code, 2);
  EXPECT_THAT(broken.err, HasSubstr("link.json: a link to a missing file"));
}

TEST_F(PeopleFilesTest, OmittedTasksAreNamedAndAllInTheLog) {
  std::string wide = "0";
  for (int i = 0; i < 30; ++i) wide += ",0";
  const std::string bad =
      absl::StrReplaceAll(kTaskFile, {{"[[1,2]]", "[[" + wide + "]]"}});
  for (int i = 0; i < 8; ++i) Write(absl::StrCat("tasks/w", i, ".json"), bad);
  const ProgramResult result = Augment("--train-on", "tasks");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("2 tasks"));
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("left out 8 of 10 tasks: w0 (train[0].input row "
                              "0: a row has 1 to 30 cells, found 31); w1"),
                    HasSubstr("and 3 more"), Not(HasSubstr("w7"))));
  EXPECT_THAT(Read("log.txt"), HasSubstr("w7 (train[0].input"));
  const ProgramResult refused = Augment("--challenges", "tasks");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("tasks: 8 faults: w0.json: task w0: "));
}

TEST_F(PeopleFilesTest, GitLfsPointerIsNamedAndThePathOnce) {
  Write("c.json",
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\n"
        "size 28374123\n");
  const ProgramResult result = Augment("--challenges", "c.json");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.err,
            "error: c.json: a git-lfs pointer, not the file itself (28374123 "
            "bytes): fetch it with git lfs pull\n");
}

TEST_F(PeopleFilesTest, ScoreReadsPartialSubmissions) {
  const auto task_b = [](const std::string& attempt_1,
                         const std::string& attempt_2) {
    return "{\"bbbb0002\":[{\"attempt_1\":" + attempt_1 +
           ",\"attempt_2\":" + attempt_2 + "}]}";
  };
  const ProgramResult null = ScoreText("a.json", task_b("[[4]]", "null"));
  EXPECT_EQ(null.exit_code, 0) << null.err;
  EXPECT_THAT(null.out,
              AllOf(HasSubstr("1 of 3"),
                    HasSubstr("warning: 1 attempt empty or null: counted as "
                              "wrong; `arctrm validate` says where"),
                    HasSubstr("warning: 1 of 2 tasks is missing: aaaa0001")));
  const ProgramResult floats = ScoreText("b.json", task_b("[[4.0]]", "[]"));
  EXPECT_EQ(floats.exit_code, 0);
  EXPECT_THAT(floats.out, AllOf(HasSubstr("1 of 3"), HasSubstr("like 1.0")));
  const ProgramResult valid =
      Arctrm({"validate", "--challenges", "challenges.json", "b.json"});
  EXPECT_EQ(valid.exit_code, 2);
  EXPECT_THAT(valid.out, HasSubstr("found 4.0"));
  // Answer objects of one task, named by the file, and a folder of such files.
  const std::string objects =
      R"([{"attempt_1":{"answer":[[4]],"metadata":{}},"attempt_2":null}])";
  const ProgramResult one = ScoreText("bbbb0002.json", objects);
  EXPECT_EQ(one.exit_code, 0) << one.err;
  EXPECT_THAT(one.out, HasSubstr("1 of 3"));
  ASSERT_TRUE(MakeDirectories(Path("answers")).ok());
  Write("answers/bbbb0002.json", objects);
  const ProgramResult folder =
      Arctrm({"score", "--solutions", "solutions.json", "answers", "--json"});
  EXPECT_EQ(folder.exit_code, 0) << folder.err;
  EXPECT_THAT(folder.out, AllOf(HasSubstr("\"missing_tasks\":1"),
                                HasSubstr("\"unusable_attempts\":1"),
                                HasSubstr("\"bbbb0002[0]\"")));
  const ProgramResult stranger = ScoreText("zzzz.json", objects);
  EXPECT_EQ(stranger.exit_code, 2);
  EXPECT_THAT(stranger.err, HasSubstr("must be named TASK.json"));
}

TEST_F(PeopleFilesTest, MessagesOnPythonWeightsNameImport) {
  internal::TorchFile file;
  const auto state = [&](float value) {
    return internal::PickledDict(
        {{"inner.embed_tokens.embedding_weight", file.Tensor({3, 2}, value)},
         {"inner.H_init", file.Tensor({2}, value)}});
  };
  const std::string raw = state(1);
  Write("step_9", file.Zip(internal::PickledDict(
                      {{"model_state_dict", raw}, {"ema\x1b[31m", state(2)}})));
  const ProgramResult shown = Arctrm({"show", "step_9"});
  EXPECT_EQ(shown.exit_code, 2);
  EXPECT_THAT(shown.err, HasSubstr("`arctrm checkpoint info step_9`"));
  const ProgramResult info = Arctrm({"checkpoint", "info", "step_9"});
  EXPECT_EQ(info.exit_code, 0) << info.err;
  EXPECT_THAT(
      info.out,
      AllOf(HasSubstr("weights     model_state_dict: 2 tensors"),
            HasSubstr("weights     ema\\x1b[31m: 2 tensors, tokens 3 x 2, "
                      "averaged; the default"),
            HasSubstr("next        arctrm checkpoint import step_9 --out")));
  const ProgramResult used =
      Arctrm({"predict", "--checkpoint", "step_9", "--challenges",
              "challenges.json", "--out", "votes.zst"});
  EXPECT_EQ(used.exit_code, 2);
  EXPECT_THAT(used.err, HasSubstr("checkpoint import step_9 --out FOLDER"));
}

}  // namespace
}  // namespace arctrm
