// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace arctrm {

// The nearest of `known` to a mistyped `word`, "" when none is near: at most
// two letters inserted, left out, replaced or swapped, or `word` begins it.
std::string Suggest(absl::string_view word,
                    const std::vector<std::string>& known);

}  // namespace arctrm
