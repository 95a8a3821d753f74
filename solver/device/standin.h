// SPDX-License-Identifier: MIT
// The stand-in device, with which tests check the GPU path on machines without
// a GPU. Its library is built with the tests (tests/solver/standin/).
#pragma once

#include "absl/status/statusor.h"
#include "solver/device/torch.h"

namespace arctrm::internal {

// Loads StandInLibrary() of solver/device_list.h, which registers the device
// with LibTorch. InvalidArgument if that fails.
absl::StatusOr<at::Device> OpenStandIn();

}  // namespace arctrm::internal
