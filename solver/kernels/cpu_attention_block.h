// SPDX-License-Identifier: MIT
// What both kinds of attention do to a block of scores.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "solver/kernels/cpu_attention.h"

namespace arctrm::kernels {

// Rows of scores at once: two such blocks, keys and values share a second-level
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

// Scores (rows, cols) before scaling become exponentials of the scaled ones
// less each row's maximum; inverse[r] = 1 / their sum, lse[r] = maximum +
// log(sum) unless nullptr.
void Exponentials(float* scores, float scale, float* inverse, float* lse,
                  int64_t rows, int64_t cols);

// For a block of keys: scores (keys, queries) before scaling become
// probabilities p; grad (of p) becomes that of the scores before scaling,
// p (grad - delta) scale. lse and delta are the queries'.
void ScoreGradients(float* scores, float* grad, const float* lse,
                    const float* delta, float scale, int64_t keys,
                    int64_t queries);

}  // namespace arctrm::kernels
