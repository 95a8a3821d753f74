// SPDX-License-Identifier: MIT
// Settings of a network that its published weights don't contain. They come
// from all_config.yaml, which the published code writes beside the weights; the
// rest is assumed.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "solver/options.h"

namespace arctrm {

// Returns arctrm's settings from the text of all_config.yaml, such as
// {"model.heads", "8"}. Empty if there is no block "arch".
std::map<std::string, std::string> PublishedSettings(absl::string_view yaml);

// The known settings of an imported network.
struct ImportSettings {
  std::set<std::string> known;  // keys that a file or the command line gave
  std::string text;             // report on the settings that a file gave
};

// Sets `model` from all_config.yaml beside the file `weights`, if it exists.
// Keys of `set` ("key=value" each) override it and are not changed here.
// InvalidArgument for an impossible value.
absl::StatusOr<ImportSettings> ApplyPublishedSettings(
    const std::string& weights, const std::vector<std::string>& set,
    ModelOptions& model);

// Returns a line that lists the settings of `model` that neither the weights
// nor the user nor a file decided, so that `recipe` decided them. "": there are
// none.
std::string AssumedText(const ImportSettings& settings,
                        const std::string& recipe, const ModelOptions& model);

}  // namespace arctrm
