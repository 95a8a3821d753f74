// SPDX-License-Identifier: MIT
// Collective operations of a process group. Engines: Gloo for CPUs (c10d; needs
// the headers of Gloo, Debian's libgloo-dev, at build time) and NCCL for CUDA
// devices (the library of LibTorch's CUDA backend, loaded at run time). The
// NCCL engine compiles everywhere but has never run on a machine with two GPUs.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "solver/device/exceptions.h"
#include "solver/device/torch.h"
#include "solver/process_group.h"

namespace arctrm::internal {

// Every rank calls the same operations in the same order, with tensors of equal
// dtype and size on any device. They wait for the result, which is
// bit-identical on every rank. They throw RankLost. Not thread-safe.
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
  // Replaces `tensor` (contiguous) by the tensor of rank 0.
  virtual void Broadcast(Tensor& tensor) = 0;
  // Waits until all ranks have called it.
  virtual void Barrier() = 0;
};

// Connects to the other ranks; a group of one needs no engine. Unavailable
// names the ranks that did not connect within group.meet_timeout;
// FailedPrecondition if this build or machine lacks the engine for `device`.
absl::StatusOr<std::unique_ptr<Collective>> JoinProcessGroup(
    const ProcessGroup& group, at::Device device);

// Was this program built with Gloo, which process groups on CPUs need?
bool HasGloo();

}  // namespace arctrm::internal
