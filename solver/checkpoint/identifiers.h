// SPDX-License-Identifier: MIT
// identifiers.json of the published dataset builders: the names of embedding
// rows.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace arctrm::internal {

// The names in the order of the embedding rows: "<blank>" first, then augmented
// names without repetition. InvalidArgument with the path for other content.
absl::StatusOr<std::vector<std::string>> ReadIdentifiers(
    const std::string& path);

}  // namespace arctrm::internal
