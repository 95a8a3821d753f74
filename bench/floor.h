// SPDX-License-Identifier: MIT
// The reference speed for benchmarks: memory streaming on one thread. Free of
// LibTorch.
#pragma once

#include <cstdint>

#include "benchmark/benchmark.h"

namespace arctrm {

// kElsewhere: the faster of a copy and a triad (a = b + s c). kInPlace: scales
// numbers in place, so no memory is read only to be overwritten.
enum class Stream { kElsewhere, kInPlace };

// Bytes read and written per second of repeated passes over `bytes` bytes,
// rounded up to a power of two: cache speed for small sizes, memory speed for
// large ones. Measured at the first call.
double StreamRate(int64_t bytes, Stream stream = Stream::kElsewhere);

// More than four times the largest cache.
int64_t MemoryBytes();
// Adds the memory speeds to the header of the benchmark output.
void SayStreamRates();

// Processor time of this thread excludes other programs; wall-clock time
// includes waiting for files.
double CpuSeconds();
double WallSeconds();

// Runs the benchmark and returns the seconds of a call of `work`. Does not
// count the first calls, for which the system must provide memory.
template <typename Work>
double SecondsEach(benchmark::State& state, double (*now)(), Work&& work) {
  for (int i = 0; i < 3; ++i) work();
  const double start = now();
  for (auto _ : state) work();
  return (now() - start) / static_cast<double>(state.iterations());
}

}  // namespace arctrm
