// SPDX-License-Identifier: MIT
// Attention with products of Bf16. Second factors have VNNI layout, pairs of
// rows (Bf16Product), so odd lengths get an extra row of zeros.
#include <algorithm>
#include <bit>
#include <cstring>

#include "solver/kernels/cpu_attention.h"
#include "solver/kernels/cpu_attention_block.h"
#include "solver/kernels/cpu_math.h"

namespace arctrm::kernels {
namespace {

static_assert(std::endian::native == std::endian::little);

int64_t Even(int64_t n) { return (n + 1) / 2 * 2; }

ARCTRM_INLINE uint32_t Pair(uint32_t first, uint32_t second) {
  return first | (second << 16);
}

const Bf16* AsBf16(const uint32_t* pairs) {
  return reinterpret_cast<const Bf16*>(pairs);
}

// Transposes x (rows, cols) with row stride `stride` into pairs: to (cols / 2,
// rows).
ARCTRM_CLONES void PairsOfColumns(const Bf16* x, int64_t stride, uint32_t* to,
                                  int64_t rows, int64_t cols) {
  constexpr int64_t kTile = 16;
  for (int64_t r = 0; r < rows; r += kTile) {
    const int64_t end = std::min(r + kTile, rows);
    for (int64_t c = 0; c < cols / 2; ++c) {
      for (int64_t i = r; i < end; ++i) {
        std::memcpy(to + c * rows + i, x + i * stride + 2 * c,
                    sizeof(uint32_t));
      }
    }
  }
}

// Copies x (rows, cols) with row stride `stride` into pairs: to (Even(rows) /
// 2, cols).
ARCTRM_CLONES void PairsOfRows(const Bf16* x, int64_t stride, uint32_t* to,
                               int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r += 2) {
    const Bf16* first = x + r * stride;
    const Bf16* second = first + stride;
    uint32_t* out = to + r / 2 * cols;
    if (r + 1 < rows) {
      for (int64_t i = 0; i < cols; ++i) {
        out[i] = Pair(first[i].bits, second[i].bits);
      }
    } else {
      for (int64_t i = 0; i < cols; ++i) out[i] = first[i].bits;
    }
  }
}

// Transposes x (rows, cols) with row stride `stride`: to (cols, Even(rows)).
ARCTRM_CLONES void TurnOver(const Bf16* x, int64_t stride, Bf16* to,
                            int64_t rows, int64_t cols) {
  constexpr int64_t kTile = 32;
  const int64_t width = Even(rows);
  for (int64_t r = 0; r < rows; r += kTile) {
    const int64_t end = std::min(r + kTile, rows);
    for (int64_t c = 0; c < cols; ++c) {
      for (int64_t i = r; i < end; ++i) to[c * width + i] = x[i * stride + c];
    }
  }
  if (width > rows) {
    for (int64_t c = 0; c < cols; ++c) to[c * width + rows].bits = 0;
  }
}

// Rounds from (rows, cols) to rows of Even(cols), padded with 0.
void NarrowFactor(const float* from, Bf16* to, int64_t rows, int64_t cols) {
  const int64_t width = Even(cols);
  NarrowRows(from, to, width, rows, cols);
  if (width == cols) return;
  for (int64_t r = 0; r < rows; ++r) to[r * width + cols].bits = 0;
}

ARCTRM_CLONES void RowDots(const Bf16* x, const Bf16* y, int64_t stride,
                           float* delta, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; ++r) {
    const Bf16* a = x + r * stride;
    const Bf16* b = y + r * stride;
    float lanes[kLanes] = {};
    int64_t i = 0;
    for (; i + kLanes <= cols; i += kLanes) {
      for (int j = 0; j < kLanes; ++j) {
        lanes[j] += Load(a + i + j) * Load(b + i + j);
      }
    }
    float total = Sum(lanes);
    for (; i < cols; ++i) total += Load(a + i) * Load(b + i);
    delta[r] = total;
  }
}

ARCTRM_CLONES void ScaleRows(float* x, const float* factors, int64_t rows,
                             int64_t cols) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t i = 0; i < cols; ++i) x[r * cols + i] *= factors[r];
  }
}

// Transposes and rounds (cols, rows) to (rows, cols) with row stride `stride`.
ARCTRM_CLONES void NarrowTurned(const float* from, Bf16* to, int64_t stride,
                                int64_t rows, int64_t cols) {
  constexpr int64_t kTile = 16;
  for (int64_t r = 0; r < rows; r += kTile) {
    const int64_t end = std::min(r + kTile, rows);
    for (int64_t c = 0; c < cols; ++c) {
      for (int64_t i = r; i < end; ++i) {
        Store(to + i * stride + c, from[c * rows + i]);
      }
    }
  }
}

// Allocates parts of scratch memory, aligned to 64 bytes relative to its start.
class Parts {
 public:
  // nullptr: only measures.
  explicit Parts(float* memory) : memory_(memory) {}
  template <typename T>
  T* Take(int64_t count) {
    T* part =
        memory_ == nullptr ? nullptr : reinterpret_cast<T*>(memory_ + floats_);
    const int64_t bytes = count * static_cast<int64_t>(sizeof(T));
    floats_ += (bytes + 63) / 64 * 16;
    return part;
  }
  int64_t floats() const { return floats_; }

 private:
  float* memory_;
  int64_t floats_ = 0;
};

struct ForwardParts {
  ForwardParts(const HeadShape& shape, Parts& parts)
      : at_once(RowsAtOnce(shape.positions)),
        scores(parts.Take<float>(at_once * shape.positions)),
        inverse(parts.Take<float>(at_once)),
        result(parts.Take<float>(at_once * shape.dim)),
        exponentials(parts.Take<Bf16>(at_once * Even(shape.positions))),
        keys(parts.Take<uint32_t>(shape.dim / 2 * shape.positions)),
        values(parts.Take<uint32_t>(Even(shape.positions) / 2 * shape.dim)) {}

  int64_t at_once;
  float *scores, *inverse, *result;
  Bf16* exponentials;
  uint32_t *keys, *values;
};

struct BackwardParts {
  BackwardParts(const HeadShape& shape, Parts& parts)
      : at_once(RowsAtOnce(shape.positions)),
        scores(parts.Take<float>(at_once * shape.positions)),
        grad(parts.Take<float>(at_once * shape.positions)),
        delta(parts.Take<float>(shape.positions)),
        result(parts.Take<float>(at_once * shape.dim)),
        to_q(parts.Take<float>(shape.dim * shape.positions)),
        p(parts.Take<Bf16>(at_once * Even(shape.positions))),
        of_scores(parts.Take<Bf16>(at_once * Even(shape.positions))),
        keys(parts.Take<Bf16>(shape.dim * Even(shape.positions))),
        score_pairs(parts.Take<uint32_t>(Even(at_once) / 2 * shape.positions)),
        queries(parts.Take<uint32_t>(shape.dim / 2 * shape.positions)),
        grads(parts.Take<uint32_t>(shape.dim / 2 * shape.positions)),
        query_rows(parts.Take<uint32_t>(Even(shape.positions) / 2 * shape.dim)),
        grad_rows(parts.Take<uint32_t>(Even(shape.positions) / 2 * shape.dim)) {
  }

  int64_t at_once;
  float *scores, *grad, *delta, *result, *to_q;
  Bf16 *p, *of_scores, *keys;
  uint32_t *score_pairs, *queries, *grads, *query_rows, *grad_rows;
};

}  // namespace

int64_t Bf16AttentionScratch(const HeadShape& shape) {
  Parts forward(nullptr);
  const ForwardParts unused(shape, forward);
  Parts backward(nullptr);
  const BackwardParts unused_too(shape, backward);
  return std::max(forward.floats(), backward.floats());
}

void AttentionForward(const Bf16* q, const Bf16* k, const Bf16* v, Bf16* out,
                      float* lse, const HeadShape& shape, float* scratch,
                      Bf16Product multiply) {
  const auto [positions, dim, stride] = shape;
  Parts memory(scratch);
  const ForwardParts part(shape, memory);
  PairsOfColumns(k, stride, part.keys, positions, dim);
  PairsOfRows(v, stride, part.values, positions, dim);
  for (int64_t begin = 0; begin < positions; begin += part.at_once) {
    const int64_t rows = std::min(part.at_once, positions - begin);
    multiply(rows, positions, dim, q + begin * stride, stride,
             AsBf16(part.keys), positions, part.scores, positions, false);
    Exponentials(part.scores, ScaleOf(shape), part.inverse,
                 lse == nullptr ? nullptr : lse + begin, rows, positions);
    NarrowFactor(part.scores, part.exponentials, rows, positions);
    multiply(rows, dim, Even(positions), part.exponentials, Even(positions),
             AsBf16(part.values), dim, part.result, dim, false);
    ScaleRows(part.result, part.inverse, rows, dim);
    NarrowRows(part.result, out + begin * stride, stride, rows, dim);
  }
}

void AttentionBackward(const Bf16* grad_out, const Bf16* q, const Bf16* k,
                       const Bf16* v, const Bf16* out, const float* lse,
                       Bf16* grad_q, Bf16* grad_k, Bf16* grad_v,
                       const HeadShape& shape, float* scratch,
                       Bf16Product multiply) {
  const auto [positions, dim, stride] = shape;
  const int64_t width = Even(positions);
  Parts memory(scratch);
  const BackwardParts part(shape, memory);
  RowDots(grad_out, out, stride, part.delta, positions, dim);
  PairsOfColumns(q, stride, part.queries, positions, dim);
  PairsOfColumns(grad_out, stride, part.grads, positions, dim);
  PairsOfRows(q, stride, part.query_rows, positions, dim);
  PairsOfRows(grad_out, stride, part.grad_rows, positions, dim);
  TurnOver(k, stride, part.keys, positions, dim);
  for (int64_t begin = 0; begin < positions; begin += part.at_once) {
    const int64_t rows = std::min(part.at_once, positions - begin);
    multiply(rows, positions, dim, k + begin * stride, stride,
             AsBf16(part.queries), positions, part.scores, positions, false);
    multiply(rows, positions, dim, v + begin * stride, stride,
             AsBf16(part.grads), positions, part.grad, positions, false);
    ScoreGradients(part.scores, part.grad, lse, part.delta, ScaleOf(shape),
                   rows, positions);
    NarrowFactor(part.scores, part.p, rows, positions);
    NarrowFactor(part.grad, part.of_scores, rows, positions);
    PairsOfRows(part.of_scores, width, part.score_pairs, rows, positions);
    multiply(rows, dim, width, part.p, width, AsBf16(part.grad_rows), dim,
             part.result, dim, false);
    NarrowRows(part.result, grad_v + begin * stride, stride, rows, dim);
    multiply(rows, dim, width, part.of_scores, width, AsBf16(part.query_rows),
             dim, part.result, dim, false);
    NarrowRows(part.result, grad_k + begin * stride, stride, rows, dim);
    // Transposed: dim rows of all queries. Only the last block can be odd; its
    // keys have a column of zeros.
    multiply(dim, positions, Even(rows), part.keys + begin, width,
             AsBf16(part.score_pairs), positions, part.to_q, positions,
             begin > 0);
  }
  NarrowTurned(part.to_q, grad_q, stride, positions, dim);
}

}  // namespace arctrm::kernels
