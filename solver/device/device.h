// SPDX-License-Identifier: MIT
// Devices, and the border where LibTorch's exceptions become Status.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "solver/device/torch.h"
#include "solver/predictor.h"

namespace arctrm::internal {

// Loads libtorch_cuda when a GPU may be wanted, sets the CPU threads, makes
// every operation deterministic. InvalidArgument for a device that isn't there.
// `index`: of the CUDA device taken for "auto" and "cuda".
absl::StatusOr<at::Device> OpenDevice(const DeviceOptions& options,
                                      int index = 0);

// What the driver says about a CUDA device that this process may use.
struct CudaDeviceInfo {
  std::string name;  // "Tesla T4"
  int major = 0;     // compute capability
  int minor = 0;
  int64_t memory_bytes = 0;

  // bf16 matrix units came with 8.0.
  bool HasBf16() const { return major >= 8; }
  // torch wheels from 2.9 on hold no code for P100 (6.0), and from CUDA 13 on
  // none for V100 (7.0).
  bool Supported() const { return major > 7 || (major == 7 && minor >= 5); }
};
// nullopt where there is no driver or no such device.
std::optional<CudaDeviceInfo> DescribeCudaDevice(int index);

// Seconds of one product of the size that training runs, the best of a few.
// Throws LibTorch's exceptions, as where a wheel holds no code for the device.
double ProductSeconds(at::Device device, at::ScalarType dtype);

// What train.precision stands for here. "auto": float32 on a CPU; on CUDA bf16
// where there are matrix units for it, else float16 or float32, whichever
// ProductSeconds shows faster (and it throws what that throws).
at::ScalarType ForwardDtype(const std::string& precision, at::Device device);
// The same to answer with weights that were trained with `precision`, maybe on
// another device: 16 bits stay 16 bits where the device is made for them, and
// float16 never on a CPU, which takes ages for it.
at::ScalarType InferenceDtype(const std::string& precision, at::Device device);
// "float32", "bf16", "float16".
const char* PrecisionName(at::ScalarType dtype);

// ResourceExhausted when memory ran out, Unavailable for RankLost, Cancelled
// for Interruption, Internal otherwise, without the backtrace that LibTorch
// puts into what().
absl::Status StatusOfException(std::exception_ptr error);

// Runs `fn` (returning Status or StatusOr) with exceptions turned into Status.
template <typename Fn>
auto CatchTorch(Fn&& fn) -> decltype(fn()) {
  try {
    return std::forward<Fn>(fn)();
  } catch (...) {
    return StatusOfException(std::current_exception());
  }
}

}  // namespace arctrm::internal
