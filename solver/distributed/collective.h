// SPDX-License-Identifier: MIT
// What the processes of a training tell each other. Engines: Gloo for CPUs
// (c10d, built where its headers are: Debian's libgloo-dev) and NCCL for CUDA
// devices (the library that LibTorch's CUDA backend brings along, looked up
// when it is wanted). The NCCL engine compiles everywhere but has not been run:
// no machine with two GPUs was at hand.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "solver/device/exceptions.h"
#include "solver/device/torch.h"
#include "solver/process_group.h"

namespace arctrm::internal {

// Every rank calls the same operations in the same order, with tensors of the
// same type and size. They return when the result is there, on every rank the
// same bits. Tensors are on any device. They throw RankLost. Not thread-safe.
class Collective {
 public:
  virtual ~Collective() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  // `tensor` (contiguous; float32, float64 or int64) becomes the sum over
  // ranks.
  virtual void AllReduceSum(Tensor& tensor) = 0;
  // (size, …): the tensors of all ranks, by rank.
  virtual Tensor AllGather(const Tensor& tensor) = 0;
  // `tensor` (contiguous) becomes that of rank 0.
  virtual void Broadcast(Tensor& tensor) = 0;
  // Returns once all have called it.
  virtual void Barrier() = 0;
};

// Meets the other ranks. A group of one needs nobody. Unavailable names the
// ranks that did not come within group.meet_timeout; FailedPrecondition where
// this build or machine lacks the engine that `device` needs.
absl::StatusOr<std::unique_ptr<Collective>> JoinProcessGroup(
    const ProcessGroup& group, at::Device device);

// Was this built with Gloo, so that CPUs can train together?
bool HasGloo();

}  // namespace arctrm::internal
