// SPDX-License-Identifier: MIT
// Recording a sequence of device operations once and replaying it: on a GPU the
// hundreds of short operations of a step then start with one call.
#pragma once

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "solver/device/torch.h"

namespace arctrm::internal {

// A recorded sequence of operations.
class StepRecording {
 public:
  virtual ~StepRecording() = default;
  // Runs the recorded operations again, on the same memory.
  virtual void Replay() = 0;
};

class StepRecorder {
 public:
  virtual ~StepRecorder() = default;
  // Runs `work` without recording, on the stream that recordings use.
  virtual void Run(const std::function<void()>& work) = 0;
  // Calls `work` to record the operations that it starts; none of them runs.
  // Internal where they cannot be recorded; the device is then unchanged.
  virtual absl::StatusOr<std::unique_ptr<StepRecording>> Record(
      const std::function<void()>& work) = 0;
};

// A recorder of CUDA graphs; exists only in builds with ARCTRM_CUDA_KERNELS
// (kCudaKernels).
std::unique_ptr<StepRecorder> MakeCudaRecorder(at::Device device);

}  // namespace arctrm::internal
