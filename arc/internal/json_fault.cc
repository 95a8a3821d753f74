// SPDX-License-Identifier: MIT
#include "arc/internal/json_fault.h"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace arctrm {
namespace {

// Length of the well-formed UTF-8 sequence at the front of `text`, 0 if there
// is none.
size_t Utf8Length(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const auto continues = [&](size_t i, uint8_t low, uint8_t high) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1, 0x80, 0xBF) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const uint8_t low = lead == 0xE0 ? 0xA0 : 0x80;
    const uint8_t high = lead == 0xED ? 0x9F : 0xBF;
    return continues(1, low, high) && continues(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const uint8_t low = lead == 0xF0 ? 0x90 : 0x80;
    const uint8_t high = lead == 0xF4 ? 0x8F : 0xBF;
    return continues(1, low, high) && continues(2, 0x80, 0xBF) &&
                   continues(3, 0x80, 0xBF)
               ? 4
               : 0;
  }
  return 0;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsLetter(char c) {
  return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_';
}

class Scanner {
 public:
  Scanner(absl::string_view text, bool is_line)
      : text_(text), is_line_(is_line) {}

  std::string Run() {
    SkipBlanks();
    if (AtEnd()) return "the file is empty";
    if (!Value()) return Message();
    SkipBlanks();
    if (AtEnd()) return "";
    if (text_[at_] == '{' || text_[at_] == '[') {
      Fault(is_line_ ? "a second JSON value begins here; expected one in a line"
                     : "a second JSON document begins here; expected one in a "
                       "file, or JSON lines with one in every line");
    } else {
      Expected("nothing after the end of the document");
    }
    return Message();
  }

 private:
  bool AtEnd() const { return at_ >= text_.size(); }

  void SkipBlanks() {
    while (!AtEnd() && (text_[at_] == ' ' || text_[at_] == '\n' ||
                        text_[at_] == '\r' || text_[at_] == '\t')) {
      ++at_;
    }
  }

  bool Fault(std::string what) {
    what_ = std::move(what);
    return false;
  }

  bool Expected(absl::string_view what) {
    if (AtEnd()) return Cut();
    return Fault(absl::StrCat("expected ", what, ", found ", Found()));
  }

  // The end of the text where there should be more of it.
  bool Cut() {
    if (is_line_) return Fault("the line ends in the middle");
    return Fault(
        "the file ends in the middle; was it written, copied or downloaded "
        "whole?");
  }

  std::string Found() const {
    const std::string foreign = Foreign();
    if (!foreign.empty()) return foreign;
    const char c = text_[at_];
    if (IsLetter(c) && at_ + 1 < text_.size() && IsLetter(text_[at_ + 1])) {
      constexpr size_t kShown = 24;
      size_t end = at_;
      while (end < text_.size() && end - at_ < kShown && IsLetter(text_[end])) {
        ++end;
      }
      return absl::StrCat("the word ", text_.substr(at_, end - at_));
    }
    if (absl::ascii_isprint(static_cast<unsigned char>(c))) {
      return absl::StrCat("'", absl::string_view(&c, 1), "'");
    }
    return absl::StrCat("byte 0x",
                        absl::Hex(static_cast<uint8_t>(c), absl::kZeroPad2));
  }

  // Names a word that Python or JavaScript writes and JSON does not allow; ""
  // where there is none.
  std::string Foreign() const {
    const absl::string_view rest = text_.substr(at_);
    for (absl::string_view word :
         {"NaN", "Infinity", "-Infinity", "-NaN", "undefined"}) {
      if (absl::StartsWith(rest, word)) {
        return absl::StrCat(word, ", which JSON does not have");
      }
    }
    for (absl::string_view mark : {"//", "/*", "#"}) {
      if (absl::StartsWith(rest, mark)) {
        return "a comment, which JSON does not have; take it out";
      }
    }
    for (absl::string_view word : {"None", "True", "False"}) {
      if (absl::StartsWith(rest, word)) {
        return absl::StrCat(word,
                            ", which is Python, not JSON (write the file "
                            "with json.dump)");
      }
    }
    if (!absl::StartsWith(rest, "'")) return "";
    return "' instead of \", as Python prints (write the file with json.dump)";
  }

  bool Value() {
    SkipBlanks();
    if (AtEnd()) return Expected("a value");
    switch (text_[at_]) {
      case '{':
        return Members();
      case '[':
        return Elements();
      case '"':
        return String(nullptr);
      default:
        if (text_[at_] == '-' || IsDigit(text_[at_])) return Number();
        return Word() || Expected("a value");
    }
  }

  bool Enter() {
    if (static_cast<int>(path_.size()) >= kMaxJsonDepth) {
      return Fault(absl::StrCat("nested deeper than ", kMaxJsonDepth,
                                " arrays and objects"));
    }
    path_.emplace_back();
    ++at_;
    SkipBlanks();
    return true;
  }

  bool Leave() {
    path_.pop_back();
    ++at_;
    return true;
  }

  bool Members() {
    if (!Enter()) return false;
    if (!AtEnd() && text_[at_] == '}') return Leave();
    while (true) {
      SkipBlanks();
      if (AtEnd() || text_[at_] != '"') return Expected("a key in quotes");
      std::string key;
      if (!String(&key)) return false;
      constexpr size_t kShown = 64;
      path_.back() =
          absl::StrCat(path_.size() == 1 ? "" : ".", key.substr(0, kShown));
      SkipBlanks();
      if (AtEnd() || text_[at_] != ':') return Expected("':'");
      ++at_;
      if (!Value()) return false;
      SkipBlanks();
      if (AtEnd() || (text_[at_] != ',' && text_[at_] != '}')) {
        return Expected("',' or '}'");
      }
      if (text_[at_] == '}') return Leave();
      if (!Comma('}')) return false;
    }
  }

  bool Elements() {
    if (!Enter()) return false;
    if (!AtEnd() && text_[at_] == ']') return Leave();
    for (int i = 0;; ++i) {
      path_.back() = absl::StrCat("[", i, "]");
      if (!Value()) return false;
      SkipBlanks();
      if (AtEnd() || (text_[at_] != ',' && text_[at_] != ']')) {
        return Expected("',' or ']'");
      }
      if (text_[at_] == ']') return Leave();
      if (!Comma(']')) return false;
    }
  }

  // At a comma; another item has to follow.
  bool Comma(char close) {
    const size_t comma = at_;
    ++at_;
    SkipBlanks();
    if (AtEnd() || text_[at_] != close) return true;
    at_ = comma;
    return Fault(absl::StrCat("a comma before '", absl::string_view(&close, 1),
                              "', which JSON does not allow; take it out"));
  }

  // Takes a whole word that JSON has.
  bool Word() {
    for (absl::string_view word : {"true", "false", "null"}) {
      if (!absl::StartsWith(text_.substr(at_), word)) continue;
      const size_t end = at_ + word.size();
      if (end < text_.size() && (IsLetter(text_[end]) || IsDigit(text_[end]))) {
        return false;
      }
      at_ = end;
      return true;
    }
    return false;
  }

  // `raw`, if given, gets the bytes between the quotes, escapes as they stand.
  bool String(std::string* raw) {
    const size_t first = ++at_;
    while (true) {
      if (AtEnd()) return Expected("the end of a string");
      const char c = text_[at_];
      if (c == '"') break;
      if (static_cast<uint8_t>(c) < 0x20) {
        return Fault("a control character in a string; write it escaped");
      }
      if (c == '\\') {
        if (!Escape()) return false;
        continue;
      }
      const size_t length = Utf8Length(text_.substr(at_));
      if (length == 0) return Fault("invalid UTF-8");
      at_ += length;
    }
    if (raw != nullptr) *raw = std::string(text_.substr(first, at_ - first));
    ++at_;
    return true;
  }

  bool Escape() {
    ++at_;
    if (AtEnd()) return Expected("an escaped character");
    if (text_[at_] != 'u') {
      if (absl::string_view("\"\\/bfnrt").find(text_[at_]) ==
          absl::string_view::npos) {
        return Expected("an escaped character");
      }
      ++at_;
      return true;
    }
    uint32_t unit = 0;
    if (!HexUnit(&unit)) return false;
    if (unit >= 0xDC00 && unit <= 0xDFFF) return Fault("half a surrogate pair");
    if (unit >= 0xD800 && unit <= 0xDBFF) {
      if (text_.substr(at_, 2) != "\\u") return Fault("half a surrogate pair");
      ++at_;
      if (!HexUnit(&unit)) return false;
      if (unit < 0xDC00 || unit > 0xDFFF) return Fault("half a surrogate pair");
    }
    return true;
  }

  // At the 'u' of an escape.
  bool HexUnit(uint32_t* unit) {
    *unit = 0;
    ++at_;
    for (int i = 0; i < 4; ++i, ++at_) {
      if (AtEnd() ||
          !absl::ascii_isxdigit(static_cast<unsigned char>(text_[at_]))) {
        return Expected("four hexadecimal digits");
      }
      const char c =
          absl::ascii_tolower(static_cast<unsigned char>(text_[at_]));
      *unit = *unit * 16 +
              static_cast<uint32_t>(IsDigit(c) ? c - '0' : c - 'a' + 10);
    }
    return true;
  }

  bool Digits() {
    if (AtEnd() || !IsDigit(text_[at_])) return Expected("a digit");
    while (!AtEnd() && IsDigit(text_[at_])) ++at_;
    return true;
  }

  bool Number() {
    const size_t first = at_;
    bool integer = true;
    if (!Foreign().empty()) return Expected("a value");
    if (text_[at_] == '-') ++at_;
    if (!AtEnd() && text_[at_] == '0') {
      ++at_;
      if (!AtEnd() && IsDigit(text_[at_])) {
        return Fault("a number with a 0 in front");
      }
    } else if (!Digits()) {
      return false;
    }
    if (!AtEnd() && text_[at_] == '.') {
      integer = false;
      ++at_;
      if (!Digits()) return false;
    }
    if (!AtEnd() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      integer = false;
      ++at_;
      if (!AtEnd() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      if (!Digits()) return false;
    }
    const absl::string_view number = text_.substr(first, at_ - first);
    int64_t as_signed = 0;
    uint64_t as_unsigned = 0;
    double as_double = 0;
    const bool fits = integer ? absl::SimpleAtoi(number, &as_signed) ||
                                    absl::SimpleAtoi(number, &as_unsigned)
                              : absl::SimpleAtod(number, &as_double) &&
                                    std::isfinite(as_double);
    if (!fits) {
      at_ = first;
      constexpr size_t kShown = 24;
      return Fault(absl::StrCat("the number ", number.substr(0, kShown),
                                number.size() > kShown ? "..." : "",
                                " is too large"));
    }
    return true;
  }

  std::string Message() const {
    int line = 1;
    size_t line_start = 0;
    for (size_t i = 0; i < at_ && i < text_.size(); ++i) {
      // Old Macs end lines with a carriage return alone.
      const bool ends = text_[i] == '\n' ||
                        (text_[i] == '\r' && text_.substr(i + 1, 1) != "\n");
      if (!ends) continue;
      ++line;
      line_start = i + 1;
    }
    std::string path;
    for (const std::string& step : path_) absl::StrAppend(&path, step);
    return absl::StrCat(is_line_ ? "" : absl::StrCat("line ", line, ", "),
                        "column ", at_ - line_start + 1,
                        path.empty() ? "" : absl::StrCat(" (", path, ")"), ": ",
                        what_);
  }

  absl::string_view text_;
  const bool is_line_;
  size_t at_ = 0;
  std::vector<std::string> path_;
  std::string what_;
};

}  // namespace

std::string DescribeJsonFault(absl::string_view text) {
  return Scanner(text, false).Run();
}

std::string DescribeJsonLineFault(absl::string_view line) {
  return Scanner(line, true).Run();
}

}  // namespace arctrm
