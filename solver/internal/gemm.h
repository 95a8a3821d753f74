// SPDX-License-Identifier: MIT
// float32 matrix products on this thread.
#pragma once

#include <cstdint>

namespace arctrm::internal {

// c (m, n) = a (m, k) b (k, n), or c + that with `add`; row-major, rows lda,
// ldb and ldc apart. LibTorch's brgemm: oneDNN's kernels where the processor
// has AVX2 or more, a BLAS elsewhere. Measured 5 to 20 % above that BLAS
// (docs/RESULTS.md).
void Gemm(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda,
          const float* b, int64_t ldb, float* c, int64_t ldc, bool add);

}  // namespace arctrm::internal
