// SPDX-License-Identifier: MIT
// The device of the tests that every device must pass. CTest runs them on the
// CPU, and again on the stand-in (tests/solver/standin/). Free of LibTorch.
#pragma once

#include <cstdlib>
#include <string>
#include <vector>

namespace arctrm {

// The environment variable ARCTRM_TEST_DEVICE, such as "standin"; "cpu" if it
// is not set.
inline std::string TestDeviceName() {
  const char* const name = std::getenv("ARCTRM_TEST_DEVICE");
  return name == nullptr ? "cpu" : name;
}

// The devices of tests that name theirs: the one of ARCTRM_TEST_DEVICE, or the
// CPU and CUDA.
inline std::vector<std::string> TestDeviceNames() {
  if (std::getenv("ARCTRM_TEST_DEVICE") == nullptr) return {"cpu", "cuda"};
  return {TestDeviceName()};
}

}  // namespace arctrm
