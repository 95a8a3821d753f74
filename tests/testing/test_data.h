// SPDX-License-Identifier: MIT
// Files that are committed under tests/golden.
#pragma once

#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "base/files.h"

namespace arctrm {

// The path of the file or folder `name` in tests/golden. The environment
// variable ARCTRM_TEST_DATA replaces the folder where the sources are missing.
inline std::string TestData(absl::string_view name) {
  const char* moved = std::getenv("ARCTRM_TEST_DATA");
  return JoinPath(moved != nullptr ? moved : ARCTRM_TEST_DATA, name);
}

}  // namespace arctrm
