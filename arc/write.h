// SPDX-License-Identifier: MIT
// Writes tasks and solutions as JSON in Kaggle's form, one task per line, in
// the order of the set or map. Ends with a newline.
#pragma once

#include <string>

#include "arc/task.h"

namespace arctrm {

std::string ChallengesJson(const ChallengeSet& challenges);
std::string SolutionsJson(const SolutionSet& solutions);

}  // namespace arctrm
