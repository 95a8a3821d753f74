// SPDX-License-Identifier: MIT
// Everything in a folder, to see that nothing changed.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/files.h"

namespace arctrm {

// Path below `dir` -> content, "/" for a folder.
inline std::map<std::string, std::string> Tree(const std::string& dir) {
  std::map<std::string, std::string> tree;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir)) {
    const std::string path = entry.path().string();
    tree[path.substr(dir.size())] =
        entry.is_directory() ? "/" : ReadFile(path).value_or("?");
  }
  return tree;
}

}  // namespace arctrm
