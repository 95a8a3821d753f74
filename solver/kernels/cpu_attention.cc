// SPDX-License-Identifier: MIT
#include "solver/kernels/cpu_attention.h"

#include <algorithm>
#include <cmath>

#include "solver/kernels/cpu_attention_block.h"
#include "solver/kernels/cpu_math.h"

namespace arctrm::kernels {

ARCTRM_CLONES void Exponentials(float* scores, float scale, float* inverse,
                                float* lse, int64_t rows, int64_t cols) {
  const Factor factor(kLog2E * static_cast<double>(scale));
  for (int64_t r = 0; r < rows; ++r) {
    float* s = scores + r * cols;
    const int64_t whole = cols / kLanes * kLanes;
    float top = s[0];
    if (whole > 0) {
      Lanes tops = Get<Lanes>(s);
      for (int64_t i = kLanes; i < whole; i += kLanes) {
        const Lanes now = Get<Lanes>(s + i);
        tops = now > tops ? now : tops;
      }
      for (int j = 0; j < kLanes; ++j) top = tops[j] > top ? tops[j] : top;
    }
    for (int64_t i = whole; i < cols; ++i) top = s[i] > top ? s[i] : top;
    Lanes sums = {};
    for (int64_t i = 0; i < whole; i += kLanes) {
      const Lanes e = Exp2(Get<Lanes>(s + i) - top, factor);
      Put(s + i, e);
      sums += e;
    }
    float sum = Sum(sums);
    for (int64_t i = whole; i < cols; ++i) {
      s[i] = Exp2(s[i] - top, factor);
      sum += s[i];
    }
    inverse[r] = 1 / sum;
    if (lse != nullptr) lse[r] = top * scale + std::log(sum);
  }
}

ARCTRM_CLONES void ScoreGradients(float* scores, float* grad, const float* lse,
                                  const float* delta, float scale, int64_t keys,
                                  int64_t queries) {
  for (int64_t r = 0; r < keys; ++r) {
    float* s = scores + r * queries;
    float* g = grad + r * queries;
    ForLanes(queries, [&](int64_t i, auto kind) ARCTRM_ALWAYS_INLINE {
      using F = decltype(kind);
      const F p = Exp(Get<F>(s + i) * scale - Get<F>(lse + i));
      Put(s + i, p);
      Put(g + i, p * (Get<F>(g + i) - Get<F>(delta + i)) * scale);
    });
  }
}

namespace {

ARCTRM_CLONES void ScaleRows(float* x, int64_t stride, const float* factors,
                             int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t i = 0; i < cols; ++i) x[r * stride + i] *= factors[r];
  }
}

// delta[r] = sum of x y over row r.
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

// Converts between rows of `dim` with row stride `stride` and contiguous rows.
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

// Transposes from (rows, cols) to contiguous (cols, rows).
ARCTRM_CLONES void Transpose(const float* from, int64_t stride, float* to,
                             int64_t rows, int64_t cols) {
  constexpr int64_t kTile = 16;
  for (int64_t r = 0; r < rows; r += kTile) {
    const int64_t end = std::min(r + kTile, rows);
    for (int64_t c = 0; c < cols; ++c) {
      for (int64_t i = r; i < end; ++i) to[c * rows + i] = from[i * stride + c];
    }
  }
}

int64_t AugmentationsSize(const HeadShape& shape) {
  return 8 * shape.positions * shape.dim;
}

}  // namespace

int64_t AttentionScratch(const HeadShape& shape) {
  // Two blocks of scores, one number per position, four transposed matrices,
  // and float32 copies of all inputs and outputs.
  return 2 * RowsAtOnce(shape.positions) * shape.positions + shape.positions +
         4 * shape.positions * shape.dim + AugmentationsSize(shape);
}

void AttentionForward(const float* q, const float* k, const float* v,
                      float* out, float* lse, const HeadShape& shape,
                      float* scratch, Product multiply) {
  const auto [positions, dim, stride] = shape;
  const int64_t at_once = RowsAtOnce(positions);
  float* scores = scratch;
  float* inverse = scores + at_once * positions;
  float* keys = inverse + positions;
  Transpose(k, stride, keys, positions, dim);
  for (int64_t begin = 0; begin < positions; begin += at_once) {
    const int64_t rows = std::min(at_once, positions - begin);
    multiply(rows, positions, dim, q + begin * stride, stride, keys, positions,
             scores, positions, false);
    Exponentials(scores, ScaleOf(shape), inverse,
                 lse == nullptr ? nullptr : lse + begin, rows, positions);
    float* to = out + begin * stride;
    multiply(rows, dim, positions, scores, positions, v, stride, to, stride,
             false);
    ScaleRows(to, stride, inverse, rows, dim);
  }
}

void AttentionBackward(const float* grad_out, const float* q, const float* k,
                       const float* v, const float* out, const float* lse,
                       float* grad_q, float* grad_k, float* grad_v,
                       const HeadShape& shape, float* scratch,
                       Product multiply) {
  const auto [positions, dim, stride] = shape;
  const int64_t at_once = RowsAtOnce(positions);
  float* scores = scratch;
  float* grad = scores + at_once * positions;
  float* delta = grad + at_once * positions;
  float* queries = delta + positions;
  float* grads = queries + positions * dim;
  float* keys = grads + positions * dim;
  float* to_q = keys + positions * dim;
  RowDots(grad_out, out, stride, delta, positions, dim);
  Transpose(q, stride, queries, positions, dim);
  Transpose(grad_out, stride, grads, positions, dim);
  Transpose(k, stride, keys, positions, dim);
  for (int64_t begin = 0; begin < positions; begin += at_once) {
    const int64_t rows = std::min(at_once, positions - begin);
    multiply(rows, positions, dim, k + begin * stride, stride, queries,
             positions, scores, positions, false);
    multiply(rows, positions, dim, v + begin * stride, stride, grads, positions,
             grad, positions, false);
    ScoreGradients(scores, grad, lse, delta, ScaleOf(shape), rows, positions);
    multiply(rows, dim, positions, scores, positions, grad_out, stride,
             grad_v + begin * stride, stride, false);
    multiply(rows, dim, positions, grad, positions, q, stride,
             grad_k + begin * stride, stride, false);
    // Transposed: dim rows of all queries.
    multiply(dim, positions, rows, keys + begin, positions, grad, positions,
             to_q, positions, begin > 0);
  }
  for (int64_t t = 0; t < positions; ++t) {
    for (int64_t i = 0; i < dim; ++i) {
      grad_q[t * stride + i] = to_q[i * positions + t];
    }
  }
}

namespace {

// The offset of the float32 copies.
float* Copies(const HeadShape& shape, float* scratch) {
  return scratch + AttentionScratch(shape) - AugmentationsSize(shape);
}

}  // namespace

void AttentionForward(const Bf16* q, const Bf16* k, const Bf16* v, Bf16* out,
                      float* lse, const HeadShape& shape, float* scratch,
                      Product multiply) {
  const int64_t n = shape.positions * shape.dim;
  const HeadShape wide = {shape.positions, shape.dim, shape.dim};
  float* copy = Copies(shape, scratch);
  Widen(q, copy, shape);
  Widen(k, copy + n, shape);
  Widen(v, copy + 2 * n, shape);
  AttentionForward(copy, copy + n, copy + 2 * n, copy + 3 * n, lse, wide,
                   scratch, multiply);
  Narrow(copy + 3 * n, out, shape);
}

void AttentionBackward(const Bf16* grad_out, const Bf16* q, const Bf16* k,
                       const Bf16* v, const Bf16* out, const float* lse,
                       Bf16* grad_q, Bf16* grad_k, Bf16* grad_v,
                       const HeadShape& shape, float* scratch,
                       Product multiply) {
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
                    scratch, multiply);
  Narrow(copy + 5 * n, grad_q, shape);
  Narrow(copy + 6 * n, grad_k, shape);
  Narrow(copy + 7 * n, grad_v, shape);
}

}  // namespace arctrm::kernels
