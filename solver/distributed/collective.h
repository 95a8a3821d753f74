// SPDX-License-Identifier: MIT
// Collective operations of a process group. Engines: Gloo for CPUs (c10d; needs
// the headers of Gloo, Debian's libgloo-dev, at build time) and NCCL for CUDA
// devices (the library of LibTorch's CUDA backend, loaded at run time). The
// NCCL engine has never run on a machine with two GPUs; tests run it on the
// stand-in device.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "solver/device/exceptions.h"
#include "solver/device/torch.h"
#include "solver/device/transfer.h"
#include "solver/process_group.h"

namespace arctrm::internal {

// Every rank calls the same operations in the same order, with tensors of equal
// dtype and size on any device. The result is bit-identical on every rank. For
// a tensor on the CPU an operation waits for its result. For a tensor on a
// device NCCL queues it on the current stream: work queued later sees the
// result, and the host goes on. Such an operation never ends if another rank is
// gone, so the host must wait with WaitFor() or Finish() before it waits for
// the device in another way. All throw RankLost. Not thread-safe.
class Collective {
 public:
  virtual ~Collective() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  // Replaces `tensor` (contiguous; float32, float64 or int64) by the sum over
  // all ranks.
  virtual void AllReduceSum(Tensor& tensor) = 0;
  // (size, …): the tensors of all ranks, in order.
  virtual Tensor AllGather(const Tensor& tensor) = 0;
  // Replaces `tensor` (contiguous) by the tensor of rank 0. On the CPU it does
  // not wait for work of the device.
  virtual void Broadcast(Tensor& tensor) = 0;
  // Waits until all ranks have called it.
  virtual void Barrier() = 0;
  // Waits until `copy` has arrived.
  virtual const Tensor& WaitFor(HostCopy& copy) { return copy.Wait(); }
  // Waits until all work queued on the device so far is done.
  virtual void Finish() {}

  // Asks rank 0 to end the training, after a stop signal to this process.
  virtual void AskToStop() {}
  // Has another rank asked?
  virtual bool StopAsked() { return false; }
};

// Connects to the other ranks; a group of one needs no engine. Unavailable
// names the ranks that did not connect within group.meet_timeout;
// FailedPrecondition if this build or machine lacks the engine for `device`.
absl::StatusOr<std::unique_ptr<Collective>> JoinProcessGroup(
    const ProcessGroup& group, at::Device device);

// Was this program built with Gloo, which process groups on CPUs need?
bool HasGloo();

}  // namespace arctrm::internal
