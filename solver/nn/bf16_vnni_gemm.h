// SPDX-License-Identifier: MIT
// Matrix products, computed by the calling thread.
#pragma once

#include <cstdint>

#include "solver/kernels/cpu_ops.h"

namespace arctrm::internal {

// c (m, n) = a (m, k) b (k, n), or c += a b with `add`; row-major with row
// strides lda, ldb and ldc. Uses LibTorch's brgemm: oneDNN kernels with AVX2 or
// newer, else a BLAS. Measured 5 to 20 % faster than that BLAS
// (docs/RESULTS.md).
void Gemm(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda,
          const float* b, int64_t ldb, float* c, int64_t ldc, bool add);

// Does this processor multiply Bf16 in hardware (AVX-512 BF16 or AMX)? The next
// two functions require it.
bool HasBf16VnniGemm();
// The same with Bf16 factors. k must be even, and b in VNNI layout: element
// (i, j) is b[(i / 2 * ldb + j) * 2 + i % 2].
void Bf16VnniGemm(int64_t m, int64_t n, int64_t k, const kernels::Bf16* a,
                  int64_t lda, const kernels::Bf16* b, int64_t ldb, float* c,
                  int64_t ldc, bool add);
// Releases the AMX tiles; call it after the last of several products.
void ReleaseBf16VnniGemm();

}  // namespace arctrm::internal
