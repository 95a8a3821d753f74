// SPDX-License-Identifier: MIT
// The device that a model runs on. Free of LibTorch.
#pragma once

#include <cstdint>
#include <string>

namespace arctrm {

// kNone: the time is too short to start one. kStandIn: the device of tests.
enum class DeviceKind { kNone, kCpu, kCuda, kStandIn };

struct DeviceInfo {
  DeviceKind kind = DeviceKind::kCpu;
  std::string precision;  // of the forward pass: "float32", "bf16", "float16"
  int threads = 0;        // CPU only
  // CUDA only; name "" if the driver does not report it.
  int index = 0;
  std::string name;  // "NVIDIA H200"
  int64_t memory_bytes = 0;
  // The fused kernels in use and the reason for others (train.kernels); "" for
  // all on a CPU.
  std::string kernels;
  // The devices of a process group, one per process, such as "cuda:0 cuda:1";
  // "" for a single process.
  std::string group;

  bool is_cpu() const { return kind == DeviceKind::kCpu; }
  // For people: "CUDA device 0 (NVIDIA H200, 139 GiB), bf16" or "CPU, 2
  // threads, float32; 2 processes: cpu cpu".
  std::string Text() const;
};

}  // namespace arctrm
