// SPDX-License-Identifier: MIT
#include "state.h"

#include <cxxabi.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>

namespace fake_cuda {
namespace {

int64_t Number(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoll(text, nullptr, 10);
}

Settings ReadSettings() {
  Settings settings;
  const auto devices = static_cast<int>(Number("FAKE_CUDA_DEVICES", 1));
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  std::istringstream list(visible == nullptr ? "" : visible);
  std::string each;
  while (std::getline(list, each, ',')) {
    const int device = std::atoi(each.c_str());
    if (device < 0 || device >= devices) break;
    settings.visible.push_back(device);
  }
  for (int i = 0; visible == nullptr && i < devices; ++i) {
    settings.visible.push_back(i);
  }
  settings.device_bytes = static_cast<size_t>(Number("FAKE_CUDA_GIB", 79))
                          << 30;
  const auto capability = static_cast<int>(Number("FAKE_CUDA_CAPABILITY", 90));
  settings.major = capability / 10;
  settings.minor = capability % 10;
  settings.launch_us = static_cast<double>(Number("FAKE_CUDA_LAUNCH_US", 0));
  return settings;
}

// Never destroyed, because LibTorch calls CUDA until the process ends.
struct Counters {
  std::map<std::string, int64_t> values;
};
Counters& TheCounters() {
  static auto* const counters = new Counters();
  return *counters;
}

std::string Readable(const std::string& symbol) {
  int status = 0;
  char* text = abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status);
  std::string name = status == 0 ? text : symbol;
  std::free(text);
  return name;
}

// Writes "value name" lines when the process ends.
struct Report {
  ~Report() {
    const Locked lock(Lock());
    const char* place = std::getenv("FAKE_CUDA_REPORT");
    if (place == nullptr || TheCounters().values.empty()) return;
    std::string path = place;
    if (const size_t at = path.find("%p"); at != std::string::npos) {
      path.replace(at, 2, std::to_string(getpid()));
    }
    std::FILE* file = std::fopen(path.c_str(), "w");
    if (file == nullptr) return;
    for (const auto& [name, value] : TheCounters().values) {
      const std::string prefix = "kernel ";
      const bool kernel = name.rfind(prefix, 0) == 0;
      std::fprintf(file, "%lld %s\n", static_cast<long long>(value),
                   kernel
                       ? (prefix + Readable(name.substr(prefix.size()))).c_str()
                       : name.c_str());
    }
    std::fclose(file);
  }
} report;

}  // namespace

const Settings& TheSettings() {
  static const auto* const settings = new Settings(ReadSettings());
  return *settings;
}

std::recursive_mutex& Lock() {
  static auto* const mutex = new std::recursive_mutex();
  return *mutex;
}

void Count(const std::string& name, int64_t n) {
  const Locked lock(Lock());
  TheCounters().values[name] += n;
}

void KeepLargest(const std::string& name, int64_t value) {
  const Locked lock(Lock());
  int64_t& kept = TheCounters().values[name];
  if (value > kept) kept = value;
}

void CountWait(const char* call) {
  const Locked lock(Lock());
  Count("waits");
  Count(std::string("wait in ") + call);
}

}  // namespace fake_cuda

// For libnccl.so.2.
FAKE_CUDA_API void fake_cuda_count(const char* name, int64_t n) {
  fake_cuda::Count(name, n);
}
