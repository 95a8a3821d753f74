// SPDX-License-Identifier: MIT
#include "solver/nn/bf16_vnni_gemm.h"

#include <ATen/native/CPUBlas.h>

namespace arctrm::internal {

void Gemm(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda,
          const float* b, int64_t ldb, float* c, int64_t ldc, bool add) {
  at::native::cpublas::brgemm(m, n, k, lda, ldb, ldc, add, a, b, c,
                              /*is_vnni=*/false);
}

bool HasBf16VnniGemm() {
#if defined(__x86_64__)
  static const bool has = [] {
    if (__builtin_cpu_supports("avx512bf16") == 0) return false;
    // LibTorch may run without oneDNN, by its build or by an environment
    // variable.
    const kernels::Bf16 one = {0x3F80};
    const kernels::Bf16 a[2] = {one, one};
    kernels::Bf16 b[32];
    for (kernels::Bf16& x : b) x = one;
    float c[16] = {};
    try {
      Bf16VnniGemm(1, 16, 2, a, 2, b, 16, c, 16, false);
      ReleaseBf16VnniGemm();
    } catch (const c10::Error&) {
      return false;
    }
    return c[0] == 2 && c[15] == 2;
  }();
  return has;
#else
  return false;
#endif
}

void Bf16VnniGemm(int64_t m, int64_t n, int64_t k, const kernels::Bf16* a,
                  int64_t lda, const kernels::Bf16* b, int64_t ldb, float* c,
                  int64_t ldc, bool add) {
  at::native::cpublas::brgemm(
      m, n, k, lda, ldb, ldc, add, reinterpret_cast<const at::BFloat16*>(a),
      reinterpret_cast<const at::BFloat16*>(b), c, /*is_vnni=*/true);
}

void ReleaseBf16VnniGemm() {
  at::native::cpublas::brgemm_release(/*is_vnni=*/true);
}

}  // namespace arctrm::internal
