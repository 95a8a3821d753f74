// SPDX-License-Identifier: MIT
// A library in the place of libtorch_cuda: LibTorch then finds as many CUDA
// devices as ARCTRM_TEST_CUDA_DEVICES says, but no operations for them.
#include <ATen/detail/CUDAHooksInterface.h>

#include <cstdlib>

namespace at {

// LibTorch looks for this name.
struct CUDAHooks : CUDAHooksInterface {
  explicit CUDAHooks(CUDAHooksArgs) {}
  bool hasCUDA() const override { return deviceCount() > 0; }
  DeviceIndex deviceCount() const override {
    const char* count = std::getenv("ARCTRM_TEST_CUDA_DEVICES");
    return static_cast<DeviceIndex>(count == nullptr ? 1 : std::atoi(count));
  }
  std::string showConfig() const override { return "fake CUDA"; }
  void init() const override {}
};
REGISTER_CUDA_HOOKS(CUDAHooks);

}  // namespace at
