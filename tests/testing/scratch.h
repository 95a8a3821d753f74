// SPDX-License-Identifier: MIT
// A folder of its own for one test, gone when the test is over.
#pragma once

#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/files.h"
#include "gtest/gtest.h"

namespace arctrm {

class ScratchFolder {
 public:
  ScratchFolder() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    path_ =
        JoinPath(testing::TempDir(), absl::StrCat(test->test_suite_name(), ".",
                                                  test->name(), ".", getpid()));
    EXPECT_TRUE(RemoveAll(path_).ok());
    EXPECT_TRUE(MakeDirectories(path_).ok());
  }
  ~ScratchFolder() { RemoveAll(path_).IgnoreError(); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  // The path of `name` in the folder; of the folder itself for "".
  std::string operator()(absl::string_view name = "") const {
    return name.empty() ? path_ : JoinPath(path_, name);
  }

 private:
  std::string path_;
};

}  // namespace arctrm
