// SPDX-License-Identifier: MIT
#include "bench/floor.h"

#include <time.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "solver/kernels/cpu_math.h"

namespace arctrm {
namespace {

ARCTRM_CLONES void Triad(float* a, const float* b, const float* c, int64_t n) {
  for (int64_t i = 0; i < n; ++i) a[i] = b[i] + 3.0f * c[i];
}

ARCTRM_CLONES void Scale(float* a, int64_t n) {
  for (int64_t i = 0; i < n; ++i) a[i] *= 1.0001f;
}

// Bytes per second of `pass`, which touches `bytes` bytes: the best of some
// tries.
template <typename Pass>
double BestRate(double bytes, Pass&& pass) {
  pass();
  double best = 0;
  for (int i = 0; i < 5; ++i) {
    const double start = CpuSeconds();
    double took = 0;
    int passes = 0;
    do {
      pass();
      benchmark::ClobberMemory();
      ++passes;
      took = CpuSeconds() - start;
    } while (took < 0.01);
    best = std::max(best, bytes * passes / took);
  }
  return best;
}

double MeasureStreamRate(int64_t bytes, Stream stream) {
  const auto floats = [&](int64_t arrays) {
    return std::vector<float>(static_cast<size_t>(bytes / 4 / arrays), 1.0f);
  };
  if (stream == Stream::kInPlace) {
    std::vector<float> a = floats(2);
    return BestRate(static_cast<double>(bytes),
                    [&] { Scale(a.data(), static_cast<int64_t>(a.size())); });
  }
  double triad = 0;
  {
    std::vector<float> a = floats(3);
    const std::vector<float> b = a;
    const std::vector<float> c = a;
    triad = BestRate(static_cast<double>(bytes), [&] {
      Triad(a.data(), b.data(), c.data(), static_cast<int64_t>(a.size()));
    });
  }
  std::vector<float> a = floats(2);
  const std::vector<float> b = a;
  const double copy = BestRate(static_cast<double>(bytes), [&] {
    std::memcpy(a.data(), b.data(), a.size() * sizeof(float));
  });
  return std::max(triad, copy);
}

double Seconds(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) +
         1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

double CpuSeconds() { return Seconds(CLOCK_THREAD_CPUTIME_ID); }
double WallSeconds() { return Seconds(CLOCK_MONOTONIC); }

double StreamRate(int64_t bytes, Stream stream) {
  static auto* const rates = new std::map<std::pair<Stream, int64_t>, double>;
  constexpr int64_t kLeast = 1 << 14;
  const int64_t rounded = std::min(
      MemoryBytes(), static_cast<int64_t>(std::bit_ceil(
                         static_cast<uint64_t>(std::max(bytes, kLeast)))));
  const auto [it, fresh] = rates->try_emplace({stream, rounded}, 0);
  if (fresh) it->second = MeasureStreamRate(rounded, stream);
  return it->second;
}

int64_t MemoryBytes() {
  int64_t largest = 1 << 24;
  for (const auto& cache : benchmark::CPUInfo::Get().caches) {
    largest = std::max(largest, static_cast<int64_t>(cache.size));
  }
  return static_cast<int64_t>(
      std::bit_ceil(static_cast<uint64_t>(4 * largest + 1)));
}

void SayStreamRates() {
  const int64_t bytes = MemoryBytes();
  benchmark::AddCustomContext(
      "floor, memory",
      absl::StrFormat(
          "%.1f GB/s, in place %.1f GB/s (%d MB)", StreamRate(bytes) / 1e9,
          StreamRate(bytes, Stream::kInPlace) / 1e9, bytes / 1000000));
}

}  // namespace arctrm
