// SPDX-License-Identifier: MIT
#include "tests/solver/standin/nccl.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "tests/solver/standin/memory.h"
#include "tests/solver/standin/streams.h"

namespace arctrm::standin {
namespace {

// Values of NCCL's enums.
constexpr int kSuccess = 0;
constexpr int kSystemError = 2;
constexpr int kInt64 = 4;
constexpr int kFloat32 = 7;
constexpr int kFloat64 = 8;

constexpr int kMaxRanks = 4;
constexpr size_t kPart = size_t{1} << 20;  // bytes that are exchanged at once
constexpr std::chrono::seconds kPatience{5};

std::atomic<bool> stalled{false};

struct Id {
  std::array<char, 128> name;
};

// Of one communicator, in shared memory.
struct Room {
  std::atomic<int> arrived;
  std::atomic<int> phase;
  std::atomic<int> gone;
  std::array<std::array<char, kPart>, kMaxRanks> data;
};

class Comm {
 public:
  Comm(Room* room, int size, int rank)
      : room_(room), size_(size), rank_(rank) {}
  ~Comm() {
    ++room_->gone;
    munmap(room_, sizeof(Room));
  }
  Comm(const Comm&) = delete;
  Comm& operator=(const Comm&) = delete;

  // Waits for all ranks. false: one does not come.
  bool Meet() {
    const int phase = room_->phase.load();
    if (room_->arrived.fetch_add(1) == size_ - 1) {
      room_->arrived = 0;
      ++room_->phase;
      return true;
    }
    const auto limit = std::chrono::steady_clock::now() + kPatience;
    while (room_->phase.load() == phase) {
      if (room_->gone.load() > 0 || std::chrono::steady_clock::now() > limit) {
        return false;
      }
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
    return true;
  }

  // Exchanges `bytes` at `from` with all ranks, and calls take(rank, part,
  // begin, size) for the parts of each.
  template <typename Take>
  void Exchange(const void* from, size_t bytes, Take&& take) {
    if (Stalled()) return;
    Streams::Get().Begin();
    const char* own = Arena::Get().Reach(from);
    for (size_t begin = 0; begin < bytes; begin += kPart) {
      const size_t size = std::min(kPart, bytes - begin);
      std::memcpy(Data(rank_), own + begin, size);
      if (!Meet()) return Stall();
      for (int rank = 0; rank < size_; ++rank) {
        take(rank, Data(rank), begin, size);
      }
      if (!Meet()) return Stall();
    }
  }

 private:
  char* Data(int rank) { return room_->data[static_cast<size_t>(rank)].data(); }
  static void Stall() { stalled = true; }

  Room* const room_;
  const int size_;
  const int rank_;
};

template <typename T>
void AddTo(std::vector<char>& sum, const char* part, size_t begin,
           size_t size) {
  T* to = reinterpret_cast<T*>(sum.data() + begin);
  const T* from = reinterpret_cast<const T*>(part);
  for (size_t i = 0; i < size / sizeof(T); ++i) to[i] += from[i];
}

Comm* CommOf(void* comm) { return static_cast<Comm*>(comm); }

}  // namespace

bool Stalled() { return stalled.load(); }

}  // namespace arctrm::standin

using arctrm::standin::Arena;
using arctrm::standin::CommOf;
using arctrm::standin::Id;

extern "C" {

int ncclGetUniqueId(Id* id) {
  static std::atomic<int> number{0};
  std::snprintf(id->name.data(), id->name.size(), "/arctrm-%d-%d", getpid(),
                ++number);
  return arctrm::standin::kSuccess;
}

int ncclCommInitRank(void** comm, int size, Id id, int rank) {
  using arctrm::standin::Room;
  const int file = shm_open(id.name.data(), O_CREAT | O_RDWR, 0600);
  if (file < 0 || size > arctrm::standin::kMaxRanks) {
    return arctrm::standin::kSystemError;
  }
  void* room = ftruncate(file, sizeof(Room)) == 0
                   ? mmap(nullptr, sizeof(Room), PROT_READ | PROT_WRITE,
                          MAP_SHARED, file, 0)
                   : MAP_FAILED;
  close(file);
  if (room == MAP_FAILED) return arctrm::standin::kSystemError;
  auto made = std::make_unique<arctrm::standin::Comm>(static_cast<Room*>(room),
                                                      size, rank);
  const bool met = made->Meet();
  shm_unlink(id.name.data());
  *comm = made.release();
  return met ? arctrm::standin::kSuccess : arctrm::standin::kSystemError;
}

int ncclCommAbort(void* comm) {
  arctrm::standin::stalled = false;
  delete CommOf(comm);
  return arctrm::standin::kSuccess;
}

int ncclCommGetAsyncError(void* /*comm*/, int* error) {
  *error = arctrm::standin::kSuccess;
  return arctrm::standin::kSuccess;
}

const char* ncclGetErrorString(int /*error*/) { return "an error"; }

int ncclAllReduce(const void* from, void* to, size_t count, int type,
                  int /*operation*/, void* comm, void* /*stream*/) {
  namespace nccl = arctrm::standin;
  const size_t bytes = count * (type == nccl::kFloat32 ? 4 : 8);
  std::vector<char> sum(bytes);
  CommOf(comm)->Exchange(from, bytes,
                         [&](int, const char* part, size_t begin, size_t size) {
                           if (type == nccl::kFloat32) {
                             nccl::AddTo<float>(sum, part, begin, size);
                           } else if (type == nccl::kFloat64) {
                             nccl::AddTo<double>(sum, part, begin, size);
                           } else {
                             nccl::AddTo<int64_t>(sum, part, begin, size);
                           }
                         });
  if (bytes > 0) std::memcpy(Arena::Get().Reach(to), sum.data(), bytes);
  return nccl::kSuccess;
}

int ncclAllGather(const void* from, void* to, size_t bytes, int /*type*/,
                  void* comm, void* /*stream*/) {
  char* all = Arena::Get().Reach(to);
  CommOf(comm)->Exchange(
      from, bytes, [&](int rank, const char* part, size_t begin, size_t size) {
        std::memcpy(all + static_cast<size_t>(rank) * bytes + begin, part,
                    size);
      });
  return arctrm::standin::kSuccess;
}

int ncclBroadcast(const void* from, void* to, size_t bytes, int /*type*/,
                  int root, void* comm, void* /*stream*/) {
  char* own = Arena::Get().Reach(to);
  CommOf(comm)->Exchange(
      from, bytes, [&](int rank, const char* part, size_t begin, size_t size) {
        if (rank == root) std::memcpy(own + begin, part, size);
      });
  return arctrm::standin::kSuccess;
}

}  // extern "C"
