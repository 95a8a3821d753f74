// SPDX-License-Identifier: MIT
#include "solver/kernels/cpu_attention.h"

#include <algorithm>
#include <cmath>

#include "solver/kernels/cpu_math.h"

#ifdef ARCTRM_HAVE_SGEMM
// Fortran's BLAS: column-major, everything by reference.
extern "C" void sgemm_(const char* trans_a, const char* trans_b, const int* m,
                       const int* n, const int* k, const float* alpha,
                       const float* a, const int* lda, const float* b,
                       const int* ldb, const float* beta, float* c,
                       const int* ldc);
#endif

namespace arctrm::kernels {
namespace {

// Scores of one block of queries, floats. Two such blocks, keys and values
// share a second-level cache of 1 MiB.
constexpr int64_t kBlockFloats = 48 * 1024;
constexpr int64_t kLeastQueries = 16;

int64_t QueriesAtOnce(int64_t positions) {
  const int64_t fit = kBlockFloats / positions / kLeastQueries * kLeastQueries;
  return std::clamp(fit, std::min(kLeastQueries, positions), positions);
}

// A row-major matrix.
struct Matrix {
  const float* data;
  int64_t stride;
};

// c (m, n) = alpha a b + beta c, with a or b transposed in place where asked.
void Multiply(Matrix a, bool transpose_a, Matrix b, bool transpose_b, float* c,
              int64_t c_stride, int64_t m, int64_t n, int64_t k, float alpha,
              float beta) {
#ifdef ARCTRM_HAVE_SGEMM
  // Row-major c = a b is column-major c^T = b^T a^T.
  const int rows = static_cast<int>(n);
  const int cols = static_cast<int>(m);
  const int inner = static_cast<int>(k);
  const int lda = static_cast<int>(b.stride);
  const int ldb = static_cast<int>(a.stride);
  const int ldc = static_cast<int>(c_stride);
  sgemm_(transpose_b ? "T" : "N", transpose_a ? "T" : "N", &rows, &cols, &inner,
         &alpha, b.data, &lda, a.data, &ldb, &beta, c, &ldc);
#else
  (void)a, (void)transpose_a, (void)b, (void)transpose_b, (void)c;
  (void)c_stride, (void)m, (void)n, (void)k, (void)alpha, (void)beta;
#endif
}

// Scores (rows, cols) become exponentials less each row's maximum;
// inverse[r] = 1 / their sum, lse[r] = maximum + log(sum) unless nullptr.
ARCTRM_CLONES void Exponentials(float* scores, float* inverse, float* lse,
                                int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; ++r) {
    float* s = scores + r * cols;
    float tops[kLanes];
    for (int j = 0; j < kLanes; ++j) tops[j] = s[0];
    int64_t i = 0;
    for (; i + kLanes <= cols; i += kLanes) {
      for (int j = 0; j < kLanes; ++j) {
        tops[j] = s[i + j] > tops[j] ? s[i + j] : tops[j];
      }
    }
    float top = *std::max_element(tops, tops + kLanes);
    for (; i < cols; ++i) top = s[i] > top ? s[i] : top;
    float sums[kLanes] = {};
    for (i = 0; i + kLanes <= cols; i += kLanes) {
      for (int j = 0; j < kLanes; ++j) {
        s[i + j] = Exp(s[i + j] - top);
        sums[j] += s[i + j];
      }
    }
    float sum = Sum(sums);
    for (; i < cols; ++i) {
      s[i] = Exp(s[i] - top);
      sum += s[i];
    }
    inverse[r] = 1 / sum;
    if (lse != nullptr) lse[r] = top + std::log(sum);
  }
}

ARCTRM_CLONES void ScaleRows(float* x, int64_t stride, const float* factors,
                             int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t i = 0; i < cols; ++i) x[r * stride + i] *= factors[r];
  }
}

// Scores become probabilities p; grad (of p) becomes that of the scores before
// scaling: p (grad - delta) scale.
ARCTRM_CLONES void ScoreGradients(float* scores, float* grad, const float* lse,
                                  const float* delta, float scale, int64_t rows,
                                  int64_t cols) {
  for (int64_t r = 0; r < rows; ++r) {
    float* s = scores + r * cols;
    float* g = grad + r * cols;
    for (int64_t i = 0; i < cols; ++i) {
      const float p = Exp(s[i] - lse[r]);
      s[i] = p;
      g[i] = p * (g[i] - delta[r]) * scale;
    }
  }
}

// delta[r] = sum of x y over the row.
ARCTRM_CLONES void RowDots(const float* x, const float* y, int64_t stride,
                           float* delta, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; ++r) {
    float lanes[kLanes] = {};
    int64_t i = 0;
    for (; i + kLanes <= cols; i += kLanes) {
      for (int j = 0; j < kLanes; ++j) {
        lanes[j] += x[r * stride + i + j] * y[r * stride + i + j];
      }
    }
    float total = Sum(lanes);
    for (; i < cols; ++i) total += x[r * stride + i] * y[r * stride + i];
    delta[r] = total;
  }
}

// Rows of `dim` at `stride` <-> rows of `dim` one after the other.
ARCTRM_CLONES void Widen(const Bf16* from, float* to, const HeadShape& shape) {
  for (int64_t t = 0; t < shape.positions; ++t) {
    const Bf16* row = from + t * shape.stride;
    for (int64_t i = 0; i < shape.dim; ++i) {
      to[t * shape.dim + i] = Load(row + i);
    }
  }
}
ARCTRM_CLONES void Narrow(const float* from, Bf16* to, const HeadShape& shape) {
  for (int64_t t = 0; t < shape.positions; ++t) {
    Bf16* row = to + t * shape.stride;
    for (int64_t i = 0; i < shape.dim; ++i) {
      Store(row + i, from[t * shape.dim + i]);
    }
  }
}

float ScaleOf(const HeadShape& shape) {
  return 1 / std::sqrt(static_cast<float>(shape.dim));
}

}  // namespace

bool HasBlas() {
#ifdef ARCTRM_HAVE_SGEMM
  return true;
#else
  return false;
#endif
}

int64_t AttentionScratch(const HeadShape& shape) {
  const int64_t queries = QueriesAtOnce(shape.positions);
  // Two blocks of scores, a number per query twice; widened copies of all that
  // goes in and out.
  return 2 * queries * shape.positions + 2 * queries +
         8 * shape.positions * shape.dim;
}

void AttentionForward(const float* q, const float* k, const float* v,
                      float* out, float* lse, const HeadShape& shape,
                      float* scratch) {
  const auto [positions, dim, stride] = shape;
  const int64_t at_once = QueriesAtOnce(positions);
  float* scores = scratch;
  float* inverse = scores + at_once * positions;
  for (int64_t begin = 0; begin < positions; begin += at_once) {
    const int64_t rows = std::min(at_once, positions - begin);
    Multiply({q + begin * stride, stride}, false, {k, stride}, true, scores,
             positions, rows, positions, dim, ScaleOf(shape), 0);
    Exponentials(scores, inverse, lse == nullptr ? nullptr : lse + begin, rows,
                 positions);
    float* to = out + begin * stride;
    Multiply({scores, positions}, false, {v, stride}, false, to, stride, rows,
             dim, positions, 1, 0);
    ScaleRows(to, stride, inverse, rows, dim);
  }
}

void AttentionBackward(const float* grad_out, const float* q, const float* k,
                       const float* v, const float* out, const float* lse,
                       float* grad_q, float* grad_k, float* grad_v,
                       const HeadShape& shape, float* scratch) {
  const auto [positions, dim, stride] = shape;
  const int64_t at_once = QueriesAtOnce(positions);
  const float scale = ScaleOf(shape);
  float* scores = scratch;
  float* grad = scores + at_once * positions;
  float* delta = grad + at_once * positions;
  for (int64_t begin = 0; begin < positions; begin += at_once) {
    const int64_t rows = std::min(at_once, positions - begin);
    const Matrix queries = {q + begin * stride, stride};
    const Matrix grads = {grad_out + begin * stride, stride};
    const float add = begin > 0 ? 1 : 0;
    Multiply(queries, false, {k, stride}, true, scores, positions, rows,
             positions, dim, scale, 0);
    Multiply(grads, false, {v, stride}, true, grad, positions, rows, positions,
             dim, 1, 0);
    RowDots(grads.data, out + begin * stride, stride, delta, rows, dim);
    ScoreGradients(scores, grad, lse + begin, delta, scale, rows, positions);
    Multiply({scores, positions}, true, grads, false, grad_v, stride, positions,
             dim, rows, 1, add);
    Multiply({grad, positions}, false, {k, stride}, false,
             grad_q + begin * stride, stride, rows, dim, positions, 1, 0);
    Multiply({grad, positions}, true, queries, false, grad_k, stride, positions,
             dim, rows, 1, add);
  }
}

namespace {

// Where the widened copies begin.
float* Copies(const HeadShape& shape, float* scratch) {
  return scratch + AttentionScratch(shape) - 8 * shape.positions * shape.dim;
}

}  // namespace

void AttentionForward(const Bf16* q, const Bf16* k, const Bf16* v, Bf16* out,
                      float* lse, const HeadShape& shape, float* scratch) {
  const int64_t n = shape.positions * shape.dim;
  const HeadShape wide = {shape.positions, shape.dim, shape.dim};
  float* copy = Copies(shape, scratch);
  Widen(q, copy, shape);
  Widen(k, copy + n, shape);
  Widen(v, copy + 2 * n, shape);
  AttentionForward(copy, copy + n, copy + 2 * n, copy + 3 * n, lse, wide,
                   scratch);
  Narrow(copy + 3 * n, out, shape);
}

void AttentionBackward(const Bf16* grad_out, const Bf16* q, const Bf16* k,
                       const Bf16* v, const Bf16* out, const float* lse,
                       Bf16* grad_q, Bf16* grad_k, Bf16* grad_v,
                       const HeadShape& shape, float* scratch) {
  const int64_t n = shape.positions * shape.dim;
  const HeadShape wide = {shape.positions, shape.dim, shape.dim};
  float* copy = Copies(shape, scratch);
  Widen(grad_out, copy, shape);
  Widen(q, copy + n, shape);
  Widen(k, copy + 2 * n, shape);
  Widen(v, copy + 3 * n, shape);
  Widen(out, copy + 4 * n, shape);
  AttentionBackward(copy, copy + n, copy + 2 * n, copy + 3 * n, copy + 4 * n,
                    lse, copy + 5 * n, copy + 6 * n, copy + 7 * n, wide,
                    scratch);
  Narrow(copy + 5 * n, grad_q, shape);
  Narrow(copy + 6 * n, grad_k, shape);
  Narrow(copy + 7 * n, grad_v, shape);
}

}  // namespace arctrm::kernels
