// SPDX-License-Identifier: MIT
// Emulates a GPU to run the kernels of solver/kernels/cuda_kernels.cu on a CPU,
// in a translation unit that includes this header and then that file once per
// module: one fiber per thread of a block, one block after the other. Shows
// that the kernels compute correct results within their memory (with
// sanitizers: also that 16-byte accesses are aligned). Cannot show races.
#pragma once

#include <ucontext.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace arctrm::cuda_on_host {

constexpr int kBlock = 256;
constexpr size_t kStackBytes = size_t{1} << 17;

inline void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "CUDA on the host: %s\n", what);
  std::abort();
}

struct Index {
  unsigned x = 0;
};

// The fibers of a block run in turn, each to its next barrier. All live fibers
// reach a barrier before the first one continues.
struct Block {
  ucontext_t scheduler = {};
  std::array<ucontext_t, kBlock> fibers = {};
  std::vector<std::vector<char>> stacks =
      std::vector<std::vector<char>>(kBlock, std::vector<char>(kStackBytes));
  std::array<bool, kBlock> lives = {};
  std::array<float, kBlock> offered = {};  // values for other lanes
  int any = 0;                             // of __syncthreads_or
  int now = 0;
  Index thread, block, grid;
  const std::function<void()>* kernel = nullptr;
};
inline Block the_block;

inline void Barrier() {
  const auto me = static_cast<size_t>(the_block.now);
  swapcontext(&the_block.fibers[me], &the_block.scheduler);
}

inline void Fiber() {
  (*the_block.kernel)();
  the_block.lives[static_cast<size_t>(the_block.now)] = false;
  Barrier();
}

inline void Run(unsigned blocks, unsigned threads,
                const std::function<void()>& kernel) {
  Require(blocks > 0 && threads == kBlock, "wrong numbers of blocks, threads");
  Block& b = the_block;
  b.kernel = &kernel;
  b.grid.x = blocks;
  for (unsigned block = 0; block < blocks; ++block) {
    b.any = 0;
    b.block.x = block;
    for (size_t t = 0; t < kBlock; ++t) {
      getcontext(&b.fibers[t]);
      b.fibers[t].uc_stack.ss_sp = b.stacks[t].data();
      b.fibers[t].uc_stack.ss_size = kStackBytes;
      b.fibers[t].uc_link = nullptr;
      makecontext(&b.fibers[t], Fiber, 0);
      b.lives[t] = true;
    }
    for (bool more = true; more;) {
      more = false;
      for (int t = 0; t < kBlock; ++t) {
        if (!b.lives[static_cast<size_t>(t)]) continue;
        more = true;
        b.now = t;
        b.thread.x = static_cast<unsigned>(t);
        swapcontext(&b.scheduler, &b.fibers[static_cast<size_t>(t)]);
      }
    }
  }
}

// A kernel with its arguments, given as the CUDA driver gets them.
using HostKernel = std::function<void(void** arguments)>;

// By module and name.
inline std::map<std::pair<std::string, std::string>, HostKernel>& Kernels() {
  static std::map<std::pair<std::string, std::string>, HostKernel> kernels;
  return kernels;
}

template <typename... P, size_t... kIndex>
HostKernel Bind(void (*kernel)(P...), std::index_sequence<kIndex...>) {
  return [kernel](void** arguments) {
    kernel(*static_cast<P*>(arguments[kIndex])...);
  };
}
template <typename... P>
bool Register(const char* module, const char* name, void (*kernel)(P...)) {
  return Kernels()
      .emplace(std::pair(module, name),
               Bind(kernel, std::index_sequence_for<P...>()))
      .second;
}

}  // namespace arctrm::cuda_on_host

// The words and functions of CUDA that the kernels use.
#define __device__
#define __forceinline__ inline
#define threadIdx ::arctrm::cuda_on_host::the_block.thread
#define blockIdx ::arctrm::cuda_on_host::the_block.block
#define gridDim ::arctrm::cuda_on_host::the_block.grid
#define ARCTRM_TEXT_OF(x) #x
#define ARCTRM_TEXT(x) ARCTRM_TEXT_OF(x)
#define ARCTRM_KERNEL(name, ...)                                          \
  void name(__VA_ARGS__);                                                 \
  [[maybe_unused]] const bool name##_registered =                         \
      ::arctrm::cuda_on_host::Register(ARCTRM_TEXT(ARCTRM_MODULE), #name, \
                                       &name);                            \
  void name(__VA_ARGS__)

struct alignas(16) uint4 {
  unsigned x, y, z, w;
};

inline float __uint_as_float(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}
inline uint32_t __float_as_uint(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  return bits;
}
inline float __shfl_xor_sync(unsigned /*mask*/, float x, int lane) {
  using arctrm::cuda_on_host::the_block;
  const auto me = static_cast<size_t>(the_block.now);
  const size_t partner = me ^ static_cast<size_t>(lane);
  the_block.offered[me] = x;
  arctrm::cuda_on_host::Barrier();
  arctrm::cuda_on_host::Require(the_block.lives[partner],
                                "a lane asks a thread that has ended");
  const float got = the_block.offered[partner];
  arctrm::cuda_on_host::Barrier();
  return got;
}
inline int __syncthreads_or(int x) {
  arctrm::cuda_on_host::the_block.any |= x;
  arctrm::cuda_on_host::Barrier();
  const int any = arctrm::cuda_on_host::the_block.any;
  arctrm::cuda_on_host::Barrier();
  return any;
}
// volatile forces rounding before the next operation.
inline float __fmul_rn(float a, float b) {
  volatile float product = a * b;
  return product;
}
inline float __fsub_rn(float a, float b) {
  volatile float difference = a - b;
  return difference;
}

#include "solver/kernels/cuda_device.h"

namespace arctrm::kernels::cuda {

inline float ToFloat(Half x) {
  const int exponent = (x.bits >> 10) & 31;
  const int mantissa = x.bits & 1023;
  float size =
      exponent == 0
          ? std::ldexp(static_cast<float>(mantissa), -24)
          : std::ldexp(1024.0f + static_cast<float>(mantissa), exponent - 25);
  if (exponent == 31) size = mantissa == 0 ? INFINITY : NAN;
  return (x.bits & 0x8000) != 0 ? -size : size;
}
// Rounds to nearest, ties to even.
inline void Round(float x, Half* to) {
  const int sign = std::signbit(x) ? 0x8000 : 0;
  const float size = std::fabs(x);
  int bits = 0;
  if (std::isnan(x)) {
    bits = 0x7E00;
  } else if (size >= 65520) {
    bits = 0x7C00;
  } else if (size > 0) {
    const int exponent = std::max(std::ilogb(size), -14);
    // A multiple of the last place; 1024 or more, unless subnormal. 2048
    // carries into the exponent.
    const auto places =
        static_cast<int>(std::nearbyint(std::ldexp(size, 10 - exponent)));
    bits = ((exponent + 14) << 10) + places;
  }
  to->bits = static_cast<uint16_t>(sign | bits);
}

}  // namespace arctrm::kernels::cuda
