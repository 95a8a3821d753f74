// SPDX-License-Identifier: MIT
// Small pieces of HTML text.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace arctrm {

// `text` for element content and quoted attributes: markup characters escaped,
// characters that are not visible (FirstCharacter) and what is not UTF-8
// replaced by U+FFFD.
std::string EscapeHtml(absl::string_view text);

// "37.5 %" with a blank that doesn't break; a dash for what is not finite.
std::string PercentHtml(double share);

// "1,234,567".
std::string CountHtml(int64_t count);

// "1 task", "2 tasks".
std::string Plural(int64_t count, absl::string_view one,
                   absl::string_view many);

}  // namespace arctrm
