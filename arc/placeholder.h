// SPDX-License-Identifier: MIT
// Attempts for test inputs without an answer.
#pragma once

#include "arc/task.h"

namespace arctrm {

// Two different cheap guesses: the test input itself, and a blank grid with the
// common size of the demonstration outputs, or the size of the test input if
// they differ.
Attempts PlaceholderFor(const Task& task, int test_index);

// Are both attempts empty, or [[0]] as older versions wrote?
bool IsBlank(const Attempts& attempts);
// Are `attempts` PlaceholderFor() this test input, or IsBlank()?
bool IsPlaceholder(const Attempts& attempts, const Task& task, int test_index);

// `answer`, then a cheap guess as the second attempt. For a test input with
// only one candidate. Not a placeholder.
Attempts OnlyAnswer(const Grid& answer, const Task& task, int test_index);

}  // namespace arctrm
