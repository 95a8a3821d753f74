// SPDX-License-Identifier: MIT
// What stands in a submission for a test input that nothing has answered.
#pragma once

#include "arc/task.h"

namespace arctrm {

// Two different grids that cost nothing and could be right: the test input as
// it is, and a blank grid of the size that all outputs of the demonstrations
// have, or of the test input's where they differ.
Attempts PlaceholderFor(const Task& task, int test_index);

// Are they empty, or [[0]], as earlier versions wrote placeholders?
bool IsNothing(const Attempts& attempts);

// Are `attempts` nothing, or PlaceholderFor() that test input?
bool IsPlaceholder(const Attempts& attempts, const Task& task, int test_index);

}  // namespace arctrm
