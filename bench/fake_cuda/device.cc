// SPDX-License-Identifier: MIT
// The devices of the fake CUDA runtime, and errors.
#include <dlfcn.h>

#include <cstdio>
#include <cstring>

#include "state.h"

namespace fake_cuda {
namespace {

thread_local int current_device = 0;
// Has the thread a context?
thread_local bool has_context = false;

// A driver function that the fake driver does not have.
int NotSupported() { return 801; }  // CUDA_ERROR_NOT_SUPPORTED

int DeviceCount() { return static_cast<int>(TheSettings().visible.size()); }

}  // namespace

int CurrentDevice() { return current_device; }

void MakeContext() { has_context = true; }

}  // namespace fake_cuda

using fake_cuda::TheSettings;

FAKE_CUDA_API cudaError_t cudaGetDeviceCount(int* count) {
  *count = fake_cuda::DeviceCount();
  return *count > 0 ? cudaSuccess : cudaErrorNoDevice;
}

FAKE_CUDA_API cudaError_t cudaGetDevice(int* device) {
  *device = fake_cuda::current_device;
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaSetDevice(int device) {
  if (device < 0 || device >= fake_cuda::DeviceCount()) {
    return cudaErrorInvalidDevice;
  }
  fake_cuda::current_device = device;
  fake_cuda::MakeContext();
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties,
                                                  int device) {
  if (device < 0 || device >= fake_cuda::DeviceCount()) {
    return cudaErrorInvalidDevice;
  }
  const bool data_centre = TheSettings().major >= 8;
  cudaDeviceProp& p = *properties;
  p = {};
  std::snprintf(p.name, sizeof(p.name), "fake GPU");
  p.major = TheSettings().major;
  p.minor = TheSettings().minor;
  p.totalGlobalMem = TheSettings().device_bytes;
  p.multiProcessorCount = data_centre ? 132 : 40;
  p.warpSize = 32;
  p.maxThreadsPerBlock = 1024;
  p.maxThreadsPerMultiProcessor = data_centre ? 2048 : 1024;
  p.maxBlocksPerMultiProcessor = data_centre ? 32 : 16;
  p.sharedMemPerBlock = 48 << 10;
  p.sharedMemPerBlockOptin = data_centre ? 227 << 10 : 64 << 10;
  p.sharedMemPerMultiprocessor = data_centre ? 228 << 10 : 64 << 10;
  p.regsPerBlock = 1 << 16;
  p.regsPerMultiprocessor = 1 << 16;
  p.l2CacheSize = 50 << 20;
  p.totalConstMem = 64 << 10;
  p.textureAlignment = 512;
  p.unifiedAddressing = 1;
  p.concurrentKernels = 1;
  p.asyncEngineCount = 3;
  p.canMapHostMemory = 1;
  constexpr int kMostBlocks[] = {2147483647, 65535, 65535};
  constexpr int kMostThreads[] = {1024, 1024, 64};
  for (int i = 0; i < 3; ++i) {
    p.maxGridSize[i] = kMostBlocks[i];
    p.maxThreadsDim[i] = kMostThreads[i];
  }
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaDeviceGetAttribute(int* value,
                                                 cudaDeviceAttr attribute,
                                                 int device) {
  cudaDeviceProp p;
  const cudaError_t found = cudaGetDeviceProperties(&p, device);
  if (found != cudaSuccess) return found;
  switch (attribute) {
    case cudaDevAttrComputeCapabilityMajor:
      *value = p.major;
      break;
    case cudaDevAttrComputeCapabilityMinor:
      *value = p.minor;
      break;
    case cudaDevAttrMultiProcessorCount:
      *value = p.multiProcessorCount;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlock:
      *value = static_cast<int>(p.sharedMemPerBlock);
      break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = static_cast<int>(p.sharedMemPerBlockOptin);
      break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
      *value = static_cast<int>(p.sharedMemPerMultiprocessor);
      break;
    case cudaDevAttrMaxGridDimX:
      *value = p.maxGridSize[0];
      break;
    case cudaDevAttrMaxGridDimY:
      *value = p.maxGridSize[1];
      break;
    case cudaDevAttrMaxThreadsPerBlock:
      *value = p.maxThreadsPerBlock;
      break;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
      *value = p.maxThreadsPerMultiProcessor;
      break;
    case cudaDevAttrWarpSize:
      *value = p.warpSize;
      break;
    default:
      *value = 0;
  }
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaDeviceGetPCIBusId(char* text, int size,
                                                int device) {
  std::snprintf(text, static_cast<size_t>(size), "0000:%02x:00.0", device);
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaDeviceGetStreamPriorityRange(int* least,
                                                           int* greatest) {
  *least = 0;
  *greatest = -5;
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaDeviceCanAccessPeer(int* can, int, int) {
  *can = 0;
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaDeviceSynchronize() {
  fake_cuda::CountWait("cudaDeviceSynchronize");
  return fake_cuda::Forbidden("cudaDeviceSynchronize");
}

FAKE_CUDA_API cudaError_t cudaGetDriverEntryPointByVersion(
    const char* symbol, void** function, unsigned, unsigned long long,
    cudaDriverEntryPointQueryResult* result) {
  void* found = dlsym(RTLD_DEFAULT, symbol);
  if (found == nullptr) {
    found = reinterpret_cast<void*>(&fake_cuda::NotSupported);
  }
  *function = found;
  if (result != nullptr) *result = cudaDriverEntryPointSuccess;
  return cudaSuccess;
}

// Every error is returned once, by the call that fails.
FAKE_CUDA_API cudaError_t cudaGetLastError() { return cudaSuccess; }
FAKE_CUDA_API cudaError_t cudaPeekAtLastError() { return cudaSuccess; }

FAKE_CUDA_API const char* cudaGetErrorName(cudaError_t error) {
  return error == cudaSuccess ? "cudaSuccess" : "an error of the fake CUDA";
}

FAKE_CUDA_API const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInvalidDevice:
      return "invalid device ordinal";
    case cudaErrorNoDevice:
      return "no CUDA-capable device is detected";
    case cudaErrorStreamCaptureUnsupported:
      return "operation not permitted when stream is capturing";
    case cudaErrorStreamCaptureInvalidated:
      return "operation failed due to a previous error during capture";
    case cudaErrorCapturedEvent:
      return "operation not permitted on an event last recorded in a capturing "
             "stream";
    default:
      return "an error of the fake CUDA";
  }
}

// The device of the calling thread's context, -1 without one.
FAKE_CUDA_API int fake_cuda_context_device() {
  return fake_cuda::has_context ? fake_cuda::current_device : -1;
}

// The number of a visible device among all devices, for libcuda.so.1.
FAKE_CUDA_API int fake_cuda_device(int visible) {
  const auto& all = TheSettings().visible;
  return visible >= 0 && visible < fake_cuda::DeviceCount()
             ? all[static_cast<size_t>(visible)]
             : -1;
}
