// SPDX-License-Identifier: MIT
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <climits>
#include <cstring>
#include <type_traits>

#include "solver/kernels/cuda_ops.h"

namespace arctrm::kernels::cuda {
namespace {

constexpr int kWarp = 32;
constexpr int kThreads = 256;
constexpr unsigned kAllLanes = 0xFFFFFFFF;
// Loops go on with the grid's stride, so more blocks than this gain nothing.
constexpr int64_t kMostBlocks = 1 << 16;

__device__ __forceinline__ float ToFloat(float x) { return x; }
__device__ __forceinline__ float ToFloat(__nv_bfloat16 x) {
  return __bfloat162float(x);
}
__device__ __forceinline__ float ToFloat(__half x) { return __half2float(x); }

__device__ __forceinline__ void Round(float x, float* to) { *to = x; }
__device__ __forceinline__ void Round(float x, __nv_bfloat16* to) {
  *to = __float2bfloat16_rn(x);
}
__device__ __forceinline__ void Round(float x, __half* to) {
  *to = __float2half_rn(x);
}

// How many elements one access of 16 bytes moves.
template <typename T>
constexpr int kWide = 16 / static_cast<int>(sizeof(T));

// kWidth elements in accesses of 16 bytes, or one.
template <int kWidth, typename T>
__device__ __forceinline__ void Load(const T* from, float (&to)[kWidth]) {
  if constexpr (kWidth == 1) {
    to[0] = ToFloat(*from);
  } else {
    static_assert(kWidth % kWide<T> == 0, "whole accesses");
#pragma unroll
    for (int i = 0; i < kWidth; i += kWide<T>) {
      const uint4 bits = *reinterpret_cast<const uint4*>(from + i);
      T elements[kWide<T>];
      memcpy(elements, &bits, sizeof(bits));
#pragma unroll
      for (int j = 0; j < kWide<T>; ++j) to[i + j] = ToFloat(elements[j]);
    }
  }
}
template <int kWidth, typename T>
__device__ __forceinline__ void Store(const float (&from)[kWidth], T* to) {
  if constexpr (kWidth == 1) {
    Round(from[0], to);
  } else {
    static_assert(kWidth % kWide<T> == 0, "whole accesses");
#pragma unroll
    for (int i = 0; i < kWidth; i += kWide<T>) {
      T elements[kWide<T>];
#pragma unroll
      for (int j = 0; j < kWide<T>; ++j) Round(from[i + j], &elements[j]);
      uint4 bits;
      memcpy(&bits, elements, sizeof(bits));
      *reinterpret_cast<uint4*>(to + i) = bits;
    }
  }
}

// The sum over a warp; partners add the same two numbers, so every lane has the
// same bits.
__device__ __forceinline__ float WarpSum(float x) {
#pragma unroll
  for (int lane = kWarp / 2; lane > 0; lane /= 2) {
    x += __shfl_xor_sync(kAllLanes, x, lane);
  }
  return x;
}

// The row of this warp, the warps of a grid counted through.
__device__ __forceinline__ int64_t WarpRow() {
  return static_cast<int64_t>(blockIdx.x) * (kThreads / kWarp) +
         threadIdx.x / kWarp;
}
__device__ __forceinline__ int Lane() {
  return static_cast<int>(threadIdx.x) % kWarp;
}

// One warp per row, which it keeps in registers: kPieces accesses of 16 bytes
// per lane. `d` is a multiple of an access's elements.
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

// Any d and any alignment; reads a row twice.
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

// Loops over `count` pieces of work. I is 32 bits wide where that is enough:
// the index is divided, and by 64 bits that takes longer than the memory does.
template <typename I>
__device__ __forceinline__ I FirstPiece() {
  return static_cast<I>(blockIdx.x) * kThreads + threadIdx.x;
}
template <typename I>
__device__ __forceinline__ I PieceStride() {
  return static_cast<I>(gridDim.x) * kThreads;
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

// Both directions: between `joined` (tokens, 3, heads, dim) and the three parts
// (tokens, heads, dim). A piece is kWidth pairs of one head.
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

// One thread per token: classes are few, and a warp's rows lie side by side.
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

struct AdamNumbers {
  float decay;
  float m_share;
  float v_share;
  float to_right;
  float step_size;
  float ema_keep;
  float ema_share;
};

template <int kWidth, bool kEma>
__global__ void __launch_bounds__(kThreads)
    Adam(float* p, float* m, float* v, const float* grad, float* ema,
         int64_t count, AdamNumbers with) {
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
      mean[j] += with.m_share * (g[j] - mean[j]);
      square[j] += with.v_share * (g[j] * g[j] - square[j]);
      value[j] =
          value[j] * with.decay -
          with.step_size * atan2f(mean[j], sqrtf(square[j]) * with.to_right);
      if constexpr (kEma) {
        average[j] = average[j] * with.ema_keep + value[j] * with.ema_share;
      }
    }
    Store(mean, m + i);
    Store(square, v + i);
    Store(value, p + i);
    if constexpr (kEma) Store(average, ema + i);
  }
}

// Block b has row b of the batch. The first row with an id adds up those of all
// and writes; the others leave.
__global__ void __launch_bounds__(kThreads)
    SignSgdRows(float* table, const int64_t* ids, const float* grad,
                int64_t batch, int64_t d, float decay, float lr) {
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

// Makes the launch's device the thread's. LibTorch has a CUDA runtime of its
// own, which may have told this one nothing. Not put back: where the device
// before was only this runtime's default, that would open a context on it.
int UseDevice(const Launch& launch) {
  int now = 0;
  const cudaError_t error = cudaGetDevice(&now);
  if (error != cudaSuccess || now == launch.device) return error;
  return cudaSetDevice(launch.device);
}

// The one place where kernels start. Compiled as plain C++, they run on the CPU
// (tests/solver/cuda_on_host.h).
template <typename... P, typename... A>
void Start(const Launch& launch, unsigned blocks, void (*kernel)(P...),
           A... args) {
#ifdef __CUDACC__
  kernel<<<blocks, kThreads, 0, static_cast<cudaStream_t>(launch.stream)>>>(
      args...);
#else
  static_cast<void>(launch);
  RunOnHost(blocks, kThreads, [&] { kernel(args...); });
#endif
}

int64_t Blocks(int64_t count, int64_t per_block) {
  return (count + per_block - 1) / per_block;
}
// For a kernel that loops.
unsigned LoopBlocks(int64_t count) {
  const int64_t blocks = Blocks(count, kThreads);
  return static_cast<unsigned>(blocks < kMostBlocks ? blocks : kMostBlocks);
}

bool Aligned(const void* p) { return reinterpret_cast<uintptr_t>(p) % 16 == 0; }
template <typename... P>
bool Aligned(const void* first, P... rest) {
  return Aligned(first) && Aligned(rest...);
}

// Calls `fn` with a null pointer of the element type.
template <typename Fn>
int ByElement(Element element, Fn&& fn) {
  switch (element) {
    case Element::kFloat32:
      return fn(static_cast<float*>(nullptr));
    case Element::kBf16:
      return fn(static_cast<__nv_bfloat16*>(nullptr));
    case Element::kFloat16:
      return fn(static_cast<__half*>(nullptr));
  }
  return cudaErrorInvalidValue;
}
template <typename P>
using Pointee = std::remove_pointer_t<P>;

template <int kValue>
using Constant = std::integral_constant<int, kValue>;

// Calls `fn` with the number of accesses per lane that a row kept in registers
// takes: 1, 2, 4 or 8; 0 where rows are too long or don't fall into accesses.
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

// Calls `fn` with the elements per access (as a constant) and a zero of the
// index type for `elements` elements in all. The stride that is added last may
// not wrap around either.
template <typename T, typename Fn>
void ByWidth(bool wide, int64_t elements, Fn&& fn) {
  const bool small = elements <= INT_MAX - kMostBlocks * kThreads;
  if (wide && small) {
    fn(Constant<kWide<T>>(), uint32_t{0});
  } else if (wide) {
    fn(Constant<kWide<T>>(), int64_t{0});
  } else if (small) {
    fn(Constant<1>(), uint32_t{0});
  } else {
    fn(Constant<1>(), int64_t{0});
  }
}

// Both directions; see Rotary.
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

// The kernel writes one side only; which, its direction says.
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

int AdamAtan2(Launch launch, float* p, float* m, float* v, const float* grad,
              float* ema, int64_t n, float decay, float beta1, float beta2,
              float step_size, float v_scale, double ema_decay) {
  if (n == 0) return cudaSuccess;
  if (const int error = UseDevice(launch)) return error;
  AdamNumbers with = {};
  with.decay = decay;
  with.m_share = 1.0f - beta1;
  with.v_share = 1.0f - beta2;
  with.to_right = 1.0f / v_scale;
  with.step_size = step_size;
  with.ema_keep = static_cast<float>(ema_decay);
  with.ema_share = static_cast<float>(1.0 - ema_decay);
  const auto start = [&](auto width, auto average, int64_t first,
                         int64_t count) {
    constexpr int kWidth = decltype(width)::value;
    constexpr bool kEma = decltype(average)::value != 0;
    if (count == 0) return;
    Start(launch, LoopBlocks(count), Adam<kWidth, kEma>, p + first, m + first,
          v + first, grad + first, kEma ? ema + first : nullptr, count, with);
  };
  const auto run = [&](auto average) {
    const int64_t wide =
        Aligned(p, m, v, grad, ema) ? n / kWide<float> : int64_t{0};
    start(Constant<kWide<float>>(), average, 0, wide);
    start(Constant<1>(), average, wide * kWide<float>, n - wide * kWide<float>);
  };
  if (ema != nullptr) {
    run(Constant<1>());
  } else {
    run(Constant<0>());
  }
  return cudaGetLastError();
}

int SignSgd(Launch launch, float* table, const int64_t* ids, const float* grad,
            int64_t batch, int64_t d, float decay, float lr) {
  if (batch == 0 || d == 0) return cudaSuccess;
  if (const int error = UseDevice(launch)) return error;
  Start(launch, static_cast<unsigned>(batch), SignSgdRows, table, ids, grad,
        batch, d, decay, lr);
  return cudaGetLastError();
}

}  // namespace arctrm::kernels::cuda
