// SPDX-License-Identifier: MIT
// Helpers of the CUDA kernels: element types, accesses of 16 bytes, warps, and
// launches. Only .cu files include it.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <climits>
#include <cstring>
#include <type_traits>

#include "solver/kernels/cuda_ops.h"

namespace arctrm::kernels::cuda {

inline constexpr int kWarp = 32;
inline constexpr int kThreads = 256;
inline constexpr unsigned kAllLanes = 0xFFFFFFFF;
// Kernels loop with the grid's stride, so more blocks than this gain nothing.
inline constexpr int64_t kMaxBlocks = 1 << 16;

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

// Elements per access of 16 bytes.
template <typename T>
inline constexpr int kWide = 16 / static_cast<int>(sizeof(T));

// Load and store kWidth elements: one, or several in accesses of 16 bytes.
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

// The sum over a warp. Partner lanes add the same two numbers, so all lanes get
// the same bits.
__device__ __forceinline__ float WarpSum(float x) {
#pragma unroll
  for (int lane = kWarp / 2; lane > 0; lane /= 2) {
    x += __shfl_xor_sync(kAllLanes, x, lane);
  }
  return x;
}

// The row of this warp: its number within the grid.
__device__ __forceinline__ int64_t WarpRow() {
  return static_cast<int64_t>(blockIdx.x) * (kThreads / kWarp) +
         threadIdx.x / kWarp;
}
__device__ __forceinline__ int Lane() {
  return static_cast<int>(threadIdx.x) % kWarp;
}

// First index and stride of a loop over pieces of work. I has 32 bits if they
// suffice, because 64-bit division of the index is slower than memory access.
template <typename I>
__device__ __forceinline__ I FirstPiece() {
  return static_cast<I>(blockIdx.x) * kThreads + threadIdx.x;
}
template <typename I>
__device__ __forceinline__ I PieceStride() {
  return static_cast<I>(gridDim.x) * kThreads;
}

// Makes the launch's device current for the thread; LibTorch's separate CUDA
// runtime may not have done so. Does not restore the previous device, because
// that could open a context on a mere default.
inline int UseDevice(const Launch& launch) {
  int now = 0;
  const cudaError_t error = cudaGetDevice(&now);
  if (error != cudaSuccess || now == launch.device) return error;
  return cudaSetDevice(launch.device);
}

// Starts a kernel. In plain C++ it runs on the CPU
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

inline int64_t Blocks(int64_t count, int64_t per_block) {
  return (count + per_block - 1) / per_block;
}
// Blocks of a kernel that loops.
inline unsigned LoopBlocks(int64_t count) {
  const int64_t blocks = Blocks(count, kThreads);
  return static_cast<unsigned>(blocks < kMaxBlocks ? blocks : kMaxBlocks);
}

inline bool Aligned(const void* p) {
  return reinterpret_cast<uintptr_t>(p) % 16 == 0;
}
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

// Calls `fn` with the elements per access (as a constant) and a zero of the
// index type for `elements` elements. The index plus one stride must not
// overflow.
template <typename T, typename Fn>
void ByWidth(bool wide, int64_t elements, Fn&& fn) {
  const bool small = elements <= INT_MAX - kMaxBlocks * kThreads;
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

}  // namespace arctrm::kernels::cuda
