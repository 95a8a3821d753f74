// SPDX-License-Identifier: MIT
// Devices, and the conversion of LibTorch's exceptions to Status.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "solver/device/torch.h"
#include "solver/kernels/cuda_driver.h"
#include "solver/predictor.h"
#include "solver/process_group.h"

namespace arctrm::internal {

// Sets the CPU threads and makes all operations deterministic. InvalidArgument
// if the device does not exist. `group`: its processes share the CUDA devices
// of "auto" and "cuda".
absl::StatusOr<at::Device> OpenDevice(const DeviceOptions& options,
                                      const ProcessGroup& group = {});

using kernels::cuda::CudaDeviceInfo;
// nullopt without a driver or such a device.
std::optional<CudaDeviceInfo> DescribeCudaDevice(int index);

// Seconds of one call of `work` on `device`: the best of `turns`, each of which
// calls it `calls` times and then waits for the device.
double BestSeconds(at::Device device, int turns, int calls,
                   const std::function<void()>& work);

// Seconds of one matrix product of a typical training size, the best of a few.
// Throws LibTorch's exceptions, for instance if a wheel lacks code for the
// device.
double ProductSeconds(at::Device device, at::ScalarType dtype);
// Its multiplications.
inline constexpr double kProductSize = 2048.0 * 512 * 2048;

// The dtype for train.precision on `device`. "auto": float32 on a CPU; on CUDA
// bf16 if there are matrix units for it, else the faster of float16 and float32
// by ProductSeconds, whose exceptions it throws.
at::ScalarType ForwardDtype(const std::string& precision, at::Device device);
// The dtype for inference on `device` with weights that were trained with
// `precision`, perhaps on another device. 16-bit types stay if the device
// supports them in hardware; a CPU never uses float16, which is very slow
// there.
at::ScalarType InferenceDtype(const std::string& precision, at::Device device);
// "float32", "bf16", "float16".
const char* PrecisionName(at::ScalarType dtype);

// Did memory of a CPU or device run out?
bool RanOutOfMemory(const c10::Error& e);

// ResourceExhausted if memory ran out, Unavailable for RankLost, Cancelled for
// Interruption, else Internal. Omits LibTorch's backtrace.
absl::Status StatusOfException(std::exception_ptr error);

// Runs `fn` (returning Status or StatusOr) and converts exceptions to Status.
template <typename Fn>
auto CatchTorch(Fn&& fn) -> decltype(fn()) {
  try {
    return std::forward<Fn>(fn)();
  } catch (...) {
    return StatusOfException(std::current_exception());
  }
}

}  // namespace arctrm::internal
