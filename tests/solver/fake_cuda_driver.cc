// SPDX-License-Identifier: MIT
// A CUDA driver with one device of compute capability 7.5, whose kernels run on
// the CPU (cuda_on_host.h). The code of a module is its name: "float32",
// "bf16", "float16". Only functions that solver/kernels/cuda_driver.cc uses.
#include "tests/solver/cuda_on_host.h"

#define ARCTRM_MODULE float32
#include "solver/kernels/cuda_kernels.cu"
#undef ARCTRM_MODULE
#define ARCTRM_MODULE bf16
#include "solver/kernels/cuda_kernels.cu"
#undef ARCTRM_MODULE
#define ARCTRM_MODULE float16
#include "solver/kernels/cuda_kernels.cu"
#undef ARCTRM_MODULE

namespace {

using arctrm::cuda_on_host::HostKernel;
using arctrm::cuda_on_host::Kernels;

constexpr int kInvalidValue = 1;    // CUDA_ERROR_INVALID_VALUE
constexpr int kInvalidImage = 200;  // CUDA_ERROR_INVALID_IMAGE
constexpr int kNotFound = 500;      // CUDA_ERROR_NOT_FOUND

char the_context;
char the_stream;
thread_local void* current_context = nullptr;

}  // namespace

extern "C" {

int cuInit(unsigned) { return 0; }
int cuDeviceGet(int* device, int ordinal) {
  *device = 0;
  return ordinal == 0 ? 0 : kInvalidValue;
}
int cuDeviceGetName(char* name, int size, int) {
  std::snprintf(name, static_cast<size_t>(size), "fake GPU");
  return 0;
}
int cuDeviceGetAttribute(int* value, int attribute, int) {
  *value = attribute == 75 ? 7 : 5;
  return 0;
}
int cuDeviceTotalMem_v2(size_t* bytes, int) {
  *bytes = size_t{16} << 30;
  return 0;
}
int cuGetErrorString(int result, const char** text) {
  *text = result == kInvalidImage ? "device kernel image is invalid"
          : result == kNotFound   ? "named symbol not found"
                                  : "invalid argument";
  return 0;
}
int cuCtxGetCurrent(void** context) {
  *context = current_context;
  return 0;
}
int cuDevicePrimaryCtxRetain(void** context, int) {
  *context = &the_context;
  return 0;
}
int cuCtxSetCurrent(void* context) {
  current_context = context;
  return 0;
}
int cuModuleLoadData(void** module, const void* code) {
  if (current_context != &the_context) return kInvalidValue;
  for (const char* name : {"float32", "bf16", "float16"}) {
    if (std::strcmp(static_cast<const char*>(code), name) == 0) {
      *module = const_cast<char*>(name);
      return 0;
    }
  }
  return kInvalidImage;
}
int cuModuleGetFunction(void** function, void* module, const char* name) {
  const auto found = Kernels().find({static_cast<const char*>(module), name});
  if (found == Kernels().end()) return kNotFound;
  *function = &found->second;
  return 0;
}
int cuLaunchKernel(void* function, unsigned blocks_x, unsigned blocks_y,
                   unsigned blocks_z, unsigned threads_x, unsigned threads_y,
                   unsigned threads_z, unsigned shared_bytes, void* stream,
                   void** arguments, void** extra) {
  if (current_context != &the_context || function == nullptr || blocks_y != 1 ||
      blocks_z != 1 || threads_y != 1 || threads_z != 1 || shared_bytes != 0 ||
      stream != &the_stream || extra != nullptr) {
    return kInvalidValue;
  }
  const HostKernel& kernel = *static_cast<const HostKernel*>(function);
  arctrm::cuda_on_host::Run(blocks_x, threads_x, [&] { kernel(arguments); });
  return 0;
}
// For tests: the only stream.
void* FakeCudaStream() { return &the_stream; }

}  // extern "C"
