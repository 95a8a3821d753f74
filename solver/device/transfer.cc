// SPDX-License-Identifier: MIT
#include "solver/device/transfer.h"

#include <c10/core/impl/VirtualGuardImpl.h>

namespace arctrm::internal {

c10::Stream CurrentStream(at::Device device) {
  return c10::impl::VirtualGuardImpl(device.type()).getStream(device);
}

c10::Stream NewStream(at::Device device) {
  return c10::impl::VirtualGuardImpl(device.type())
      .getStreamFromGlobalPool(device);
}

void WaitFor(const c10::Stream& earlier, const c10::Stream& later) {
  c10::Event event(earlier.device_type());
  event.record(earlier);
  event.block(later);
}

Tensor ToDevice(const Tensor& host, at::Device device, at::ScalarType dtype) {
  if (device.is_cpu()) return host.to(device, dtype);
  // Converts on the device, because the copy is smaller and does not wait.
  return host.pin_memory()
      .to(device, host.scalar_type(), /*non_blocking=*/true)
      .to(dtype);
}

void WaitForTensor(const Tensor& t) {
  static_cast<void>(t.flatten().narrow(0, 0, 1).to(at::kFloat).item<float>());
}

void WaitForDevice(at::Device device) {
  if (!device.is_cpu()) WaitForTensor(at::zeros({1}, at::device(device)));
}

void HostCopy::Start(const Tensor& tensor) {
  arrived_.reset();
  if (tensor.is_cpu()) {
    host_ = tensor;
    return;
  }
  host_ = at::empty(tensor.sizes(),
                    at::dtype(tensor.scalar_type()).pinned_memory(true));
  host_.copy_(tensor, /*non_blocking=*/true);
  arrived_.emplace(tensor.device().type());
  arrived_->record(CurrentStream(tensor.device()));
}

bool HostCopy::Arrived() const {
  return !arrived_.has_value() || arrived_->query();
}

const Tensor& HostCopy::Wait() {
  if (arrived_.has_value()) arrived_->synchronize();
  arrived_.reset();
  return host_;
}

}  // namespace arctrm::internal
