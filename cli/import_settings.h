// SPDX-License-Identifier: MIT
// What the weights of the published code don't tell of their network: from
// all_config.yaml, which it writes beside them; the rest is assumed.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "solver/options.h"

namespace arctrm {

// Our settings from the text of all_config.yaml: "model.heads" is "8". Empty
// where it has no block "arch".
std::map<std::string, std::string> PublishedSettings(absl::string_view yaml);

// What is known of a network beside its weights.
struct ImportSettings {
  std::set<std::string> known;  // keys that a file or the command line gave
  std::string text;             // lines for people: what came from a file
};

// Sets in `model` what all_config.yaml beside the file `weights` says, where
// there is one; `set` ("key=value" each) goes before it. InvalidArgument for a
// value that can't be.
absl::StatusOr<ImportSettings> ApplyPublishedSettings(
    const std::string& weights, const std::vector<std::string>& set,
    ModelOptions& model);

// A line for people: the settings of `model` that its weights don't tell and
// nobody gave, so that they are those of `recipe`. "": none.
std::string AssumedText(const ImportSettings& settings,
                        const std::string& recipe, const ModelOptions& model);

}  // namespace arctrm
