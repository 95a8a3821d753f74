// SPDX-License-Identifier: MIT
// The stand-in device finds errors of the GPU path on machines without a GPU.
// It is a LibTorch backend (PrivateUse1) in a library of its own, which
// solver/device/standin.h loads. Its tensors are in memory that the host cannot
// touch, operations refuse operands of several devices, streams are checked for
// missing waits, and asynchronous copies arrive only when the host waits. The
// CPU computes the operations, so all results equal those of the CPU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "solver/device/torch.h"

namespace arctrm::standin {

struct Counts {
  // Operations that the host started, including copies within the device. A
  // view is not an operation, and a replay counts in `replays` only.
  int64_t operations = 0;
  int64_t replays = 0;
  int64_t copies_to_device = 0;
  int64_t copies_to_host = 0;
  // How often the host waited for the device: events, streams, item(), copies
  // that are not asynchronous, and operations whose output size depends on
  // data.
  int64_t waits = 0;
};

// Operations that were captured on a stream.
class Recording {
 public:
  virtual ~Recording() = default;
  // Repeats the operations on the current stream, in the same memory.
  virtual void Replay() = 0;
};

// Thread-safe.
class StandIn {
 public:
  virtual ~StandIn() = default;

  virtual Counts counts() const = 0;
  // Counts::operations by name, such as "aten::mm".
  virtual std::map<std::string, int64_t> operations() const = 0;
  virtual void ResetCounts() = 0;

  // The most bytes of device memory in use since ResetPeak().
  virtual size_t peak_bytes() const = 0;
  virtual void ResetPeak() = 0;
  // Further allocations throw c10::OutOfMemoryError beyond `bytes` in use.
  // 0: no limit.
  virtual void LimitMemory(size_t bytes) = 0;

  // Captures the operations on `stream` until EndRecording, which undoes their
  // effects. Meanwhile waits, copies from and to the host, and events from
  // other streams throw c10::Error, as in a CUDA graph.
  virtual void BeginRecording(const c10::Stream& stream) = 0;
  virtual std::shared_ptr<Recording> EndRecording(
      const c10::Stream& stream) = 0;
};

}  // namespace arctrm::standin

// The stand-in of this process.
extern "C" arctrm::standin::StandIn* arctrm_standin();
