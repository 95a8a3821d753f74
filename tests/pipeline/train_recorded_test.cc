// SPDX-License-Identifier: MIT
#include "pipeline/train_recorded.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/pipeline/test_logs.h"
#include "tests/testing/scratch.h"

namespace arctrm {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

TEST(TrainRecorded, ShowsTheGoalOfTheLastPlan) {
  const ScratchFolder scratch;
  RecordingLog log;
  int64_t goal = 100;
  const auto train =
      [&](const TrainRequest& request) -> absl::StatusOr<TrainResult> {
    TrainStats stats;
    for (const int64_t planned : {100, 60, 3}) {
      goal = planned;
      ++stats.step;
      request.hooks.on_step(stats);
    }
    stats.step = 9;
    request.hooks.on_step(stats);
    return TrainResult();
  };
  ASSERT_TRUE(TrainRecorded(train, TrainRequest(), RunFolder(scratch("w")),
                            goal, Deadline(), log)
                  .ok());
  EXPECT_THAT(log.progress, ElementsAre(StartsWith("train  step 1/100 "),
                                        StartsWith("train  step 2/60 "),
                                        StartsWith("train  step 3/3 "),
                                        // Beyond the planned steps.
                                        StartsWith("train  step 9/9 ")));
}

}  // namespace
}  // namespace arctrm
