// SPDX-License-Identifier: MIT
// What benchmarks are compared with: how fast this machine streams memory on
// one thread. No LibTorch.
#pragma once

#include <cstdint>

#include "benchmark/benchmark.h"

namespace arctrm {

// kElsewhere: the faster of a copy and a triad (a = b + s c). kInPlace: numbers
// that are multiplied where they are, so that nothing is read to be
// overwritten.
enum class Stream { kElsewhere, kInPlace };

// Bytes per second, read ones and written ones, of a pass over and over the
// same memory that counts `bytes`, rounded up to a power of two: the caches'
// for few, the memory's for more than they hold. Measured when first asked for.
double StreamRate(int64_t bytes, Stream stream = Stream::kElsewhere);

// More than four times the largest cache.
int64_t MemoryBytes();
// Puts the memory's rates into the head of what the benchmarks print.
void SayStreamRates();

// A clock: processor time of this thread, which other programs don't disturb,
// and time on the wall, in which files are waited for.
double CpuSeconds();
double WallSeconds();

// Runs the benchmark: seconds of one call of `work`, after a few that aren't
// counted: the first ones get memory that the system has yet to provide.
template <typename Work>
double SecondsEach(benchmark::State& state, double (*now)(), Work&& work) {
  for (int i = 0; i < 3; ++i) work();
  const double start = now();
  for (auto _ : state) work();
  return (now() - start) / static_cast<double>(state.iterations());
}

}  // namespace arctrm
