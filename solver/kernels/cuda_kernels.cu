// SPDX-License-Identifier: MIT
// The kernels of the network, the loss and the optimisers for one element type
// T. cuda_ops.cc starts them by the names at the end; cuda_kernel_names.h lists
// these.
#include "solver/kernels/cuda_device.h"

namespace arctrm::kernels::cuda::ARCTRM_MODULE {

// One warp per row, kept in registers: kPieces accesses of 16 bytes per lane.
// `d` is a multiple of the elements per access.
template <int kPieces>
__device__ __forceinline__ void RmsForward(const T* x, const T* y, T* out,
                                           float* rstd, int64_t rows, int d,
                                           float eps) {
  constexpr int kWidth = kWide<T>;
  const int64_t row = WarpRow();
  if (row >= rows) return;
  float s[kPieces][kWidth];
  float total = 0;
#pragma unroll
  for (int piece = 0; piece < kPieces; ++piece) {
    const int i = (piece * kWarp + Lane()) * kWidth;
    if (i >= d) break;
    float other[kWidth];
    Load(x + row * d + i, s[piece]);
    Load(y + row * d + i, other);
#pragma unroll
    for (int j = 0; j < kWidth; ++j) {
      s[piece][j] += other[j];
      total += s[piece][j] * s[piece][j];
    }
  }
  const float scale =
      1.0f / sqrtf(WarpSum(total) / static_cast<float>(d) + eps);
#pragma unroll
  for (int piece = 0; piece < kPieces; ++piece) {
    const int i = (piece * kWarp + Lane()) * kWidth;
    if (i >= d) break;
#pragma unroll
    for (int j = 0; j < kWidth; ++j) s[piece][j] *= scale;
    Store(s[piece], out + row * d + i);
  }
  if (rstd != nullptr && Lane() == 0) rstd[row] = scale;
}

// Any d and alignment; reads each row twice.
__device__ __forceinline__ void RmsForwardAny(const T* x, const T* y, T* out,
                                              float* rstd, int64_t rows,
                                              int64_t d, float eps) {
  const int64_t row = WarpRow();
  if (row >= rows) return;
  float total = 0;
  for (int64_t i = row * d + Lane(); i < (row + 1) * d; i += kWarp) {
    const float s = ToFloat(x[i]) + ToFloat(y[i]);
    total += s * s;
  }
  const float scale =
      1.0f / sqrtf(WarpSum(total) / static_cast<float>(d) + eps);
  for (int64_t i = row * d + Lane(); i < (row + 1) * d; i += kWarp) {
    Round((ToFloat(x[i]) + ToFloat(y[i])) * scale, out + i);
  }
  if (rstd != nullptr && Lane() == 0) rstd[row] = scale;
}

template <int kPieces>
__device__ __forceinline__ void RmsBackward(const T* grad_out, const T* out,
                                            const float* rstd, T* grad,
                                            int64_t rows, int d) {
  constexpr int kWidth = kWide<T>;
  const int64_t row = WarpRow();
  if (row >= rows) return;
  float g[kPieces][kWidth];
  float o[kPieces][kWidth];
  float total = 0;
#pragma unroll
  for (int piece = 0; piece < kPieces; ++piece) {
    const int i = (piece * kWarp + Lane()) * kWidth;
    if (i >= d) break;
    Load(grad_out + row * d + i, g[piece]);
    Load(out + row * d + i, o[piece]);
#pragma unroll
    for (int j = 0; j < kWidth; ++j) total += g[piece][j] * o[piece][j];
  }
  const float mean = WarpSum(total) / static_cast<float>(d);
  const float scale = rstd[row];
#pragma unroll
  for (int piece = 0; piece < kPieces; ++piece) {
    const int i = (piece * kWarp + Lane()) * kWidth;
    if (i >= d) break;
#pragma unroll
    for (int j = 0; j < kWidth; ++j) {
      g[piece][j] = scale * (g[piece][j] - o[piece][j] * mean);
    }
    Store(g[piece], grad + row * d + i);
  }
}

__device__ __forceinline__ void RmsBackwardAny(const T* grad_out, const T* out,
                                               const float* rstd, T* grad,
                                               int64_t rows, int64_t d) {
  const int64_t row = WarpRow();
  if (row >= rows) return;
  float total = 0;
  for (int64_t i = row * d + Lane(); i < (row + 1) * d; i += kWarp) {
    total += ToFloat(grad_out[i]) * ToFloat(out[i]);
  }
  const float mean = WarpSum(total) / static_cast<float>(d);
  const float scale = rstd[row];
  for (int64_t i = row * d + Lane(); i < (row + 1) * d; i += kWarp) {
    Round(scale * (ToFloat(grad_out[i]) - ToFloat(out[i]) * mean), grad + i);
  }
}

__device__ __forceinline__ float Sigmoid(float x) {
  return 1.0f / (1.0f + expf(-x));
}

template <int kWidth, typename I>
__device__ __forceinline__ void GluForward(const T* gate_up, T* out, I count,
                                           I n) {
  const I pieces = n / kWidth;  // of a row
  for (I k = FirstPiece<I>(); k < count; k += PieceStride<I>()) {
    const int64_t row = static_cast<int64_t>(k / pieces);
    const int64_t i = static_cast<int64_t>(k % pieces) * kWidth;
    const T* at = gate_up + row * 2 * n + i;
    float gate[kWidth];
    float up[kWidth];
    Load(at, gate);
    Load(at + n, up);
#pragma unroll
    for (int j = 0; j < kWidth; ++j) gate[j] *= Sigmoid(gate[j]) * up[j];
    Store(gate, out + row * n + i);
  }
}

template <int kWidth, typename I>
__device__ __forceinline__ void GluBackward(const T* grad_out, const T* gate_up,
                                            T* grad_gate_up, I count, I n) {
  const I pieces = n / kWidth;
  for (I k = FirstPiece<I>(); k < count; k += PieceStride<I>()) {
    const int64_t row = static_cast<int64_t>(k / pieces);
    const int64_t i = static_cast<int64_t>(k % pieces) * kWidth;
    const int64_t at = row * 2 * n + i;
    float g[kWidth];
    float gate[kWidth];
    float up[kWidth];
    Load(grad_out + row * n + i, g);
    Load(gate_up + at, gate);
    Load(gate_up + at + n, up);
#pragma unroll
    for (int j = 0; j < kWidth; ++j) {
      const float sigmoid = Sigmoid(gate[j]);
      const float silu = gate[j] * sigmoid;
      gate[j] = g[j] * up[j] * (sigmoid + silu * (1.0f - sigmoid));
      up[j] = g[j] * silu;
    }
    Store(gate, grad_gate_up + at);
    Store(up, grad_gate_up + at + n);
  }
}

// Converts between `joined` (tokens, 3, heads, dim) and its three parts
// (tokens, heads, dim), in both directions. A piece is kWidth pairs of one
// head.
template <int kWidth, typename I, bool kBackward>
__device__ __forceinline__ void Rotary(T* joined, T* q, T* k, T* v,
                                       const float* cos, const float* sin,
                                       int64_t table_stride, I count,
                                       I positions, I heads, I half) {
  const I pieces = half / kWidth;
  const int64_t dim = 2 * static_cast<int64_t>(half);
  for (I n = FirstPiece<I>(); n < count; n += PieceStride<I>()) {
    const I i = n % pieces * kWidth;
    const I head_index = n / pieces;
    const I head = head_index % heads;
    const I part_index = head_index / heads;
    const I part = part_index % 3;
    const I token = part_index / 3;
    T* one =
        joined + (static_cast<int64_t>(part_index) * heads + head) * dim + i;
    T* other = (part == 0   ? q
                : part == 1 ? k
                            : v) +
               (static_cast<int64_t>(token) * heads + head) * dim + i;
    const T* from = kBackward ? other : one;
    T* to = kBackward ? one : other;
    float a[kWidth];
    float b[kWidth];
    Load(from, a);
    Load(from + half, b);
    if (part < 2) {
      const int64_t table =
          static_cast<int64_t>(token / positions) * table_stride +
          static_cast<int64_t>(token % positions) * half + i;
      float c[kWidth];
      float s[kWidth];
      Load(cos + table, c);
      Load(sin + table, s);
#pragma unroll
      for (int j = 0; j < kWidth; ++j) {
        const float turn = kBackward ? -s[j] : s[j];
        const float x = a[j];
        a[j] = x * c[j] - b[j] * turn;
        b[j] = b[j] * c[j] + x * turn;
      }
    }
    Store(a, to);
    Store(b, to + half);
  }
}

__device__ __forceinline__ double Stablemax(double x) {
  return x < 0 ? 1.0 / (1.0 - x) : x + 1.0;
}

// One thread per token, because there are few classes, and the rows of a warp
// are adjacent.
__device__ __forceinline__ double StablemaxSum(const T* row, int64_t classes) {
  double sum = 0;
  for (int64_t i = 0; i < classes; ++i) sum += Stablemax(ToFloat(row[i]));
  return sum;
}

__device__ __forceinline__ void StablemaxLoss(const T* logits,
                                              const int64_t* labels,
                                              double* loss, int64_t tokens,
                                              int64_t classes) {
  for (int64_t t = FirstPiece<int64_t>(); t < tokens;
       t += PieceStride<int64_t>()) {
    const int64_t label = labels[t];
    double value = 0;
    if (label >= classes) {
      value = nan("");
    } else if (label >= 0) {
      const T* row = logits + t * classes;
      value =
          log(StablemaxSum(row, classes)) - log(Stablemax(ToFloat(row[label])));
    }
    loss[t] = value;
  }
}

__device__ __forceinline__ void StablemaxGrad(const double* grad_loss,
                                              const T* logits,
                                              const int64_t* labels, T* grad,
                                              int64_t tokens, int64_t classes) {
  for (int64_t t = FirstPiece<int64_t>(); t < tokens;
       t += PieceStride<int64_t>()) {
    const int64_t label = labels[t];
    const T* row = logits + t * classes;
    T* to = grad + t * classes;
    const double sum = label < 0 ? 1.0 : StablemaxSum(row, classes);
    double scale = label < 0 ? 0.0 : grad_loss[t] / sum;
    if (label >= classes) scale = nan("");
    for (int64_t i = 0; i < classes; ++i) {
      const double x = ToFloat(row[i]);
      const double s = Stablemax(x);
      // d s / d x is 1 for x >= 0 and s^2 below.
      const double slope = x < 0 ? s * s : 1.0;
      double g = label < 0 ? 0.0 : slope * scale;
      if (i == label) g = (slope / sum - slope / s) * grad_loss[t];
      Round(static_cast<float>(g), to + i);
    }
  }
}

template <int kWidth, bool kEma>
__device__ __forceinline__ void Adam(float* p, float* m, float* v,
                                     const float* grad, float* ema,
                                     int64_t count, float decay, float m_share,
                                     float v_share, float to_right,
                                     float step_size, float ema_keep,
                                     float ema_share) {
  for (int64_t k = FirstPiece<int64_t>(); k < count;
       k += PieceStride<int64_t>()) {
    const int64_t i = k * kWidth;
    float g[kWidth];
    float mean[kWidth];
    float square[kWidth];
    float value[kWidth];
    float average[kWidth];
    Load(grad + i, g);
    Load(m + i, mean);
    Load(v + i, square);
    Load(p + i, value);
    if constexpr (kEma) Load(ema + i, average);
#pragma unroll
    for (int j = 0; j < kWidth; ++j) {
      mean[j] += m_share * (g[j] - mean[j]);
      square[j] += v_share * (g[j] * g[j] - square[j]);
      value[j] = value[j] * decay -
                 step_size * atan2f(mean[j], sqrtf(square[j]) * to_right);
      if constexpr (kEma) {
        average[j] = average[j] * ema_keep + value[j] * ema_share;
      }
    }
    Store(mean, m + i);
    Store(square, v + i);
    Store(value, p + i);
    if constexpr (kEma) Store(average, ema + i);
  }
}

// Block b handles batch row b. The first batch row with an id sums the
// gradients of all with this id and updates the table; the others return.
__device__ __forceinline__ void SignSgdRows(float* table, const int64_t* ids,
                                            const float* grad, int64_t batch,
                                            int64_t d, float decay, float lr) {
  const int64_t b = blockIdx.x;
  const int64_t id = ids[b];
  int earlier = 0;
  for (int64_t other = threadIdx.x; other < b; other += kThreads) {
    earlier |= ids[other] == id;
  }
  if (__syncthreads_or(earlier) != 0) return;
  for (int64_t i = threadIdx.x; i < d; i += kThreads) {
    float sum = 0;
    for (int64_t other = b; other < batch; ++other) {
      if (ids[other] == id) sum += grad[other * d + i];
    }
    const float sign =
        static_cast<float>(sum > 0) - static_cast<float>(sum < 0);
    float* at = table + id * d + i;
    *at = __fsub_rn(__fmul_rn(*at, decay), lr * sign);
  }
}

// For one of the accesses per lane that keep a row in registers.
#define ARCTRM_RMS(pieces)                                              \
  ARCTRM_KERNEL(rms_forward_##pieces, const T* x, const T* y, T* out,   \
                float* rstd, int64_t rows, int d, float eps) {          \
    RmsForward<pieces>(x, y, out, rstd, rows, d, eps);                  \
  }                                                                     \
  ARCTRM_KERNEL(rms_backward_##pieces, const T* grad_out, const T* out, \
                const float* rstd, T* grad, int64_t rows, int d) {      \
    RmsBackward<pieces>(grad_out, out, rstd, grad, rows, d);            \
  }
ARCTRM_RMS(1)
ARCTRM_RMS(2)
ARCTRM_RMS(4)
ARCTRM_RMS(8)
#undef ARCTRM_RMS
ARCTRM_KERNEL(rms_forward_any, const T* x, const T* y, T* out, float* rstd,
              int64_t rows, int64_t d, float eps) {
  RmsForwardAny(x, y, out, rstd, rows, d, eps);
}
ARCTRM_KERNEL(rms_backward_any, const T* grad_out, const T* out,
              const float* rstd, T* grad, int64_t rows, int64_t d) {
  RmsBackwardAny(grad_out, out, rstd, grad, rows, d);
}

// For one width of an access and one type of the index.
#define ARCTRM_PIECEWISE(suffix, width, I)                                     \
  ARCTRM_KERNEL(swiglu_forward_##suffix, const T* gate_up, T* out, I count,    \
                I n) {                                                         \
    GluForward<width, I>(gate_up, out, count, n);                              \
  }                                                                            \
  ARCTRM_KERNEL(swiglu_backward_##suffix, const T* grad_out, const T* gate_up, \
                T* grad_gate_up, I count, I n) {                               \
    GluBackward<width, I>(grad_out, gate_up, grad_gate_up, count, n);          \
  }                                                                            \
  ARCTRM_KERNEL(rotary_forward_##suffix, T* joined, T* q, T* k, T* v,          \
                const float* cos, const float* sin, int64_t table_stride,      \
                I count, I positions, I heads, I half) {                       \
    Rotary<width, I, false>(joined, q, k, v, cos, sin, table_stride, count,    \
                            positions, heads, half);                           \
  }                                                                            \
  ARCTRM_KERNEL(rotary_backward_##suffix, T* joined, T* q, T* k, T* v,         \
                const float* cos, const float* sin, int64_t table_stride,      \
                I count, I positions, I heads, I half) {                       \
    Rotary<width, I, true>(joined, q, k, v, cos, sin, table_stride, count,     \
                           positions, heads, half);                            \
  }
ARCTRM_PIECEWISE(wide_32, kWide<T>, uint32_t)
ARCTRM_PIECEWISE(wide_64, kWide<T>, int64_t)
ARCTRM_PIECEWISE(single_32, 1, uint32_t)
ARCTRM_PIECEWISE(single_64, 1, int64_t)
#undef ARCTRM_PIECEWISE

ARCTRM_KERNEL(stablemax_forward, const T* logits, const int64_t* labels,
              double* loss, int64_t tokens, int64_t classes) {
  StablemaxLoss(logits, labels, loss, tokens, classes);
}
ARCTRM_KERNEL(stablemax_backward, const double* grad_loss, const T* logits,
              const int64_t* labels, T* grad, int64_t tokens, int64_t classes) {
  StablemaxGrad(grad_loss, logits, labels, grad, tokens, classes);
}

// The optimisers have float32 parameters in every module.
#define ARCTRM_ADAM(name, width, with_ema)                                    \
  ARCTRM_KERNEL(name, float* p, float* m, float* v, const float* grad,        \
                float* ema, int64_t count, float decay, float m_share,        \
                float v_share, float to_right, float step_size,               \
                float ema_keep, float ema_share) {                            \
    Adam<width, with_ema>(p, m, v, grad, ema, count, decay, m_share, v_share, \
                          to_right, step_size, ema_keep, ema_share);          \
  }
ARCTRM_ADAM(adam_wide, kWide<float>, false)
ARCTRM_ADAM(adam_single, 1, false)
ARCTRM_ADAM(adam_ema_wide, kWide<float>, true)
ARCTRM_ADAM(adam_ema_single, 1, true)
#undef ARCTRM_ADAM
ARCTRM_KERNEL(sign_sgd, float* table, const int64_t* ids, const float* grad,
              int64_t batch, int64_t d, float decay, float lr) {
  SignSgdRows(table, ids, grad, batch, d, decay, lr);
}

}  // namespace arctrm::kernels::cuda::ARCTRM_MODULE
