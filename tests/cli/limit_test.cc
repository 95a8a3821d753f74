// SPDX-License-Identifier: MIT
// Time limits and thread limits of the command line.
#include <ctime>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/cli_fixture.h"

namespace arctrm {
namespace {

using ::testing::HasSubstr;

class LimitTest : public CliTest {};

TEST_F(LimitTest, TooShortLimitLeavesPlaceholderInTime) {
  for (const char* limit : {"1s", "0.2s", "0.001s"}) {
    const std::string out = absl::StrCat("out-", limit, ".json");
    const ProgramResult result =
        Arctrm({"run", "--challenges", "challenges.json", "--out", out,
                "--time-limit", limit});
    EXPECT_EQ(result.exit_code, 3) << result.err;
    EXPECT_THAT(result.out, HasSubstr("3 of 3 test inputs have no vote"));
    EXPECT_LT(result.cpu_time, absl::Seconds(1));
    EXPECT_EQ(
        Arctrm({"validate", "--challenges", "challenges.json", out}).exit_code,
        0);
  }
}

TEST_F(LimitTest, CommandWithTooShortLimitSaysSo) {
  const ProgramResult result = Arctrm(
      {"train", "--dataset", "d", "--out", "model", "--time-limit", "0.1s"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("nothing was done"));
}

TEST_F(LimitTest, StartInTheFutureIsRefused) {
  const ProgramResult result =
      Arctrm({"kaggle", "run", "--input", dir_, "--working", dir_, "--started",
              absl::StrCat(std::time(nullptr) + 100), "--limit", "1h"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("is in the future"));
  EXPECT_FALSE(Exists("submission.json.run"));
}

TEST_F(LimitTest, NumberOfThreadsIsLimited) {
  const ProgramResult result =
      Arctrm({"augment", "--challenges", "challenges.json", "--augmentations",
              "2", "--out", "data", "--threads", "4096"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("--threads 4096: this machine has"));
}

}  // namespace
}  // namespace arctrm
