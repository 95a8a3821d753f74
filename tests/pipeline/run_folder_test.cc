// SPDX-License-Identifier: MIT
#include "pipeline/run_folder.h"

#include <cmath>
#include <limits>
#include <string>

#include "base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/scratch.h"

namespace arctrm {
namespace {

TEST(RunFolder, RecordsRoundTrip) {
  const ScratchFolder scratch;
  const RunFolder folder(scratch("run"));
  ASSERT_TRUE(folder.Start().ok());
  RunRecord record;
  record.title = "a \"title\" <b>";
  record.status = "voting";
  record.settings = {{"model.hidden", "64"}, {"seed", "0"}};
  record.facts = {{"Plan", {{"augmentations", "7"}, {"steps", "9"}}},
                  {"Empty", {}}};
  record.warnings = {"one", "two"};
  record.task_labels = {{"t1", "left-out rule"}};
  record.augmentations = 7;
  record.planned_steps = 9;
  record.training_done = true;
  record.elapsed_s = 1.5;
  ASSERT_TRUE(folder.WriteRecord(record).ok());
  const auto back = folder.ReadRecord();
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->title, record.title);
  EXPECT_EQ(back->status, record.status);
  EXPECT_EQ(back->settings, record.settings);
  EXPECT_EQ(back->facts, record.facts);
  EXPECT_EQ(back->warnings, record.warnings);
  EXPECT_EQ(back->task_labels, record.task_labels);
  EXPECT_EQ(back->augmentations, 7);
  EXPECT_EQ(back->planned_steps, 9);
  EXPECT_TRUE(back->training_done);
  EXPECT_FALSE(back->voting_done);
  EXPECT_EQ(back->elapsed_s, 1.5);
}

TEST(RunFolder, FormerNamesOfSettingsAreReadAsPresentOnes) {
  const ScratchFolder scratch;
  const RunFolder folder(scratch("run"));
  ASSERT_TRUE(folder.Start().ok());
  RunRecord record;
  record.settings = {{"run.max_copies", "12"},
                     {"train.new_rows", "match"},
                     {"train.batch", "8"},
                     {"seed", "3"}};
  ASSERT_TRUE(folder.WriteRecord(record).ok());
  const auto back = folder.ReadRecord();
  ASSERT_TRUE(back.ok()) << back.status();
  const std::map<std::string, std::string> present = {
      {"run.max_augmentations", "12"},
      {"train.embedding_init", "best_match"},
      {"train.batch", "8"},
      {"seed", "3"}};
  EXPECT_EQ(back->settings, present);
}

TEST(RunFolder, NumbersBeyondTheirTypeAreDataLoss) {
  RunRecord record;
  record.augmentations = 7;
  const std::string text = RunRecordText(record);
  ASSERT_TRUE(ParseRunRecord(text, "run.json").ok());
  const std::string part = "\"copies\": 7";
  std::string changed = text;
  changed.replace(changed.find(part), part.size(), "\"copies\": 4294967303");
  const absl::Status status = ParseRunRecord(changed, "run.json").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("copies"));
}

TEST(RunFolder, AChangedBitOfTheRecordIsDataLoss) {
  const ScratchFolder scratch;
  const RunFolder folder(scratch("run"));
  ASSERT_TRUE(folder.Start().ok());
  RunRecord record;
  record.run = "0f";
  record.warnings = {"one", "two"};
  ASSERT_TRUE(folder.WriteRecord(record).ok());
  const std::string text = ReadFile(folder.record_path()).value();
  for (const std::string part : {"two", "0f", "self_sha256"}) {
    std::string changed = text;
    changed[changed.find(part)] ^= 1;
    EXPECT_EQ(ParseRunRecord(changed, "run.json").status().code(),
              absl::StatusCode::kDataLoss)
        << part;
  }
}

TEST(RunFolder, NotARunIsNotFoundAndDamageIsDataLoss) {
  const ScratchFolder scratch;
  const RunFolder folder(scratch("run"));
  EXPECT_EQ(folder.ReadRecord().status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(folder.Start().ok());
  ASSERT_TRUE(WriteFileAtomically(folder.record_path(), "{\"format\":").ok());
  EXPECT_EQ(folder.ReadRecord().status().code(), absl::StatusCode::kDataLoss);
}

TEST(RunFolder, DoesNotClearAFolderOfOtherFiles) {
  const ScratchFolder scratch;
  const RunFolder folder(scratch("run"));
  ASSERT_TRUE(MakeDirectories(folder.dir()).ok());
  const std::string mine = JoinPath(folder.dir(), "thesis.tex");
  ASSERT_TRUE(WriteFileAtomically(mine, "text").ok());
  EXPECT_EQ(folder.Start().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(FileExists(mine));
}

TEST(RunFolder, ACutLineOfMetricsIsSkippedAndTrimmed) {
  const ScratchFolder scratch;
  const RunFolder folder(scratch("run"));
  ASSERT_TRUE(folder.Start().ok());
  TrainStats stats;
  for (int64_t step = 1; step <= 5; ++step) {
    stats.step = step;
    stats.loss = step == 3 ? std::numeric_limits<double>::quiet_NaN()
                           : 1.0 / static_cast<double>(step);
    ASSERT_TRUE(folder.AppendMetrics(stats).ok());
  }
  ASSERT_TRUE(AppendToFile(folder.metrics_path(), "{\"step\":6,\"lo").ok());
  auto points = folder.ReadMetrics();
  ASSERT_TRUE(points.ok());
  ASSERT_EQ(points->size(), 5u);
  EXPECT_TRUE(std::isnan((*points)[2].loss));
  EXPECT_DOUBLE_EQ((*points)[4].loss, 0.2);
  ASSERT_TRUE(folder.TrimMetrics(3).ok());
  points = folder.ReadMetrics();
  ASSERT_TRUE(points.ok());
  EXPECT_EQ(points->size(), 3u);
}

}  // namespace
}  // namespace arctrm
