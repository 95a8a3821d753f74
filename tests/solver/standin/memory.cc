// SPDX-License-Identifier: MIT
#include "tests/solver/standin/memory.h"

#include <c10/core/Allocator.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace arctrm::standin {
namespace {

constexpr size_t kAddresses = size_t{1} << 36;  // reserved, not used
constexpr size_t kPage = 512;

// Few different sizes, so that released memory fits again.
size_t RoundedUp(size_t bytes) {
  size_t unit = kPage;
  while (64 * unit < bytes) unit *= 2;
  return (bytes + unit - 1) / unit * unit;
}

class DeviceMemory final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    const c10::Device device(c10::kPrivateUse1, 0);
    Block* block = Arena::Get().Take(bytes);
    if (block == nullptr) return {nullptr, device};
    return {block->address, block, &Release, device};
  }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    const Arena& arena = Arena::Get();
    std::memcpy(arena.Reach(to), arena.Reach(from), bytes);
  }

 private:
  static void Release(void* block) {
    Arena::Get().Release(static_cast<Block*>(block));
  }
};

class PinnedMemory final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    void* address = nullptr;
    if (bytes > 0) {
      constexpr size_t kAlign = 64;
      address =
          std::aligned_alloc(kAlign, (bytes + kAlign - 1) / kAlign * kAlign);
      TORCH_CHECK_WITH(OutOfMemoryError, address != nullptr,
                       "standin: no pinned memory");
      const std::lock_guard<std::mutex> lock(mutex_);
      addresses_.insert(address);
    }
    return {address, address, &Release, c10::Device(c10::kCPU)};
  }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    std::memcpy(to, from, bytes);
  }
  bool Contains(const void* address) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return addresses_.count(address) > 0;
  }
  static PinnedMemory& Get() {
    static auto& memory = *new PinnedMemory;
    return memory;
  }

 private:
  static void Release(void* address) {
    PinnedMemory& memory = Get();
    {
      const std::lock_guard<std::mutex> lock(memory.mutex_);
      memory.addresses_.erase(address);
    }
    std::free(address);
  }

  mutable std::mutex mutex_;
  std::set<const void*> addresses_;
};

}  // namespace

Arena& Arena::Get() {
  static auto& arena = *new Arena;
  return arena;
}

Arena::Arena() {
  const int file = memfd_create("standin", MFD_CLOEXEC);
  TORCH_CHECK(file >= 0 && ftruncate(file, kAddresses) == 0,
              "standin: cannot reserve memory");
  const auto map = [&](int protection) {
    void* address = mmap(nullptr, kAddresses, protection,
                         MAP_SHARED | MAP_NORESERVE, file, 0);
    TORCH_CHECK(address != MAP_FAILED, "standin: cannot map memory");
    return static_cast<char*>(address);
  };
  host_ = map(PROT_READ | PROT_WRITE);
  device_ = map(PROT_NONE);
  close(file);
}

Block* Arena::Take(size_t bytes) {
  if (bytes == 0) return nullptr;
  const size_t size = RoundedUp(bytes);
  const c10::StreamId stream = Streams::current();
  Block* block = nullptr;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    TORCH_CHECK_WITH(OutOfMemoryError, limit_ == 0 || in_use_ + size <= limit_,
                     "standin: out of memory: ", in_use_, " of ", limit_,
                     " bytes are in use, ", size, " more are needed");
    std::vector<Block*>& released = released_[{stream, size}];
    if (released.empty()) {
      TORCH_CHECK_WITH(OutOfMemoryError, begun_ + size <= kAddresses,
                       "standin: out of addresses");
      block = &blocks_.emplace_back();
      block->address = device_ + begun_;
      block->bytes = size;
      block->stream = stream;
      begun_ += size;
    } else {
      block = released.back();
      released.pop_back();
    }
    block->number = ++allocations_;
    in_use_ += size;
    peak_ = std::max(peak_, in_use_);
  }
  Spoil(*block);
  return block;
}

void Arena::Spoil(const Block& block) const {
  std::memset(Reach(block.address), kGarbage, block.bytes);
}

void Arena::Release(Block* block) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Streams::Get().Forget(std::exchange(block->shared, {}), block->uses);
  in_use_ -= block->bytes;
  released_[{block->stream, block->bytes}].push_back(block);
}

void Arena::Share(Block* block, c10::StreamId stream) {
  const std::lock_guard<std::mutex> lock(mutex_);
  block->shared.push_back(stream);
}

bool Arena::Contains(const void* address) const {
  const auto* at = static_cast<const char*>(address);
  return at >= device_ && at < device_ + kAddresses;
}

char* Arena::Reach(const void* device) const {
  TORCH_CHECK(Contains(device), "standin: an address of another device");
  return host_ + (static_cast<const char*>(device) - device_);
}

int64_t Arena::allocations() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return allocations_;
}

size_t Arena::peak_bytes() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return peak_;
}

void Arena::ResetPeak() {
  const std::lock_guard<std::mutex> lock(mutex_);
  peak_ = in_use_;
}

void Arena::Limit(size_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  limit_ = bytes;
}

at::Tensor HostView(const at::Tensor& tensor) {
  if (!tensor.is_privateuseone()) return tensor;
  TORCH_CHECK(!tensor.is_conj() && !tensor.is_neg(),
              "standin: complex numbers are not supported");
  void* address = nullptr;
  if (tensor.numel() > 0) address = Arena::Get().Reach(tensor.const_data_ptr());
  return at::from_blob(address, tensor.sizes(), tensor.strides(),
                       tensor.options().device(at::kCPU).requires_grad(false));
}

Block* BlockOf(const at::Tensor& tensor) {
  return static_cast<Block*>(tensor.storage().data_ptr().get_context());
}

c10::Allocator* DeviceAllocator() {
  static auto& memory = *new DeviceMemory;
  return &memory;
}

c10::Allocator* PinnedAllocator() { return &PinnedMemory::Get(); }

bool IsPinned(const void* address) {
  return PinnedMemory::Get().Contains(address);
}

}  // namespace arctrm::standin
