// SPDX-License-Identifier: MIT
// LibTorch and its devices on this machine. Free of LibTorch.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace arctrm {

// Loads LibTorch's CUDA backend if the machine has an NVIDIA driver. A program
// must call it before its first use of LibTorch, at the beginning of main():
// LibTorch looks for a backend once, at its first operation. Later calls do
// nothing.
void LoadCudaBackend();

// The reason why `--device auto` uses the CPU although the machine has an
// NVIDIA driver; "" without a driver, or if there is a usable CUDA device.
std::string UnusedGpuReason();

// (name, value) lines about LibTorch and its devices on this machine: its
// version, the version arctrm was built for, matrix libraries, and each GPU
// with memory, compute capability and the precision that train.precision = auto
// chooses, or the reason why no GPU is usable.
std::vector<std::pair<std::string, std::string>> DescribeMachine();

// The number of CUDA devices that LibTorch can use.
int CountCudaDevices();

}  // namespace arctrm
