// SPDX-License-Identifier: MIT
#include "base/files.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/out_of_memory.h"
#include "base/printable.h"
#include "base/stop.h"
#include "gtest/gtest.h"
#include "tests/testing/file_limit.h"
#include "tests/testing/scratch.h"

namespace arctrm {
namespace {

using Names = std::vector<std::string>;

std::string Content(const std::string& path) {
  const auto bytes = ReadFile(path);
  return bytes.ok() ? *bytes : std::string(bytes.status().message());
}

TEST(Files, WriteThenRead) {
  const ScratchFolder dir;
  const std::string bytes("a\0\xff\n", 4);
  ASSERT_TRUE(WriteFileAtomically(dir("f"), bytes).ok());
  EXPECT_EQ(Content(dir("f")), bytes);
  ASSERT_TRUE(WriteFileAtomically(dir("f"), "").ok());
  EXPECT_EQ(Content(dir("f")), "");
  const std::string large(3 << 20, 'z');
  ASSERT_TRUE(WriteFileAtomically(dir("f"), large).ok());
  EXPECT_EQ(Content(dir("f")), large);
  EXPECT_EQ(*ListFiles(dir()), Names{"f"});
}

TEST(Files, ReadingWhatIsNoFileSaysSo) {
  const ScratchFolder dir;
  EXPECT_EQ(ReadFile(dir("missing")).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadFile(dir()).status().code(),
            absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(WriteFileAtomically(dir("f"), "x").ok());
  EXPECT_EQ(ReadFile(dir("f/below")).status().code(),
            absl::StatusCode::kFailedPrecondition);
  // Files of the kernel have size 0 but content.
  EXPECT_NE(Content("/proc/self/status").find("VmRSS"), std::string::npos);
}

TEST(Files, AWriteThatFailsLeavesTheOldFileAndNothingElse) {
  const ScratchFolder dir;
  ASSERT_TRUE(WriteFileAtomically(dir("f"), "old").ok());
  // Simulates a full disk: no file of this process may exceed 4 KiB.
  absl::Status status;
  {
    const FileLimit limit(4096);
    status = WriteFileAtomically(dir("f"), std::string(100000, 'n'));
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(status.message().find(dir("f")), absl::string_view::npos);
  EXPECT_EQ(Content(dir("f")), "old");
  EXPECT_EQ(*ListFiles(dir()), Names{"f"});
}

TEST(Files, WritingWhereNothingCanBeWritten) {
  const ScratchFolder dir;
  EXPECT_EQ(WriteFileAtomically(dir("no/such/f"), "x").code(),
            absl::StatusCode::kNotFound);
  ASSERT_TRUE(WriteFileAtomically(dir("f"), "x").ok());
  EXPECT_FALSE(WriteFileAtomically(dir("f/g"), "x").ok());
  EXPECT_FALSE(WriteFileAtomically(dir(), "x").ok());
  EXPECT_FALSE(WriteFileAtomically("", "x").ok());
  EXPECT_EQ(*ListFiles(dir()), Names{"f"});
  EXPECT_EQ(Content(dir("f")), "x");
}

TEST(Files, AFolderWithoutWriteRight) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write anywhere";
  const ScratchFolder dir;
  ASSERT_TRUE(WriteFileAtomically(dir("f"), "old").ok());
  ASSERT_EQ(chmod(dir().c_str(), 0555), 0);
  EXPECT_EQ(WriteFileAtomically(dir("f"), "new").code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(CheckWritable(dir("f")).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Content(dir("f")), "old");
  ASSERT_EQ(chmod(dir().c_str(), 0755), 0);
}

// Uses links, so that a bug replaces these and not the devices.
TEST(Files, DevicesAreWrittenToAndNeverReplaced) {
  const ScratchFolder dir;
  ASSERT_EQ(symlink("/dev/full", dir("full").c_str()), 0);
  ASSERT_EQ(symlink("/dev/null", dir("null").c_str()), 0);
  struct stat info = {};
  if (stat(dir("full").c_str(), &info) != 0 || !S_ISCHR(info.st_mode)) {
    GTEST_SKIP() << "no /dev/full here";
  }
  EXPECT_EQ(WriteFileAtomically(dir("full"), "x").code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(AppendToFile(dir("full"), "x").code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(WriteFileAtomically(dir("null"), "x").ok());
  EXPECT_TRUE(CheckWritable(dir("null")).ok());
  EXPECT_EQ(*ListFiles(dir()), Names{});
  for (const char* name : {"full", "null"}) {
    ASSERT_EQ(stat(dir(name).c_str(), &info), 0);
    EXPECT_TRUE(S_ISCHR(info.st_mode)) << name;
  }
}

TEST(Files, APipeTakesTheBytes) {
  const ScratchFolder dir;
  ASSERT_EQ(mkfifo(dir("pipe").c_str(), 0600), 0);
  std::string got;
  std::thread reader([&] { got = Content(dir("pipe")); });
  EXPECT_TRUE(WriteFileAtomically(dir("pipe"), "through").ok());
  reader.join();
  EXPECT_EQ(got, "through");
}

TEST(Files, APipeIsReadToItsEnd) {
  const ScratchFolder dir;
  ASSERT_EQ(mkfifo(dir("pipe").c_str(), 0600), 0);
  std::thread writer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_TRUE(WriteFileAtomically(dir("pipe"), "through").ok());
  });
  EXPECT_EQ(Content(dir("pipe")), "through");
  writer.join();
}

TEST(Files, AStopSignalEndsWaitingForAPipe) {
  const ScratchFolder dir;
  ASSERT_EQ(mkfifo(dir("pipe").c_str(), 0600), 0);
  std::thread stop([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    RequestStop(SIGHUP);
  });
  const absl::Status status = ReadFile(dir("pipe")).status();
  stop.join();
  RequestStop(0);
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_NE(status.message().find("SIGHUP"), std::string::npos) << status;
}

TEST(Files, WhatEndsNeverOrIsNoFileIsRefused) {
  const ScratchFolder dir;
  EXPECT_EQ(ReadFile("/dev/zero").status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Content("/dev/null"), "");
  ASSERT_EQ(mkfifo(dir("pipe").c_str(), 0600), 0);
  for (const std::string& path :
       {dir("pipe"), dir(), std::string("/dev/full")}) {
    EXPECT_EQ(CheckIsFile(path).code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(CheckWritable(path).code(),
              absl::StatusCode::kFailedPrecondition);
  }
  for (const char* path : {"/dev/null", "/dev/stdout", "/dev/stderr"}) {
    EXPECT_EQ(CheckIsFile(path), absl::OkStatus()) << path;
  }
  EXPECT_EQ(CheckIsFile("/dev/fd/987").code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(Files, WhatMemoryHasNoRoomForIsNotBegun) {
  const ScratchFolder dir;
  ASSERT_TRUE(WriteFileAtomically(dir("huge"), "x").ok());
  if (truncate(dir("huge").c_str(), off_t{1} << 43) != 0) {
    GTEST_SKIP() << "no sparse files here";
  }
  EXPECT_TRUE(IsOutOfMemory(ReadFile(dir("huge")).status()));
}

TEST(Files, LookingWhetherAFileCanBeMadeLeavesNone) {
  const ScratchFolder dir;
  {
    const FileLimit limit(0);
    EXPECT_EQ(CheckWritable(dir("f")).code(),
              absl::StatusCode::kFailedPrecondition);
  }
  EXPECT_EQ(CheckWritable(dir("f")), absl::OkStatus());
  EXPECT_EQ(*ListFiles(dir()), Names{});
  EXPECT_GT(*FreeBytes(dir("not/there")), 0);
}

TEST(Files, AppendCreatesAndAdds) {
  const ScratchFolder dir;
  ASSERT_TRUE(AppendToFile(dir("f"), "a").ok());
  ASSERT_TRUE(AppendToFile(dir("f"), "").ok());
  ASSERT_TRUE(AppendToFile(dir("f"), "b\n").ok());
  EXPECT_EQ(Content(dir("f")), "ab\n");
  EXPECT_EQ(AppendToFile(dir("no/f"), "a").code(), absl::StatusCode::kNotFound);
}

TEST(Files, RenameReplaces) {
  const ScratchFolder dir;
  ASSERT_TRUE(WriteFileAtomically(dir("a"), "a").ok());
  ASSERT_TRUE(WriteFileAtomically(dir("b"), "b").ok());
  ASSERT_TRUE(RenameFile(dir("a"), dir("b")).ok());
  EXPECT_EQ(Content(dir("b")), "a");
  EXPECT_EQ(*ListFiles(dir()), Names{"b"});
  EXPECT_EQ(RenameFile(dir("a"), dir("b")).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Content(dir("b")), "a");
}

TEST(Files, MakeDirectoriesLikeMkdirP) {
  const ScratchFolder dir;
  ASSERT_TRUE(MakeDirectories(dir("a/b/c")).ok());
  EXPECT_TRUE(MakeDirectories(dir("a/b/c")).ok());
  EXPECT_TRUE(MakeDirectories(dir("a/b/d/")).ok());
  EXPECT_TRUE(IsDirectory(dir("a/b/c")));
  EXPECT_TRUE(FileExists(dir("a/b/d")));
  ASSERT_TRUE(WriteFileAtomically(dir("f"), "x").ok());
  EXPECT_FALSE(MakeDirectories(dir("f")).ok());
  EXPECT_FALSE(MakeDirectories(dir("f/g")).ok());
  EXPECT_FALSE(IsDirectory(dir("f")));
}

TEST(Files, ListFilesSortsAndLeavesFoldersOut) {
  const ScratchFolder dir;
  for (const char* name : {"b", "a", "B", "a.json", "\xc3\xa4"}) {
    ASSERT_TRUE(WriteFileAtomically(dir(name), "").ok());
  }
  ASSERT_TRUE(MakeDirectories(dir("folder")).ok());
  ASSERT_EQ(symlink("nowhere", dir("dangling").c_str()), 0);
  ASSERT_EQ(symlink("a", dir("link").c_str()), 0);
  EXPECT_EQ(*ListFiles(dir()),
            (Names{"B", "a", "a.json", "b", "link", "\xc3\xa4"}));
  EXPECT_EQ(ListFiles(dir("missing")).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_FALSE(ListFiles(dir("a")).ok());
}

TEST(Files, RemoveAllTakesWhatIsThere) {
  const ScratchFolder dir;
  ASSERT_TRUE(MakeDirectories(dir("a/b")).ok());
  ASSERT_TRUE(WriteFileAtomically(dir("a/b/f"), "x").ok());
  ASSERT_TRUE(WriteFileAtomically(dir("kept"), "x").ok());
  // Removes the link, but keeps its target.
  ASSERT_EQ(symlink("../kept", dir("a/link").c_str()), 0);
  EXPECT_TRUE(RemoveAll(dir("a")).ok());
  EXPECT_FALSE(FileExists(dir("a")));
  EXPECT_TRUE(FileExists(dir("kept")));
  EXPECT_TRUE(RemoveAll(dir("a")).ok());
}

TEST(Files, CheckWritableTriesAndLeavesNothing) {
  const ScratchFolder dir;
  EXPECT_TRUE(CheckWritable(dir("f")).ok());
  ASSERT_TRUE(WriteFileAtomically(dir("f"), "x").ok());
  EXPECT_TRUE(CheckWritable(dir("f")).ok());
  EXPECT_EQ(Content(dir("f")), "x");
  EXPECT_EQ(*ListFiles(dir()), Names{"f"});
  EXPECT_EQ(CheckWritable(dir("no/f")).code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(CheckWritable(dir()).ok());
  EXPECT_FALSE(CheckWritable(dir("f/g")).ok());
}

TEST(Files, NamesOfAnyLengthThatAFileCanHave) {
  const ScratchFolder scratch;
  const std::string dir = scratch();
  for (const size_t size : {1, 200, 240, 241, 246, 250, 251, 254, 255}) {
    const std::string path = JoinPath(dir, std::string(size, 'x'));
    EXPECT_EQ(CheckWritable(path), absl::OkStatus()) << size;
    EXPECT_EQ(WriteFileAtomically(path, "first"), absl::OkStatus()) << size;
    EXPECT_EQ(WriteFileAtomically(path, "second"), absl::OkStatus()) << size;
    EXPECT_EQ(Content(path), "second") << size;
    const std::string run = BesidePath(path, ".run");
    EXPECT_EQ(MakeDirectories(run), absl::OkStatus()) << size;
    const std::string fresh = BesidePath(run, ".new");
    EXPECT_EQ(MakeDirectories(fresh), absl::OkStatus()) << size;
    EXPECT_EQ(ReplaceDirectory(fresh, run), absl::OkStatus()) << size;
    EXPECT_EQ(RemoveAll(run), absl::OkStatus());
    EXPECT_EQ(RemoveAll(path), absl::OkStatus());
  }
  EXPECT_TRUE(ListFiles(dir)->empty());
  const std::string long_name = JoinPath(dir, std::string(256, 'x'));
  for (const absl::Status& status :
       {CheckWritable(long_name), CheckNameLength(long_name)}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(
        std::string(status.message()).find("has 256 bytes, but at most 255"),
        std::string::npos);
  }
}

TEST(Files, NamesBesideOthersAreToldApart) {
  EXPECT_EQ(BesidePath("a/out.json", ".run"), "a/out.json.run");
  EXPECT_EQ(BesidePath("out/", ".run"), "out.run");
  const std::string common(250, 'x');
  const std::string a = BesidePath("d/" + common + "a", ".run");
  const std::string b = BesidePath("d/" + common + "b", ".run");
  EXPECT_NE(a, b);
  EXPECT_EQ(Basename(a).size(), 255u);
  EXPECT_EQ(Dirname(a), "d");
  EXPECT_EQ(a, BesidePath("d/" + common + "a", ".run"));
  EXPECT_NE(a, BesidePath("d/" + common + "a", ".new"));
  // Names are not cut inside a character.
  std::string wide;
  while (wide.size() < 252) wide += "\xe6\xbc\xa2";
  const std::string cut = BesidePath(wide, ".run");
  EXPECT_EQ(Printable(cut), cut);
}

TEST(Files, Paths) {
  EXPECT_EQ(JoinPath("a", "b"), "a/b");
  EXPECT_EQ(JoinPath("a/", "b"), "a/b");
  EXPECT_EQ(JoinPath("a", "/b"), "/b");
  EXPECT_EQ(JoinPath("", "b"), "b");
  EXPECT_EQ(Basename("a/b.json"), "b.json");
  EXPECT_EQ(Basename("a/b/"), "b");
  EXPECT_EQ(Basename("b"), "b");
  EXPECT_EQ(Dirname("a/b.json"), "a");
  EXPECT_EQ(Dirname("a/b/"), "a");
  EXPECT_EQ(Dirname("b"), ".");
  EXPECT_EQ(Dirname("/b"), "/");
}

TEST(Files, PeakMemoryGrowsWithUse) {
  const int64_t before = PeakMemoryBytes();
  EXPECT_GT(before, 1 << 20);
  const int64_t more = before + (int64_t{64} << 20);
  const std::string large(static_cast<size_t>(more), 'x');
  EXPECT_EQ(large.back(), 'x');
  EXPECT_GE(PeakMemoryBytes(), more);
}

TEST(ParseBytes, UnitsOfTenAndOfTwo) {
  const std::vector<std::pair<std::string, int64_t>> cases = {
      {"4096", 4096},          {"0", 0},
      {"100B", 100},           {"100KB", 100000},
      {"512MiB", 512LL << 20}, {"2GiB", 2LL << 30},
      {"1.5KiB", 1536},        {"3MB", 3000000},
      {"2GB", 2000000000},     {"8000000000GB", 8000000000000000000},
  };
  for (const auto& [text, bytes] : cases) {
    const auto parsed = ParseBytes(text);
    ASSERT_TRUE(parsed.ok()) << text << ": " << parsed.status();
    EXPECT_EQ(*parsed, bytes) << text;
  }
}

TEST(ParseBytes, BadTextIsInvalidAndNamesTheText) {
  for (const char* text :
       {"", "B", "MiB", "12XB", "1M", "1 GiB extra", "-1", "-5KB", "abc", "inf",
        "nan", "infMiB", "10000000000GiB", "1e300", "1.2.3", "0x10"}) {
    const auto parsed = ParseBytes(text);
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument)
        << text;
    EXPECT_NE(parsed.status().message().find(text), absl::string_view::npos);
  }
}

}  // namespace
}  // namespace arctrm
