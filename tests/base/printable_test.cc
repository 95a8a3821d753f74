// SPDX-License-Identifier: MIT
#include "base/printable.h"

#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace arctrm {
namespace {

TEST(Printable, WhatCanBeSeenStays) {
  for (const char* text :
       {"", "plain ~!\\", "caf\xc3\xa9", "\xe6\xbc\xa2\xe5\xad\x97",
        "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xac",  // joined
        "\xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7", "\xc2\xa0",
        "\xef\xbf\xbd"}) {
    EXPECT_EQ(Printable(text), text);
  }
}

TEST(Printable, ControlsAndFormatCharactersAreWrittenOut) {
  const std::pair<std::string, const char*> texts[] = {
      {"\x1b[31mred", "\\x1b[31mred"},
      {"a\nb\tc\rd", "a\\nb\\tc\\rd"},
      {std::string("a\0b", 3), "a\\x00b"},
      {"\x7f\b\a", "\\x7f\\x08\\x07"},
      {"\xc2\x9b"
       "31m",
       "\\u009b31m"},  // CSI of C1
      {"\xc2\x85", "\\u0085"},
      {"\xe2\x80\xae"
       "nosj",
       "\\u202enosj"},
      {"\xe2\x80\xaa\xe2\x80\xac", "\\u202a\\u202c"},
      {"\xe2\x81\xa6\xe2\x81\xa9", "\\u2066\\u2069"},
      {"\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", "\\u200e\\u200f\\u061c"},
      {"\xe2\x80\xa8\xe2\x80\xa9", "\\u2028\\u2029"},
      {"\xef\xbb\xbf", "\\ufeff"},
      {"\xf3\xa0\x80\x81", "\\U000e0001"},
  };
  for (const auto& [text, shown] : texts) {
    EXPECT_EQ(Printable(text), shown);
    EXPECT_EQ(Printable(text, LineFeeds::kKept).find('\x1b'),
              std::string::npos);
  }
}

TEST(Printable, BytesThatAreNoUtf8AreWrittenOutOneByOne) {
  const std::pair<std::string, const char*> texts[] = {
      {"a\x9b"
       "31m",
       "a\\x9b31m"},
      {"\xff\xfe", "\\xff\\xfe"},
      {"\xc3", "\\xc3"},
      {"\xc0\xaf", "\\xc0\\xaf"},           // overlong
      {"\xe0\x80\x9b", "\\xe0\\x80\\x9b"},  // overlong
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},  // surrogate
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
      {"\xe2\x80", "\\xe2\\x80"},
      {"\xe2\x80"
       "x",
       "\\xe2\\x80x"},
  };
  for (const auto& [text, shown] : texts) EXPECT_EQ(Printable(text), shown);
}

TEST(Printable, LineFeedsStayWhereAsked) {
  const std::string text = "faults:\n  a\nerror: b\n";
  EXPECT_EQ(Printable(text), "faults:\\n  a\\nerror: b\\n");
  EXPECT_EQ(Printable(text, LineFeeds::kIndented),
            "faults:\n  a\\nerror: b\\n");
  EXPECT_EQ(Printable(text, LineFeeds::kKept), text);
}

TEST(Printable, DrawingsKeepTheirColoursAndNothingElse) {
  const std::string drawing = "\x1b[48;2;1;2;3m  \x1b[0m\n";
  EXPECT_EQ(PrintableDrawing(drawing), drawing);
  EXPECT_EQ(PrintableDrawing("\x1b[2J\x1b]0;x\a\x1b["),
            "\\x1b[2J\\x1b]0;x\\x07\\x1b[");
}

// The result is well-formed, and Printable() does not change it again.
TEST(Printable, IsItsOwnFixedPoint) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text = {static_cast<char>(first),
                                static_cast<char>(second), '\x80', 'm'};
      const std::string shown = Printable(text);
      ASSERT_EQ(Printable(shown), shown) << first << " " << second;
    }
  }
}

}  // namespace
}  // namespace arctrm
