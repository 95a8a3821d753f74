// SPDX-License-Identifier: MIT
// ReplaceDirectory, and all states on the disk after a kill within it.
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "base/files.h"
#include "gtest/gtest.h"
#include "tests/testing/scratch.h"

namespace arctrm {
namespace {

void MakeVersion(const std::string& path, absl::string_view version) {
  ASSERT_TRUE(MakeDirectories(path).ok());
  ASSERT_TRUE(WriteFileAtomically(JoinPath(path, "a"), version).ok());
  ASSERT_TRUE(WriteFileAtomically(JoinPath(path, "b"), version).ok());
}

// The version that is complete in `path`, "" for none.
std::string Version(const std::string& path) {
  const auto a = ReadFile(JoinPath(path, "a"));
  const auto b = ReadFile(JoinPath(path, "b"));
  return a.ok() && b.ok() && *a == *b ? *a : "";
}

TEST(ReplaceDirectory, TakesAFreePlace) {
  const ScratchFolder dir;
  MakeVersion(dir("fresh"), "new");
  ASSERT_TRUE(ReplaceDirectory(dir("fresh"), dir("x")).ok());
  EXPECT_EQ(Version(dir("x")), "new");
  EXPECT_FALSE(FileExists(dir("fresh")));
}

TEST(ReplaceDirectory, TakesTheOldOnesPlaceAndRemovesIt) {
  const ScratchFolder dir;
  MakeVersion(dir("x"), "old");
  ASSERT_TRUE(WriteFileAtomically(dir("x/only_in_old"), "").ok());
  MakeVersion(dir("fresh"), "new");
  // A slash at the end means the same folder.
  ASSERT_TRUE(ReplaceDirectory(dir("fresh") + "/", dir("x") + "//").ok());
  EXPECT_EQ(Version(dir("x")), "new");
  EXPECT_FALSE(FileExists(dir("x/only_in_old")));
  EXPECT_FALSE(FileExists(dir("fresh")));
  EXPECT_FALSE(FileExists(AsideName(dir("x"))));
}

TEST(ReplaceDirectory, WhatCannotBeDoneChangesNothing) {
  const ScratchFolder dir;
  MakeVersion(dir("x"), "old");
  EXPECT_FALSE(ReplaceDirectory(dir("missing"), dir("x")).ok());
  EXPECT_EQ(Version(dir("x")), "old");
  ASSERT_TRUE(WriteFileAtomically(dir("file"), "kept").ok());
  EXPECT_FALSE(ReplaceDirectory(dir("file"), dir("x")).ok());
  EXPECT_EQ(Version(dir("x")), "old");
  MakeVersion(dir("fresh"), "new");
  EXPECT_FALSE(ReplaceDirectory(dir("fresh"), dir("file")).ok());
  EXPECT_EQ(*ReadFile(dir("file")), "kept");
  EXPECT_EQ(Version(dir("fresh")), "new");
  EXPECT_EQ(ReplaceDirectory(dir("fresh"), dir("no/such/x")).code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(Version(dir("fresh")), "new");
}

TEST(ResolveDirectory, NothingThereIsNotFound) {
  const ScratchFolder dir;
  EXPECT_EQ(ResolveDirectory(dir("x")).status().code(),
            absl::StatusCode::kNotFound);
}

// The states with an exchange of names.
TEST(ResolveDirectory, KilledBeforeTheExchange) {
  const ScratchFolder dir;
  MakeVersion(dir("x"), "old");
  MakeVersion(dir("fresh"), "new");
  EXPECT_EQ(*ResolveDirectory(dir("x")), dir("x"));
  EXPECT_EQ(Version(dir("x")), "old");
}

TEST(ResolveDirectory, KilledAfterTheExchange) {
  const ScratchFolder dir;
  MakeVersion(dir("x"), "old");
  MakeVersion(dir("fresh"), "new");
  if (renameat2(AT_FDCWD, dir("fresh").c_str(), AT_FDCWD, dir("x").c_str(),
                RENAME_EXCHANGE) != 0) {
    GTEST_SKIP() << "this file system can't exchange";
  }
  EXPECT_EQ(*ResolveDirectory(dir("x")), dir("x"));
  EXPECT_EQ(Version(dir("x")), "new");
  // The half removed former folder does not disturb the next replacement.
  ASSERT_TRUE(RemoveAll(dir("fresh/a")).ok());
  ASSERT_TRUE(RemoveAll(dir("fresh")).ok());
  MakeVersion(dir("fresh"), "newer");
  ASSERT_TRUE(ReplaceDirectory(dir("fresh"), dir("x")).ok());
  EXPECT_EQ(Version(dir("x")), "newer");
}

// The states with two renames.
TEST(ResolveDirectory, KilledBetweenTheRenames) {
  const ScratchFolder dir;
  MakeVersion(dir("x"), "old");
  MakeVersion(dir("fresh"), "new");
  ASSERT_TRUE(RenameFile(dir("x"), AsideName(dir("x"))).ok());
  EXPECT_EQ(*ResolveDirectory(dir("x")), dir("x"));
  EXPECT_EQ(Version(dir("x")), "old");
  EXPECT_FALSE(FileExists(AsideName(dir("x"))));
}

TEST(ResolveDirectory, KilledBetweenTheRenamesThenASlash) {
  const ScratchFolder dir;
  MakeVersion(AsideName(dir("x")), "old");
  EXPECT_EQ(*ResolveDirectory(dir("x") + "/"), dir("x") + "/");
  EXPECT_EQ(Version(dir("x")), "old");
}

TEST(ResolveDirectory, KilledAfterTheRenames) {
  const ScratchFolder dir;
  MakeVersion(dir("x"), "new");
  MakeVersion(AsideName(dir("x")), "old");
  EXPECT_EQ(*ResolveDirectory(dir("x")), dir("x"));
  EXPECT_EQ(Version(dir("x")), "new");
  MakeVersion(dir("fresh"), "newer");
  ASSERT_TRUE(ReplaceDirectory(dir("fresh"), dir("x")).ok());
  EXPECT_EQ(Version(dir("x")), "newer");
  EXPECT_FALSE(FileExists(AsideName(dir("x"))));
}

// A replacement succeeds after a kill between the renames, even without a read
// in between.
TEST(ReplaceDirectory, AfterAKillBetweenTheRenames) {
  const ScratchFolder dir;
  MakeVersion(AsideName(dir("x")), "old");
  MakeVersion(dir("fresh"), "new");
  ASSERT_TRUE(ReplaceDirectory(dir("fresh"), dir("x")).ok());
  EXPECT_EQ(Version(dir("x")), "new");
  EXPECT_FALSE(FileExists(AsideName(dir("x"))));
}

// Kills a process that replaces repeatedly at many moments; a complete folder
// always exists.
TEST(ReplaceDirectory, KilledAtAnyMomentLeavesAWholeFolder) {
  const ScratchFolder dir;
  MakeVersion(dir("x"), "0");
  for (int round = 0; round < 30; ++round) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      for (int i = 1;; ++i) {
        const std::string version = std::to_string(i);
        if (!RemoveAll(dir("fresh")).ok() ||
            !MakeDirectories(dir("fresh")).ok() ||
            !AppendToFile(dir("fresh/a"), version).ok() ||
            !AppendToFile(dir("fresh/b"), version).ok() ||
            !ReplaceDirectory(dir("fresh"), dir("x")).ok()) {
          _exit(1);
        }
      }
    }
    usleep(static_cast<useconds_t>(500 + round * 337));
    kill(child, SIGKILL);
    int how = 0;
    ASSERT_EQ(waitpid(child, &how, 0), child);
    ASSERT_TRUE(WIFSIGNALED(how)) << "the child gave up";
    const auto resolved = ResolveDirectory(dir("x"));
    ASSERT_TRUE(resolved.ok()) << resolved.status();
    ASSERT_NE(Version(*resolved), "") << "round " << round;
  }
}

}  // namespace
}  // namespace arctrm
