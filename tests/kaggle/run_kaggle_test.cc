// SPDX-License-Identifier: MIT
// The parts around the run; kaggle_faults.py tests whole runs.
#include "kaggle/run_kaggle.h"

#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "arc/read.h"
#include "arc/write.h"
#include "base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/run_folder.h"
#include "submission/validate.h"
#include "submission/write.h"
#include "synthetic/rules.h"
#include "tests/testing/scratch.h"

namespace arctrm {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

double Now() { return absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch()); }

class KaggleJobTest : public testing::Test {
 protected:
  KaggleJobTest() {
    const auto set = GenerateSet({"invert", "cross"}, 1, 3, {});
    EXPECT_TRUE(set.ok());
    challenges_ = set->challenges;
    options_.site.input = scratch_("input");
    options_.site.working = scratch_("working");
    options_.site.scratch = scratch_("scratch");
    for (const char* folder : {"input", "working", "scratch"}) {
      EXPECT_TRUE(MakeDirectories(scratch_(folder)).ok());
    }
    EXPECT_TRUE(
        WriteFileAtomically(scratch_("input/arc-agi_test_challenges.json"),
                            ChallengesJson(challenges_))
            .ok());
    options_.run.out = scratch_("working/submission.json");
    options_.solver = scratch_("no solver");
    options_.limit = absl::Minutes(10);
    options_.safety = absl::Minutes(1);
    options_.started = Now();
    options_.ResolveSettings = [](Engine& engine, RunOptions& run) {
      return engine.Describe(run.device, run.train).status();
    };
  }

  void ExpectValid() {
    const auto faults = ValidateSubmission(options_.run.out, challenges_);
    ASSERT_TRUE(faults.ok()) << faults.status();
    EXPECT_THAT(*faults, IsEmpty());
  }

  ScratchFolder scratch_;
  ChallengeSet challenges_;
  KaggleOptions options_;
};

TEST_F(KaggleJobTest, TheClockBeganWithTheNotebook) {
  options_.started = Now() - 100;
  EXPECT_NEAR(absl::ToDoubleSeconds(KaggleTimeLeft(options_)), 440, 2);
}

TEST_F(KaggleJobTest, NoTimeLeftIsAValidPlaceholderAndNoError) {
  options_.started = Now() - 1000;
  const auto outcome = RunKaggle(options_, NullLog());
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_FALSE(outcome->complete);
  EXPECT_THAT(outcome->status, HasSubstr("no time left"));
  EXPECT_EQ(outcome->without_votes, challenges_.num_test_inputs());
  ExpectValid();
}

TEST_F(KaggleJobTest, TheSubmissionIsThereBeforeAnythingCanFail) {
  const auto outcome = RunKaggle(options_, NullLog());
  ASSERT_FALSE(outcome.ok());
  EXPECT_THAT(outcome.status().message(), HasSubstr("no solver"));
  ExpectValid();
}

TEST_F(KaggleJobTest, AnswersThatAreThereStay) {
  Submission answers = PlaceholderSubmission(challenges_);
  answers.begin()->second[0].attempt_1 = Grid::FromText("12 34");
  ASSERT_TRUE(WriteSubmission(answers, challenges_, options_.run.out).ok());
  EXPECT_FALSE(RunKaggle(options_, NullLog()).ok());
  const auto kept = ReadSubmission(options_.run.out);
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ(*kept, answers);
}

TEST_F(KaggleJobTest, AFileOfOtherTasksGivesWay) {
  ASSERT_TRUE(WriteFileAtomically(options_.run.out, "{\"other\": []}").ok());
  EXPECT_FALSE(RunKaggle(options_, NullLog()).ok());
  ExpectValid();
}

TEST_F(KaggleJobTest, WhatIsSomebodysStays) {
  options_.site.scratch = scratch_("scratch");
  const auto expect_refused = [&](const std::string& path,
                                  const std::string& text) {
    ASSERT_TRUE(WriteFileAtomically(path, text).ok());
    const auto outcome = RunKaggle(options_, NullLog());
    EXPECT_TRUE(absl::IsFailedPrecondition(outcome.status()) ||
                absl::IsInvalidArgument(outcome.status()))
        << outcome.status();
    EXPECT_THAT(outcome.status().message(), Not(HasSubstr("no solver")));
    EXPECT_EQ(*ReadFile(path), text);
  };
  const std::string out = options_.run.out;
  for (const std::string text :
       {"my notes", "{\"mine\": 1}", "<html></html>"}) {
    expect_refused(out, text);
  }
  expect_refused(out,
                 "{\"other\": [{\"attempt_1\": [[1, 2]], "
                 "\"attempt_2\": [[3]]}]}");
  ASSERT_TRUE(RemoveAll(out).ok());
  options_.run.report = scratch_("working/report.html");
  expect_refused(options_.run.report, "<html>mine</html>");
  options_.run.overwrite = true;
  EXPECT_THAT(RunKaggle(options_, NullLog()).status().message(),
              HasSubstr("no solver"));
  ExpectValid();
}

TEST_F(KaggleJobTest, WeightsThatAreFoundAreNoOutputs) {
  const std::string weights = scratch_("input/weights/model.safetensors");
  ASSERT_TRUE(MakeDirectories(scratch_("input/weights")).ok());
  ASSERT_TRUE(WriteFileAtomically(weights, "{}").ok());
  ASSERT_TRUE(
      WriteFileAtomically(scratch_("input/weights/checkpoint.json"), "{}")
          .ok());
  options_.run.out = weights;
  EXPECT_THAT(RunKaggle(options_, NullLog()).status().message(),
              HasSubstr("input"));
  EXPECT_EQ(*ReadFile(weights), "{}");
}

TEST_F(KaggleJobTest, FoldersBesideTheWorkFolderAreSomebodys) {
  options_.run.work = scratch_("w");
  const std::vector<std::string> theirs = {scratch_("w.workers/thesis"),
                                           scratch_("w-plan.workers/thesis")};
  for (const std::string& path : theirs) {
    ASSERT_TRUE(MakeDirectories(Dirname(path)).ok());
    ASSERT_TRUE(WriteFileAtomically(path, "precious").ok());
  }
  EXPECT_FALSE(RunKaggle(options_, NullLog()).ok());
  EXPECT_FALSE(PlanKaggle(options_, NullLog()).ok());
  for (const std::string& path : theirs) EXPECT_TRUE(FileExists(path)) << path;
}

TEST_F(KaggleJobTest, ARunOfAnotherCommandIsLeftAlone) {
  options_.run.work = scratch_("w");
  const RunFolder folder(options_.run.work);
  ASSERT_TRUE(MakeDirectories(folder.dir()).ok());
  RunRecord record;
  record.title = "arctrm run, s.json";
  record.status = "done";
  ASSERT_TRUE(folder.WriteRecord(record).ok());
  EXPECT_THAT(RunKaggle(options_, NullLog()).status().message(),
              HasSubstr("finished run"));
  EXPECT_EQ(folder.ReadRecord()->title, record.title);
  EXPECT_FALSE(FileExists(options_.run.out));
}

TEST_F(KaggleJobTest, APlanTouchesNothingThatIsKept) {
  EXPECT_FALSE(PlanKaggle(options_, NullLog()).ok());
  EXPECT_FALSE(FileExists(options_.run.out));
}

}  // namespace
}  // namespace arctrm
