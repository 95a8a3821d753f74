// SPDX-License-Identifier: MIT
// A run on three generated tasks with a tiny network, in a scratch folder.
#pragma once

#include <string>

#include "arc/task.h"
#include "arc/write.h"
#include "base/files.h"
#include "base/stop.h"
#include "gtest/gtest.h"
#include "pipeline/run_options.h"
#include "synthetic/rules.h"
#include "tests/testing/scratch.h"

namespace arctrm {

class SmallRunTest : public testing::Test {
 protected:
  void SetUp() override {
    RequestStop(0);
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

  std::string Path(const std::string& name) const { return scratch_(name); }

  RunOptions Options(const std::string& out) const {
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

  const ScratchFolder scratch_;
  ChallengeSet challenges_;
};

}  // namespace arctrm
