// SPDX-License-Identifier: MIT
// Runs the built program in a folder with small competition files.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "augment/augmentation.h"
#include "base/files.h"
#include "gtest/gtest.h"
#include "tests/testing/program.h"
#include "tta/ballots.h"

namespace arctrm {

inline constexpr char kChallenges[] =
    R"({"aaaa0001":{"train":[{"input":[[1,2],[3,4]],"output":[[2,1],[4,3]]},)"
    R"({"input":[[5,0]],"output":[[0,5]]}],"test":[{"input":[[7,8,9]]},)"
    R"({"input":[[1],[2]]}]},)"
    R"("bbbb0002":{"train":[{"input":[[1]],"output":[[2]]}],)"
    R"("test":[{"input":[[3]]}]}})";
inline constexpr char kSolutionsJson[] =
    R"({"aaaa0001":[[[9,8,7]],[[1],[2]]],"bbbb0002":[[[4]]]})";
// aaaa0001[0] is right in attempt 1, bbbb0002[0] in attempt 2.
inline constexpr char kSubmissionJson[] =
    R"({"aaaa0001":[{"attempt_1":[[9,8,7]],"attempt_2":[[0]]},)"
    R"({"attempt_1":[[5]],"attempt_2":[[6]]}],)"
    R"("bbbb0002":[{"attempt_1":[[3]],"attempt_2":[[4]]}]})";
inline constexpr char kTaskFile[] =
    R"({"train":[{"input":[[1,2]],"output":[[2,1]]}],)"
    R"("test":[{"input":[[3,4]],"output":[[4,3]]}]})";

class CliTest : public ::testing::Test {
 protected:
  CliTest() : dir_(TestFolder()) {
    Write("challenges.json", kChallenges);
    Write("solutions.json", kSolutionsJson);
    Write("submission.json", kSubmissionJson);
    EXPECT_TRUE(MakeDirectories(Path("tasks")).ok());
    Write("tasks/cccc0003.json", kTaskFile);
    Write("tasks/dddd0004.json", kTaskFile);
  }

  std::string Path(const std::string& name) const {
    return JoinPath(dir_, name);
  }
  void Write(const std::string& name, const std::string& text) const {
    ASSERT_EQ(WriteFileAtomically(Path(name), text), absl::OkStatus());
  }
  std::string Read(const std::string& name) const {
    absl::StatusOr<std::string> text = ReadFile(Path(name));
    EXPECT_EQ(text.status(), absl::OkStatus());
    return text.ok() ? *text : "";
  }
  bool Exists(const std::string& name) const { return FileExists(Path(name)); }

  // `words` followed by `more`.
  static std::vector<std::string> Joined(std::vector<std::string> words,
                                         const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  // Writes ballots with one vote.
  void WriteBallots(const std::string& name, const std::string& task,
                    const std::string& grid) const {
    Ballots ballots;
    ballots.Add(task, 0,
                {Grid::FromText(grid), 0.5f, Augmentation().Key(), "run"});
    ASSERT_EQ(ballots.Write(Path(name)), absl::OkStatus());
  }
  // `arctrm vote` on ballots.zst.
  static std::vector<std::string> Vote(
      const std::string& out,
      const std::string& challenges = "challenges.json") {
    return {"vote",  "--ballots", "ballots.zst", "--challenges", challenges,
            "--out", out};
  }

  // Runs `arctrm args…` in the folder.
  ProgramResult Arctrm(std::vector<std::string> args,
                       const ProgramOptions& options = {}) const {
    args.insert(args.begin(), ARCTRM_PROGRAM);
    return RunProgram(args, dir_, options);
  }

  const std::string dir_;
};

}  // namespace arctrm
