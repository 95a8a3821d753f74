// SPDX-License-Identifier: MIT
#include "arc/task.h"

#include "gtest/gtest.h"

namespace arctrm {
namespace {

TEST(ChallengeSet, FindsTasksById) {
  ChallengeSet set;
  EXPECT_EQ(set.Find("a"), nullptr);
  set.tasks.resize(2);
  set.tasks[0].id = "a";
  set.tasks[1].id = "b";
  EXPECT_EQ(set.Find("b"), &set.tasks[1]);
  EXPECT_EQ(set.Find("c"), nullptr);
  EXPECT_EQ(set.Find(""), nullptr);
}

TEST(ChallengeSet, CountsTestInputsOfAllTasks) {
  ChallengeSet set;
  EXPECT_EQ(set.num_test_inputs(), 0);
  set.tasks.resize(2);
  set.tasks[0].test_inputs = {Grid(1, 1)};
  set.tasks[1].test_inputs = {Grid(1, 1), Grid(2, 2)};
  EXPECT_EQ(set.num_test_inputs(), 3);
}

}  // namespace
}  // namespace arctrm
