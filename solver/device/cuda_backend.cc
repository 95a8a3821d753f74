// SPDX-License-Identifier: MIT
#include "solver/device/cuda_backend.h"

#include <ATen/Context.h>
#include <c10/util/Exception.h>
#include <dlfcn.h>

#include <cstdlib>
#include <typeinfo>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "solver/device/device.h"

namespace arctrm {
namespace internal {
namespace {

// Tests name a library to load instead of libtorch_cuda, even without a driver.
const char* TestBackend() { return std::getenv("ARCTRM_TEST_CUDA_BACKEND"); }

bool HasDriver() {
  return TestBackend() != nullptr ||
         FileExists("/proc/driver/nvidia/version") ||
         FileExists("/dev/nvidiactl") || FileExists("/dev/dxg");
}

// Returns why the backend is not usable; "" if it is loaded.
std::string LoadBackend() {
  if (!HasDriver()) return "no NVIDIA driver";
  // cuBLAS is deterministic only with a workspace of fixed size.
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
  const char* library = TestBackend();
  if (library == nullptr) library = "libtorch_cuda.so";
  if (dlopen(library, RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    return absl::StrCat("LibTorch's CUDA backend can't be loaded (", dlerror(),
                        "); install a torch wheel with CUDA and the packages "
                        "that it requires");
  }
  // LibTorch looks for a backend once, at its first operation.
  if (typeid(at::detail::getCUDAHooks()) == typeid(at::CUDAHooksInterface)) {
    return "LibTorch was used before its CUDA backend was loaded; the program "
           "must call LoadCudaBackend() first";
  }
  return "";
}

const std::string& BackendProblem() {
  static const std::string& problem = *new std::string(LoadBackend());
  return problem;
}

// Keeps the warning with which LibTorch explains that it has no device.
class KeepWarning : public c10::WarningHandler {
 public:
  void process(const c10::Warning& warning) override { text_ = warning.msg(); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

CudaBackend Find() {
  CudaBackend found;
  found.driver = HasDriver();
  found.problem = BackendProblem();
  if (!found.problem.empty()) return found;
  KeepWarning warning;
  const absl::Status counted = CatchTorch([&] {
    const c10::WarningUtils::WarningHandlerGuard guard(&warning);
    if (at::globalContext().hasCUDA()) {
      found.devices =
          static_cast<int>(at::detail::getCUDAHooks().deviceCount());
    }
    return absl::OkStatus();
  });
  if (found.devices > 0) return found;
  const std::string why =
      counted.ok() ? warning.text() : std::string(counted.message());
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  found.problem = absl::StrCat(
      "LibTorch finds no CUDA device",
      visible == nullptr ? ""
                         : absl::StrCat(" with CUDA_VISIBLE_DEVICES=", visible),
      why.empty() ? ", see `nvidia-smi`" : absl::StrCat(" (", why, ")"));
  return found;
}

}  // namespace

const CudaBackend& FindCuda() {
  static const CudaBackend& found = *new CudaBackend(Find());
  return found;
}

}  // namespace internal

void LoadCudaBackend() { internal::BackendProblem(); }

std::string UnusedGpuReason() {
  const internal::CudaBackend& cuda = internal::FindCuda();
  return cuda.driver ? cuda.problem : "";
}

}  // namespace arctrm
