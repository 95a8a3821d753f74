// SPDX-License-Identifier: MIT
// The device that a model runs on. No Torch here.
#pragma once

#include <cstdint>
#include <string>

namespace arctrm {

// kNone: there is no time to start one.
enum class DeviceKind { kNone, kCpu, kCuda };

struct DeviceInfo {
  DeviceKind kind = DeviceKind::kCpu;
  std::string precision;  // of the forward pass: "float32", "bf16", "float16"
  int threads = 0;        // of a CPU
  // Of a CUDA device; name "" where the driver does not tell.
  int index = 0;
  std::string name;  // "NVIDIA H200"
  int64_t memory_bytes = 0;
  // Devices of a group of processes, one each, such as "cuda:0 cuda:1"; "" for
  // a single process.
  std::string group;

  bool is_cpu() const { return kind == DeviceKind::kCpu; }
  // For people: "CUDA device 0 (NVIDIA H200, 139 GiB), bf16" or "CPU, 2
  // threads, float32; 2 processes: cpu cpu".
  std::string Text() const;
};

}  // namespace arctrm
