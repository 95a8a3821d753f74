// SPDX-License-Identifier: MIT
// A CUDA runtime without a device: LibTorch's real CUDA backend runs on it, all
// calls are counted, and kernels do nothing. Device memory cannot be touched by
// the host and always reads as zeros. One exception: a single byte reads as 1,
// so that conditions such as isfinite(x).all() hold.
//
// bench/fake_cuda/check builds three libraries and preloads them: the runtime
// with cuBLAS (libfakecuda.so), the driver (libcuda.so.1) and NCCL
// (libnccl.so.2). They need no CUDA toolkit, only the headers of the wheels.
//
//   FAKE_CUDA_REPORT      file for the counters when the process ends; %p is
//   its
//                         process id
//   FAKE_CUDA_DEVICES     number of devices (1); CUDA_VISIBLE_DEVICES selects
//   FAKE_CUDA_GIB         memory of each device (79)
//   FAKE_CUDA_CAPABILITY  compute capability times 10 (90)
//   FAKE_CUDA_LAUNCH_US   microseconds that every launch takes (0)
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#define FAKE_CUDA_API extern "C" __attribute__((visibility("default")))

namespace fake_cuda {

struct Settings {
  // The numbers of the visible devices among all devices.
  std::vector<int> visible;
  size_t device_bytes;
  int major, minor;  // compute capability
  double launch_us;
};
const Settings& TheSettings();

// The lock of everything in this library.
std::recursive_mutex& Lock();
using Locked = std::lock_guard<std::recursive_mutex>;

// Adds to a counter of the report.
void Count(const std::string& name, int64_t n = 1);
// A counter that keeps its largest value.
void KeepLargest(const std::string& name, int64_t value);

// The device of the calling thread.
int CurrentDevice();
// Gives the calling thread a context, as its first work on a device does.
void MakeContext();

// The operations that a recording holds.
struct Graph {
  int64_t kernels = 0;
  int64_t products = 0;
  int64_t copies = 0;
};

// Work on a stream: `kind` is "kernels", "products", "copies" or "memsets",
// `name` the name of a kernel or "". Adds it to the recording if the stream is
// recorded, otherwise counts it.
void Queue(cudaStream_t stream, const char* kind, const std::string& name = "");

// Is any stream being recorded?
bool Recording();
// A call that CUDA forbids to a thread that records, unless the thread has
// relaxed its mode. Returns the error of such a call, which also breaks the
// recording, or cudaSuccess.
cudaError_t Forbidden(const char* call);
// Is `stream` being recorded? Then the host cannot wait for it.
bool IsRecorded(cudaStream_t stream);

// A call in which the host waits for the device.
void CountWait(const char* call);

}  // namespace fake_cuda
