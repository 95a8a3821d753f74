// SPDX-License-Identifier: MIT
// Records a sequence of device operations once and replays it: a replay starts
// the hundreds of short operations of a step on a GPU with one call.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "solver/device/torch.h"

namespace arctrm::internal {

// A recorded sequence of operations.
class StepRecording {
 public:
  virtual ~StepRecording() = default;
  // Repeats the recorded operations on the same memory.
  virtual void Replay() = 0;
};

class StepRecorder {
 public:
  virtual ~StepRecorder() = default;
  // Runs `work` without recording, on the stream of the recordings.
  virtual void Run(const std::function<void()>& work) = 0;
  // Calls `work` and records the operations that it starts, without running
  // them. Internal if recording fails; the device is then unchanged.
  virtual absl::StatusOr<std::unique_ptr<StepRecording>> Record(
      const std::function<void()>& work) = 0;
};

using RecorderFactory = std::function<std::unique_ptr<StepRecorder>()>;

// The recorders for train.graphs ("auto", "on", "off") on `device`; empty if
// steps are not recorded, as on a CPU. "on": the error of MakeCudaRecorder.
absl::StatusOr<RecorderFactory> ChooseRecorder(const std::string& graphs,
                                               at::Device device);

// A recorder of CUDA graphs. NotFound or Unimplemented if LibTorch's CUDA
// backend is not loaded or has no graphs.
absl::StatusOr<std::unique_ptr<StepRecorder>> MakeCudaRecorder(
    at::Device device);

}  // namespace arctrm::internal
