// SPDX-License-Identifier: MIT
// Attention of one head over one sequence, softmax(q k^T / sqrt(dim)) v. A
// block of queries times all keys (backward: a block of keys times all queries)
// stays in the cache. The caller supplies the matrix product. With Bf16
// tensors, either all arithmetic is float32, or products have Bf16 factors and
// float32 sums. Raw pointers, free of LibTorch, single-threaded.
#pragma once

#include <cstdint>

#include "solver/kernels/cpu_ops.h"

namespace arctrm::kernels {

// c (m, n) = a (m, k) b (k, n), or c += a b with `add`; row-major with row
// strides lda, ldb and ldc.
using Product = void (*)(int64_t m, int64_t n, int64_t k, const float* a,
                         int64_t lda, const float* b, int64_t ldb, float* c,
                         int64_t ldc, bool add);

// The same with Bf16 factors, for even k. b has VNNI layout: element (i, j) is
// b[(i / 2 * ldb + j) * 2 + i % 2].
using Bf16Product = void (*)(int64_t m, int64_t n, int64_t k, const Bf16* a,
                             int64_t lda, const Bf16* b, int64_t ldb, float* c,
                             int64_t ldc, bool add);

// The memory layout of a head: position t begins at t * stride.
struct HeadShape {
  int64_t positions;
  int64_t dim;
  int64_t stride;  // elements, at least dim
};

// Floats of scratch memory, sufficient for both directions.
int64_t AttentionScratch(const HeadShape& shape);
int64_t Bf16AttentionScratch(const HeadShape& shape);

// q, k, v -> out, all of `shape`. lse (positions): logarithm of the sum of
// exponentials of each query's scores, for the backward pass; may be nullptr.
void AttentionForward(const float* q, const float* k, const float* v,
                      float* out, float* lse, const HeadShape& shape,
                      float* scratch, Product multiply);
void AttentionForward(const Bf16* q, const Bf16* k, const Bf16* v, Bf16* out,
                      float* lse, const HeadShape& shape, float* scratch,
                      Product multiply);
// dim even.
void AttentionForward(const Bf16* q, const Bf16* k, const Bf16* v, Bf16* out,
                      float* lse, const HeadShape& shape, float* scratch,
                      Bf16Product multiply);

// Overwrites grad_q, grad_k and grad_v.
void AttentionBackward(const float* grad_out, const float* q, const float* k,
                       const float* v, const float* out, const float* lse,
                       float* grad_q, float* grad_k, float* grad_v,
                       const HeadShape& shape, float* scratch,
                       Product multiply);
void AttentionBackward(const Bf16* grad_out, const Bf16* q, const Bf16* k,
                       const Bf16* v, const Bf16* out, const float* lse,
                       Bf16* grad_q, Bf16* grad_k, Bf16* grad_v,
                       const HeadShape& shape, float* scratch,
                       Product multiply);
void AttentionBackward(const Bf16* grad_out, const Bf16* q, const Bf16* k,
                       const Bf16* v, const Bf16* out, const float* lse,
                       Bf16* grad_q, Bf16* grad_k, Bf16* grad_v,
                       const HeadShape& shape, float* scratch,
                       Bf16Product multiply);

}  // namespace arctrm::kernels
