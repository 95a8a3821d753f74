// SPDX-License-Identifier: MIT
// The kernels of the network and of the loss.
#include "solver/kernels/cuda_device.h"

namespace arctrm::kernels::cuda {
namespace {

// One warp per row, kept in registers: kPieces accesses of 16 bytes per lane.
// `d` is a multiple of the elements per access.
template <typename T, int kPieces>
__global__ void __launch_bounds__(kThreads)
    RmsForward(const T* x, const T* y, T* out, float* rstd, int64_t rows, int d,
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
template <typename T>
__global__ void __launch_bounds__(kThreads)
    RmsForwardAny(const T* x, const T* y, T* out, float* rstd, int64_t rows,
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

template <typename T, int kPieces>
__global__ void __launch_bounds__(kThreads)
    RmsBackward(const T* grad_out, const T* out, const float* rstd, T* grad,
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

template <typename T>
__global__ void __launch_bounds__(kThreads)
    RmsBackwardAny(const T* grad_out, const T* out, const float* rstd, T* grad,
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

template <typename T, int kWidth, typename I>
__global__ void __launch_bounds__(kThreads)
    GluForward(const T* gate_up, T* out, I count, I n) {
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

template <typename T, int kWidth, typename I>
__global__ void __launch_bounds__(kThreads)
    GluBackward(const T* grad_out, const T* gate_up, T* grad_gate_up, I count,
                I n) {
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
template <typename T, int kWidth, typename I, bool kBackward>
__global__ void __launch_bounds__(kThreads)
    Rotary(T* joined, T* q, T* k, T* v, const float* cos, const float* sin,
           int64_t table_stride, I count, I positions, I heads, I half) {
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
template <typename T>
__device__ __forceinline__ double StablemaxSum(const T* row, int64_t classes) {
  double sum = 0;
  for (int64_t i = 0; i < classes; ++i) sum += Stablemax(ToFloat(row[i]));
  return sum;
}

template <typename T>
__global__ void __launch_bounds__(kThreads)
    StablemaxLoss(const T* logits, const int64_t* labels, double* loss,
                  int64_t tokens, int64_t classes) {
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

template <typename T>
__global__ void __launch_bounds__(kThreads)
    StablemaxGrad(const double* grad_loss, const T* logits,
                  const int64_t* labels, T* grad, int64_t tokens,
                  int64_t classes) {
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

// Calls `fn` with the accesses per lane for a row in registers: 1, 2, 4 or 8; 0
// if the row is too long, unaligned or not divisible into accesses.
template <typename T, typename Fn>
void ByPieces(int64_t d, bool aligned, Fn&& fn) {
  constexpr int64_t kWarpWide = kWarp * kWide<T>;
  if (!aligned || d % kWide<T> != 0 || d > 8 * kWarpWide) {
    fn(Constant<0>());
  } else if (d <= kWarpWide) {
    fn(Constant<1>());
  } else if (d <= 2 * kWarpWide) {
    fn(Constant<2>());
  } else if (d <= 4 * kWarpWide) {
    fn(Constant<4>());
  } else {
    fn(Constant<8>());
  }
}

// Starts Rotary in either direction.
template <bool kBackward>
int LaunchRotary(Launch launch, Element element, void* joined, void* q, void* k,
                 void* v, const float* cos, const float* sin,
                 int64_t table_stride, int64_t batch, int64_t positions,
                 int64_t heads, int64_t dim) {
  const int64_t half = dim / 2;
  const int64_t pairs = batch * positions * 3 * heads * half;
  if (pairs == 0) return cudaSuccess;
  if (const int error = UseDevice(launch)) return error;
  return ByElement(element, [&](auto* type) -> int {
    using T = Pointee<decltype(type)>;
    const bool wide = half % kWide<T> == 0 && table_stride % 4 == 0 &&
                      Aligned(joined, q, k, v, cos, sin);
    ByWidth<T>(wide, pairs, [&](auto width, auto index) {
      using I = decltype(index);
      constexpr int kWidth = decltype(width)::value;
      const int64_t count = pairs / kWidth;
      Start(launch, LoopBlocks(count), Rotary<T, kWidth, I, kBackward>,
            static_cast<T*>(joined), static_cast<T*>(q), static_cast<T*>(k),
            static_cast<T*>(v), cos, sin, table_stride, static_cast<I>(count),
            static_cast<I>(positions), static_cast<I>(heads),
            static_cast<I>(half));
    });
    return cudaGetLastError();
  });
}

}  // namespace

const char* ErrorText(int error) {
  return cudaGetErrorString(static_cast<cudaError_t>(error));
}

int ResidualRmsNormForward(Launch launch, Element element, const void* x,
                           const void* y, void* out, float* rstd, int64_t rows,
                           int64_t d, float eps) {
  if (rows == 0 || d == 0) return cudaSuccess;
  if (const int error = UseDevice(launch)) return error;
  const auto blocks = static_cast<unsigned>(Blocks(rows, kThreads / kWarp));
  return ByElement(element, [&](auto* type) -> int {
    using T = Pointee<decltype(type)>;
    const T* xt = static_cast<const T*>(x);
    const T* yt = static_cast<const T*>(y);
    T* to = static_cast<T*>(out);
    ByPieces<T>(d, Aligned(x, y, out), [&](auto pieces) {
      constexpr int kPieces = decltype(pieces)::value;
      if constexpr (kPieces == 0) {
        Start(launch, blocks, RmsForwardAny<T>, xt, yt, to, rstd, rows, d, eps);
      } else {
        Start(launch, blocks, RmsForward<T, kPieces>, xt, yt, to, rstd, rows,
              static_cast<int>(d), eps);
      }
    });
    return cudaGetLastError();
  });
}

int ResidualRmsNormBackward(Launch launch, Element element,
                            const void* grad_out, const void* out,
                            const float* rstd, void* grad, int64_t rows,
                            int64_t d) {
  if (rows == 0 || d == 0) return cudaSuccess;
  if (const int error = UseDevice(launch)) return error;
  const auto blocks = static_cast<unsigned>(Blocks(rows, kThreads / kWarp));
  return ByElement(element, [&](auto* type) -> int {
    using T = Pointee<decltype(type)>;
    const T* g = static_cast<const T*>(grad_out);
    const T* o = static_cast<const T*>(out);
    T* to = static_cast<T*>(grad);
    ByPieces<T>(d, Aligned(grad_out, out, grad), [&](auto pieces) {
      constexpr int kPieces = decltype(pieces)::value;
      if constexpr (kPieces == 0) {
        Start(launch, blocks, RmsBackwardAny<T>, g, o, rstd, to, rows, d);
      } else {
        Start(launch, blocks, RmsBackward<T, kPieces>, g, o, rstd, to, rows,
              static_cast<int>(d));
      }
    });
    return cudaGetLastError();
  });
}

int SwiGluForward(Launch launch, Element element, const void* gate_up,
                  void* out, int64_t rows, int64_t n) {
  if (rows == 0 || n == 0) return cudaSuccess;
  if (const int error = UseDevice(launch)) return error;
  return ByElement(element, [&](auto* type) -> int {
    using T = Pointee<decltype(type)>;
    const bool wide = n % kWide<T> == 0 && Aligned(gate_up, out);
    ByWidth<T>(wide, rows * n, [&](auto width, auto index) {
      using I = decltype(index);
      constexpr int kWidth = decltype(width)::value;
      const int64_t count = rows * n / kWidth;
      Start(launch, LoopBlocks(count), GluForward<T, kWidth, I>,
            static_cast<const T*>(gate_up), static_cast<T*>(out),
            static_cast<I>(count), static_cast<I>(n));
    });
    return cudaGetLastError();
  });
}

int SwiGluBackward(Launch launch, Element element, const void* grad_out,
                   const void* gate_up, void* grad_gate_up, int64_t rows,
                   int64_t n) {
  if (rows == 0 || n == 0) return cudaSuccess;
  if (const int error = UseDevice(launch)) return error;
  return ByElement(element, [&](auto* type) -> int {
    using T = Pointee<decltype(type)>;
    const bool wide =
        n % kWide<T> == 0 && Aligned(grad_out, gate_up, grad_gate_up);
    ByWidth<T>(wide, rows * n, [&](auto width, auto index) {
      using I = decltype(index);
      constexpr int kWidth = decltype(width)::value;
      const int64_t count = rows * n / kWidth;
      Start(launch, LoopBlocks(count), GluBackward<T, kWidth, I>,
            static_cast<const T*>(grad_out), static_cast<const T*>(gate_up),
            static_cast<T*>(grad_gate_up), static_cast<I>(count),
            static_cast<I>(n));
    });
    return cudaGetLastError();
  });
}

// The kernel only reads the const pointers.
int SplitRotaryForward(Launch launch, Element element, const void* qkv,
                       const float* cos, const float* sin, int64_t table_stride,
                       void* q, void* k, void* v, int64_t batch,
                       int64_t positions, int64_t heads, int64_t dim) {
  return LaunchRotary<false>(launch, element, const_cast<void*>(qkv), q, k, v,
                             cos, sin, table_stride, batch, positions, heads,
                             dim);
}

int SplitRotaryBackward(Launch launch, Element element, const void* grad_q,
                        const void* grad_k, const void* grad_v,
                        const float* cos, const float* sin,
                        int64_t table_stride, void* grad_qkv, int64_t batch,
                        int64_t positions, int64_t heads, int64_t dim) {
  return LaunchRotary<true>(
      launch, element, grad_qkv, const_cast<void*>(grad_q),
      const_cast<void*>(grad_k), const_cast<void*>(grad_v), cos, sin,
      table_stride, batch, positions, heads, dim);
}

int StablemaxForward(Launch launch, Element element, const void* logits,
                     const int64_t* labels, double* loss, int64_t tokens,
                     int64_t classes) {
  if (tokens == 0) return cudaSuccess;
  if (const int error = UseDevice(launch)) return error;
  return ByElement(element, [&](auto* type) -> int {
    using T = Pointee<decltype(type)>;
    Start(launch, LoopBlocks(tokens), StablemaxLoss<T>,
          static_cast<const T*>(logits), labels, loss, tokens, classes);
    return cudaGetLastError();
  });
}

int StablemaxBackward(Launch launch, Element element, const double* grad_loss,
                      const void* logits, const int64_t* labels, void* grad,
                      int64_t tokens, int64_t classes) {
  if (tokens == 0) return cudaSuccess;
  if (const int error = UseDevice(launch)) return error;
  return ByElement(element, [&](auto* type) -> int {
    using T = Pointee<decltype(type)>;
    Start(launch, LoopBlocks(tokens), StablemaxGrad<T>, grad_loss,
          static_cast<const T*>(logits), labels, static_cast<T*>(grad), tokens,
          classes);
    return cudaGetLastError();
  });
}

}  // namespace arctrm::kernels::cuda
