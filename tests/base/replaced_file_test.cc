// SPDX-License-Identifier: MIT
#include "base/replaced_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "base/files.h"
#include "gtest/gtest.h"
#include "tests/testing/file_limit.h"
#include "tests/testing/scratch.h"

namespace arctrm {
namespace {

using Names = std::vector<std::string>;

absl::Status Accept(const std::string&) { return absl::OkStatus(); }

struct stat Info(const std::string& path) {
  struct stat info = {};
  EXPECT_EQ(lstat(path.c_str(), &info), 0) << path;
  return info;
}

TEST(ReplacedFile, KeepsRoomForTheNextContentUntilItIsReleased) {
  const ScratchFolder dir;
  const std::string path = dir("f");
  constexpr int64_t kRoom = 40000;
  ASSERT_EQ(ReplaceFile(path, "one", kRoom, Accept), absl::OkStatus());
  ASSERT_EQ(ReplaceFile(path, "second", kRoom, Accept), absl::OkStatus());
  ASSERT_EQ(ReplaceFile(path, "3", kRoom, Accept), absl::OkStatus());
  EXPECT_EQ(*ReadFile(path), "3");
  // Blocks of 512 bytes.
  EXPECT_GE(512 * Info(SpareName(path)).st_blocks, kRoom);
  EXPECT_GE(512 * Info(path).st_blocks, kRoom);
  ReleaseRoom(path);
  EXPECT_EQ(*ListFiles(dir()), Names{"f"});
  EXPECT_LT(512 * Info(path).st_blocks, kRoom);
  EXPECT_EQ(*ReadFile(path), "3");
}

TEST(ReplacedFile, WhatIsRefusedLeavesTheOldContent) {
  const ScratchFolder dir;
  ASSERT_EQ(ReplaceFile(dir("f"), "old", 100, Accept), absl::OkStatus());
  const auto refuse = [&](const std::string& written) {
    EXPECT_EQ(*ReadFile(written), "new");
    return absl::InternalError("no");
  };
  EXPECT_EQ(ReplaceFile(dir("f"), "new", 100, refuse),
            absl::InternalError("no"));
  EXPECT_EQ(*ReadFile(dir("f")), "old");
}

TEST(ReplacedFile, FilesOfOthersAreNotWrittenOver) {
  const ScratchFolder dir;
  ASSERT_TRUE(WriteFileAtomically(dir("theirs"), "theirs").ok());
  ASSERT_EQ(link(dir("theirs").c_str(), dir("hard").c_str()), 0);
  ASSERT_EQ(symlink("theirs", dir("soft").c_str()), 0);
  ASSERT_EQ(symlink("theirs", SpareName(dir("free")).c_str()), 0);
  for (const char* name : {"hard", "soft", "free"}) {
    for (const char* content : {"a", "b", "c"}) {
      ASSERT_EQ(ReplaceFile(dir(name), content, 100, Accept), absl::OkStatus());
      EXPECT_EQ(*ReadFile(dir(name)), content);
    }
    ReleaseRoom(dir(name));
  }
  EXPECT_EQ(*ReadFile(dir("theirs")), "theirs");
  EXPECT_EQ(*ListFiles(dir()), (Names{"free", "hard", "soft", "theirs"}));
}

TEST(ReplacedFile, WithoutRoomTheOldContentStays) {
  const ScratchFolder dir;
  ASSERT_TRUE(WriteFileAtomically(dir("f"), "old").ok());
  const std::string large(20000, 'x');
  absl::Status status;
  {
    const FileLimit limit(4096);
    status = ReplaceFile(dir("f"), large, 100, Accept);
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_EQ(*ReadFile(dir("f")), "old");
  EXPECT_EQ(*ListFiles(dir()), Names{"f"});
}

}  // namespace
}  // namespace arctrm
