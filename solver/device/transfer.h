// SPDX-License-Identifier: MIT
// Device streams, and copies between device and host for which the host does
// not wait, so that it can prepare the next step. Uses LibTorch's
// device-independent headers and does not link CUDA.
#pragma once

#include <optional>

#include "solver/device/torch.h"

namespace arctrm::internal {

// The stream of this thread's operations on `device`, which must not be the
// CPU.
c10::Stream CurrentStream(at::Device device);
// Another stream, from LibTorch's pool.
c10::Stream NewStream(at::Device device);
// Lets future work on `later` wait for the work queued on `earlier` so far.
void WaitFor(const c10::Stream& earlier, const c10::Stream& later);

// Copies `host` (on the CPU) to `device` and converts it there to `dtype`. The
// copy to another device goes through pinned memory: the call returns at once,
// and `host` may change immediately. For a CPU it returns `host` itself unless
// the dtype differs.
Tensor ToDevice(const Tensor& host, at::Device device, at::ScalarType dtype);
inline Tensor ToDevice(const Tensor& host, at::Device device) {
  return ToDevice(host, device, host.scalar_type());
}

// Lets the host wait until `t` is computed.
void WaitForTensor(const Tensor& t);
// Lets the host wait for the work queued so far on the current stream of
// `device`.
void WaitForDevice(at::Device device);

// An asynchronous copy of a tensor to the host.
class HostCopy {
 public:
  // Copies `tensor` after the work queued so far. Refers to a CPU tensor
  // without copying it, so later changes are visible.
  void Start(const Tensor& tensor);
  // Is the copy complete?
  bool Arrived() const;
  // Waits for the copy and returns it, on the CPU.
  const Tensor& Wait();

 private:
  Tensor host_;
  std::optional<c10::Event> arrived_;
};

}  // namespace arctrm::internal
