// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace arctrm {

// Returns the word of `known` that is nearest to `word`, or "" if none is near.
// A near word differs by at most two inserted, deleted, replaced or swapped
// letters, or begins with `word`.
std::string Suggest(absl::string_view word,
                    const std::vector<std::string>& known);

}  // namespace arctrm
