// SPDX-License-Identifier: MIT
#include "solver/machine.h"

#include <ATen/Context.h>
#include <ATen/Version.h>
#include <torch/version.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/files.h"
#include "solver/internal/device.h"

namespace arctrm {

std::vector<std::pair<std::string, std::string>> DescribeMachine() {
  std::vector<std::pair<std::string, std::string>> rows;
  rows.emplace_back("built for torch", TORCH_VERSION);
  // The first line of the running library's own description names it.
  const std::string config = at::show_config();
  for (absl::string_view line : absl::StrSplit(config, '\n')) {
    for (absl::string_view word : {"oneAPI", "MKL-DNN", "CPU capability"}) {
      if (absl::StrContains(line, word)) {
        rows.emplace_back(
            "matrix library",
            std::string(absl::StripAsciiWhitespace(
                absl::StripPrefix(absl::StripAsciiWhitespace(line), "- "))));
      }
    }
  }
  const absl::StatusOr<std::string> driver =
      ReadFile("/proc/driver/nvidia/version");
  if (driver.ok()) {
    rows.emplace_back("NVIDIA driver",
                      std::string(absl::StripAsciiWhitespace(
                          driver->substr(0, driver->find('\n')))));
  }
  const absl::StatusOr<at::Device> device = internal::OpenDevice({"cuda", 1});
  if (device.ok()) {
    const int count =
        static_cast<int>(at::detail::getCUDAHooks().deviceCount());
    rows.emplace_back("CUDA devices", absl::StrCat(count));
  } else {
    rows.emplace_back("CUDA devices",
                      driver.ok() ? std::string(device.status().message())
                                  : "none (no NVIDIA driver)");
  }
  return rows;
}

}  // namespace arctrm
