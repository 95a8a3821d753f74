// SPDX-License-Identifier: MIT
#include "base/own_names.h"

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/file_lock.h"
#include "base/files.h"
#include "gtest/gtest.h"
#include "tests/testing/scratch.h"

namespace arctrm {
namespace {

std::set<std::string> NamesIn(const std::string& dir) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

// The number of a process that has ended.
pid_t EndedProcess() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  return child;
}

TEST(OwnNames, AreThoseThatOutputsHaveBesideThem) {
  for (const std::string& path :
       {FreshName("a/out"), SpareName("out"), AsideName("out"),
        LockName("a/out/"), WorkersName("out"), SpareFolderName("out")}) {
    EXPECT_TRUE(IsOwnName(Basename(path))) << path;
  }
  const auto temporary = ParseOwnName(".arctrm-tmp-0123456789ab-77-3");
  ASSERT_TRUE(temporary.has_value());
  EXPECT_EQ(temporary->use, "tmp");
  EXPECT_EQ(temporary->hash, "0123456789ab");
  EXPECT_EQ(temporary->process, 77);
  for (const char* name :
       {".arctrm-notes.json", ".arctrm-", "arctrm-lock-0123456789ab",
        ".arctrm-lock-0123456789a", ".arctrm-lock-0123456789aB",
        ".arctrm-lock-0123456789ab-1", ".arctrm-tmp-0123456789ab",
        ".arctrm-tmp-0123456789ab-x-1", ".arctrm-mine-0123456789ab"}) {
    EXPECT_FALSE(IsOwnName(name)) << name;
  }
}

TEST(OwnNames, LeftoversGoWhereNobodyHoldsTheirLock) {
  const ScratchFolder dir;
  const auto put = [&](const std::string& path) {
    ASSERT_TRUE(WriteFileAtomically(path, "1\n").ok());
  };
  for (const char* name : {"dead", "held"}) {
    put(SpareName(dir(name)));
    ASSERT_TRUE(MakeDirectories(JoinPath(FreshName(dir(name)), "deep")).ok());
    ASSERT_TRUE(MakeDirectories(AsideName(dir(name))).ok());
  }
  put(LockName(dir("dead")));
  put(dir(".arctrm-notes.json"));
  put(dir("out.json"));
  // A recent file may belong to another machine.
  const std::string stale =
      absl::StrCat(".arctrm-tmp-0123456789ab-", EndedProcess(), "-0");
  put(dir(stale));
  const auto lock = FileLock::Take(LockName(dir("held")), "held");
  ASSERT_TRUE(lock.ok());
  RemoveLeftovers(dir());
  const auto name = [](const std::string& path) { return Basename(path); };
  EXPECT_EQ(
      NamesIn(dir()),
      (std::set<std::string>{".arctrm-notes.json", "out.json", stale,
                             name(SpareName("held")), name(FreshName("held")),
                             name(AsideName("held")), name(LockName("held")),
                             // It may be the only remains of an output.
                             name(AsideName("dead"))}));
}

TEST(OwnNames, LinksAndHardLinksAreNotTaken) {
  const ScratchFolder dir;
  ASSERT_TRUE(WriteFileAtomically(dir("theirs"), "precious").ok());
  ASSERT_EQ(symlink("theirs", SpareName(dir("a")).c_str()), 0);
  ASSERT_EQ(link(dir("theirs").c_str(), SpareName(dir("b")).c_str()), 0);
  ASSERT_TRUE(WriteFileAtomically(LockName(dir("c")), "precious").ok());
  RemoveLeftovers(dir());
  EXPECT_EQ(*ReadFile(dir("theirs")), "precious");
  EXPECT_TRUE(FileExists(SpareName(dir("b"))));
  EXPECT_EQ(*ReadFile(LockName(dir("c"))), "precious");
}

}  // namespace
}  // namespace arctrm
