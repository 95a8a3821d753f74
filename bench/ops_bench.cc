// SPDX-License-Identifier: MIT
// The network's element-wise pieces against plain ATen, and a whole step.
// Bytes per second count what must be read and written once.
#include <ATen/Parallel.h>

#include "benchmark/benchmark.h"
#include "solver/internal/ops.h"

namespace arctrm::internal {
namespace {

Tensor Fill(std::vector<int64_t> shape) {
  int64_t n = 1;
  for (int64_t s : shape) n *= s;
  return (at::arange(n, at::kFloat) * 0.37).sin().view(shape);
}

void BM_RmsNorm_Fused(benchmark::State& state) {
  at::NoGradGuard no_grad;
  const Tensor x = Fill({6208, state.range(0)});
  const Tensor y = Fill({6208, state.range(0)});
  for (auto _ : state) benchmark::DoNotOptimize(ResidualRmsNorm(x, y));
  state.SetBytesProcessed(state.iterations() * 3 *
                          static_cast<int64_t>(x.nbytes()));
}
BENCHMARK(BM_RmsNorm_Fused)->Arg(64)->Arg(128)->Arg(512)->UseRealTime();

void BM_RmsNorm_Plain(benchmark::State& state) {
  at::NoGradGuard no_grad;
  const Tensor x = Fill({6208, state.range(0)});
  const Tensor y = Fill({6208, state.range(0)});
  for (auto _ : state) {
    const Tensor s = x + y;
    benchmark::DoNotOptimize(s * at::rsqrt(s.square().mean(-1, true) + 1e-5));
  }
  state.SetBytesProcessed(state.iterations() * 3 *
                          static_cast<int64_t>(x.nbytes()));
}
BENCHMARK(BM_RmsNorm_Plain)->Arg(64)->Arg(128)->Arg(512)->UseRealTime();

void BM_SwiGlu_Fused(benchmark::State& state) {
  at::NoGradGuard no_grad;
  const Tensor x = Fill({6208, 2 * state.range(0)});
  for (auto _ : state) benchmark::DoNotOptimize(SwiGluActivation(x));
  state.SetBytesProcessed(state.iterations() *
                          static_cast<int64_t>(x.nbytes()) * 3 / 2);
}
BENCHMARK(BM_SwiGlu_Fused)->Arg(256)->Arg(512)->UseRealTime();

void BM_SwiGlu_Plain(benchmark::State& state) {
  at::NoGradGuard no_grad;
  const int64_t n = state.range(0);
  const Tensor x = Fill({6208, 2 * n});
  for (auto _ : state) {
    benchmark::DoNotOptimize(at::silu(x.narrow(-1, 0, n)) * x.narrow(-1, n, n));
  }
  state.SetBytesProcessed(state.iterations() *
                          static_cast<int64_t>(x.nbytes()) * 3 / 2);
}
BENCHMARK(BM_SwiGlu_Plain)->Arg(256)->Arg(512)->UseRealTime();

}  // namespace
}  // namespace arctrm::internal

BENCHMARK_MAIN();
