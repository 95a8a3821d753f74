// SPDX-License-Identifier: MIT
// Streams of a device, and copies between it and the host that the host does
// not wait for, so that it can prepare the next step meanwhile. The headers of
// LibTorch for all kinds of devices: nothing of CUDA is linked.
#pragma once

#include <optional>

#include "solver/device/torch.h"

namespace arctrm::internal {

// The stream that operations of this thread on `device` go to. Of a device that
// has streams: not of the CPU.
c10::Stream CurrentStream(at::Device device);
// One more than that, of a few that LibTorch hands out in turn.
c10::Stream NewStream(at::Device device);
// Work on `later` from here on waits for what `earlier` was given so far.
void WaitFor(const c10::Stream& earlier, const c10::Stream& later);

// `host` (on the CPU) on `device`, converted there to `dtype`. A CUDA device
// gets a copy in pinned memory, which is used again only when it has arrived:
// `host` may change at once, and nobody waits. A CPU gets a copy where the type
// differs, else `host` itself.
Tensor ToDevice(const Tensor& host, at::Device device, at::ScalarType dtype);
inline Tensor ToDevice(const Tensor& host, at::Device device) {
  return ToDevice(host, device, host.scalar_type());
}

// A tensor's values on their way to the host.
class HostCopy {
 public:
  // Of `tensor` as it is once the work queued so far is done. Of a CPU tensor
  // there is no copy: later changes are seen.
  void Start(const Tensor& tensor);
  // On the CPU; waits until they are there.
  const Tensor& Wait();

 private:
  Tensor host_;
  std::optional<c10::Event> arrived_;
};

}  // namespace arctrm::internal
