// SPDX-License-Identifier: MIT
// Three generated tasks in a folder of its own, and a job on them with a tiny
// network.
#pragma once

#include <string>

#include "absl/strings/str_cat.h"
#include "arc/task.h"
#include "arc/write.h"
#include "base/files.h"
#include "base/stop.h"
#include "gtest/gtest.h"
#include "pipeline/run_options.h"
#include "synthetic/rules.h"

namespace arctrm {

class SmallJobTest : public testing::Test {
 protected:
  void SetUp() override {
    RequestStop(0);
    const testing::TestInfo& test =
        *testing::UnitTest::GetInstance()->current_test_info();
    dir_ = JoinPath(testing::TempDir(),
                    absl::StrCat(test.test_suite_name(), "_", test.name()));
    ASSERT_TRUE(RemoveAll(dir_).ok());
    ASSERT_TRUE(MakeDirectories(dir_).ok());
    SyntheticOptions small;
    small.max_side = 5;
    const auto set = GenerateSet({"invert", "majority", "cross"}, 1, 3, small);
    ASSERT_TRUE(set.ok());
    challenges_ = set->challenges;
    ASSERT_TRUE(
        WriteFileAtomically(Path("c.json"), ChallengesJson(set->challenges))
            .ok());
    ASSERT_TRUE(
        WriteFileAtomically(Path("s.json"), SolutionsJson(set->solutions))
            .ok());
  }
  void TearDown() override { RequestStop(0); }

  std::string Path(const std::string& name) { return JoinPath(dir_, name); }

  RunOptions Options(const std::string& out) {
    RunOptions options;
    options.challenges = {Path("c.json")};
    options.solutions = Path("s.json");
    options.out = Path(out);
    options.model.hidden = 16;
    options.model.heads = 2;
    options.model.h_cycles = 1;
    options.model.l_cycles = 1;
    options.model.halt_max_steps = 2;
    options.model.puzzle_prefix = 2;
    options.train.batch = 6;
    options.train.warmup_steps = 2;
    options.train.checkpoint_interval_s = 0;
    options.augmentations = 2;
    options.steps = 6;
    options.device = {"cpu", 1};
    return options;
  }

  std::string dir_;
  ChallengeSet challenges_;
};

}  // namespace arctrm
