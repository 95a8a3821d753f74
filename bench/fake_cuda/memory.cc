// SPDX-License-Identifier: MIT
// Memory of the fake CUDA runtime: addresses without contents.
#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "state.h"

namespace fake_cuda {
namespace {

// All addresses of device memory. None is given twice, so that late accesses
// cannot hit other data.
constexpr size_t kAddresses = size_t{16} << 40;
constexpr size_t kPage = size_t{2} << 20;

struct Allocation {
  int device;
  size_t bytes;
};

struct Memory {
  char* begin = nullptr;
  size_t next = kPage;
  std::map<const char*, Allocation> allocations;
  std::vector<size_t> used;              // bytes of each device
  std::map<const char*, size_t> pinned;  // host memory for transfers
};

Memory& TheMemory() {
  static auto* const memory = [] {
    auto* const made = new Memory();
    void* const addresses =
        mmap(nullptr, kAddresses, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (addresses == MAP_FAILED) {
      std::perror("fake CUDA: no addresses for device memory");
      std::abort();
    }
    made->begin = static_cast<char*>(addresses);
    made->used.resize(TheSettings().visible.size());
    return made;
  }();
  return *memory;
}

bool OnDevice(const void* address) {
  const char* const begin = TheMemory().begin;
  const char* const at = static_cast<const char*>(address);
  return at >= begin && at < begin + kAddresses;
}

bool Pinned(const void* address) {
  const auto& pinned = TheMemory().pinned;
  auto at = pinned.upper_bound(static_cast<const char*>(address));
  if (at == pinned.begin()) return false;
  --at;
  return static_cast<const char*>(address) < at->first + at->second;
}

cudaError_t Copy(void* to, const void* from, size_t bytes,
                 cudaStream_t stream) {
  const Locked lock(Lock());
  const bool to_device = OnDevice(to);
  const bool from_device = OnDevice(from);
  const char* const way = to_device && from_device ? "on the device"
                          : to_device              ? "to the device"
                          : from_device            ? "to the host"
                                                   : "on the host";
  if (IsRecorded(stream) && !(to_device && from_device)) {
    Count("host copies in recordings");
  }
  Queue(stream, "copies");
  Count(std::string("copies ") + way);
  if (to_device && !from_device && !Pinned(from)) {
    Count("copies from pageable memory");
  }
  if (from_device && !to_device) {
    // Copies to pageable memory wait.
    if (!Pinned(to)) {
      CountWait("a copy to pageable memory");
      if (const cudaError_t error = Forbidden("a copy to pageable memory")) {
        return error;
      }
    }
    std::memset(to, bytes == 1 ? 1 : 0, bytes);
  }
  if (!from_device && !to_device) std::memmove(to, from, bytes);
  return cudaSuccess;
}

}  // namespace
}  // namespace fake_cuda

using fake_cuda::Locked;
using fake_cuda::TheMemory;

FAKE_CUDA_API cudaError_t cudaMalloc(void** address, size_t bytes) {
  const Locked lock(fake_cuda::Lock());
  fake_cuda::MakeContext();
  *address = nullptr;
  if (fake_cuda::Recording()) fake_cuda::Count("cudaMalloc while recording");
  if (const cudaError_t error = fake_cuda::Forbidden("cudaMalloc")) {
    return error;
  }
  fake_cuda::Memory& memory = TheMemory();
  const size_t pages =
      (bytes + fake_cuda::kPage - 1) / fake_cuda::kPage * fake_cuda::kPage;
  const int device = fake_cuda::CurrentDevice();
  size_t& used = memory.used.at(static_cast<size_t>(device));
  const std::string suffix = " of device " + std::to_string(device);
  if (used + pages > fake_cuda::TheSettings().device_bytes) {
    fake_cuda::Count("refused cudaMalloc" + suffix);
    return cudaErrorMemoryAllocation;
  }
  used += pages;
  fake_cuda::Count("cudaMalloc" + suffix);
  fake_cuda::KeepLargest("peak bytes" + suffix, static_cast<int64_t>(used));
  *address = memory.begin + memory.next;
  memory.allocations[memory.begin + memory.next] = {device, pages};
  // A page between two allocations belongs to neither.
  memory.next += pages + fake_cuda::kPage;
  if (memory.next > fake_cuda::kAddresses) {
    std::fprintf(stderr, "fake CUDA: no addresses left\n");
    std::abort();
  }
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaFree(void* address) {
  const Locked lock(fake_cuda::Lock());
  if (address == nullptr) return cudaSuccess;
  if (const cudaError_t error = fake_cuda::Forbidden("cudaFree")) return error;
  fake_cuda::Memory& memory = TheMemory();
  const auto at = memory.allocations.find(static_cast<char*>(address));
  if (at == memory.allocations.end()) return cudaErrorInvalidValue;
  memory.used.at(static_cast<size_t>(at->second.device)) -= at->second.bytes;
  memory.allocations.erase(at);
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  const Locked lock(fake_cuda::Lock());
  *total = fake_cuda::TheSettings().device_bytes;
  const auto device = static_cast<size_t>(fake_cuda::CurrentDevice());
  *free = *total - TheMemory().used.at(device);
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaHostAlloc(void** address, size_t bytes,
                                        unsigned) {
  const Locked lock(fake_cuda::Lock());
  fake_cuda::Count("cudaHostAlloc");
  constexpr size_t kAlignment = 4096;
  *address = std::aligned_alloc(
      kAlignment, (bytes + kAlignment - 1) / kAlignment * kAlignment);
  if (*address == nullptr) return cudaErrorMemoryAllocation;
  TheMemory().pinned[static_cast<char*>(*address)] = bytes;
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaFreeHost(void* address) {
  const Locked lock(fake_cuda::Lock());
  TheMemory().pinned.erase(static_cast<char*>(address));
  std::free(address);
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaHostRegister(void* address, size_t bytes,
                                           unsigned) {
  const Locked lock(fake_cuda::Lock());
  TheMemory().pinned[static_cast<char*>(address)] = bytes;
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaHostUnregister(void* address) {
  const Locked lock(fake_cuda::Lock());
  TheMemory().pinned.erase(static_cast<char*>(address));
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaPointerGetAttributes(
    cudaPointerAttributes* attributes, const void* address) {
  const Locked lock(fake_cuda::Lock());
  *attributes = {};
  attributes->type = fake_cuda::OnDevice(address) ? cudaMemoryTypeDevice
                     : fake_cuda::Pinned(address) ? cudaMemoryTypeHost
                                                  : cudaMemoryTypeUnregistered;
  const auto& allocations = TheMemory().allocations;
  auto at = allocations.upper_bound(static_cast<const char*>(address));
  if (attributes->type == cudaMemoryTypeDevice && at != allocations.begin()) {
    attributes->device = (--at)->second.device;
  }
  attributes->devicePointer = const_cast<void*>(address);
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes,
                                     cudaMemcpyKind) {
  fake_cuda::CountWait("cudaMemcpy");
  if (const cudaError_t error = fake_cuda::Forbidden("cudaMemcpy")) {
    return error;
  }
  return fake_cuda::Copy(to, from, bytes, nullptr);
}

FAKE_CUDA_API cudaError_t cudaMemcpyAsync(void* to, const void* from,
                                          size_t bytes, cudaMemcpyKind,
                                          cudaStream_t stream) {
  return fake_cuda::Copy(to, from, bytes, stream);
}

FAKE_CUDA_API cudaError_t cudaMemcpyPeerAsync(void* to, int, const void* from,
                                              int, size_t bytes,
                                              cudaStream_t stream) {
  return fake_cuda::Copy(to, from, bytes, stream);
}

FAKE_CUDA_API cudaError_t cudaMemcpyToSymbol(const void*, const void*, size_t,
                                             size_t, cudaMemcpyKind) {
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaMemset(void*, int, size_t) {
  fake_cuda::Queue(nullptr, "memsets");
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaMemsetAsync(void*, int, size_t,
                                          cudaStream_t stream) {
  fake_cuda::Queue(stream, "memsets");
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaGetSymbolAddress(void** address,
                                               const void* symbol) {
  *address = const_cast<void*>(symbol);
  return cudaSuccess;
}

FAKE_CUDA_API cudaError_t cudaIpcGetMemHandle(cudaIpcMemHandle_t*, void*) {
  return cudaErrorNotSupported;
}
FAKE_CUDA_API cudaError_t cudaIpcOpenMemHandle(void**, cudaIpcMemHandle_t,
                                               unsigned) {
  return cudaErrorNotSupported;
}
FAKE_CUDA_API cudaError_t cudaIpcCloseMemHandle(void*) {
  return cudaErrorNotSupported;
}
FAKE_CUDA_API cudaError_t cudaIpcGetEventHandle(cudaIpcEventHandle_t*,
                                                cudaEvent_t) {
  return cudaErrorNotSupported;
}
FAKE_CUDA_API cudaError_t cudaIpcOpenEventHandle(cudaEvent_t*,
                                                 cudaIpcEventHandle_t) {
  return cudaErrorNotSupported;
}
