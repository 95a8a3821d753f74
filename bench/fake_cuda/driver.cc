// SPDX-License-Identifier: MIT
// The driver of the fake CUDA runtime (libcuda.so.1): the functions that arctrm
// and NVRTC call. A module is a list of the kernels that were found in it.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unordered_set>

// CUresult.
constexpr int kSuccess = 0;
constexpr int kInvalidValue = 1;
constexpr int kInvalidDevice = 101;
constexpr int kNotFound = 500;

// The runtime's functions, in libfakecuda.so.
extern "C" {
int cudaGetDeviceCount(int* count);
int cudaMemGetInfo(size_t* free, size_t* total);
int cudaDeviceGetAttribute(int* value, int attribute, int device);
int fake_cuda_device(int visible);
int fake_cuda_context_device();
int cudaSetDevice(int device);
int fake_cuda_start(const char* name, unsigned blocks, unsigned threads,
                    void* stream);
}

#define FAKE_DRIVER_API extern "C" __attribute__((visibility("default")))

namespace {

// The primary contexts of the devices, which only have addresses.
char contexts[64];

bool Exists(int device) {
  int count = 0;
  cudaGetDeviceCount(&count);
  return device >= 0 && device < count;
}

// The names of kernels, whose addresses are the kernels.
const char* KernelOf(const char* name) {
  static auto* const names = new std::unordered_set<std::string>();
  return names->insert(name).first->c_str();
}

}  // namespace

FAKE_DRIVER_API int cuInit(unsigned) { return kSuccess; }

FAKE_DRIVER_API int cuDriverGetVersion(int* version) {
  *version = 13000;
  return kSuccess;
}

FAKE_DRIVER_API int cuDeviceGetCount(int* count) {
  cudaGetDeviceCount(count);
  return kSuccess;
}

FAKE_DRIVER_API int cuDeviceGet(int* device, int ordinal) {
  *device = ordinal;
  return Exists(ordinal) ? kSuccess : kInvalidDevice;
}

FAKE_DRIVER_API int cuDeviceGetName(char* name, int size, int device) {
  std::snprintf(name, static_cast<size_t>(size), "fake GPU");
  return Exists(device) ? kSuccess : kInvalidDevice;
}

FAKE_DRIVER_API int cuDeviceGetAttribute(int* value, int attribute,
                                         int device) {
  return cudaDeviceGetAttribute(value, attribute, device);
}

FAKE_DRIVER_API int cuDeviceTotalMem_v2(size_t* bytes, int device) {
  size_t free = 0;
  cudaMemGetInfo(&free, bytes);
  return Exists(device) ? kSuccess : kInvalidDevice;
}

FAKE_DRIVER_API int cuDeviceGetUuid_v2(char* bytes, int device) {
  std::memset(bytes, 0, 16);
  bytes[0] = static_cast<char>(1 + fake_cuda_device(device));
  return Exists(device) ? kSuccess : kInvalidDevice;
}

FAKE_DRIVER_API int cuDevicePrimaryCtxGetState(int, unsigned* flags,
                                               int* active) {
  *flags = 0;
  *active = 1;
  return kSuccess;
}

FAKE_DRIVER_API int cuDevicePrimaryCtxRetain(void** context, int device) {
  if (!Exists(device)) return kInvalidDevice;
  *context = &contexts[device];
  return kSuccess;
}

// The runtime's device of a thread is the device of its context.
FAKE_DRIVER_API int cuCtxGetCurrent(void** context) {
  const int device = fake_cuda_context_device();
  *context = device < 0 ? nullptr : &contexts[device];
  return kSuccess;
}

FAKE_DRIVER_API int cuCtxSetCurrent(void* context) {
  return cudaSetDevice(
      static_cast<int>(static_cast<char*>(context) - contexts));
}

FAKE_DRIVER_API int cuGetErrorString(int result, const char** text) {
  *text = result == kInvalidValue    ? "invalid argument"
          : result == kInvalidDevice ? "invalid device ordinal"
                                     : "an error of the fake driver";
  return kSuccess;
}

FAKE_DRIVER_API int cuModuleLoadData(void** module, const void* code) {
  // Machine code is an ELF file; other code is text.
  const char* const bytes = static_cast<const char*>(code);
  if (fake_cuda_context_device() < 0 || bytes[0] == '\0') return kInvalidValue;
  *module = const_cast<char*>(bytes);
  return kSuccess;
}

FAKE_DRIVER_API int cuModuleGetFunction(void** function, void*,
                                        const char* name) {
  *function = const_cast<char*>(KernelOf(name));
  return kSuccess;
}

FAKE_DRIVER_API int cuLaunchKernel(void* function, unsigned blocks, unsigned,
                                   unsigned, unsigned threads, unsigned,
                                   unsigned, unsigned, void* stream, void**,
                                   void**) {
  return fake_cuda_start(static_cast<const char*>(function), blocks, threads,
                         stream);
}

// NVRTC asks for tables of undocumented functions, and does without.
FAKE_DRIVER_API int cuGetExportTable(const void** table, const void*) {
  *table = nullptr;
  return kNotFound;
}
