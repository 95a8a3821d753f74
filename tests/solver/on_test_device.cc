// SPDX-License-Identifier: MIT
#include "tests/solver/on_test_device.h"

#include "base/status.h"
#include "gtest/gtest.h"

namespace arctrm::internal {
namespace {

// Opens the device before all tests: the first backward pass starts LibTorch's
// threads for the devices that exist by then.
class OpenFirst : public testing::Environment {
 public:
  void SetUp() override { TestDevice(); }
};

const testing::Environment* const kOpened =
    testing::AddGlobalTestEnvironment(new OpenFirst);

}  // namespace

at::Device TestDevice() {
  static const absl::StatusOr<at::Device> device =
      OpenDevice({TestDeviceName(), 2});
  ARCTRM_CHECK(device.ok());
  return *device;
}

}  // namespace arctrm::internal
