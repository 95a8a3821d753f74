// SPDX-License-Identifier: MIT
// What of a run other commands leave alone, without a model.
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
  // A record in the folder `name`.
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
  std::string Says(const std::string& name, const std::string& own = "") {
    return std::string(
        CheckNoRunsFile(dir_(name), {dir_(own)}, /*overwrite=*/false)
            .message());
  }

  const ScratchFolder dir_;
};

TEST_F(KeptFilesTest, TheFilesOfARunAreItsOwn) {
  Put("w", "arctrm run, s.json", "done");
  EXPECT_THAT(Says("w/checkpoint"), HasSubstr("run in"));
  EXPECT_THAT(Says("w/checkpoint/model.safetensors"), HasSubstr("run in"));
  EXPECT_THAT(Says("w/run.json"), HasSubstr("--overwrite"));
  EXPECT_EQ(Says("w/notes.txt"), "");
  EXPECT_EQ(Says("w/checkpoint", "w"), "");
  EXPECT_EQ(Says("elsewhere/checkpoint"), "");
  EXPECT_TRUE(CheckNoRunsFile(dir_("w/checkpoint"), {}, true).ok());
  // A damaged record is one too; another program's file is none.
  ASSERT_TRUE(
      WriteFileAtomically(dir_("w/run.json"), "{\"format\": \"arctrm-run\"")
          .ok());
  EXPECT_NE(Says("w/checkpoint"), "");
  ASSERT_TRUE(WriteFileAtomically(dir_("w/run.json"), "{\"a\": 1}").ok());
  EXPECT_EQ(Says("w/checkpoint"), "");
}

TEST_F(KeptFilesTest, ResultsBesideTheirWorkFolder) {
  const RunFolder folder = Put("s.json.run", "arctrm run, s.json", "voting");
  EXPECT_EQ(Says("s.json"), "");
  ASSERT_TRUE(WriteFileAtomically(dir_("s.json"), "{}").ok());
  EXPECT_THAT(Says("s.json"), HasSubstr("voting"));
  EXPECT_EQ(Says("s.json", "s.json.run"), "");
  EXPECT_TRUE(CheckNoRunsFile(dir_("s.json"), {}, true).ok());
  const auto lock = folder.Lock();
  ASSERT_TRUE(lock.ok());
  EXPECT_TRUE(absl::IsAlreadyExists(CheckNoRunsFile(dir_("s.json"), {}, true)));
}

TEST_F(KeptFilesTest, ATrainingWorksWhereItsOwnRecordStands) {
  const std::string title = "arctrm train, m";
  const auto says = [&](const RunFolder& folder, TrainingFolderUse use) {
    return std::string(CheckTrainingFolder(folder, title, use).message());
  };
  const RunFolder run = Put("run", "arctrm run, s.json", "done");
  EXPECT_THAT(says(run, {}), HasSubstr("finished run"));
  EXPECT_THAT(says(run, {.resume = true}), HasSubstr("another job"));
  EXPECT_EQ(says(run, {.overwrite = true}), "");
  const RunFolder other = Put("other", "arctrm train, n", "time used up");
  EXPECT_THAT(says(other, {.resume = true, .beside = false}),
              HasSubstr("another job"));
  // It may have been renamed with its checkpoint.
  EXPECT_EQ(says(other, {.resume = true}), "");
  EXPECT_EQ(says(other, {}), "");
  TrainStats stats;
  stats.step = 3;
  ASSERT_TRUE(other.AppendMetrics(stats).ok());
  EXPECT_THAT(says(other, {}), HasSubstr("3 steps"));
  EXPECT_THAT(other.CheckNoRun().message(), HasSubstr("--work"));
  // One that was killed before its first checkpoint is begun anew.
  const RunFolder killed = Put("killed", title, "training");
  ASSERT_TRUE(killed.AppendMetrics(stats).ok());
  EXPECT_EQ(says(killed, {}), "");
  EXPECT_FALSE(killed.CheckNoRun().ok());
  EXPECT_EQ(says(RunFolder(dir_("new")), {}), "");
}

TEST_F(KeptFilesTest, ReportsTellWhoseTheyAre) {
  Put("a", "arctrm run, s.json", "done");
  Put("b", "arctrm run, s.json", "done");
  ASSERT_TRUE(WriteRunReport(dir_("a"), dir_("r.html")).ok());
  EXPECT_TRUE(IsReportOf(dir_("a"), dir_("r.html")));
  EXPECT_TRUE(IsReportOf(dir_("b/../a/"), dir_("r.html")));
  EXPECT_FALSE(IsReportOf(dir_("b"), dir_("r.html")));
  EXPECT_FALSE(IsReportOf(dir_("a"), dir_("a/run.json")));
}

TEST_F(KeptFilesTest, TheSubmissionIsKnownFromTheWorkFolder) {
  EXPECT_EQ(SeenFrom(dir_("w"), dir_("s.json")), "../s.json");
  EXPECT_EQ(SeenFrom(dir_("w/"), dir_("x/../s.json")), "../s.json");
  EXPECT_NE(SeenFrom(dir_("w"), dir_("t.json")), "../s.json");
}

}  // namespace
}  // namespace arctrm
