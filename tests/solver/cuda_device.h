// SPDX-License-Identifier: MIT
// Devices for tests that need CUDA. Such a test is skipped only where it cannot
// run: on a machine with an NVIDIA driver it fails instead.
#pragma once

#include <optional>
#include <string>

#include "solver/device/torch.h"

namespace arctrm::internal {

// Opens the device `name`, such as "cuda". nullopt: the running test is skipped
// or has failed, and must return.
std::optional<at::Device> DeviceOrSkip(const std::string& name);

// Skips the running test for the reason `why`, or lets it fail if
// CudaIsRequired(). The test must return.
void SkipWithoutCuda(const std::string& why);

// Does this machine have an NVIDIA driver, or is ARCTRM_REQUIRE_CUDA set?
bool CudaIsRequired();

}  // namespace arctrm::internal
