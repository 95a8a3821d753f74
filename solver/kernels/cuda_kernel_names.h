// SPDX-License-Identifier: MIT
// The names of the kernels at the end of cuda_kernels.cu.
#pragma once

#include <cstddef>

namespace arctrm::kernels::cuda {

#define ARCTRM_CUDA_KERNEL_NAMES(X) \
  X(rms_forward_1)                  \
  X(rms_forward_2)                  \
  X(rms_forward_4)                  \
  X(rms_forward_8)                  \
  X(rms_forward_any)                \
  X(rms_backward_1)                 \
  X(rms_backward_2)                 \
  X(rms_backward_4)                 \
  X(rms_backward_8)                 \
  X(rms_backward_any)               \
  X(swiglu_forward_wide_32)         \
  X(swiglu_forward_wide_64)         \
  X(swiglu_forward_single_32)       \
  X(swiglu_forward_single_64)       \
  X(swiglu_backward_wide_32)        \
  X(swiglu_backward_wide_64)        \
  X(swiglu_backward_single_32)      \
  X(swiglu_backward_single_64)      \
  X(rotary_forward_wide_32)         \
  X(rotary_forward_wide_64)         \
  X(rotary_forward_single_32)       \
  X(rotary_forward_single_64)       \
  X(rotary_backward_wide_32)        \
  X(rotary_backward_wide_64)        \
  X(rotary_backward_single_32)      \
  X(rotary_backward_single_64)      \
  X(stablemax_forward)              \
  X(stablemax_backward)             \
  X(adam_wide)                      \
  X(adam_single)                    \
  X(adam_ema_wide)                  \
  X(adam_ema_single)                \
  X(sign_sgd)

enum class KernelName {
#define ARCTRM_ENUMERATOR(name) name,
  ARCTRM_CUDA_KERNEL_NAMES(ARCTRM_ENUMERATOR)
#undef ARCTRM_ENUMERATOR
};

inline constexpr const char* kKernelNames[] = {
#define ARCTRM_TEXT(name) #name,
    ARCTRM_CUDA_KERNEL_NAMES(ARCTRM_TEXT)
#undef ARCTRM_TEXT
};
inline constexpr size_t kKernelCount =
    sizeof(kKernelNames) / sizeof(kKernelNames[0]);

}  // namespace arctrm::kernels::cuda
