// SPDX-License-Identifier: MIT
#include "arc/internal/json_document.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "arc/internal/json_fault.h"
#include "base/files.h"
#include "base/status.h"

namespace arctrm {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

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
    case element_type::DOUBLE:
      return absl::StrCat("the number ", found.get_double().value_unsafe(),
                          ", which is no integer");
  }
  return "something else";
}

// An integer written as 3.0 stays a fault: the competition's files have none.
bool ReadColor(element cell, uint8_t* color) {
  uint64_t value = 0;
  if (cell.get(value) != simdjson::SUCCESS ||
      cell.type() == element_type::DOUBLE || value >= kNumColors) {
    return false;
  }
  *color = static_cast<uint8_t>(value);
  return true;
}

}  // namespace

absl::StatusOr<std::unique_ptr<JsonDocument>> LoadJson(absl::string_view path) {
  auto document = std::make_unique<JsonDocument>();
  document->path = std::string(path);
  ARCTRM_ASSIGN_OR_RETURN(document->text, ReadFile(path));
  std::string& text = document->text;
  const size_t start = absl::StartsWith(text, "\xEF\xBB\xBF") ? 3 : 0;
  const absl::string_view json = absl::string_view(text).substr(start);
  // simdjson reads a little past the end.
  text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  simdjson::error_code error =
      document->parser.allocate(json.size(), kParserDepth);
  if (error == simdjson::SUCCESS) {
    error = document->parser
                .parse(reinterpret_cast<const uint8_t*>(text.data()) + start,
                       json.size(), false)
                .get(document->root);
  }
  if (error == simdjson::SUCCESS) return document;
  std::string what = DescribeJsonFault(absl::string_view(text).substr(start));
  if (what.empty()) what = simdjson::error_message(error);
  return absl::InvalidArgumentError(absl::StrCat(path, ": not JSON: ", what));
}

absl::Status JsonPlace::Fault(absl::string_view what, int row, int col) const {
  std::string text = document->path;
  if (!task.empty()) absl::StrAppend(&text, ": task ", task);
  if (!list.empty()) {
    absl::StrAppend(&text, ": ", list);
    if (index >= 0) absl::StrAppend(&text, "[", index, "]");
    if (!key.empty()) absl::StrAppend(&text, ".", key);
  }
  if (row >= 0) absl::StrAppend(&text, " row ", row);
  if (col >= 0) absl::StrAppend(&text, " column ", col);
  return absl::InvalidArgumentError(absl::StrCat(text, ": ", what));
}

absl::Status JsonPlace::Unexpected(absl::string_view expected, element found,
                                   int row, int col) const {
  return Fault(absl::StrCat("expected ", expected, ", found ", Found(found)),
               row, col);
}

absl::StatusOr<Grid> ReadGrid(element rows, const JsonPlace& place) {
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
      if (!ReadColor(cell, &color)) {
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
          "\"", absl::CEscape(key.substr(0, kShown)), "\" stands twice"));
    }
  }
  return members;
}

absl::Status CheckTaskId(absl::string_view id, const JsonPlace& place) {
  constexpr size_t kMaxLength = 256;
  constexpr size_t kShown = 64;
  std::string what;
  if (id.empty()) what = "is empty";
  if (!simdjson::validate_utf8(StdView(id))) what = "is no valid UTF-8";
  if (id.size() > kMaxLength) what = "is longer than 256 bytes";
  if (absl::StrContains(id, "|||")) {
    what = "holds \"|||\", which divides the names of augmented tasks";
  }
  for (char c : id) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) {
      what = "holds a control character";
    }
  }
  if (what.empty()) return absl::OkStatus();
  return place.Fault(absl::StrCat(
      "the task id \"", absl::CEscape(id.substr(0, kShown)), "\" ", what));
}

}  // namespace arctrm
