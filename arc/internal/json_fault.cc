// SPDX-License-Identifier: MIT
#include "arc/internal/json_fault.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace arctrm {
namespace {

using Json = nlohmann::json;

bool IsDigit(char c) {
  return absl::ascii_isdigit(static_cast<unsigned char>(c));
}

bool IsLetter(char c) {
  return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_';
}

// The front of `text` for a message.
std::string Shortened(absl::string_view text) {
  constexpr size_t kShown = 24;
  return absl::StrCat(text.substr(0, kShown),
                      text.size() > kShown ? "..." : "");
}

// Reads a text and one blank after it, so that every number has a character
// behind it. All copies share one position.
class TextIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = char;

  TextIterator(absl::string_view text, size_t* at) : text_(text), at_(at) {}

  char operator*() const { return *at_ < text_.size() ? text_[*at_] : ' '; }
  TextIterator& operator++() {
    ++*at_;
    return *this;
  }
  TextIterator operator++(int) { return ++*this; }
  // Is this the end? The parser compares with nothing else.
  bool operator==(const TextIterator&) const { return *at_ > text_.size(); }

 private:
  absl::string_view text_;
  size_t* at_;
};

// Handles the events of nlohmann-json's parser. The parser's error gives the
// position and the reason for a bad string; the last event and the text behind
// it give the rest of the message.
class FaultFinder : public nlohmann::json_sax<Json> {
 public:
  FaultFinder(absl::string_view text, bool is_line)
      : text_(text), is_line_(is_line) {}

  std::string Run() {
    constexpr char kByteOrderMark[] = "\xEF\xBB\xBF";
    if (text_.find_first_not_of(" \t\r\n") == absl::string_view::npos) {
      return "the file is empty";
    }
    if (absl::StartsWith(text_, kByteOrderMark)) {
      Fault(0, "a second byte-order mark; take it out");
      return Message();
    }
    const TextIterator begin(text_, &read_);
    if (Json::sax_parse(begin, begin, this)) {
      // The parser takes a NUL byte for the end of the text.
      at_ = SkipBlanks(event_end_);
      if (at_ < text_.size()) ExplainSyntax(at_);
    }
    return what_.empty() ? "" : Message();
  }

  bool null() override { return Value(Event::kWord, read_); }
  bool boolean(bool) override { return Value(Event::kWord, read_); }
  // The parser has read the character behind a number.
  bool number_integer(int64_t) override {
    return Value(Event::kOther, read_ - 1);
  }
  bool number_unsigned(uint64_t) override {
    return Value(Event::kOther, read_ - 1);
  }
  bool number_float(double, const std::string& number) override {
    Value(Event::kOther, read_ - 1);
    // simdjson takes integers up to 64 bits.
    return number.find_first_of(".eE") != std::string::npos ||
           TooLarge(event_end_ - number.size(), number);
  }
  bool string(std::string&) override { return Value(Event::kOther, read_); }
  bool binary(Json::binary_t&) override { return false; }  // not in JSON

  bool key(std::string& key) override {
    constexpr size_t kShown = 64;
    levels_.back().key = absl::Utf8SafeCEscape(key.substr(0, kShown));
    return Ended(Event::kKey, read_);
  }
  bool start_object(size_t) override { return Enter(true); }
  bool start_array(size_t) override { return Enter(false); }
  bool end_object() override { return Leave(); }
  bool end_array() override { return Leave(); }

  bool parse_error(size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    // `position` counts the bytes read, the last of which is wrong.
    at_ = std::min(position - 1, text_.size());
    constexpr int kNumberOverflow = 406;
    if (error.id == kNumberOverflow) {
      const size_t start = text_.find_first_of("-0123456789", event_end_);
      BeginValue();
      return TooLarge(start, text_.substr(start, at_ + 1 - start));
    }
    return ExplainSyntax(at_, error.what());
  }

 private:
  enum class Event { kNothing, kOpen, kKey, kWord, kOther };
  struct Level {
    bool is_object = false;
    std::string key;    // of the last member
    int num_items = 0;  // that have begun
  };

  size_t SkipBlanks(size_t at) const {
    return std::min(text_.find_first_not_of(" \t\r\n", at), text_.size());
  }

  bool Fault(size_t at, std::string what) {
    at_ = at;
    what_ = std::move(what);
    return false;
  }

  bool Cut() {
    return Fault(text_.size(),
                 is_line_ ? "the line ends in the middle"
                          : "the file ends in the middle; was it written, "
                            "copied or downloaded whole?");
  }

  bool Expected(absl::string_view what, size_t at) {
    if (at >= text_.size()) return Cut();
    return Fault(at, absl::StrCat("expected ", what, ", found ", Found(at)));
  }

  bool TooLarge(size_t at, absl::string_view number) {
    return Fault(
        at, absl::StrCat("the number ", Shortened(number), " is too large"));
  }

  bool Ended(Event event, size_t end) {
    event_ = event;
    event_end_ = end;
    return true;
  }

  void BeginValue() {
    if (!levels_.empty()) ++levels_.back().num_items;
  }

  bool Value(Event event, size_t end) {
    BeginValue();
    return Ended(event, end);
  }

  bool Enter(bool is_object) {
    BeginValue();
    if (levels_.size() >= kMaxJsonDepth) {
      return Fault(read_ - 1, absl::StrCat("nested deeper than ", kMaxJsonDepth,
                                           " arrays and objects"));
    }
    levels_.emplace_back().is_object = is_object;
    return Ended(Event::kOpen, read_);
  }

  bool Leave() {
    levels_.pop_back();
    return Ended(Event::kOther, read_);
  }

  // The parser stopped at byte `at` for the reason `why`. The bad token stands
  // behind the last event and perhaps a separator; `at` is inside it.
  bool ExplainSyntax(size_t at, absl::string_view why = "") {
    size_t start = SkipBlanks(event_end_);
    if (start == event_end_ && IsGluedToValue(start)) {
      return GluedToValue(start);
    }
    if (levels_.empty()) return OutsideOfDocument(start, at, why);
    const size_t separator = start;
    const bool separated =
        start < at && (text_[start] == ',' || text_[start] == ':');
    if (separated) start = SkipBlanks(start + 1);
    const bool is_object = levels_.back().is_object;
    const absl::string_view close = is_object ? "}" : "]";
    if (event_ == Event::kKey) {
      return separated ? BadValue(start, at, why) : Expected("':'", start);
    }
    if (event_ != Event::kOpen && !separated) {
      return Expected(absl::StrCat("',' or '", close, "'"), start);
    }
    if (separated && text_.substr(start, 1) == close) {
      return Fault(separator,
                   absl::StrCat("a comma before '", close,
                                "', which JSON does not allow; take it out"));
    }
    if (!is_object) {
      BeginValue();
      return BadValue(start, at, why);
    }
    if (text_.substr(start, 1) == "\"") return BadString(at, why);
    return Expected("a key in quotes", start);
  }

  bool OutsideOfDocument(size_t start, size_t at, absl::string_view why) {
    if (event_ == Event::kNothing) return BadValue(start, at, why);
    if (text_[start] != '{' && text_[start] != '[') {
      return Expected("nothing after the end of the document", start);
    }
    return Fault(start,
                 is_line_
                     ? "a second JSON value begins here; expected one in a line"
                     : "a second JSON document begins here; expected one in a "
                       "file, or JSON lines with one in every line");
  }

  // Does a value end at `at` in the middle of a longer word? "01", "nulls".
  bool IsGluedToValue(size_t at) const {
    if (at >= text_.size()) return false;
    if (event_ == Event::kWord) {
      return IsLetter(text_[at]) || IsDigit(text_[at]);
    }
    return at > 0 && text_[at - 1] == '0' && IsDigit(text_[at]);
  }

  bool GluedToValue(size_t at) {
    if (event_ != Event::kWord) return Fault(at, "a number with a 0 in front");
    while (at > 0 && IsLetter(text_[at - 1])) --at;
    return Expected("a value", at);
  }

  bool BadValue(size_t start, size_t at, absl::string_view why) {
    if (at >= text_.size()) return Cut();
    const char c = text_[start];
    if (c == '"') return BadString(at, why);
    if ((c == '-' || IsDigit(c)) && Foreign(start).empty()) {
      return Expected("a digit", at);
    }
    return Expected("a value", start);
  }

  bool BadString(size_t at, absl::string_view why) {
    if (at >= text_.size()) return Cut();
    absl::string_view reason = "invalid string";
    if (absl::StrContains(why, reason)) reason = why.substr(why.find(reason));
    reason = reason.substr(0, reason.find("; last read"));
    return Fault(at, std::string(reason));
  }

  std::string Found(size_t at) const {
    std::string foreign = Foreign(at);
    if (!foreign.empty()) return foreign;
    const char c = text_[at];
    size_t end = at;
    while (end < text_.size() && IsLetter(text_[end])) ++end;
    if (end > at + 1) {
      return absl::StrCat("the word ", Shortened(text_.substr(at, end - at)));
    }
    if (absl::ascii_isprint(static_cast<unsigned char>(c))) {
      return absl::StrCat("'", text_.substr(at, 1), "'");
    }
    return absl::StrCat("byte 0x",
                        absl::Hex(static_cast<uint8_t>(c), absl::kZeroPad2));
  }

  // Names text that Python or JavaScript writes and JSON does not allow; "" for
  // other text.
  std::string Foreign(size_t at) const {
    constexpr absl::string_view kAbsent = ", which JSON does not have";
    constexpr absl::string_view kPython =
        ", which is Python, not JSON (write the file with json.dump)";
    constexpr absl::string_view kTakeOut = "; take it out";
    const struct {
      absl::string_view front, name, says, todo = "";
    } kForeign[] = {
        {"NaN", "NaN", kAbsent},
        {"Infinity", "Infinity", kAbsent},
        {"-Infinity", "-Infinity", kAbsent},
        {"-NaN", "-NaN", kAbsent},
        {"undefined", "undefined", kAbsent},
        {"//", "a comment", kAbsent, kTakeOut},
        {"/*", "a comment", kAbsent, kTakeOut},
        {"#", "a comment", kAbsent, kTakeOut},
        {"None", "None", kPython},
        {"True", "True", kPython},
        {"False", "False", kPython},
        {"'", "' instead of \"",
         ", as Python prints (write the file with json.dump)"},
    };
    for (const auto& [front, name, says, todo] : kForeign) {
      if (absl::StartsWith(text_.substr(at), front)) {
        return absl::StrCat(name, says, todo);
      }
    }
    return "";
  }

  std::string Path() const {
    std::string path;
    for (const Level& level : levels_) {
      if (!level.is_object) {
        absl::StrAppend(&path, "[", std::max(level.num_items - 1, 0), "]");
      } else if (!level.key.empty()) {
        absl::StrAppend(&path, path.empty() ? "" : ".", level.key);
      }
    }
    return path;
  }

  std::string Message() const {
    int line = 1;
    size_t line_start = 0;
    for (size_t i = 0; i < at_; ++i) {
      // Old Macs end lines with a carriage return alone.
      const bool ends = text_[i] == '\n' ||
                        (text_[i] == '\r' && text_.substr(i + 1, 1) != "\n");
      if (!ends) continue;
      ++line;
      line_start = i + 1;
    }
    const std::string path = Path();
    return absl::StrCat(is_line_ ? "" : absl::StrCat("line ", line, ", "),
                        "column ", at_ - line_start + 1,
                        path.empty() ? "" : absl::StrCat(" (", path, ")"), ": ",
                        what_);
  }

  const absl::string_view text_;
  const bool is_line_;
  size_t read_ = 0;  // bytes that the parser has read
  std::vector<Level> levels_;
  Event event_ = Event::kNothing;
  size_t event_end_ = 0;
  size_t at_ = 0;  // of the fault
  std::string what_;
};

}  // namespace

std::string DescribeJsonFault(absl::string_view text) {
  return FaultFinder(text, false).Run();
}

std::string DescribeJsonLineFault(absl::string_view line) {
  return FaultFinder(line, true).Run();
}

}  // namespace arctrm
