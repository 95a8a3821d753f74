// SPDX-License-Identifier: MIT
#include "base/output_guard.h"

#include <unistd.h>

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/scratch.h"

namespace arctrm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

bool IsPart(absl::string_view name) { return name == "part"; }

class OutputGuardTest : public testing::Test {
 protected:
  OutputGuardTest() {
    EXPECT_TRUE(MakeDirectories(dir_("in/deep")).ok());
    Write("in/a");
    Write("in/deep/b");
    EXPECT_TRUE(MakeDirectories(dir_("work/part")).ok());
    Write("work/part/weights");
  }
  void Write(const std::string& name) {
    EXPECT_TRUE(WriteFileAtomically(dir_(name), "precious").ok());
  }
  // The error for writing the file `out` while reading `in`; "" for none.
  std::string FileSays(const std::string& in, const std::string& out) {
    OutputGuard guard;
    guard.Reads("--in", in);
    guard.Writes("--out", out);
    return std::string(guard.CheckApart().message());
  }

  const ScratchFolder dir_;
};

TEST_F(OutputGuardTest, AnInputIsKnownByWhateverName) {
  ASSERT_EQ(symlink(dir_("in/a").c_str(), dir_("soft").c_str()), 0);
  ASSERT_EQ(link(dir_("in/a").c_str(), dir_("hard").c_str()), 0);
  ASSERT_EQ(symlink(dir_("in").c_str(), dir_("folder").c_str()), 0);
  for (const std::string& out :
       {dir_("in/a"), dir_("in/../in/./a"), dir_("soft"), dir_("hard"),
        dir_("folder/a"), dir_("in//a")}) {
    EXPECT_THAT(FileSays(dir_("in/a"), out), HasSubstr("--in")) << out;
    EXPECT_THAT(FileSays(out, dir_("in/a")), HasSubstr("--out")) << out;
    EXPECT_THAT(FileSays(dir_("in"), out), HasSubstr("input")) << out;
  }
  EXPECT_EQ(FileSays(dir_("in/a"), dir_("in/deep/b")), "");
  EXPECT_EQ(FileSays(dir_("in/a"), dir_("new")), "");
}

TEST_F(OutputGuardTest, AFolderCountsWithAllThatLiesOrIsLinkedInIt) {
  Write("elsewhere");
  ASSERT_EQ(symlink(dir_("elsewhere").c_str(), dir_("in/deep/linked").c_str()),
            0);
  EXPECT_THAT(FileSays(dir_("in"), dir_("in/deep/b")), HasSubstr("input"));
  EXPECT_THAT(FileSays(dir_("in"), dir_("elsewhere")), HasSubstr("input"));
  EXPECT_EQ(FileSays(dir_("in"), dir_("in/new")), "");
}

TEST_F(OutputGuardTest, FoldersThatAreLinkedInAnInputCountToo) {
  ASSERT_TRUE(MakeDirectories(dir_("else/deep")).ok());
  Write("else/deep/task");
  Write("far");
  ASSERT_EQ(symlink("../else", dir_("in/linked").c_str()), 0);
  ASSERT_EQ(symlink("../../in", dir_("else/deep/loop").c_str()), 0);
  ASSERT_EQ(symlink("../far", dir_("else/file").c_str()), 0);
  EXPECT_THAT(FileSays(dir_("in"), dir_("else/deep/task")), HasSubstr("input"));
  EXPECT_THAT(FileSays(dir_("in"), dir_("far")), HasSubstr("input"));
  EXPECT_EQ(FileSays(dir_("in"), dir_("work/part/weights")), "");
  OutputGuard folder;
  folder.Reads("--in", dir_("in"));
  folder.Replaces("--out", dir_("else/deep"),
                  [](absl::string_view name) { return name == "task"; });
  EXPECT_THAT(folder.CheckApart().message(), HasSubstr("folder of an input"));
}

TEST_F(OutputGuardTest, WhatAnInputPassesOverIsNoneOfIt) {
  Write("in/result");
  ASSERT_TRUE(MakeDirectories(dir_("in/results")).ok());
  Write("in/results/x");
  ASSERT_EQ(symlink("../in/result", dir_("in/read").c_str()), 0);
  const auto says = [&](const std::string& out) {
    OutputGuard guard;
    guard.Reads("--in", dir_("in"), [](const std::string& path) {
      return absl::StartsWith(Basename(path), "result");
    });
    guard.Writes("--out", dir_(out));
    return std::string(guard.CheckApart().message());
  };
  EXPECT_EQ(says("in/results/x"), "");
  EXPECT_THAT(says("in/a"), HasSubstr("input"));
  // Skipped under one name, but read under another.
  EXPECT_THAT(says("in/result"), HasSubstr("input"));
  ASSERT_TRUE(RemoveAll(dir_("in/read")).ok());
  EXPECT_EQ(says("in/result"), "");
}

TEST_F(OutputGuardTest, NamesOfOurOwnAreNoOutputs) {
  for (const auto& [name, fine] :
       {std::pair(LockName("x"), false), std::pair(SpareName("in/x"), false),
        std::pair(FreshName("x") + "/deep/file", false),
        std::pair(std::string(".arctrm-notes"), true)}) {
    OutputGuard guard;
    guard.Writes("--log", dir_(name));
    EXPECT_EQ(guard.CheckApart().ok(), fine) << name;
  }
  // Our own names do not block a folder of ours; other names do.
  Write("work/part/.arctrm-notes");
  ASSERT_TRUE(RemoveAll(dir_("work/part/weights")).ok());
  EXPECT_FALSE(CheckOurFolder(dir_("work/part"), IsPart, "mark.json").ok());
  ASSERT_TRUE(RemoveAll(dir_("work/part/.arctrm-notes")).ok());
  ASSERT_TRUE(WriteFileAtomically(LockName(dir_("work/part/x")), "1\n").ok());
  EXPECT_TRUE(CheckOurFolder(dir_("work/part"), IsPart, "mark.json").ok());
}

TEST_F(OutputGuardTest, WhatIsWrittenIsLockedOnce) {
  OutputGuard guard;
  guard.Writes("--out", dir_("new"));
  guard.Replaces("--best", dir_("best/"), IsPart);
  guard.Writes("--null", "/dev/null");
  guard.Writes("--nowhere", dir_("nowhere/x"));
  guard.Appends("--log", dir_("log"));
  guard.WorksIn("--work", dir_("work"), IsPart);
  {
    const auto locks = guard.Lock();
    ASSERT_TRUE(locks.ok()) << locks.status();
    EXPECT_EQ(locks->size(), 2U);
    OutputGuard other;
    other.Replaces("--out", dir_("in/../best"), IsPart);
    const absl::Status refused = other.Lock().status();
    EXPECT_TRUE(absl::IsAlreadyExists(refused)) << refused;
    EXPECT_THAT(refused.message(), HasSubstr(absl::StrCat(getpid())));
    FileLock::RemoveFilesOfHeld();
    EXPECT_FALSE(FileExists(LockName(dir_("new"))));
  }
  EXPECT_TRUE(guard.Lock().ok());
  EXPECT_FALSE(FileExists(LockName(dir_("new"))));
}

TEST_F(OutputGuardTest, WhatDoesNotExistIsKnownByItsFolder) {
  OutputGuard guard;
  guard.Writes("--out", dir_("new"));
  guard.Writes("--report", dir_("in/../new"));
  EXPECT_THAT(guard.CheckApart().message(), HasSubstr("--out writes too"));
  // A dangling link leads to the place of a new file.
  ASSERT_EQ(symlink("new", dir_("dangling").c_str()), 0);
  OutputGuard linked;
  linked.Writes("--out", dir_("new"));
  linked.Writes("--log", dir_("dangling"));
  EXPECT_FALSE(linked.CheckApart().ok());
}

TEST_F(OutputGuardTest, FoldersThatAreReplacedHoldNoInputAndNoOutput) {
  OutputGuard input;
  input.Reads("--checkpoint", dir_("work/part/weights"));
  input.Replaces("--out", dir_("work/part/"), IsPart);
  EXPECT_THAT(input.CheckApart().message(), HasSubstr("lies in it"));
  OutputGuard output;
  output.Replaces("--out", dir_("fresh"), IsPart);
  output.Writes("--report", dir_("fresh/report.html"));
  EXPECT_THAT(output.CheckApart().message(), HasSubstr("replaces whole"));
  OutputGuard nested;
  nested.Replaces("--out", dir_("fresh"), IsPart);
  nested.Replaces("--held-out", dir_("fresh/best"), IsPart);
  EXPECT_FALSE(nested.CheckApart().ok());
}

TEST_F(OutputGuardTest, AWorkFolderIsReservedByNames) {
  OutputGuard input;
  input.Reads("--checkpoint", dir_("work/part"));
  input.WorksIn("--work", dir_("work"), IsPart);
  EXPECT_THAT(input.CheckApart().message(), HasSubstr("work folder"));
  for (const auto& [name, fine] :
       {std::pair("work/part", false), std::pair("work/part/x", false),
        std::pair("work", false), std::pair("work/log.txt", true)}) {
    OutputGuard output;
    output.WorksIn("--work", dir_("work"), IsPart);
    output.Writes("--log", dir_(name));
    EXPECT_EQ(output.CheckApart().ok(), fine) << name;
  }
  OutputGuard inside;
  inside.WorksIn("--work", dir_("work"), IsPart,
                 [](absl::string_view name) { return name == "other"; });
  inside.Replaces("--out", dir_("work/part"), IsPart);
  EXPECT_TRUE(inside.CheckApart().ok());
  inside.Writes("--log", dir_("work/other"));
  EXPECT_FALSE(inside.CheckApart().ok());
}

TEST_F(OutputGuardTest, APathThroughAMissingFolderIsRefused) {
  for (const auto& [name, fine] :
       {std::pair("nowhere/../in", false), std::pair("in/../fresh", true),
        std::pair("a/b/../../in", false), std::pair("nowhere/x", true)}) {
    OutputGuard guard;
    guard.Replaces("--out", dir_(name), IsPart);
    EXPECT_EQ(guard.CheckApart().ok(), fine) << name;
  }
}

TEST_F(OutputGuardTest, AFolderThatMerelyHasOurNamesIsSomebodys) {
  const auto all = [](absl::string_view) { return true; };
  EXPECT_TRUE(CheckOurFolder(dir_("nowhere"), all, "mark.json").ok());
  ASSERT_TRUE(MakeDirectories(dir_("f")).ok());
  EXPECT_TRUE(CheckOurFolder(dir_("f"), all, "mark.json").ok());
  ASSERT_TRUE(WriteFileAtomically(dir_("f/weights"), "1").ok());
  EXPECT_THAT(CheckOurFolder(dir_("f"), all, "mark.json").message(),
              HasSubstr("no mark.json of arctrm"));
  ASSERT_TRUE(WriteFileAtomically(dir_("f/mark.json"), "{\"my\": 1}").ok());
  EXPECT_FALSE(CheckOurFolder(dir_("f"), all, "mark.json").ok());
  ASSERT_TRUE(
      WriteFileAtomically(dir_("f/mark.json"), "{\"format\": \"arctrm-part\"}")
          .ok());
  EXPECT_TRUE(CheckOurFolder(dir_("f"), all, "mark.json").ok());
  OutputGuard guard;
  guard.Replaces("--out", dir_("f"), all, "other.json");
  EXPECT_FALSE(guard.CheckStanding().ok());
}

TEST_F(OutputGuardTest, WhatStandsThereIsReplacedWhereItIsOurs) {
  const auto says = [&](bool ours, bool overwrite, const std::string& name) {
    OutputGuard guard;
    guard.AllowOverwriting(overwrite);
    guard.Writes("--out", dir_(name),
                 [ours](const std::string&) { return ours; });
    return std::string(guard.CheckStanding().message());
  };
  EXPECT_THAT(says(false, false, "in/a"), HasSubstr("--overwrite"));
  EXPECT_EQ(says(true, false, "in/a"), "");
  EXPECT_EQ(says(false, true, "in/a"), "");
  EXPECT_EQ(says(false, false, "new"), "");
  ASSERT_TRUE(WriteFileAtomically(dir_("empty"), "").ok());
  EXPECT_EQ(says(false, false, "empty"), "");
  EXPECT_THAT(says(true, true, "in"), HasSubstr("is a folder"));
  OutputGuard folder;
  folder.AllowOverwriting(true);
  folder.Replaces("--out", dir_("in"), IsPart);
  EXPECT_THAT(folder.CheckStanding().message(), HasSubstr("a, deep"));
  EXPECT_THAT(ForeignEntries(dir_("work"), IsPart), ElementsAre());
}

}  // namespace
}  // namespace arctrm
