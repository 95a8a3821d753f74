// SPDX-License-Identifier: MIT
#include "base/status.h"

#include <cerrno>
#include <map>
#include <memory>
#include <string>

#include "base/out_of_memory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace arctrm {
namespace {

TEST(Status, ViewsGoBothWays) {
  const std::string text("a\0b", 3);
  EXPECT_EQ(AbslView(text).size(), 3U);
  EXPECT_EQ(StdView(AbslView(text)), text);
}

TEST(Status, AnnotatePutsContextFirstAndKeepsTheCode) {
  const absl::Status status =
      Annotate(absl::DataLossError("row 3 is short"), "task 00576224");
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(status.message(), "task 00576224: row 3 is short");
  EXPECT_TRUE(Annotate(absl::OkStatus(), "anything").ok());
}

TEST(Status, MemoryThatRanOutIsNoFullDisk) {
  const absl::Status memory = OutOfMemoryError("out of memory");
  EXPECT_TRUE(absl::IsResourceExhausted(memory));
  EXPECT_EQ(memory.message(), "out of memory");
  EXPECT_TRUE(IsOutOfMemory(memory));
  EXPECT_TRUE(IsOutOfMemory(Annotate(memory, "step 7")));
  EXPECT_FALSE(IsOutOfMemory(ErrnoStatus(ENOSPC, "can't write", "x")));
  EXPECT_FALSE(IsOutOfMemory(absl::OkStatus()));
}

TEST(Status, ErrnoStatusSaysWhatWhereAndWhy) {
  const absl::Status missing = ErrnoStatus(ENOENT, "can't read", "a/b.json");
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(missing.message(),
            "can't read a/b.json: No such file or directory");
  EXPECT_EQ(ErrnoStatus(ENOSPC, "can't write", "x").code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrnoStatus(EDQUOT, "can't write", "x").code(),
            absl::StatusCode::kResourceExhausted);
  const std::map<int, std::string> said = {
      {EACCES, "Permission denied; check its permissions"},
      {EROFS, "Read-only file system; name a place on another disk"},
      {ENAMETOOLONG, "File name too long; choose a shorter name"},
      {ELOOP, "symbolic links; a symbolic link there leads to itself"},
      {EMFILE, "Too many open files; allow more (`ulimit -n`)"}};
  for (const auto& [error, words] : said) {
    const absl::Status status = ErrnoStatus(error, "can't write", "a/x");
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()),
                testing::StartsWith("can't write a/x: "));
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr(words));
  }
}

absl::StatusOr<std::unique_ptr<int>> Half(int n) {
  if (n % 2 != 0) return absl::InvalidArgumentError("odd");
  return std::make_unique<int>(n / 2);
}

absl::Status Quarter(int n, int* quarter) {
  ARCTRM_ASSIGN_OR_RETURN(const std::unique_ptr<int> half, Half(n));
  ARCTRM_ASSIGN_OR_RETURN(const auto result, Half(*half));
  *quarter = *result;
  return absl::OkStatus();
}

absl::Status Twice(int n, int* quarter) {
  ARCTRM_RETURN_IF_ERROR(Quarter(n, quarter));
  *quarter *= 2;
  return absl::OkStatus();
}

TEST(Status, MacrosPassErrorsOn) {
  int result = 0;
  EXPECT_TRUE(Twice(12, &result).ok());
  EXPECT_EQ(result, 6);
  EXPECT_EQ(Twice(5, &result).message(), "odd");
  EXPECT_EQ(Twice(6, &result).message(), "odd");
  EXPECT_EQ(result, 6);
}

TEST(StatusDeathTest, CheckEndsTheProgramAndNamesTheCondition) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  ARCTRM_CHECK(1 + 1 == 2);
  EXPECT_DEATH(ARCTRM_CHECK(1 + 1 == 3), "status_test.*1 \\+ 1 == 3");
}

}  // namespace
}  // namespace arctrm
