// SPDX-License-Identifier: MIT
#include "bench/floor.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "solver/kernels/cpu_math.h"

namespace arctrm {
namespace {

using Clock = std::chrono::steady_clock;

ARCTRM_CLONES void Triad(float* a, const float* b, const float* c, int64_t n) {
  for (int64_t i = 0; i < n; ++i) a[i] = b[i] + 3.0f * c[i];
}

// Bytes per second of `pass`, which touches `bytes`: the best of some tries.
template <typename Pass>
double BestRate(double bytes, Pass&& pass) {
  pass();
  double best = 0;
  for (int i = 0; i < 5; ++i) {
    const auto start = Clock::now();
    std::chrono::duration<double> took{};
    int passes = 0;
    do {
      pass();
      benchmark::ClobberMemory();
      ++passes;
      took = Clock::now() - start;
    } while (took.count() < 0.01);
    best = std::max(best, bytes * passes / took.count());
  }
  return best;
}

double MeasureStreamRate(int64_t bytes) {
  const int64_t n = bytes / 12;  // three arrays
  std::vector<float> a(static_cast<size_t>(n), 1.0f);
  std::vector<float> b(static_cast<size_t>(n), 2.0f);
  std::vector<float> c(static_cast<size_t>(n), 3.0f);
  const double triad = BestRate(12.0 * static_cast<double>(n), [&] {
    Triad(a.data(), b.data(), c.data(), n);
  });
  // The same bytes as one array and its copy.
  a.resize(static_cast<size_t>(n + n / 2));
  b.resize(a.size(), 2.0f);
  const double copy = BestRate(8.0 * static_cast<double>(a.size()), [&] {
    std::memcpy(a.data(), b.data(), a.size() * sizeof(float));
  });
  return std::max(triad, copy);
}

}  // namespace

double StreamRate(int64_t bytes) {
  static std::map<int64_t, double>* const rates = new std::map<int64_t, double>;
  constexpr int64_t kLeast = 1 << 14;
  const int64_t rounded = std::min(
      MemoryBytes(), static_cast<int64_t>(std::bit_ceil(
                         static_cast<uint64_t>(std::max(bytes, kLeast)))));
  const auto [it, fresh] = rates->emplace(rounded, 0);
  if (fresh) it->second = MeasureStreamRate(rounded);
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

void SayStreamRate() {
  benchmark::AddCustomContext(
      "floor, memory",
      absl::StrFormat("%.1f GB/s (%d MB)", StreamRate(MemoryBytes()) / 1e9,
                      MemoryBytes() / 1000000));
}

}  // namespace arctrm
