// SPDX-License-Identifier: MIT
#include "solver/internal/cuda_launch.h"

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

}  // namespace arctrm::internal
