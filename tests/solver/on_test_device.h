// SPDX-License-Identifier: MIT
#pragma once

#include "solver/device/device.h"
#include "solver/device/torch.h"
#include "tests/solver/test_device.h"

namespace arctrm::internal {

// The device that TestDeviceName() names; aborts if it cannot be opened.
at::Device TestDevice();

inline Tensor OnTestDevice(const Tensor& tensor) {
  return tensor.to(TestDevice());
}

}  // namespace arctrm::internal
