// SPDX-License-Identifier: MIT
// Recipes and --set: from names and files to the options they describe.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/options.h"

namespace arctrm {

// The one for a network that has already learnt something (recipes/nvarc.conf).
inline constexpr char kFineTuningRecipe[] = "nvarc";

// Names of the built-in recipes, with their text.
const std::vector<std::pair<std::string, std::string>>& BuiltInRecipes();

// Text of a recipe: a built-in name, else a file, unpacked and without a
// byte-order mark. NotFound lists the names.
absl::StatusOr<std::string> RecipeText(const std::string& name_or_file);

// "key = value" lines, "#" comments, as CLI11 reads INI. InvalidArgument names
// `origin` and the line or key: other lines, a text without any setting, keys
// that are unknown or stand twice and values out of range are errors.
absl::Status ApplyRecipe(const std::string& text, const std::string& origin,
                         OptionSet& options);

// `recipe` (or `default_recipe` when empty), then every "key=value" of `set`.
absl::Status ApplySettings(const std::string& recipe,
                           const std::string& default_recipe,
                           const std::vector<std::string>& set,
                           OptionSet& options);

}  // namespace arctrm
