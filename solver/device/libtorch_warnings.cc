// SPDX-License-Identifier: MIT
#include "solver/device/libtorch_warnings.h"

#include "absl/strings/match.h"

namespace arctrm::internal {

void HideDeterminismWarnings::Handler::process(const c10::Warning& warning) {
  for (const char* words :
       {"non-deterministic", "deterministic implementation"}) {
    if (absl::StrContains(warning.msg(), words)) return;
  }
  c10::WarningHandler::process(warning);
}

}  // namespace arctrm::internal
