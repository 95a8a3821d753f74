// SPDX-License-Identifier: MIT
// Starts the kernels of solver/kernels/cuda_ops.h on tensors.
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "solver/device/torch.h"
#include "solver/kernels/cuda_modules.h"
#include "solver/kernels/cuda_ops.h"

namespace arctrm::internal {

// Is `type` an element type of the kernels: float32, bfloat16 or float16?
bool HasElement(at::ScalarType type);
// `type` must have one.
kernels::cuda::Element ElementOf(at::ScalarType type);
inline kernels::cuda::Element ElementOf(const Tensor& t) {
  return ElementOf(t.scalar_type());
}

// The kernels for `type` on a CUDA device, loaded at the first call.
const kernels::cuda::LoadedKernels& LoadCudaKernels(at::Device device,
                                                    at::ScalarType type);

// Can the kernels work on the device and dtype of `t`? Loads them if they can.
inline bool FastCuda(const Tensor& t) {
  return t.is_cuda() && HasElement(t.scalar_type()) &&
         LoadCudaKernels(t.device(), t.scalar_type()).status.ok();
}

// Calls `start(launcher)` for the device of `t` and its current stream; `start`
// returns the status of a kernel. Throws c10::Error if it fails.
void StartOn(
    const Tensor& t,
    const std::function<absl::Status(kernels::cuda::Launcher&)>& start);

}  // namespace arctrm::internal
