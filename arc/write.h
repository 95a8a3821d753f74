// SPDX-License-Identifier: MIT
// Kaggle-form JSON text of tasks and answers. Keys in map or set order;
// compact, one task a line; ends with a newline.
#pragma once

#include <string>

#include "arc/task.h"

namespace arctrm {

std::string ChallengesJson(const ChallengeSet& challenges);
std::string SolutionsJson(const SolutionSet& solutions);

}  // namespace arctrm
