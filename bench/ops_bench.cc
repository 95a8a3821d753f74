// SPDX-License-Identifier: MIT
// The network's element-wise pieces against plain ATen, and a whole step.
// Bytes per second count what must be read and written once.
#include <ATen/Parallel.h>

#include <cmath>

#include "benchmark/benchmark.h"
#include "solver/internal/ops.h"
#include "solver/internal/optimizers.h"
#include "solver/kernels/cpu_ops.h"

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

// 192 canvases of 900 cells, the published batch, and 12 tokens: loss and
// gradient.
void Stablemax(benchmark::State& state, at::ScalarType kernel) {
  const int64_t tokens = state.range(0);
  const Tensor logits =
      Fill({1, tokens, 12}).to(kernel).set_requires_grad(true);
  const Tensor labels = (at::arange(tokens) % 12).view({1, tokens});
  for (auto _ : state) {
    Tensor& grad = logits.mutable_grad();
    grad.reset();
    StablemaxCrossEntropy(logits, labels).sum().backward();
    benchmark::DoNotOptimize(logits.grad());
  }
  // Logits twice, their gradient, labels twice, the loss and its gradient.
  state.SetBytesProcessed(
      state.iterations() *
      (3 * static_cast<int64_t>(logits.nbytes()) + tokens * 4 * 8));
}
void BM_Stablemax_Fused(benchmark::State& state) {
  Stablemax(state, at::kFloat);
}
BENCHMARK(BM_Stablemax_Fused)->Arg(6208)->Arg(192 * 900)->UseRealTime();

// float64 logits take the ATen operations.
void BM_Stablemax_Plain(benchmark::State& state) {
  Stablemax(state, at::kDouble);
}
BENCHMARK(BM_Stablemax_Plain)->Arg(6208)->Arg(192 * 900)->UseRealTime();

// Gradient once, parameters, two moments and the average there and back.
int64_t AdamBytes(const Tensor& flat) {
  return 9 * static_cast<int64_t>(flat.nbytes());
}

void BM_AdamAtan2_FusedWithEma(benchmark::State& state) {
  Tensor flat = Fill({state.range(0)});
  const Tensor grad = flat * 1e-3;
  Tensor ema = flat.clone();
  AdamAtan2 adam(flat);
  for (auto _ : state) {
    adam.Update(flat, grad, 1e-4, 0.1, 0.9, 0.95, ema, 0.999);
  }
  state.SetBytesProcessed(state.iterations() * AdamBytes(flat));
}
BENCHMARK(BM_AdamAtan2_FusedWithEma)->Arg(1 << 17)->Arg(7 << 20)->UseRealTime();

void BM_AdamAtan2_ThenEma(benchmark::State& state) {
  Tensor flat = Fill({state.range(0)});
  const Tensor grad = flat * 1e-3;
  Tensor ema = flat.clone();
  AdamAtan2 adam(flat);
  for (auto _ : state) {
    adam.Update(flat, grad, 1e-4, 0.1, 0.9, 0.95);
    EmaUpdate(ema, flat, 0.999);
  }
  state.SetBytesProcessed(state.iterations() * AdamBytes(flat));
}
BENCHMARK(BM_AdamAtan2_ThenEma)->Arg(1 << 17)->Arg(7 << 20)->UseRealTime();

void BM_AdamAtan2_PlainWithEma(benchmark::State& state) {
  at::NoGradGuard no_grad;
  Tensor flat = Fill({state.range(0)});
  const Tensor grad = flat * 1e-3;
  Tensor ema = flat.clone();
  Tensor m = at::zeros_like(flat);
  Tensor v = at::zeros_like(flat);
  for (auto _ : state) {
    m.lerp_(grad, 0.1);
    v.lerp_(grad * grad, 0.05);
    flat.mul_(1 - 1e-5);
    flat.sub_(at::atan2(m, v.sqrt() / 0.9), 1e-4);
    EmaUpdate(ema, flat, 0.999);
  }
  state.SetBytesProcessed(state.iterations() * AdamBytes(flat));
}
BENCHMARK(BM_AdamAtan2_PlainWithEma)->Arg(1 << 17)->Arg(7 << 20)->UseRealTime();

void BM_Atan2_Kernel(benchmark::State& state) {
  const Tensor y = Fill({1 << 16});
  const Tensor x = y.abs() + 0.1;
  Tensor to = at::empty_like(y);
  for (auto _ : state) {
    kernels::Atan2(y.const_data_ptr<float>(), x.const_data_ptr<float>(),
                   to.mutable_data_ptr<float>(), y.numel());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * 3 *
                          static_cast<int64_t>(y.nbytes()));
}
BENCHMARK(BM_Atan2_Kernel)->UseRealTime();

void BM_Atan2_Standard(benchmark::State& state) {
  const Tensor y = Fill({1 << 16});
  const Tensor x = y.abs() + 0.1;
  Tensor to = at::empty_like(y);
  const float* yp = y.const_data_ptr<float>();
  const float* xp = x.const_data_ptr<float>();
  float* tp = to.mutable_data_ptr<float>();
  for (auto _ : state) {
    for (int64_t i = 0; i < y.numel(); ++i) tp[i] = std::atan2(yp[i], xp[i]);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * 3 *
                          static_cast<int64_t>(y.nbytes()));
}
BENCHMARK(BM_Atan2_Standard)->UseRealTime();

// qkv read, q, k, v written; 8 heads of 64.
void BM_SplitRotary_Fused(benchmark::State& state) {
  at::NoGradGuard no_grad;
  const int64_t batch = 64;
  const int64_t positions = 97;
  const Tensor qkv = Fill({batch * positions, 3 * 512});
  const Tensor angle = state.range(0) == 0 ? Fill({positions, 32})
                                           : Fill({batch, positions, 32});
  const Tensor cos = angle.cos();
  const Tensor sin = angle.sin();
  for (auto _ : state) {
    benchmark::DoNotOptimize(SplitRotary(qkv, cos, sin, batch, 8));
  }
  state.SetBytesProcessed(state.iterations() * 2 *
                          static_cast<int64_t>(qkv.nbytes()));
}
BENCHMARK(BM_SplitRotary_Fused)
    ->ArgName("table_per_sequence")
    ->Arg(0)
    ->Arg(1)
    ->UseRealTime();

}  // namespace
}  // namespace arctrm::internal

BENCHMARK_MAIN();
