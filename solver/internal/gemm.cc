// SPDX-License-Identifier: MIT
#include "solver/internal/gemm.h"

#include <ATen/native/CPUBlas.h>

namespace arctrm::internal {

void Gemm(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda,
          const float* b, int64_t ldb, float* c, int64_t ldc, bool add) {
  at::native::cpublas::brgemm(m, n, k, lda, ldb, ldc, add, a, b, c,
                              /*is_vnni=*/false);
}

}  // namespace arctrm::internal
