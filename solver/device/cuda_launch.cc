// SPDX-License-Identifier: MIT
#include "solver/device/cuda_launch.h"

#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>

namespace arctrm::internal {

kernels::cuda::Launch CurrentLaunch(const Tensor& t) {
  kernels::cuda::Launch launch;
  launch.device = t.device().index();
  launch.stream = c10::cuda::getCurrentCUDAStream(t.device().index()).stream();
  return launch;
}

void CheckLaunch(int error) {
  TORCH_CHECK(error == 0, "CUDA kernel: ", kernels::cuda::ErrorText(error));
}

void ForbidWaiting(bool on) {
  c10::cuda::warning_state().set_sync_debug_mode(
      on ? c10::cuda::SyncDebugMode::L_ERROR
         : c10::cuda::SyncDebugMode::L_DISABLED);
}

}  // namespace arctrm::internal
