// SPDX-License-Identifier: MIT
#include "arc/internal/json_document.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "arc/internal/json_fault.h"
#include "base/files.h"
#include "base/read_text.h"
#include "base/status.h"

namespace arctrm {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

// Keeps the ".0" of 1.0, since "1" would look valid.
std::string NumberText(double number) {
  std::string text = absl::StrCat(number);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

std::string Found(element found) {
  switch (found.type()) {
    case element_type::ARRAY:
      return "a list";
    case element_type::OBJECT:
      return "an object";
    case element_type::STRING: {
      constexpr size_t kShown = 32;
      const absl::string_view text =
          AbslView(found.get_string().value_unsafe());
      return absl::StrCat("the text \"", absl::CEscape(text.substr(0, kShown)),
                          text.size() > kShown ? "...\"" : "\"");
    }
    case element_type::BOOL:
      return found.get_bool().value_unsafe() ? "true" : "false";
    case element_type::NULL_VALUE:
      return "null";
    case element_type::INT64:
      return absl::StrCat("the number ", found.get_int64().value_unsafe());
    case element_type::UINT64:
      return absl::StrCat("the number ", found.get_uint64().value_unsafe());
    case element_type::DOUBLE: {
      const double number = found.get_double().value_unsafe();
      return absl::StrCat("the number ", NumberText(number),
                          number == std::floor(number)
                              ? ", which is not written as an integer"
                              : ", which is not an integer");
    }
  }
  return "something else";
}

// Competition files do not allow 3.0 for 3; accepts it only with
// `whole_floats`.
bool ReadColor(element cell, bool* whole_floats, uint8_t* color) {
  uint64_t value = 0;
  if (cell.type() == element_type::DOUBLE) {
    const double number = cell.get_double().value_unsafe();
    if (whole_floats == nullptr || number < 0 || number >= kNumColors ||
        number != std::floor(number)) {
      return false;
    }
    *whole_floats = true;
    *color = static_cast<uint8_t>(number);
    return true;
  }
  if (cell.get(value) != simdjson::SUCCESS || value >= kNumColors) {
    return false;
  }
  *color = static_cast<uint8_t>(value);
  return true;
}

bool IsBlank(absl::string_view text) {
  return text.find_first_not_of(" \t\r\n") == absl::string_view::npos;
}

// Describes the beginning of text that starts neither with { nor with [; else
// "".
std::string OtherBeginning(absl::string_view json) {
  json = absl::StripLeadingAsciiWhitespace(json);
  if (json.empty() || absl::StrContains("{[/'", json[0])) return "";
  constexpr size_t kShown = 40;
  const absl::string_view line = json.substr(0, json.find_first_of("\r\n"));
  const absl::string_view all = absl::StripTrailingAsciiWhitespace(json);
  // Git without link support and some archives save links this way.
  if (line.size() == all.size() && IsTaskFileName(Basename(all))) {
    return absl::StrCat("it holds a path, \"",
                        absl::Utf8SafeCEscape(line.substr(0, kShown)),
                        "\": a link that was saved as text?");
  }
  return absl::StrCat(
      "it begins with \"", absl::Utf8SafeCEscape(line.substr(0, kShown)),
      line.size() > kShown ? "...\"" : "\"", ", expected { or [");
}

// Removes `extension` from the end of `name`, in upper or lower case.
bool ConsumeExtension(absl::string_view extension, absl::string_view* name) {
  if (!absl::EndsWithIgnoreCase(*name, extension)) return false;
  name->remove_suffix(extension.size());
  return true;
}

bool ConsumeLines(absl::string_view* name) {
  return ConsumeExtension(".jsonl", name) || ConsumeExtension(".ndjson", name);
}

bool ConsumeJson(absl::string_view* name) {
  return ConsumeExtension(".json", name) || ConsumeLines(name);
}

}  // namespace

absl::StatusOr<std::unique_ptr<JsonFile>> JsonFile::Open(
    absl::string_view path) {
  auto file = std::make_unique<JsonFile>();
  ARCTRM_ASSIGN_OR_RETURN(file->text_, ReadTextFile(path));
  std::string& text = file->text_;
  // simdjson reads past the end.
  text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  file->rest_ = text;
  const bool marked = absl::ConsumePrefix(&file->rest_, "\xEF\xBB\xBF");
  if (IsBlank(file->rest_)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ",
                     text.empty() ? "the file is empty"
                     : marked     ? "the file holds only a byte-order mark"
                              : "the file holds only blanks and empty lines",
                     "; was it written or downloaded whole?"));
  }
  file->lines_ = file->LooksLikeLines(path);
  return file;
}

absl::string_view JsonFile::TakeLine() {
  while (!rest_.empty()) {
    const size_t end = std::min(rest_.find_first_of("\r\n"), rest_.size());
    const absl::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end);
    // Accepts line ends of Windows, Unix and old Macs.
    if (!absl::ConsumePrefix(&rest_, "\r\n") && !rest_.empty()) {
      rest_.remove_prefix(1);
    }
    ++line_;
    if (!IsBlank(line)) return line;
  }
  return "";
}

bool JsonFile::LooksLikeLines(absl::string_view path) {
  absl::string_view name = WithoutPacking(path);
  const bool named = ConsumeLines(&name);
  const absl::string_view whole = rest_;
  // With an extension of JSON lines, the first lines may be damaged.
  bool found = false;
  for (int tries = named ? 10 : 1; tries > 0 && !found; --tries) {
    const absl::string_view line = TakeLine();
    const size_t first = line.find_first_not_of(" \t\r");
    if (first == absl::string_view::npos) break;
    if (!named && IsBlank(rest_)) break;
    if (line[first] != '{' && line[first] != '[') continue;
    found = Parse(line).ok();
  }
  rest_ = whole;
  line_ = 0;
  return found;
}

absl::StatusOr<element> JsonFile::Parse(absl::string_view json) {
  simdjson::error_code error = simdjson::SUCCESS;
  if (parser_.capacity() < json.size() || parser_.capacity() == 0) {
    error = parser_.allocate(json.size(), kParserDepth);
  }
  element root;
  if (error == simdjson::SUCCESS) {
    error = parser_
                .parse(reinterpret_cast<const uint8_t*>(json.data()),
                       json.size(), false)
                .get(root);
  }
  if (error == simdjson::SUCCESS) return root;
  std::string what = OtherBeginning(json);
  if (what.empty()) {
    what = lines_ ? DescribeJsonLineFault(json) : DescribeJsonFault(json);
  }
  if (what.empty()) what = simdjson::error_message(error);
  return absl::InvalidArgumentError(absl::StrCat("not JSON: ", what));
}

bool JsonFile::Next(absl::StatusOr<element>* root) {
  if (lines_) {
    const absl::string_view line = TakeLine();
    if (line.empty()) return false;
    *root = Parse(line);
    return true;
  }
  if (line_ > 0) return false;
  line_ = 1;
  *root = Parse(rest_);
  return true;
}

absl::Status JsonPlace::Fault(absl::string_view what, int row, int col) const {
  std::string text;
  if (!list.empty()) {
    absl::StrAppend(&text, list);
    if (index >= 0) absl::StrAppend(&text, "[", index, "]");
    if (!key.empty()) absl::StrAppend(&text, ".", key);
  }
  if (row >= 0) absl::StrAppend(&text, " row ", row);
  if (col >= 0) absl::StrAppend(&text, " column ", col);
  return absl::InvalidArgumentError(
      absl::StrCat(text, text.empty() ? "" : ": ", what));
}

absl::Status JsonPlace::Unexpected(absl::string_view expected, element found,
                                   int row, int col) const {
  return Fault(absl::StrCat("expected ", expected, ", found ", Found(found)),
               row, col);
}

absl::StatusOr<Grid> ReadGrid(element rows, const JsonPlace& place,
                              bool* whole_floats) {
  array row_list;
  if (rows.get(row_list) != simdjson::SUCCESS) {
    return place.Unexpected("a grid (a list of rows)", rows);
  }
  const size_t num_rows = row_list.size();
  if (num_rows < 1 || num_rows > kMaxSide) {
    return place.Fault(
        absl::StrCat("a grid has 1 to 30 rows, found ", num_rows));
  }
  std::vector<uint8_t> cells;
  size_t num_cols = 0;
  int r = 0;
  for (element row : row_list) {
    array cell_list;
    if (row.get(cell_list) != simdjson::SUCCESS) {
      return place.Unexpected("a list of colours", row, r);
    }
    const size_t count = cell_list.size();
    if (count < 1 || count > kMaxSide) {
      return place.Fault(absl::StrCat("a row has 1 to 30 cells, found ", count),
                         r);
    }
    if (r == 0) num_cols = count;
    if (count != num_cols) {
      return place.Fault(absl::StrCat("expected ", num_cols,
                                      " cells as in row 0, found ", count),
                         r);
    }
    int c = 0;
    for (element cell : cell_list) {
      uint8_t color = 0;
      if (!ReadColor(cell, whole_floats, &color)) {
        return place.Unexpected("a colour from 0 to 9", cell, r, c);
      }
      cells.push_back(color);
      ++c;
    }
    ++r;
  }
  return Grid(static_cast<int>(num_rows), static_cast<int>(num_cols),
              std::move(cells));
}

absl::StatusOr<object> ReadObject(element value, absl::string_view expected,
                                  const JsonPlace& place) {
  object members;
  if (value.get(members) != simdjson::SUCCESS) {
    return place.Unexpected(expected, value);
  }
  std::set<absl::string_view> keys;
  for (const auto field : members) {
    const absl::string_view key = AbslView(field.key);
    if (!keys.insert(key).second) {
      constexpr size_t kShown = 64;
      return place.Fault(absl::StrCat(
          "\"", absl::CEscape(key.substr(0, kShown)), "\" occurs twice"));
    }
  }
  return members;
}

absl::Status CheckTaskId(absl::string_view id) {
  constexpr size_t kMaxLength = 256;
  constexpr size_t kShown = 64;
  std::string what;
  if (id.empty()) what = "is empty";
  if (!simdjson::validate_utf8(StdView(id))) what = "is not valid UTF-8";
  if (id.size() > kMaxLength) what = "is longer than 256 bytes";
  if (absl::StrContains(id, "|||")) {
    what = "holds \"|||\", which separates the names of augmented tasks";
  }
  for (char c : id) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) {
      what = "holds a control character";
    }
  }
  if (what.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "the task id \"", absl::CEscape(id.substr(0, kShown)), "\" ", what));
}

std::string StatedId(object item) {
  for (const char* key : {"id", "task_id", "name"}) {
    element value;
    if (item.at_key(key).get(value) != simdjson::SUCCESS) continue;
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS && !text.empty()) {
      absl::string_view id = AbslView(text);
      ConsumeJson(&id);
      return std::string(id.empty() ? AbslView(text) : id);
    }
    if (value.type() == element_type::INT64) {
      return absl::StrCat(value.get_int64().value_unsafe());
    }
  }
  return "";
}

std::string NameWithoutExtension(absl::string_view path) {
  const std::string name = Basename(path);
  absl::string_view bare = WithoutPacking(name);
  return std::string(ConsumeJson(&bare) && !bare.empty() ? bare : name);
}

bool IsTaskFileName(absl::string_view name) {
  if (name.empty() || name[0] == '.') return false;
  name = WithoutPacking(name);
  return ConsumeJson(&name) && !name.empty();
}

}  // namespace arctrm
