// SPDX-License-Identifier: MIT
// The network's linear layers.
#pragma once

#include "solver/device/torch.h"

namespace arctrm::internal {

// What Linear reads of a float32 weight on a CPU: both ways it is multiplied
// with, packed as solver/nn/bf16_vnni_gemm.h likes it. Undefined elsewhere.
struct PackedWeight {
  Tensor forward, backward;
};
// As of now: later changes of the weight are not seen. `gradient`: backward
// passes will follow.
PackedWeight PackLinear(const Tensor& weight, bool gradient);

// x (N, in) weight^T, weight (out, in). With panels the products are those of
// gemm.h, on this thread; without LibTorch's linear.
Tensor Linear(const Tensor& x, const Tensor& weight,
              const PackedWeight& panels);

}  // namespace arctrm::internal
