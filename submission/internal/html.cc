// SPDX-License-Identifier: MIT
#include "submission/internal/html.h"

#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/printable.h"

namespace arctrm {
namespace {

constexpr absl::string_view kReplacement = "\xEF\xBF\xBD";

}  // namespace

std::string EscapeHtml(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character character = FirstCharacter(text);
    const char c = text[0];
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (c == '\'') {
      out += "&#39;";
    } else if (!character.visible && c != '\n' && c != '\t') {
      out += std::string(kReplacement);
    } else {
      absl::StrAppend(&out, text.substr(0, character.length));
    }
    text.remove_prefix(character.length);
  }
  return out;
}

std::string PercentHtml(double share) {
  if (!std::isfinite(share)) return "&ndash;";
  return absl::StrFormat("%.1f&nbsp;%%", 100 * share);
}

std::string CountHtml(int64_t count) {
  std::string digits = absl::StrCat(count);
  const size_t first = count < 0 ? 1 : 0;
  for (size_t i = digits.size(); i > first + 3; i -= 3) {
    digits.insert(i - 3, ",");
  }
  return digits;
}

std::string Plural(int64_t count, absl::string_view one,
                   absl::string_view many) {
  return absl::StrCat(CountHtml(count), " ", count == 1 ? one : many);
}

}  // namespace arctrm
