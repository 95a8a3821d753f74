// SPDX-License-Identifier: MIT
// Protection of the files of runs from other commands, without a model.
#include <string>

#include "base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/kept_runs.h"
#include "pipeline/run_folder.h"
#include "pipeline/run_report.h"
#include "tests/testing/scratch.h"

namespace arctrm {
namespace {

using ::testing::HasSubstr;

class KeptFilesTest : public testing::Test {
 protected:
  // Writes a record to the folder `name`.
  RunFolder Put(const std::string& name, const std::string& title,
                const std::string& status) {
    const RunFolder folder(dir_(name));
    EXPECT_TRUE(MakeDirectories(folder.dir()).ok());
    RunRecord record;
    record.title = title;
    record.status = status;
    EXPECT_TRUE(folder.WriteRecord(record).ok());
    return folder;
  }
  std::string Refusal(const std::string& name, const std::string& own = "") {
    return std::string(
        CheckNoRunsFile(dir_(name), {dir_(own)}, /*overwrite=*/false)
            .message());
  }

  const ScratchFolder dir_;
};

TEST_F(KeptFilesTest, FilesOfARunAreProtected) {
  Put("w", "arctrm run, s.json", "done");
  EXPECT_THAT(Refusal("w/checkpoint"), HasSubstr("run in"));
  EXPECT_THAT(Refusal("w/checkpoint/model.safetensors"), HasSubstr("run in"));
  EXPECT_THAT(Refusal("w/run.json"), HasSubstr("--overwrite"));
  EXPECT_EQ(Refusal("w/notes.txt"), "");
  EXPECT_EQ(Refusal("w/checkpoint", "w"), "");
  EXPECT_EQ(Refusal("elsewhere/checkpoint"), "");
  EXPECT_TRUE(CheckNoRunsFile(dir_("w/checkpoint"), {}, true).ok());
  // A damaged record counts, a file of another program does not.
  ASSERT_TRUE(
      WriteFileAtomically(dir_("w/run.json"), "{\"format\": \"arctrm-run\"")
          .ok());
  EXPECT_NE(Refusal("w/checkpoint"), "");
  ASSERT_TRUE(WriteFileAtomically(dir_("w/run.json"), "{\"a\": 1}").ok());
  EXPECT_EQ(Refusal("w/checkpoint"), "");
}

TEST_F(KeptFilesTest, TheResultBesideAWorkFolderIsProtected) {
  const RunFolder folder = Put("s.json.run", "arctrm run, s.json", "voting");
  EXPECT_EQ(Refusal("s.json"), "");
  ASSERT_TRUE(WriteFileAtomically(dir_("s.json"), "{}").ok());
  EXPECT_THAT(Refusal("s.json"), HasSubstr("voting"));
  EXPECT_EQ(Refusal("s.json", "s.json.run"), "");
  EXPECT_TRUE(CheckNoRunsFile(dir_("s.json"), {}, true).ok());
  const auto lock = folder.Lock();
  ASSERT_TRUE(lock.ok());
  EXPECT_TRUE(absl::IsAlreadyExists(CheckNoRunsFile(dir_("s.json"), {}, true)));
}

TEST_F(KeptFilesTest, ATrainingNeedsItsOwnRecordOrNone) {
  const std::string title = "arctrm train, m";
  const auto refusal = [&](const RunFolder& folder, TrainingFolderUse use) {
    return std::string(CheckTrainingFolder(folder, title, use).message());
  };
  const RunFolder run = Put("run", "arctrm run, s.json", "done");
  EXPECT_THAT(refusal(run, {}), HasSubstr("finished run"));
  EXPECT_THAT(refusal(run, {.resume = true}), HasSubstr("another run"));
  EXPECT_EQ(refusal(run, {.overwrite = true}), "");
  const RunFolder other = Put("other", "arctrm train, n", "time used up");
  EXPECT_THAT(refusal(other, {.resume = true, .beside = false}),
              HasSubstr("another run"));
  // The folder may have been renamed with its checkpoint.
  EXPECT_EQ(refusal(other, {.resume = true}), "");
  EXPECT_EQ(refusal(other, {}), "");
  TrainStats stats;
  stats.step = 3;
  ASSERT_TRUE(other.AppendMetrics(stats).ok());
  EXPECT_THAT(refusal(other, {}), HasSubstr("3 steps"));
  EXPECT_THAT(other.CheckNoRun().message(), HasSubstr("--work"));
  // A training that was killed before its first checkpoint starts again.
  const RunFolder killed = Put("killed", title, "training");
  ASSERT_TRUE(killed.AppendMetrics(stats).ok());
  EXPECT_EQ(refusal(killed, {}), "");
  EXPECT_FALSE(killed.CheckNoRun().ok());
  EXPECT_EQ(refusal(RunFolder(dir_("new")), {}), "");
}

TEST_F(KeptFilesTest, ReportsNameTheirOwner) {
  Put("a", "arctrm run, s.json", "done");
  Put("b", "arctrm run, s.json", "done");
  ASSERT_TRUE(WriteRunReport(dir_("a"), dir_("r.html")).ok());
  EXPECT_TRUE(IsReportOf(dir_("a"), dir_("r.html")));
  EXPECT_TRUE(IsReportOf(dir_("b/../a/"), dir_("r.html")));
  EXPECT_FALSE(IsReportOf(dir_("b"), dir_("r.html")));
  EXPECT_FALSE(IsReportOf(dir_("a"), dir_("a/run.json")));
}

TEST_F(KeptFilesTest, TheSubmissionIsNamedRelativeToTheWorkFolder) {
  EXPECT_EQ(SeenFrom(dir_("w"), dir_("s.json")), "../s.json");
  EXPECT_EQ(SeenFrom(dir_("w/"), dir_("x/../s.json")), "../s.json");
  EXPECT_NE(SeenFrom(dir_("w"), dir_("t.json")), "../s.json");
}

}  // namespace
}  // namespace arctrm
