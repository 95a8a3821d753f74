// SPDX-License-Identifier: MIT
// Kernels of the fake CUDA runtime: those of LibTorch register themselves by
// name; launches are counted.
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "state.h"

namespace fake_cuda {
namespace {

struct Launch {
  dim3 blocks, threads;
  size_t shared_bytes;
  cudaStream_t stream;
};
// The launches that a thread has configured, but not yet started.
thread_local std::vector<Launch> configured;

// Symbol names by the host function of a kernel.
std::unordered_map<const void*, std::string>& Names() {
  static auto* const names = new std::unordered_map<const void*, std::string>();
  return *names;
}

cudaError_t Start(const void* kernel, dim3 blocks, dim3 threads,
                  cudaStream_t stream) {
  const Locked lock(Lock());
  const bool possible = blocks.x > 0 && blocks.y > 0 && blocks.z > 0 &&
                        blocks.x <= 2147483647 && blocks.y <= 65535 &&
                        blocks.z <= 65535 && threads.x > 0 && threads.y > 0 &&
                        threads.z > 0 &&
                        threads.x * threads.y * threads.z <= 1024;
  const auto name = Names().find(kernel);
  if (!possible) {
    Count("impossible launches");
    return cudaErrorInvalidConfiguration;
  }
  Queue(stream, "kernels", name == Names().end() ? "?" : name->second);
  return cudaSuccess;
}

}  // namespace
}  // namespace fake_cuda

using fake_cuda::Locked;

FAKE_CUDA_API void** __cudaRegisterFatBinary(void*) {
  static void* handle;
  return &handle;
}
FAKE_CUDA_API void __cudaRegisterFatBinaryEnd(void**) {}
FAKE_CUDA_API void __cudaUnregisterFatBinary(void**) {}

FAKE_CUDA_API void __cudaRegisterFunction(void**, const char* function, char*,
                                          const char* name, int, uint3*, uint3*,
                                          dim3*, dim3*, int*) {
  const Locked lock(fake_cuda::Lock());
  fake_cuda::Names()[function] = name;
}

FAKE_CUDA_API void __cudaRegisterVar(void**, char*, char*, const char*, int,
                                     size_t, int, int) {}

FAKE_CUDA_API unsigned __cudaPushCallConfiguration(dim3 blocks, dim3 threads,
                                                   size_t shared_bytes,
                                                   cudaStream_t stream) {
  fake_cuda::configured.push_back({blocks, threads, shared_bytes, stream});
  return 0;
}

FAKE_CUDA_API cudaError_t __cudaPopCallConfiguration(dim3* blocks,
                                                     dim3* threads,
                                                     size_t* shared_bytes,
                                                     void* stream) {
  if (fake_cuda::configured.empty()) return cudaErrorMissingConfiguration;
  const fake_cuda::Launch launch = fake_cuda::configured.back();
  fake_cuda::configured.pop_back();
  *blocks = launch.blocks;
  *threads = launch.threads;
  *shared_bytes = launch.shared_bytes;
  *static_cast<cudaStream_t*>(stream) = launch.stream;
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t __cudaGetKernel(cudaKernel_t* kernel,
                                          const void* function) {
  *kernel = reinterpret_cast<cudaKernel_t>(const_cast<void*>(function));
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 blocks,
                                             dim3 threads, void**, size_t,
                                             cudaStream_t stream) {
  return fake_cuda::Start(reinterpret_cast<const void*>(kernel), blocks,
                          threads, stream);
}

FAKE_CUDA_API cudaError_t cudaLaunchKernel(const void* function, dim3 blocks,
                                           dim3 threads, void**, size_t,
                                           cudaStream_t stream) {
  return fake_cuda::Start(function, blocks, threads, stream);
}

FAKE_CUDA_API cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t* config,
                                              const void* function, void**) {
  return fake_cuda::Start(function, config->gridDim, config->blockDim,
                          config->stream);
}

// The driver's kernels, for libcuda.so.1.
FAKE_CUDA_API int fake_cuda_start(const char* name, unsigned blocks,
                                  unsigned threads, void* stream) {
  if (blocks == 0 || threads == 0 || threads > 1024) return 1;
  fake_cuda::Queue(static_cast<cudaStream_t>(stream), "kernels", name);
  return 0;
}

FAKE_CUDA_API cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes,
                                                const void*) {
  *attributes = {};
  attributes->maxThreadsPerBlock = 1024;
  attributes->numRegs = 32;
  attributes->ptxVersion =
      10 * fake_cuda::TheSettings().major + fake_cuda::TheSettings().minor;
  attributes->binaryVersion = attributes->ptxVersion;
  attributes->maxDynamicSharedSizeBytes = 48 << 10;
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaFuncSetAttribute(const void*, cudaFuncAttribute,
                                               int) {
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t
cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, const void*,
                                                       int, size_t, unsigned) {
  *blocks = 2;
  return cudaSuccess;
}
