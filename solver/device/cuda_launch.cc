// SPDX-License-Identifier: MIT
#include "solver/device/cuda_launch.h"

#include <string>

#include "base/files.h"
#include "base/shared_library.h"
#include "solver/device/transfer.h"

namespace arctrm::internal {
namespace {

// The torch/ folder of the loaded LibTorch; "" if unknown.
const std::string& TorchFolder() {
  static const auto* const folder = new std::string([]() -> std::string {
    const auto library = SharedLibrary::FindLoaded("libtorch_cpu.so");
    if (!library.ok() || library->Path().empty()) return "";
    return Dirname(Dirname(library->Path()));
  }());
  return *folder;
}

// The CUstream of LibTorch's current stream on a CUDA device.
void* CurrentCudaStream(at::Device device) {
  // c10::cuda::CUDAStream::stream(). The class has only one member, a
  // c10::Stream.
  using Function = void*(const c10::Stream*);
  static Function* const stream_of = [] {
    Function* found = nullptr;
    const auto library = SharedLibrary::FindLoaded("libc10_cuda.so");
    if (library.ok()) {
      library->Find("_ZNK3c104cuda10CUDAStream6streamEv", found);
    }
    return found;
  }();
  TORCH_CHECK(stream_of != nullptr,
              "libc10_cuda.so has no CUDAStream::stream()");
  const c10::Stream current = CurrentStream(device);
  return stream_of(&current);
}

}  // namespace

bool HasElement(at::ScalarType type) {
  return type == at::kFloat || type == at::kBFloat16 || type == at::kHalf;
}

kernels::cuda::Element ElementOf(at::ScalarType type) {
  switch (type) {
    case at::kBFloat16:
      return kernels::cuda::Element::kBf16;
    case at::kHalf:
      return kernels::cuda::Element::kFloat16;
    default:
      return kernels::cuda::Element::kFloat32;
  }
}

const kernels::cuda::LoadedKernels& LoadCudaKernels(at::Device device,
                                                    at::ScalarType type) {
  return kernels::cuda::LoadKernels(device.index(), ElementOf(type),
                                    TorchFolder());
}

void StartOn(
    const Tensor& t,
    const std::function<absl::Status(kernels::cuda::Launcher&)>& start) {
  const c10::DeviceGuard guard(t.device());
  kernels::cuda::DeviceLauncher launcher(t.device().index(),
                                         CurrentCudaStream(t.device()));
  const absl::Status status = start(launcher);
  TORCH_CHECK(status.ok(), std::string(status.message()));
}

}  // namespace arctrm::internal
