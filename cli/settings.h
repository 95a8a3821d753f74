// SPDX-License-Identifier: MIT
// Recipes and --set: sets options from names, files and assignments.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/options.h"

namespace arctrm {

// The default recipe for fine-tuning a checkpoint (recipes/nvarc.conf).
inline constexpr char kFineTuningRecipe[] = "nvarc";

// Returns names and texts of the built-in recipes.
const std::vector<std::pair<std::string, std::string>>& BuiltInRecipes();

// Returns the text of a built-in recipe or of a file, unpacked and without a
// byte-order mark. NotFound lists the built-in names.
absl::StatusOr<std::string> RecipeText(const std::string& name_or_file);

// Sets `options` from lines "key = value"; "#" begins a comment (INI, as CLI11
// reads it). Fails with InvalidArgument for other lines, a text without
// settings, unknown or repeated keys and values out of range; the message names
// `origin` and the line or key.
absl::Status ApplyRecipe(const std::string& text, const std::string& origin,
                         OptionSet& options);

// Applies `recipe` (`default_recipe` if empty), then every "key=value" of
// `set`.
absl::Status ApplySettings(const std::string& recipe,
                           const std::string& default_recipe,
                           const std::vector<std::string>& set,
                           OptionSet& options);

}  // namespace arctrm
