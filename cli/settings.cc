// SPDX-License-Identifier: MIT
#include "cli/settings.h"

#include <sstream>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "base/files.h"
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
  return ReadFile(name_or_file);
}

absl::Status ApplyRecipe(const std::string& text, const std::string& origin,
                         OptionSet& options) {
  std::vector<CLI::ConfigItem> items;
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
