// SPDX-License-Identifier: MIT
#pragma once

#include "base/status.h"
#include "solver/device/device.h"
#include "solver/device/torch.h"
#include "tests/solver/test_device.h"

namespace arctrm::internal {

// The device that TestDeviceName() names.
inline at::Device TestDevice() {
  static const absl::StatusOr<at::Device> device =
      OpenDevice({TestDeviceName(), 2});
  ARCTRM_CHECK(device.ok());
  return *device;
}

inline Tensor OnTestDevice(const Tensor& tensor) {
  return tensor.to(TestDevice());
}

}  // namespace arctrm::internal
