// SPDX-License-Identifier: MIT
// The shipped checkpoint and what it was not shown.
#include "pipeline/demo.h"

namespace arctrm {

const std::vector<std::string>& LeftOutRules() {
  static const auto* const rules = new std::vector<std::string>{};
  return *rules;
}

std::vector<EmbeddedFile> DemoCheckpointFiles() { return {}; }

}  // namespace arctrm
