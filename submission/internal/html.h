// SPDX-License-Identifier: MIT
// Small pieces of HTML text.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace arctrm {

// Makes `text` safe for element content and quoted attributes: escapes markup
// characters, and replaces invisible characters (FirstCharacter) and bytes that
// are not UTF-8 by U+FFFD.
std::string EscapeHtml(absl::string_view text);

// "37.5 %" with a no-break space; a dash if not finite.
std::string PercentHtml(double share);

// "1,234,567".
std::string CountHtml(int64_t count);

// "1 task", "2 tasks".
std::string Plural(int64_t count, absl::string_view one,
                   absl::string_view many);

}  // namespace arctrm
