// SPDX-License-Identifier: MIT
// Starts the kernels of solver/kernels/cuda_ops.h on tensors, in builds with
// ARCTRM_CUDA_KERNELS.
#pragma once

#include <utility>

#include "solver/device/torch.h"
#include "solver/kernels/cuda_ops.h"

namespace arctrm::internal {

#ifdef ARCTRM_CUDA_KERNELS
inline constexpr bool kCudaKernels = true;
#else
inline constexpr bool kCudaKernels = false;
#endif

// Do the CUDA kernels support the device and dtype of `t`?
inline bool FastCuda(const Tensor& t) {
  return kCudaKernels && t.is_cuda() &&
         (t.scalar_type() == at::kFloat || t.scalar_type() == at::kBFloat16 ||
          t.scalar_type() == at::kHalf);
}

// The element type of a tensor that FastCuda accepts.
inline kernels::cuda::Element ElementOf(const Tensor& t) {
  switch (t.scalar_type()) {
    case at::kBFloat16:
      return kernels::cuda::Element::kBf16;
    case at::kHalf:
      return kernels::cuda::Element::kFloat16;
    default:
      return kernels::cuda::Element::kFloat32;
  }
}

// The device of `t` and its current stream.
kernels::cuda::Launch CurrentLaunch(const Tensor& t);
// Throws c10::Error like LibTorch's operations unless `error` is 0.
void CheckLaunch(int error);
// For tests: lets all LibTorch calls that wait for a CUDA device throw
// c10::Error, in all threads.
void ForbidWaiting(bool on);

// Calls `start(launch)` for the device of `t`; `start` returns the error of a
// launcher. Pass a generic lambda (`auto`): builds without the kernels then
// never instantiate it and need not link them. Throws c10::Error.
template <typename Fn>
void StartOn(const Tensor& t, Fn&& start) {
  if constexpr (kCudaKernels) {
    const c10::DeviceGuard guard(t.device());
    CheckLaunch(std::forward<Fn>(start)(CurrentLaunch(t)));
  }
}

}  // namespace arctrm::internal
