// SPDX-License-Identifier: MIT
#include "arc/placeholder.h"

#include <vector>

#include "gtest/gtest.h"

namespace arctrm {
namespace {

Task TaskOf(std::vector<Grid> outputs, Grid input) {
  Task task;
  for (Grid& output : outputs) {
    task.demonstrations.push_back({Grid(1, 1, 5), std::move(output)});
  }
  task.test_inputs = {std::move(input)};
  return task;
}

TEST(Placeholder, IsTheInputAndABlankGridOfTheLikelySize) {
  const Grid input = Grid::FromText("12 34");
  EXPECT_EQ(PlaceholderFor(TaskOf({Grid(3, 1, 1), Grid(3, 1, 2)}, input), 0),
            (Attempts{input, Grid(3, 1)}));
  EXPECT_EQ(PlaceholderFor(TaskOf({Grid(3, 1), Grid(1, 3)}, input), 0),
            (Attempts{input, Grid(2, 2)}));
  EXPECT_EQ(PlaceholderFor(TaskOf({}, input), 0),
            (Attempts{input, Grid(2, 2)}));
}

TEST(Placeholder, IsNeverTheSameGridTwice) {
  for (const Grid& input :
       {Grid(1, 1), Grid(1, 1, 1), Grid(2, 3), Grid(30, 30)}) {
    for (const Grid& output : {Grid(1, 1), Grid(2, 3, 4), Grid(30, 30)}) {
      const Attempts two = PlaceholderFor(TaskOf({output}, input), 0);
      EXPECT_NE(two.attempt_1, two.attempt_2);
      EXPECT_FALSE(two.attempt_2.empty());
    }
  }
}

TEST(Placeholder, IsKnownAsAPairOnly) {
  const Task task = TaskOf({Grid(2, 2)}, Grid::FromText("12 34"));
  const Attempts two = PlaceholderFor(task, 0);
  EXPECT_TRUE(IsPlaceholder(two, task, 0));
  EXPECT_TRUE(IsPlaceholder({Grid(1, 1), Grid(1, 1)}, task, 0));
  EXPECT_TRUE(IsPlaceholder({Grid(), Grid()}, task, 0));
  EXPECT_FALSE(IsPlaceholder({two.attempt_2, two.attempt_1}, task, 0));
  EXPECT_FALSE(IsPlaceholder({two.attempt_1, Grid(1, 1)}, task, 0));
  EXPECT_FALSE(IsPlaceholder({Grid(1, 1), Grid(2, 2, 7)}, task, 0));
}

TEST(OnlyAnswer, HasTwoGridsAndIsNoPlaceholder) {
  const Grid input(2, 2, 3);
  for (const Grid& output : {Grid(2, 2, 1), Grid(1, 1), Grid(2, 2, 3)}) {
    const Task task = TaskOf({output}, input);
    const Attempts placeholder = PlaceholderFor(task, 0);
    for (const Grid& answer :
         {input, output, placeholder.attempt_2, Grid(1, 1), Grid(5, 5, 7)}) {
      const Attempts two = OnlyAnswer(answer, task, 0);
      EXPECT_EQ(two.attempt_1, answer);
      EXPECT_NE(two.attempt_2, answer);
      EXPECT_FALSE(IsPlaceholder(two, task, 0));
    }
  }
}

}  // namespace
}  // namespace arctrm
