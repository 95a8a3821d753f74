// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace arctrm {

// (name, value) lines about LibTorch and its devices on this machine: its
// version, the version arctrm was built for, matrix libraries, and each GPU
// with memory, compute capability and the precision that train.precision = auto
// chooses, or the reason why no GPU is usable.
std::vector<std::pair<std::string, std::string>> DescribeMachine();

// The number of CUDA devices that LibTorch can use.
int CountCudaDevices();

}  // namespace arctrm
