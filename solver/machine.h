// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace arctrm {

// (what, value) rows about LibTorch and the devices it can use here: its
// version, the one arctrm was built for, matrix libraries, each GPU with
// memory, compute capability and the numbers train.precision = auto takes
// there, or why there is none.
std::vector<std::pair<std::string, std::string>> DescribeMachine();

// CUDA devices that LibTorch can use here.
int CountCudaDevices();

}  // namespace arctrm
