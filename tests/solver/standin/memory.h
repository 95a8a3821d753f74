// SPDX-License-Identifier: MIT
// The memory of the stand-in device. Its addresses are protected: the host
// faults where it reads or writes them. The stand-in itself uses a second
// mapping of the same pages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "solver/device/torch.h"
#include "tests/solver/standin/streams.h"

namespace arctrm::standin {

struct Block {
  char* address = nullptr;  // on the device
  size_t bytes = 0;
  // The stream that allocated the memory, and that reuses it after its release.
  c10::StreamId stream = 0;
  int64_t number = 0;  // of the allocation, ascending
  Uses uses;
  std::vector<c10::StreamId> shared;  // by other streams, see Arena::Share
};

class Arena {
 public:
  static Arena& Get();

  // Memory filled with garbage, for the current stream; nullptr for 0 bytes.
  // Throws c10::OutOfMemoryError.
  Block* Take(size_t bytes);
  void Release(Block* block);
  // `stream` uses the block too: its reuse waits for the stream.
  void Share(Block* block, c10::StreamId stream);

  // Fills a block with garbage.
  void Spoil(const Block& block) const;

  bool Contains(const void* address) const;
  // The address of device memory for the stand-in itself.
  char* Reach(const void* device) const;

  // The number of allocations so far.
  int64_t allocations() const;
  size_t peak_bytes() const;
  void ResetPeak();
  void Limit(size_t bytes);

 private:
  Arena();

  char* device_ = nullptr;  // cannot be accessed
  char* host_ = nullptr;    // the same memory
  mutable std::mutex mutex_;
  std::deque<Block> blocks_;
  // By stream and size.
  std::map<std::pair<c10::StreamId, size_t>, std::vector<Block*>> released_;
  size_t begun_ = 0;  // bytes of addresses that blocks have
  size_t in_use_ = 0;
  size_t peak_ = 0;
  size_t limit_ = 0;  // 0: none
  int64_t allocations_ = 0;
};

// The content of fresh memory. Finite as float32 and large as an integer, so
// that results which use it are wrong.
constexpr int kGarbage = 0x7f;

// A CPU tensor in the same memory as a tensor of the device, which must outlive
// it. CPU tensors are returned as they are.
at::Tensor HostView(const at::Tensor& tensor);

// The block of a tensor of the device; nullptr for an empty tensor.
Block* BlockOf(const at::Tensor& tensor);

c10::Allocator* DeviceAllocator();

// Host memory from which the device copies without a wait of the host.
c10::Allocator* PinnedAllocator();
bool IsPinned(const void* address);

}  // namespace arctrm::standin
