// SPDX-License-Identifier: MIT
// Small files for tests of readers.
#pragma once

#include <cstdio>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "gtest/gtest.h"

namespace arctrm {

// A new folder for this test.
inline std::string ScratchFolder() {
  const testing::TestInfo& info =
      *testing::UnitTest::GetInstance()->current_test_info();
  const std::string dir =
      JoinPath(testing::TempDir(),
               absl::StrCat("arc_", info.test_suite_name(), "_", info.name()));
  EXPECT_TRUE(RemoveAll(dir).ok());
  EXPECT_TRUE(MakeDirectories(dir).ok());
  return dir;
}

inline std::string Save(const std::string& dir, const std::string& name,
                        const std::string& text) {
  const std::string path = JoinPath(dir, name);
  // Does not sync, as some tests write thousands of files. Some file systems
  // sync an overwritten file, so it is removed first.
  std::remove(path.c_str());
  std::ofstream out(path, std::ios::binary);
  out << text;
  EXPECT_TRUE(out.flush().good()) << path;
  return path;
}

// Two tasks, the second with two test inputs; no outputs.
inline constexpr char kChallenges[] =
    R"({"aaaa0001": {"train": [{"input": [[1, 2], [3, 4]], "output": [[5]]},
  {"input": [[0]], "output": [[9, 9]]}],
  "test": [{"input": [[7, 8, 9]]}]},
"bbbb0002": {"test": [{"input": [[1]]}, {"input": [[2]]}],
  "train": [{"output": [[4]], "input": [[3]]}]}}
)";
inline constexpr char kSolutions[] =
    R"({"aaaa0001": [[[6, 6]]], "bbbb0002": [[[1]], [[2], [3]]]})";
inline constexpr char kSubmission[] =
    R"({"aaaa0001": [{"attempt_1": [[6, 6]], "attempt_2": [[0]]}],
"bbbb0002": [{"attempt_1": [[1]], "attempt_2": [[2]]},
  {"attempt_2": [[4]], "attempt_1": [[3]]}]})";
inline constexpr char kOneTask[] =
    R"({"name": "ours", "train": [{"input": [[1]], "output": [[2]]}],
"test": [{"input": [[3]], "output": [[4]]}]})";

}  // namespace arctrm
