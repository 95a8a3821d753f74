// SPDX-License-Identifier: MIT
// Makes untrusted text (file names, ids, fields of files) harmless for
// terminals and pages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace arctrm {

// One character at the front of a text.
struct Character {
  // Length in bytes; 1 for a byte that is not well-formed UTF-8.
  size_t length = 1;
  // The code point, or the byte that is not well-formed.
  char32_t code = 0;
  bool well_formed = false;
  // False for control characters (C0, C1), for characters that change the
  // direction or order of others, for line and paragraph separators, and for
  // invisible characters.
  bool visible = false;
};
// `text` must not be empty.
Character FirstCharacter(absl::string_view text);

// How Printable() treats line feeds.
enum class LineFeeds {
  kShown,     // written as "\n"
  kIndented,  // kept if two blanks follow, as in a list below a message
  kKept,      // kept
};

// Escapes every invisible character: "\t", "\x1b", "\u202e", and "\xff" for
// bytes that are not UTF-8. Add colours only afterwards.
std::string Printable(absl::string_view text,
                      LineFeeds line_feeds = LineFeeds::kShown);

// The same, but keeps line feeds and colours ("\x1b[…m"), for drawings.
std::string PrintableDrawing(absl::string_view text);

// "1 task", "2 tasks": appends an s to `one` unless `count` is 1.
std::string Counted(int64_t count, absl::string_view one);

}  // namespace arctrm
