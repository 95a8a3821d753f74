// SPDX-License-Identifier: MIT
// Emulates a GPU to run the kernels of solver/kernels/*.cu on a CPU, in a
// translation unit that includes this header and then those files: one fiber
// per thread of a block, one block after the other. Shows that the kernels
// compute correct results within their memory (with sanitizers: also that
// 16-byte accesses are aligned). Cannot show races.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <ucontext.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/status.h"

#undef __launch_bounds__
#define __launch_bounds__(threads)

namespace arctrm::cuda_on_host {

constexpr int kBlock = 256;
constexpr int kLanes = 32;
constexpr size_t kStackBytes = size_t{1} << 17;

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
  uint3 thread = {};
  uint3 block = {};
  uint3 grid = {};
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

inline void Run(unsigned blocks, int threads,
                const std::function<void()>& kernel) {
  ARCTRM_CHECK(blocks > 0 && threads == kBlock);
  Block& b = the_block;
  b.kernel = &kernel;
  b.grid = {blocks, 1, 1};
  for (unsigned block = 0; block < blocks; ++block) {
    b.any = 0;
    b.block = {block, 0, 0};
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
        b.thread = {static_cast<unsigned>(t), 0, 0};
        swapcontext(&b.scheduler, &b.fibers[static_cast<size_t>(t)]);
      }
    }
  }
}

}  // namespace arctrm::cuda_on_host

// Built-in variables and functions of CUDA.
#define threadIdx ::arctrm::cuda_on_host::the_block.thread
#define blockIdx ::arctrm::cuda_on_host::the_block.block
#define gridDim ::arctrm::cuda_on_host::the_block.grid

inline float __shfl_xor_sync(unsigned /*mask*/, float x, int lane) {
  using arctrm::cuda_on_host::the_block;
  const auto me = static_cast<size_t>(the_block.now);
  const size_t partner = me ^ static_cast<size_t>(lane);
  the_block.offered[me] = x;
  arctrm::cuda_on_host::Barrier();
  ARCTRM_CHECK(the_block.lives[partner]);
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

template <typename Fn>
void RunOnHost(unsigned blocks, int threads, Fn&& kernel) {
  arctrm::cuda_on_host::Run(blocks, threads, kernel);
}

// The CUDA runtime, with one device.
extern "C" inline cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}
extern "C" inline cudaError_t cudaSetDevice(int /*device*/) {
  return cudaSuccess;
}
extern "C" inline cudaError_t cudaGetLastError() { return cudaSuccess; }
extern "C" inline const char* cudaGetErrorString(cudaError_t /*error*/) {
  return "";
}
