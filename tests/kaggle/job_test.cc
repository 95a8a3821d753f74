// SPDX-License-Identifier: MIT
// What stands before and around the job; kaggle_faults.py rehearses the whole.
#include "kaggle/job.h"

#include <string>

#include "absl/time/clock.h"
#include "arc/read.h"
#include "arc/write.h"
#include "base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "submission/validate.h"
#include "submission/write.h"
#include "synthetic/rules.h"
#include "tests/testing/scratch.h"

namespace arctrm {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

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
    options_.settle = [](Engine& engine, RunOptions& run) {
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

TEST_F(KaggleJobTest, APlanTouchesNothingThatIsKept) {
  EXPECT_FALSE(PlanKaggle(options_, NullLog()).ok());
  EXPECT_FALSE(FileExists(options_.run.out));
}

}  // namespace
}  // namespace arctrm
