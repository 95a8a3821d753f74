// SPDX-License-Identifier: MIT
#include "solver/checkpoint/identifiers.h"

#include <map>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/read_text.h"
#include "base/status.h"
#include "simdjson.h"

namespace arctrm::internal {
namespace {

constexpr absl::string_view kBlank = "<blank>";
constexpr absl::string_view kExpected =
    "expected identifiers.json of the dataset builder, a list of names: "
    "[\"<blank>\", \"007bbfb7\", \"007bbfb7|||t3|||0123456789\", ...]";

std::string Shown(absl::string_view name) {
  constexpr size_t kShown = 64;
  return absl::StrCat("\"", absl::Utf8SafeCEscape(name.substr(0, kShown)),
                      "\"");
}

absl::Status CheckEntry(absl::string_view name,
                        std::map<std::string, size_t>& seen) {
  const size_t number = seen.size();
  if (number == 0 && name != kBlank) {
    return absl::InvalidArgumentError(
        absl::StrCat("entry 0 is ", Shown(name), ", not ", Shown(kBlank),
                     ", the first embedding row; is the list complete?"));
  }
  const auto [it, fresh] = seen.emplace(std::string(name), number);
  if (fresh) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("entry ", number, " is ", Shown(name), ", as entry ",
                   it->second, " is; every embedding row needs a unique name"));
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ReadIdentifiers(
    const std::string& path) {
  ARCTRM_ASSIGN_OR_RETURN(const std::string bytes, ReadTextFile(path));
  absl::string_view text = bytes;
  absl::ConsumePrefix(&text, "\xEF\xBB\xBF");
  const auto refuse = [&](absl::string_view what) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ", what, "; ", kExpected));
  };
  if (absl::StripAsciiWhitespace(text).empty()) {
    return refuse("the file is empty");
  }
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(simdjson::padded_string(StdView(text))).get(root) !=
      simdjson::SUCCESS) {
    return refuse("not JSON");
  }
  simdjson::dom::array list;
  if (root.get(list) != simdjson::SUCCESS) return refuse("not a list of names");
  std::vector<std::string> names;
  std::map<std::string, size_t> seen;
  for (const simdjson::dom::element item : list) {
    std::string_view name;
    if (item.get(name) != simdjson::SUCCESS) {
      return refuse(absl::StrCat("entry ", names.size(), " is not a name"));
    }
    ARCTRM_RETURN_IF_ERROR(Annotate(CheckEntry(AbslView(name), seen), path));
    names.emplace_back(name);
  }
  if (names.empty()) return refuse("the list is empty");
  return names;
}

}  // namespace arctrm::internal
