// SPDX-License-Identifier: MIT
// Operations on a block of attention scores, for float32 and Bf16 products.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "solver/kernels/cpu_attention.h"

namespace arctrm::kernels {

// Score rows per block, so that two blocks, keys and values fit a second-level
// cache of 1 MiB.
inline int64_t RowsAtOnce(int64_t positions) {
  constexpr int64_t kFloats = 48 * 1024;
  constexpr int64_t kLeast = 16;
  const int64_t fit = kFloats / positions / kLeast * kLeast;
  return std::clamp(fit, std::min(kLeast, positions), positions);
}

inline float ScaleOf(const HeadShape& shape) {
  return 1 / std::sqrt(static_cast<float>(shape.dim));
}

// Replaces scores (rows, cols) by exp(scale * score - maximum of the row).
// inverse[r] = 1 / row sum; lse[r] = maximum + log(row sum) unless nullptr.
void Exponentials(float* scores, float scale, float* inverse, float* lse,
                  int64_t rows, int64_t cols);

// For a block of keys: replaces unscaled scores (keys, queries) by
// probabilities p, and grad (of p) by the gradient of the unscaled scores, p
// (grad - delta) scale. lse and delta are per query.
void ScoreGradients(float* scores, float* grad, const float* lse,
                    const float* delta, float scale, int64_t keys,
                    int64_t queries);

}  // namespace arctrm::kernels
