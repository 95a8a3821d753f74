// SPDX-License-Identifier: MIT
// identifiers.json of the published dataset builders: the names of the rows of
// an embedding table.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace arctrm::internal {

// The names in the order of the rows: "<blank>" first, then augmented names,
// each once. InvalidArgument with the path for anything else.
absl::StatusOr<std::vector<std::string>> ReadIdentifiers(
    const std::string& path);

}  // namespace arctrm::internal
