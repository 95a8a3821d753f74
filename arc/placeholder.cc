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

bool IsBlank(const Attempts& attempts) {
  const auto blank = [](const Grid& grid) {
    return grid.empty() || grid == Grid(1, 1);
  };
  return blank(attempts.attempt_1) && blank(attempts.attempt_2);
}

bool IsPlaceholder(const Attempts& attempts, const Task& task, int test_index) {
  return IsBlank(attempts) || attempts == PlaceholderFor(task, test_index);
}

Attempts OnlyAnswer(const Grid& answer, const Task& task, int test_index) {
  const Attempts placeholder = PlaceholderFor(task, test_index);
  for (const Grid& other :
       {placeholder.attempt_1, placeholder.attempt_2, Grid(1, 1)}) {
    if (other == answer) continue;
    if (!IsPlaceholder({answer, other}, task, test_index)) {
      return {answer, other};
    }
  }
  return {answer, Grid(1, 1, 1)};
}

}  // namespace arctrm
