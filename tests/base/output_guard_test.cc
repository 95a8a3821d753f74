// SPDX-License-Identifier: MIT
#include "base/output_guard.h"

#include <unistd.h>

#include <string>

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
  // What is said of a file at `out` when `in` is read; "" for nothing.
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

TEST_F(OutputGuardTest, WhatDoesNotExistIsKnownByItsFolder) {
  OutputGuard guard;
  guard.Writes("--out", dir_("new"));
  guard.Writes("--report", dir_("in/../new"));
  EXPECT_THAT(guard.CheckApart().message(), HasSubstr("--out writes too"));
  // A link to nowhere leads to where a file would be made.
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
