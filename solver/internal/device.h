// SPDX-License-Identifier: MIT
// Devices, and the border where LibTorch's exceptions become Status.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "solver/internal/torch.h"
#include "solver/predictor.h"

namespace arctrm::internal {

// Loads libtorch_cuda when a GPU may be wanted, sets the CPU threads, makes
// every operation deterministic. InvalidArgument for a device that isn't there.
absl::StatusOr<at::Device> OpenDevice(const DeviceOptions& options);

// "auto" -> bf16 on CUDA, float32 on CPUs.
at::ScalarType ForwardDtype(const std::string& precision, at::Device device);

// ResourceExhausted when memory ran out, Internal otherwise, without the
// backtrace that LibTorch puts into what().
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
