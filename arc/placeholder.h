// SPDX-License-Identifier: MIT
// What stands in a submission for a test input that nothing has answered.
#pragma once

#include "arc/task.h"

namespace arctrm {

// Two different grids that cost nothing and could be right: the test input as
// it is, and a blank grid of the size that all outputs of the demonstrations
// have, or of the test input's where they differ.
Attempts PlaceholderFor(const Task& task, int test_index);

// Are both attempts [[0]], as earlier versions wrote them, or empty?
bool IsBlank(const Attempts& attempts);
// Are `attempts` PlaceholderFor() this test input, or IsBlank()?
bool IsPlaceholder(const Attempts& attempts, const Task& task, int test_index);

// `answer` first, and beside it a grid that costs nothing and could be right:
// the second attempt where there is no other candidate. Not a placeholder.
Attempts OnlyAnswer(const Grid& answer, const Task& task, int test_index);

}  // namespace arctrm
