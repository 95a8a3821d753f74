// SPDX-License-Identifier: MIT
// Runs that stand in a work folder, stopped on the way.
#pragma once

#include <signal.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/stop.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/local_engine.h"
#include "pipeline/run.h"
#include "tests/pipeline/small_job.h"
#include "tests/testing/tree.h"

namespace arctrm {

// Asks for a stop at a step.
class StoppingLog : public Log {
 public:
  explicit StoppingLog(int step)
      : line_(absl::StrCat("train  step ", step, "/")) {}
  void Info(absl::string_view) override {}
  void Warning(absl::string_view) override {}
  void Error(absl::string_view) override {}
  void Progress(absl::string_view line) override {
    if (line.substr(0, line_.size()) == line_) RequestStop(SIGTERM);
  }
  void EndProgress() override {}

 private:
  const std::string line_;
};

class KeptRunsTest : public SmallJobTest {
 protected:
  // Of 6 steps, stopped after so many, with a snapshot at the fourth.
  RunOptions Stopped(const std::string& out, int step) {
    RunOptions options = Options(out);
    options.planning.snapshots = 2;
    StoppingLog stopping(step);
    EXPECT_TRUE(ExecuteRun(options, Deadline(), stopping).ok());
    RequestStop(0);
    options.resume = true;
    return options;
  }
  // Refused with these words, and nothing on disk changed.
  void ExpectRefused(const RunOptions& options,
                     const std::vector<std::string>& words) {
    const auto before = Tree(dir_);
    const auto outcome = ExecuteRun(options, Deadline(), NullLog());
    ASSERT_FALSE(outcome.ok());
    for (const std::string& word : words) {
      EXPECT_THAT(std::string(outcome.status().message()),
                  ::testing::HasSubstr(word));
    }
    EXPECT_TRUE(Tree(dir_) == before) << outcome.status();
  }
  void Put(const std::string& path, const std::string& bytes) {
    ASSERT_TRUE(WriteFileAtomically(path, bytes).ok());
  }
};

}  // namespace arctrm
