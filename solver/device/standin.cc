// SPDX-License-Identifier: MIT
#include "solver/device/standin.h"

#include <dlfcn.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "solver/device_list.h"

namespace arctrm::internal {

absl::StatusOr<at::Device> OpenStandIn() {
  static const std::string problem = [] {
    const std::string path = StandInLibrary();
    const bool loaded = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) != nullptr;
    return loaded ? std::string() : std::string(dlerror());
  }();
  if (!problem.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--device ", kStandInName, ": ", problem));
  }
  return at::Device(at::kPrivateUse1, 0);
}

}  // namespace arctrm::internal
