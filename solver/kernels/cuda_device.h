// SPDX-License-Identifier: MIT
// Helpers of the CUDA kernels: element types, accesses of 16 bytes, warps. The
// program carries this file and cuda_kernels.cu as text and compiles them for
// the GPU that it finds (cuda_compiler.h), without any header of CUDA;
// tests/solver/cuda_on_host.h compiles them for the CPU.
#pragma once

#ifdef __CUDACC_RTC__
using int64_t = long long;
using uint16_t = unsigned short;
using uint32_t = unsigned int;
// Defines a kernel that the program finds by this name.
#define ARCTRM_KERNEL(name, ...) \
  extern "C" __global__ void __launch_bounds__(kThreads) name(__VA_ARGS__)
#endif

namespace arctrm::kernels::cuda {

constexpr int kWarp = 32;
constexpr int kThreads = 256;  // of a block; cuda_ops.cc counts blocks of these
constexpr unsigned kAllLanes = 0xFFFFFFFF;

// The element types of 16 bits as their bits.
struct Bf16 {
  uint16_t bits;
};
struct Half {
  uint16_t bits;
};

__device__ __forceinline__ float ToFloat(float x) { return x; }
__device__ __forceinline__ float ToFloat(Bf16 x) {
  return __uint_as_float(static_cast<uint32_t>(x.bits) << 16);
}

__device__ __forceinline__ void Round(float x, float* to) { *to = x; }
// Rounds to nearest, ties to even.
__device__ __forceinline__ void Round(float x, Bf16* to) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(to->bits) : "f"(x));
#else
  const uint32_t bits = __float_as_uint(x);
  const uint32_t rounded = bits + 0x7FFF + ((bits >> 16) & 1);
  // The sum would carry some NaNs to infinity.
  to->bits = static_cast<uint16_t>(x == x ? rounded >> 16 : 0x7FFF);
#endif
}

#ifdef __CUDACC_RTC__
__device__ __forceinline__ float ToFloat(Half x) {
  float wide;
  asm("cvt.f32.f16 %0, %1;" : "=f"(wide) : "h"(x.bits));
  return wide;
}
__device__ __forceinline__ void Round(float x, Half* to) {
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(to->bits) : "f"(x));
}
#endif

// The element type T of each module: cuda_kernels.cu is compiled once per
// module, with ARCTRM_MODULE as its name.
namespace float32 {
using T = float;
}
namespace bf16 {
using T = Bf16;
}
namespace float16 {
using T = Half;
}

// Elements per access of 16 bytes.
template <typename T>
constexpr int kWide = 16 / static_cast<int>(sizeof(T));

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

}  // namespace arctrm::kernels::cuda
