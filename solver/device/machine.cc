// SPDX-License-Identifier: MIT
#include "solver/machine.h"

#include <ATen/Context.h>
#include <ATen/Version.h>
#include <torch/version.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/files.h"
#include "solver/device/cuda_backend.h"
#include "solver/device/device.h"

namespace arctrm {
namespace {

// Name, memory, compute capability, and the choice of train.precision = auto
// with its reason.
std::string DescribeCuda(int index) {
  const auto info = internal::DescribeCudaDevice(index);
  if (!info.has_value()) return "the driver does not describe it";
  const std::string what =
      absl::StrFormat("%s, %d GiB, compute capability %d.%d", info->name,
                      info->memory_bytes >> 30, info->major, info->minor);
  if (!info->Supported()) {
    return absl::StrCat(what,
                        ": not supported by torch wheels from 2.9, which need "
                        "7.5 (newer than P100 and V100); choose another "
                        "accelerator, or use --device cpu");
  }
  if (info->HasBf16())
    return what + ": bf16, because it has matrix units for it";
  const auto choice =
      internal::CatchTorch([&]() -> absl::StatusOr<std::string> {
        const at::Device device(at::kCUDA, static_cast<at::DeviceIndex>(index));
        const double half = internal::ProductSeconds(device, at::kHalf);
        const double full = internal::ProductSeconds(device, at::kFloat);
        return absl::StrFormat(
            "%s: it has no bf16 matrix units, and a product takes %.2f ms in "
            "float16 and %.2f ms in float32",
            half < full ? "float16" : "float32", 1e3 * half, 1e3 * full);
      });
  return absl::StrCat(
      what, ": ",
      choice.ok() ? *choice
                  : absl::StrCat("unusable: ", choice.status().message()));
}

}  // namespace

std::vector<std::pair<std::string, std::string>> DescribeMachine() {
  std::vector<std::pair<std::string, std::string>> rows;
  rows.emplace_back("built for torch", TORCH_VERSION);
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
  const internal::CudaBackend& cuda = internal::FindCuda();
  if (cuda.devices == 0) {
    rows.emplace_back("CUDA devices", absl::StrCat("none: ", cuda.problem));
  } else {
    rows.emplace_back("CUDA devices", absl::StrCat(cuda.devices));
  }
  for (int i = 0; i < cuda.devices; ++i) {
    rows.emplace_back(absl::StrCat("CUDA device ", i), DescribeCuda(i));
  }
  return rows;
}

int CountCudaDevices() { return internal::FindCuda().devices; }

}  // namespace arctrm
