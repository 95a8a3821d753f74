// SPDX-License-Identifier: MIT
// Runs that were stopped, with their work folders.
#pragma once

#include <string>
#include <vector>

#include "base/files.h"
#include "base/stop.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/local_engine.h"
#include "pipeline/run.h"
#include "tests/pipeline/small_run.h"
#include "tests/pipeline/test_logs.h"
#include "tests/testing/tree.h"

namespace arctrm {

class KeptRunsTest : public SmallRunTest {
 protected:
  // Starts a run of 6 steps with snapshots and stops it at `step`. Returns the
  // options to resume it.
  RunOptions Stopped(const std::string& out, int step) {
    RunOptions options = Options(out);
    options.planning.snapshots = 2;
    StoppingLog stopping = StopAtStep(step);
    EXPECT_TRUE(ExecuteRun(options, Deadline(), stopping).ok());
    RequestStop(0);
    options.resume = true;
    return options;
  }
  // Expects an error with these words, and no change on disk.
  void ExpectRefused(const RunOptions& options,
                     const std::vector<std::string>& words) {
    const auto before = Tree(scratch_());
    const auto outcome = ExecuteRun(options, Deadline(), NullLog());
    ASSERT_FALSE(outcome.ok());
    for (const std::string& word : words) {
      EXPECT_THAT(std::string(outcome.status().message()),
                  ::testing::HasSubstr(word));
    }
    EXPECT_TRUE(Tree(scratch_()) == before) << outcome.status();
  }
  void Put(const std::string& path, const std::string& bytes) {
    ASSERT_TRUE(WriteFileAtomically(path, bytes).ok());
  }
};

}  // namespace arctrm
