// SPDX-License-Identifier: MIT
#include "tests/solver/cuda_device.h"

#include <cstdlib>

#include "gtest/gtest.h"
#include "solver/device/cuda_backend.h"
#include "solver/device/device.h"

namespace arctrm::internal {

bool CudaIsRequired() {
  return FindCuda().driver || std::getenv("ARCTRM_REQUIRE_CUDA") != nullptr;
}

void SkipWithoutCuda(const std::string& why) {
  if (CudaIsRequired()) FAIL() << "a CUDA test can't run: " << why;
  GTEST_SKIP() << why;
}

std::optional<at::Device> DeviceOrSkip(const std::string& name) {
  const absl::StatusOr<at::Device> device = OpenDevice({name, 1});
  if (device.ok()) return *device;
  SkipWithoutCuda(std::string(device.status().message()));
  return std::nullopt;
}

}  // namespace arctrm::internal
