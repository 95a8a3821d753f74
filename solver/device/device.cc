// SPDX-License-Identifier: MIT
#include "solver/device/device.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/out_of_memory.h"
#include "base/status.h"
#include "solver/device/cuda_backend.h"
#include "solver/device/exceptions.h"
#include "solver/device/standin.h"
#include "solver/device/transfer.h"
#include "solver/device_list.h"
#include "solver/kernels/cuda_driver.h"

namespace arctrm::internal {
namespace {

// The most threads of an operation. oneDNN computes only a part of a product
// if OpenMP starts fewer threads than LibTorch has announced.
int OpenMpThreadLimit() {
  const char* text = std::getenv("OMP_THREAD_LIMIT");
  int limit = 0;
  const bool limited =
      text != nullptr && absl::SimpleAtoi(text, &limit) && limit > 0;
  return limited ? limit : std::numeric_limits<int>::max();
}

absl::Status OutOfMemoryOf(const c10::Error& e) {
  return OutOfMemoryError(
      absl::StrCat("out of memory: ", e.what_without_backtrace(),
                   "; a smaller train.batch needs less"));
}

}  // namespace

absl::StatusOr<at::Device> OpenDevice(const DeviceOptions& options,
                                      const ProcessGroup& group) {
  return CatchTorch([&]() -> absl::StatusOr<at::Device> {
    int threads = options.threads;
    if (threads <= 0) {
      threads = static_cast<int>(std::thread::hardware_concurrency());
    }
    at::set_num_threads(std::clamp(threads, 1, OpenMpThreadLimit()));
    at::globalContext().setDeterministicAlgorithms(true, true);
    // All uninitialised memory is written before it is read, so filling it is
    // unnecessary.
    at::globalContext().setDeterministicFillUninitializedMemory(false);
    // cuDNN attention makes a plan for each new shape.
    at::globalContext().setSDPUseCuDNN(false);
    const std::string& name = options.device;
    ARCTRM_ASSIGN_OR_RETURN(const std::vector<std::string> named,
                            DeviceList(name, 0));
    if (named.size() > 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("--device ", name,
                       ": expected one device such as cuda:0; each process "
                       "of a training uses one device"));
    }
    if (name == "cpu") return at::Device(at::kCPU);
    if (name == kStandInName) return OpenStandIn();
    const CudaBackend& cuda = FindCuda();
    if (name == "auto" && cuda.devices == 0) return at::Device(at::kCPU);
    int index = std::max(0, CudaIndex(named[0]));
    if (cuda.devices > 0 && (name == "auto" || name == "cuda")) {
      const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
      ARCTRM_ASSIGN_OR_RETURN(
          index, CudaIndexOfRank(group, cuda.devices,
                                 visible == nullptr ? "" : visible));
    }
    ARCTRM_RETURN_IF_ERROR(CheckDevicesExist({absl::StrCat("cuda:", index)},
                                             cuda.devices, cuda.problem));
    return at::Device(at::kCUDA, static_cast<at::DeviceIndex>(index));
  });
}

std::optional<CudaDeviceInfo> DescribeCudaDevice(int index) {
  // Asks the driver, because LibTorch does not list devices it cannot use.
  const auto driver = kernels::cuda::Driver::Get();
  if (!driver.ok()) return std::nullopt;
  const auto about = (*driver)->Describe(index);
  if (!about.ok()) return std::nullopt;
  return *about;
}

double BestSeconds(at::Device device, int turns, int calls,
                   const std::function<void()>& work) {
  double best = std::numeric_limits<double>::infinity();
  for (int turn = 0; turn < turns; ++turn) {
    WaitForDevice(device);
    const absl::Time start = absl::Now();
    for (int i = 0; i < calls; ++i) work();
    WaitForDevice(device);
    best = std::min(best, absl::ToDoubleSeconds(absl::Now() - start) / calls);
  }
  return best;
}

double ProductSeconds(at::Device device, at::ScalarType dtype) {
  at::NoGradGuard no_grad;
  const auto options = at::TensorOptions().dtype(dtype).device(device);
  const Tensor a = at::ones({2048, 512}, options);
  const Tensor b = at::ones({512, 2048}, options);
  // The first turn also chooses a kernel and raises the clock.
  return BestSeconds(device, 4, 10, [&] { at::mm(a, b); });
}

at::ScalarType ForwardDtype(const std::string& precision, at::Device device) {
  if (precision == "bf16") return at::kBFloat16;
  if (precision == "float16") return at::kHalf;
  if (precision == "float32" || !device.is_cuda()) return at::kFloat;
  const std::optional<CudaDeviceInfo> info =
      DescribeCudaDevice(std::max(0, static_cast<int>(device.index())));
  if (!info.has_value() || info->HasBf16()) return at::kBFloat16;
  return ProductSeconds(device, at::kHalf) < ProductSeconds(device, at::kFloat)
             ? at::kHalf
             : at::kFloat;
}

at::ScalarType InferenceDtype(const std::string& precision, at::Device device) {
  const at::ScalarType trained = ForwardDtype(precision, device);
  if (device.is_cpu()) return trained == at::kHalf ? at::kFloat : trained;
  if (device.is_cuda()) {
    const std::optional<CudaDeviceInfo> info =
        DescribeCudaDevice(std::max(0, static_cast<int>(device.index())));
    const bool weak = info.has_value() && !info->HasBf16();
    return trained == at::kBFloat16 && weak ? ForwardDtype("auto", device)
                                            : trained;
  }
  return trained;
}

const char* PrecisionName(at::ScalarType dtype) {
  return dtype == at::kBFloat16 ? "bf16"
         : dtype == at::kHalf   ? "float16"
                                : "float32";
}

// Only allocations through a device's cache throw OutOfMemoryError. Failed
// allocations of the CPU, the CUDA runtime (streams, graphs) and cuBLAS are
// only recognisable by their messages.
bool RanOutOfMemory(const c10::Error& e) {
  if (dynamic_cast<const c10::OutOfMemoryError*>(&e) != nullptr) return true;
  const absl::string_view words = e.what_without_backtrace();
  for (const char* known :
       {"DefaultCPUAllocator: can't allocate memory",
        "CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED"}) {
    if (absl::StrContains(words, known)) return true;
  }
  return false;
}

absl::Status StatusOfException(std::exception_ptr error) {
  try {
    std::rethrow_exception(std::move(error));
  } catch (const c10::Error& e) {
    if (RanOutOfMemory(e)) return OutOfMemoryOf(e);
    return absl::InternalError(
        absl::StrCat("LibTorch: ", e.what_without_backtrace()));
  } catch (const RankLost& e) {
    return absl::UnavailableError(e.what());
  } catch (const Interruption& e) {
    return absl::CancelledError(e.what());
  } catch (const std::bad_alloc&) {
    return OutOfMemoryError(
        "out of memory; a smaller train.batch or fewer --augmentations need "
        "less");
  } catch (const std::exception& e) {
    return absl::InternalError(absl::StrCat("solver: ", e.what()));
  } catch (...) {
    return absl::InternalError("solver: unknown exception");
  }
}

}  // namespace arctrm::internal
