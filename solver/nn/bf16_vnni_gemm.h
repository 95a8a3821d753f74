// SPDX-License-Identifier: MIT
// Matrix products on this thread.
#pragma once

#include <cstdint>

#include "solver/kernels/cpu_ops.h"

namespace arctrm::internal {

// c (m, n) = a (m, k) b (k, n), or c + that with `add`; row-major, rows lda,
// ldb and ldc apart. LibTorch's brgemm: oneDNN's kernels where the processor
// has AVX2 or more, a BLAS elsewhere. Measured 5 to 20 % above that BLAS
// (docs/RESULTS.md).
void Gemm(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda,
          const float* b, int64_t ldb, float* c, int64_t ldc, bool add);

// Does this processor multiply Bf16 itself (AVX-512 BF16 or AMX)? Only then may
// the next two be called.
bool HasPairGemm();
// The same of Bf16 factors, k even, with b in pairs: element (i, j) is
// b[(i / 2 * ldb + j) * 2 + i % 2].
void Bf16VnniGemm(int64_t m, int64_t n, int64_t k, const kernels::Bf16* a,
                  int64_t lda, const kernels::Bf16* b, int64_t ldb, float* c,
                  int64_t ldc, bool add);
// After the last of some products: gives back what they hold of the processor
// (AMX tiles).
void EndPairGemms();

}  // namespace arctrm::internal
