// SPDX-License-Identifier: MIT
#include "cli/settings.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "CLI/CLI.hpp"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/files.h"
#include "base/read_text.h"
#include "base/status.h"

namespace arctrm {

absl::StatusOr<std::string> RecipeText(const std::string& name_or_file) {
  std::vector<std::string> names;
  for (const auto& [name, text] : BuiltInRecipes()) {
    if (name == name_or_file) return text;
    names.push_back(name);
  }
  if (!FileExists(name_or_file)) {
    return absl::NotFoundError(absl::StrCat(
        "--recipe ", name_or_file, ": neither a file nor a built-in recipe (",
        absl::StrJoin(names, ", "), ")"));
  }
  ARCTRM_ASSIGN_OR_RETURN(std::string text, ReadTextFile(name_or_file));
  constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (absl::StartsWith(text, kByteOrderMark)) {
    text.erase(0, kByteOrderMark.size());
  }
  // Line ends of Windows and old Macs.
  return absl::StrReplaceAll(text, {{"\r\n", "\n"}, {"\r", "\n"}});
}

namespace {

bool IsKey(absl::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '-';
         });
}

bool IsComment(absl::string_view line) {
  return line.empty() || line[0] == '#' || line[0] == ';';
}

// Refuses lines that are not settings, because CLI11 accepts any line.
absl::Status CheckLines(absl::string_view text) {
  int number = 0;
  int settings = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (IsComment(line)) continue;
    if (line.front() == '[' && line.back() == ']' &&
        IsKey(line.substr(1, line.size() - 2))) {
      continue;
    }
    const size_t equals = line.find('=');
    if (equals == absl::string_view::npos ||
        !IsKey(absl::StripAsciiWhitespace(line.substr(0, equals)))) {
      constexpr size_t kShown = 60;
      return absl::InvalidArgumentError(
          absl::StrCat("line ", number,
                       ": expected key = value, [section] or # comment, "
                       "found \"",
                       absl::Utf8SafeCEscape(line.substr(0, kShown)), "\""));
    }
    ++settings;
  }
  if (settings > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "holds no settings; expected lines such as train.batch = 8");
}

}  // namespace

absl::Status ApplyRecipe(const std::string& text, const std::string& origin,
                         OptionSet& options) {
  ARCTRM_RETURN_IF_ERROR(Annotate(CheckLines(text), origin));
  std::vector<CLI::ConfigItem> items;
  std::set<std::string> seen;
  try {
    std::istringstream stream(text);
    items = CLI::ConfigINI().from_config(stream);
  } catch (const CLI::Error& error) {
    return absl::InvalidArgumentError(absl::StrCat(origin, ": ", error.what()));
  }
  for (const CLI::ConfigItem& item : items) {
    // CLI11 marks where sections open and close.
    if (item.name == "++" || item.name == "--") continue;
    const std::string key = item.fullname();
    if (item.inputs.size() != 1) {
      return absl::InvalidArgumentError(absl::StrCat(
          origin, ": ", key, ": expected one value, got ", item.inputs.size()));
    }
    if (!seen.insert(key).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(origin, ": ", key, " is set twice"));
    }
    ARCTRM_RETURN_IF_ERROR(Annotate(options.Set(key, item.inputs[0]), origin));
  }
  return absl::OkStatus();
}

absl::Status ApplySettings(const std::string& recipe,
                           const std::string& default_recipe,
                           const std::vector<std::string>& set,
                           OptionSet& options) {
  const std::string& name = recipe.empty() ? default_recipe : recipe;
  if (!name.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(const std::string text, RecipeText(name));
    ARCTRM_RETURN_IF_ERROR(
        ApplyRecipe(text, absl::StrCat("recipe ", name), options));
  }
  for (const std::string& assignment : set) {
    const size_t equals = assignment.find('=');
    if (equals == std::string::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("--set ", assignment, ": expected key=value"));
    }
    const auto trim = [](const std::string& part) {
      return std::string(absl::StripAsciiWhitespace(part));
    };
    ARCTRM_RETURN_IF_ERROR(
        Annotate(options.Set(trim(assignment.substr(0, equals)),
                             trim(assignment.substr(equals + 1))),
                 "--set"));
  }
  return absl::OkStatus();
}

}  // namespace arctrm
