// SPDX-License-Identifier: MIT
// The part of NCCL that arctrm calls, for ranks on one machine. As all memory
// reads as zeros, no data moves: the ranks only wait for each other, and check
// that all start the same operation of the same size.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <thread>

// Counts in the report of libfakecuda.so.
extern "C" void fake_cuda_count(const char* name, int64_t n);

#define FAKE_NCCL_API extern "C" __attribute__((visibility("default")))

namespace {

constexpr int kSuccess = 0;
constexpr int kSystemError = 2;
constexpr int kInvalidUsage = 5;
constexpr int kMostRanks = 64;

// In memory that all ranks share.
struct Meeting {
  std::atomic<int> arrived;
  std::atomic<int> round;
  std::atomic<bool> aborted;
  // What each rank starts in this round: a number for operation and size.
  std::atomic<uint64_t> started[kMostRanks];
};

struct Comm {
  Meeting* meeting;
  int ranks;
  int rank;
};

struct Id {
  char name[128];
};

// Waits until all ranks have called it. false if one was lost.
bool Meet(Comm* comm) {
  Meeting& meeting = *comm->meeting;
  const int round = meeting.round;
  if (++meeting.arrived == comm->ranks) {
    meeting.arrived = 0;
    ++meeting.round;
    return true;
  }
  while (meeting.round == round) {
    if (meeting.aborted) return false;
    std::this_thread::yield();
  }
  return true;
}

int Start(Comm* comm, const char* operation, int number, uint64_t bytes) {
  fake_cuda_count(operation, 1);
  Meeting& meeting = *comm->meeting;
  const uint64_t own = bytes * 8 + static_cast<uint64_t>(number);
  meeting.started[comm->rank] = own;
  if (!Meet(comm)) return kSystemError;
  for (int rank = 0; rank < comm->ranks; ++rank) {
    if (meeting.started[rank] != own) {
      fake_cuda_count("collectives that differ between ranks", 1);
      return kInvalidUsage;
    }
  }
  return Meet(comm) ? kSuccess : kSystemError;
}

uint64_t Bytes(size_t count, int type) {
  constexpr int kSizes[] = {1, 1, 4, 4, 8, 8, 2, 4, 8, 2};  // ncclDataType_t
  return count * static_cast<uint64_t>(kSizes[type]);
}

}  // namespace

FAKE_NCCL_API int ncclGetUniqueId(Id* id) {
  std::snprintf(id->name, sizeof(id->name), "/fake-nccl-%d", getpid());
  return kSuccess;
}

FAKE_NCCL_API int ncclCommInitRank(Comm** comm, int ranks, Id id, int rank) {
  if (ranks > kMostRanks) return kInvalidUsage;
  const int file = shm_open(id.name, O_CREAT | O_RDWR, 0600);
  if (file < 0 || ftruncate(file, sizeof(Meeting)) != 0) return kSystemError;
  void* const memory = mmap(nullptr, sizeof(Meeting), PROT_READ | PROT_WRITE,
                            MAP_SHARED, file, 0);
  close(file);
  if (memory == MAP_FAILED) return kSystemError;
  *comm = new Comm{static_cast<Meeting*>(memory), ranks, rank};
  const bool all = Meet(*comm);
  shm_unlink(id.name);
  return all ? kSuccess : kSystemError;
}

FAKE_NCCL_API int ncclCommAbort(Comm* comm) {
  comm->meeting->aborted = true;
  return kSuccess;
}

FAKE_NCCL_API int ncclCommGetAsyncError(Comm*, int* error) {
  *error = kSuccess;
  return kSuccess;
}

FAKE_NCCL_API const char* ncclGetErrorString(int error) {
  return error == kSystemError    ? "another rank is gone"
         : error == kInvalidUsage ? "the ranks started different operations"
                                  : "an error of the fake NCCL";
}

FAKE_NCCL_API int ncclAllReduce(const void*, void*, size_t count, int type, int,
                                Comm* comm, void*) {
  return Start(comm, "all-reduces", 1, Bytes(count, type));
}

FAKE_NCCL_API int ncclAllGather(const void*, void*, size_t count, int type,
                                Comm* comm, void*) {
  return Start(comm, "all-gathers", 2, Bytes(count, type));
}

FAKE_NCCL_API int ncclBroadcast(const void*, void*, size_t count, int type,
                                int root, Comm* comm, void*) {
  if (root < 0 || root >= comm->ranks) return kInvalidUsage;
  return Start(comm, "broadcasts", 3, Bytes(count, type));
}
