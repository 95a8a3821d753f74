// SPDX-License-Identifier: MIT
// Attention of one head over one sequence, softmax(q k^T / sqrt(dim)) v, whole
// rows of scores at a time: a block of queries times all keys (backward: of
// keys times all queries) stays in the cache; the products are the caller's.
// With Bf16 in and out either all arithmetic is float32, or the factors of each
// product are rounded to Bf16 and only its sums are float32. Raw pointers, no
// LibTorch, one thread.
#pragma once

#include <cstdint>

#include "solver/kernels/cpu_ops.h"

namespace arctrm::kernels {

// c (m, n) = a (m, k) b (k, n), or c + that with `add`; row-major, rows lda,
// ldb and ldc apart.
using Product = void (*)(int64_t m, int64_t n, int64_t k, const float* a,
                         int64_t lda, const float* b, int64_t ldb, float* c,
                         int64_t ldc, bool add);

// The same of Bf16 factors, k even. b is in pairs: element (i, j) of the matrix
// is b[(i / 2 * ldb + j) * 2 + i % 2].
using PairProduct = void (*)(int64_t m, int64_t n, int64_t k, const Bf16* a,
                             int64_t lda, const Bf16* b, int64_t ldb, float* c,
                             int64_t ldc, bool add);

// Where the head's rows are: row t begins at t * stride.
struct HeadShape {
  int64_t positions;
  int64_t dim;
  int64_t stride;  // elements, at least dim
};

// Floats of scratch memory for either direction, with either product.
int64_t AttentionScratch(const HeadShape& shape);
int64_t PairAttentionScratch(const HeadShape& shape);

// q, k, v -> out, all of `shape`. lse (positions): log of the sum of
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
                      PairProduct multiply);

// grad_q, grad_k, grad_v are overwritten.
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
                       PairProduct multiply);

}  // namespace arctrm::kernels
