// SPDX-License-Identifier: MIT
#include "solver/internal/device.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>

#include <cstdlib>
#include <new>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"

namespace arctrm::internal {
namespace {

// A CPU-only binary gains CUDA by loading the backend that stands beside
// libtorch_cpu. Its absence is no error: there is just no CUDA then.
void LoadCudaBackend() {
  static const bool loaded = [] {
    if (!FileExists("/proc/driver/nvidia/version") &&
        !FileExists("/dev/nvidiactl") && !FileExists("/dev/dxg")) {
      return false;
    }
    // cuBLAS repeats its results only with a workspace of fixed size.
    setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
    return dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) != nullptr;
  }();
  (void)loaded;
}

}  // namespace

absl::StatusOr<at::Device> OpenDevice(const DeviceOptions& options) {
  return CatchTorch([&]() -> absl::StatusOr<at::Device> {
    int threads = options.threads;
    if (threads <= 0) {
      threads = static_cast<int>(std::thread::hardware_concurrency());
    }
    at::set_num_threads(threads > 0 ? threads : 1);
    at::globalContext().setDeterministicAlgorithms(true, true);
    const std::string& name = options.device;
    if (name == "cpu") return at::Device(at::kCPU);
    int index = 0;
    const bool wants_cuda = name == "cuda" || name.rfind("cuda:", 0) == 0;
    if (!wants_cuda && name != "auto") {
      return absl::InvalidArgumentError(absl::StrCat(
          "--device ", name, ": expected auto, cpu, cuda or cuda:N"));
    }
    if (name.size() > 5 && !absl::SimpleAtoi(name.substr(5), &index)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--device ", name,
                       ": expected one device such as cuda:0 (training on "
                       "several comes with a later version)"));
    }
    LoadCudaBackend();
    const int count =
        at::globalContext().hasCUDA()
            ? static_cast<int>(at::detail::getCUDAHooks().deviceCount())
            : 0;
    if (index < count) {
      return at::Device(at::kCUDA, static_cast<at::DeviceIndex>(index));
    }
    if (!wants_cuda) return at::Device(at::kCPU);
    return absl::InvalidArgumentError(absl::StrCat(
        "--device ", name, ": ", count,
        " usable CUDA devices here; `arctrm doctor` says why, --device cpu "
        "works everywhere"));
  });
}

at::ScalarType ForwardDtype(const std::string& precision, at::Device device) {
  if (precision == "bf16") return at::kBFloat16;
  if (precision == "float32") return at::kFloat;
  return device.is_cuda() ? at::kBFloat16 : at::kFloat;
}

absl::Status StatusOfException(std::exception_ptr error) {
  try {
    std::rethrow_exception(error);
  } catch (const c10::OutOfMemoryError& e) {
    return absl::ResourceExhaustedError(
        absl::StrCat("out of device memory: ", e.what_without_backtrace(),
                     "; a smaller train.batch needs less"));
  } catch (const c10::Error& e) {
    return absl::InternalError(
        absl::StrCat("LibTorch: ", e.what_without_backtrace()));
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError(
        "out of memory; a smaller train.batch or fewer --augmentations need "
        "less");
  } catch (const std::exception& e) {
    return absl::InternalError(absl::StrCat("solver: ", e.what()));
  } catch (...) {
    return absl::InternalError("solver: unknown exception");
  }
}

}  // namespace arctrm::internal
