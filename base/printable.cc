// SPDX-License-Identifier: MIT
#include "base/printable.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace arctrm {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// Control characters, and format characters that are invisible or change
// others. Joiners (U+200C, U+200D) are part of scripts and are kept.
constexpr Range kHidden[] = {
    {0x00, 0x1F},     {0x7F, 0x9F},     {0x061C, 0x061C}, {0x180E, 0x180E},
    {0x200B, 0x200B}, {0x200E, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F},
    {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xFFFE, 0xFFFF}, {0xE0000, 0xE007F},
};

bool IsVisible(char32_t code) {
  return std::none_of(std::begin(kHidden), std::end(kHidden),
                      [code](const Range& range) {
                        return code >= range.first && code <= range.last;
                      });
}

void AppendEscape(const Character& character, std::string& out) {
  const auto code = static_cast<uint32_t>(character.code);
  if (code == '\n') {
    out += "\\n";
  } else if (code == '\t') {
    out += "\\t";
  } else if (code == '\r') {
    out += "\\r";
  } else if (!character.well_formed || code < 0x80) {
    absl::StrAppendFormat(&out, "\\x%02x", code);
  } else if (code < 0x10000) {
    absl::StrAppendFormat(&out, "\\u%04x", code);
  } else {
    absl::StrAppendFormat(&out, "\\U%08x", code);
  }
}

// Length of a colour sequence at the front of `text`, 0 without one.
size_t ColorLength(absl::string_view text) {
  if (!absl::StartsWith(text, "\x1b[")) return 0;
  const size_t end = text.find_first_not_of("0123456789;", 2);
  return end != absl::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

std::string Escape(absl::string_view text, LineFeeds line_feeds, bool colors) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    Character character = FirstCharacter(text);
    const size_t color = colors ? ColorLength(text) : 0;
    const bool line_feed =
        text[0] == '\n' && (line_feeds == LineFeeds::kKept ||
                            (line_feeds == LineFeeds::kIndented &&
                             absl::StartsWith(text, "\n  ")));
    if (color > 0) character.length = color;
    if (character.visible || color > 0 || line_feed) {
      absl::StrAppend(&out, text.substr(0, character.length));
    } else {
      AppendEscape(character, out);
    }
    text.remove_prefix(character.length);
  }
  return out;
}

}  // namespace

Character FirstCharacter(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  Character character;
  character.code = lead;
  size_t length = 1;
  char32_t code = lead;
  if (lead >= 0x80) {
    length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return character;
    code = lead & (0xFFu >> (length + 1));
    for (size_t i = 1; i < length; ++i) {
      if ((byte(i) & 0xC0) != 0x80) return character;
      code = code << 6 | (byte(i) & 0x3Fu);
    }
    constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (code < kSmallest[length] || code > 0x10FFFF || surrogate) {
      return character;
    }
  }
  return {length, code, true, IsVisible(code)};
}

std::string Printable(absl::string_view text, LineFeeds line_feeds) {
  return Escape(text, line_feeds, /*colors=*/false);
}

std::string Counted(int64_t count, absl::string_view one) {
  return absl::StrCat(count, " ", one, count == 1 ? "" : "s");
}

std::string PrintableDrawing(absl::string_view text) {
  return Escape(text, LineFeeds::kKept, /*colors=*/true);
}

}  // namespace arctrm
