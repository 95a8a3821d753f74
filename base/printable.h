// SPDX-License-Identifier: MIT
// Text that may hold anything (file names, ids, fields of files) made harmless
// for terminals and pages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace arctrm {

// One character at the front of a text.
struct Character {
  // Bytes it takes; 1 for a byte that is not well-formed UTF-8.
  size_t length = 1;
  // Its code point, or that byte.
  char32_t code = 0;
  bool well_formed = false;
  // Shows itself and nothing else: no control character (C0, C1), none that
  // changes the direction or order of others, no line or paragraph separator,
  // none that can't be seen.
  bool visible = false;
};
// `text` is not empty.
Character FirstCharacter(absl::string_view text);

// What becomes of line feeds.
enum class LineFeeds {
  kShown,     // "\n", as all others
  kIndented,  // stay where two blanks follow, as in a list below a message
  kKept,      // stay: text of several lines
};

// `text` with everything that is not visible written out: "\t", "\x1b",
// "\u202e", and "\xff" for bytes that are no UTF-8. Colours of ours must come
// after it.
std::string Printable(absl::string_view text,
                      LineFeeds line_feeds = LineFeeds::kShown);

// The same for a drawing: its lines and its colours ("\x1b[…m") stay.
std::string PrintableDrawing(absl::string_view text);

// "1 task", "2 tasks": `one` with an s but for 1.
std::string Counted(int64_t count, absl::string_view one);

}  // namespace arctrm
