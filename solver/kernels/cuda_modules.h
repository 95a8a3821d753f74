// SPDX-License-Identifier: MIT
// The kernels of cuda_ops.h on a CUDA device.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "solver/kernels/cuda_driver.h"
#include "solver/kernels/cuda_ops.h"

namespace arctrm::kernels::cuda {

// The kernels for one element type, loaded on one device.
struct LoadedKernels {
  absl::Status status;  // if not OK, the reason why there are none
  std::string origin;   // as in KernelCode
  Driver::Module module = {};
};

// Loads the kernels at the first call for a device and element type, which
// takes about a second if they must be compiled; later calls return the same.
// `torch`: the torch/ folder. The result lives as long as the process.
const LoadedKernels& LoadKernels(int device, Element element,
                                 const std::string& torch);

// Starts kernels on a stream (a CUstream) of a device, after LoadKernels
// succeeded for the device and every element type that Start() gets.
class DeviceLauncher : public Launcher {
 public:
  DeviceLauncher(int device, void* stream) : device_(device), stream_(stream) {}

  absl::Status Start(KernelName kernel, Element element, unsigned blocks,
                     absl::Span<void*> arguments) override;

 private:
  int device_;
  void* stream_;
};

}  // namespace arctrm::kernels::cuda
