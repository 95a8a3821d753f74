// SPDX-License-Identifier: MIT
// What benchmarks are compared with: how fast this machine streams memory on
// one thread. No LibTorch.
#pragma once

#include <chrono>
#include <cstdint>

#include "benchmark/benchmark.h"

namespace arctrm {

// Bytes per second of the faster of a copy and a triad (a = b + s c) that touch
// `bytes`, rounded up to a power of two, over and over: those of the caches for
// few bytes, those of the memory for more than the caches hold. Measured when
// first asked for.
double StreamRate(int64_t bytes);

// More than four times the largest cache, and what StreamRate is said of them
// in the benchmark's head.
int64_t MemoryBytes();
void SayStreamRate();

// Runs the benchmark: seconds of one call of `work`, after one that isn't
// counted.
template <typename Work>
double SecondsEach(benchmark::State& state, Work&& work) {
  work();
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state) work();
  const std::chrono::duration<double> took =
      std::chrono::steady_clock::now() - start;
  return took.count() / static_cast<double>(state.iterations());
}

}  // namespace arctrm
