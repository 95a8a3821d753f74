// SPDX-License-Identifier: MIT
// Attention over whole sequences, without mask or dropout.
#pragma once

#include "solver/device/torch.h"

namespace arctrm::internal {

// q, k, v (B, T, heads, head_dim) -> (B, T, heads, head_dim): softmax over the
// keys of q k^T / sqrt(head_dim), times v. Uses solver/kernels/cpu_attention.h
// for float32 and bf16 on a CPU, and LibTorch's scaled_dot_product_attention
// otherwise.
Tensor Attention(const Tensor& q, const Tensor& k, const Tensor& v);

}  // namespace arctrm::internal
