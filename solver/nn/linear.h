// SPDX-License-Identifier: MIT
// The linear layers of the network.
#pragma once

#include "solver/device/torch.h"

namespace arctrm::internal {

// A float32 weight on a CPU, packed in panels for the products of the forward
// and of the backward pass. Undefined for other weights.
struct PackedWeight {
  Tensor forward, backward;
};
// Packs the present values of `weight`. `gradient`: also for the backward pass.
PackedWeight PackLinear(const Tensor& weight, bool gradient);

// x (N, in) weight^T, weight (out, in). Multiplies with `packed` on this thread
// (bf16_vnni_gemm.h), or by at::linear if it is undefined.
Tensor Linear(const Tensor& x, const Tensor& weight,
              const PackedWeight& packed);

}  // namespace arctrm::internal
