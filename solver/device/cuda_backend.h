// SPDX-License-Identifier: MIT
// LibTorch's CUDA backend. The programs link only its CPU part; the backend is
// loaded at run time if the machine has an NVIDIA driver.
#pragma once

#include <string>

#include "solver/machine.h"

namespace arctrm::internal {

// The CUDA devices of this process.
struct CudaBackend {
  bool driver = false;  // the machine has an NVIDIA driver
  int devices = 0;      // that LibTorch can use
  // Why there are no devices, as a clause such as "no NVIDIA driver"; "" if
  // there are some.
  std::string problem;
};

// Loads the backend at the first call, like LoadCudaBackend(), and counts the
// devices.
const CudaBackend& FindCuda();

}  // namespace arctrm::internal
