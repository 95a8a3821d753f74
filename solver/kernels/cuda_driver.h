// SPDX-License-Identifier: MIT
// The functions of the NVIDIA driver that the kernels need. The driver's
// library is loaded at run time; ARCTRM_CUDA_DRIVER names another one for
// tests.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "solver/kernels/cuda_kernel_names.h"

namespace arctrm::kernels::cuda {

// A device as the driver describes it.
struct CudaDeviceInfo {
  std::string name;  // "Tesla T4"
  int major = 0;     // compute capability
  int minor = 0;
  int64_t memory_bytes = 0;
  std::string uuid;  // 32 hexadecimal digits; "" if the driver is too old

  // Devices from 8.0 have bf16 matrix units.
  bool HasBf16() const { return major >= 8; }
  // torch wheels from 2.9 lack code for P100 (6.0), and those with CUDA 13 for
  // V100 (7.0).
  bool Supported() const { return major > 7 || (major == 7 && minor >= 5); }
};

class Driver {
 public:
  // The kernels of one module, loaded for one device.
  using Module = std::array<void*, kKernelCount>;

  // Loads the driver at the first call. NotFound without one.
  static absl::StatusOr<const Driver*> Get();

  // NotFound without such a device.
  absl::StatusOr<CudaDeviceInfo> Describe(int device) const;

  // Makes the device's primary context, which LibTorch uses, current for the
  // calling thread, and leaves it so.
  absl::Status UseDevice(int device) const;

  // Loads code that GetKernelCode returned for the device in use. The module
  // stays loaded until the process ends.
  absl::StatusOr<Module> LoadModule(const std::string& code) const;

  // Starts `blocks` blocks of `threads` threads on `stream`, a CUstream of the
  // device in use.
  absl::Status Start(void* kernel, unsigned blocks, unsigned threads,
                     void* stream, absl::Span<void*> arguments) const;

 private:
  struct Functions;
  explicit Driver(std::unique_ptr<Functions> functions);
  absl::Status Check(const char* what, int result) const;

  std::unique_ptr<Functions> functions_;
};

}  // namespace arctrm::kernels::cuda
