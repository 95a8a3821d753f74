// SPDX-License-Identifier: MIT
#include "arc/placeholder.h"

#include <algorithm>
#include <utility>

namespace arctrm {

Attempts PlaceholderFor(const Task& task, int test_index) {
  const Grid& input = task.test_inputs[static_cast<size_t>(test_index)];
  const Grid& size =
      task.demonstrations.empty() ? input : task.demonstrations[0].output;
  const bool all_alike =
      std::all_of(task.demonstrations.begin(), task.demonstrations.end(),
                  [&](const Pair& pair) {
                    return pair.output.rows() == size.rows() &&
                           pair.output.cols() == size.cols();
                  });
  const Grid& like = all_alike && !size.empty() ? size : input;
  Grid blank(like.rows(), like.cols());
  if (blank == input) blank = Grid(1, 1, input == Grid(1, 1) ? 1 : 0);
  return {input, std::move(blank)};
}

bool IsNothing(const Attempts& attempts) {
  const auto nothing = [](const Grid& grid) {
    return grid.empty() || grid == Grid(1, 1);
  };
  return nothing(attempts.attempt_1) && nothing(attempts.attempt_2);
}

bool IsPlaceholder(const Attempts& attempts, const Task& task, int test_index) {
  return IsNothing(attempts) || attempts == PlaceholderFor(task, test_index);
}

}  // namespace arctrm
