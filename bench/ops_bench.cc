// SPDX-License-Identifier: MIT
// All operations of the network and the optimisers on one CPU thread, forward
// and backward, with the kernels and with LibTorch's operations:
//   ops_bench --benchmark_filter='attention/.*bf16'
// Shapes are those of one of two threads in docs/RESULTS.md: 16 batch rows of
// 116 tokens, width 128, and 2 of 916, width 512; "memory" exceeds the caches.
// Times are processor time. `floor` is the share of the machine's measured
// best: matrix products for operations in GFLOP/s, a plain pass over the same
// number of bytes for operations in GB/s. Bytes count once per necessary read
// and write.
#include <ATen/Parallel.h>
#include <malloc.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/floor.h"
#include "benchmark/benchmark.h"
#include "solver/kernels/cpu_ops.h"
#include "solver/nn/attention.h"
#include "solver/nn/bf16_vnni_gemm.h"
#include "solver/nn/linear.h"
#include "solver/nn/ops.h"
#include "solver/train/optimizers.h"

namespace arctrm::internal {
namespace {

using torch::autograd::variable_list;

Tensor Fill(std::vector<int64_t> shape, at::ScalarType type = at::kFloat) {
  int64_t n = 1;
  for (int64_t s : shape) n *= s;
  return (at::arange(n, at::kFloat) * 0.37).sin().view(shape).to(type);
}

double Bytes(const Tensor& t) { return static_cast<double>(t.nbytes()); }

// FLOP per second of the best product, measured at the first call: Gemm on
// consecutive blocks in float32; the faster of LibTorch and Bf16VnniGemm in
// bf16.
double ProductRate(at::ScalarType type) {
  const auto measure = [](double flops, const std::function<void()>& product) {
    product();
    double best = 0;
    for (int i = 0; i < 6; ++i) {
      const double start = CpuSeconds();
      product();
      best = std::max(best, flops / (CpuSeconds() - start));
    }
    return best;
  };
  if (type == at::kBFloat16) {
    static const double bf16 = [&] {
      const Tensor a = Fill({1024, 1024}, at::kBFloat16);
      const Tensor b = Fill({1024, 1024}, at::kBFloat16);
      Tensor c = at::empty_like(a);
      const double mm =
          measure(2.0 * 1024 * 1024 * 1024, [&] { at::mm_out(c, a, b); });
      if (!HasBf16VnniGemm()) return mm;
      // Repeats a block that stays in the caches.
      const auto* factor = static_cast<const kernels::Bf16*>(a.data_ptr());
      Tensor sums = at::empty({64, 64});
      return std::max(mm, measure(64 * 2.0 * 64 * 64 * 1024, [&] {
                        for (int i = 0; i < 64; ++i) {
                          Bf16VnniGemm(64, 64, 1024, factor, 1024, factor, 64,
                                       sums.mutable_data_ptr<float>(), 64,
                                       false);
                        }
                        ReleaseBf16VnniGemm();
                      }));
    }();
    return bf16;
  }
  static const double float32 = [&] {
    const Tensor a = Fill({1024, 512});
    double best = 0;
    for (const int64_t width : {64, 128, 256}) {
      // Consecutive second factors of `width` columns.
      const Tensor b = Fill({1024 / width, 512, width});
      Tensor c = at::empty({1024, 1024});
      for (const int64_t rows : {32, 64, 128}) {
        best = std::max(
            best, measure(2.0 * 1024 * 1024 * 512, [&] {
              for (int64_t col = 0; col < 1024; col += width) {
                for (int64_t row = 0; row < 1024; row += rows) {
                  Gemm(rows, width, 512, a.const_data_ptr<float>() + row * 512,
                       512, b.const_data_ptr<float>() + col * 512, width,
                       c.mutable_data_ptr<float>() + row * 1024 + col, 1024,
                       false);
                }
              }
            }));
      }
    }
    return best;
  }();
  return float32;
}

// The work of a call: operations if products dominate the time, else bytes.
struct Work {
  double flops = 0;
  double bytes = 0;
  Stream stream = Stream::kElsewhere;
  bool cold = false;  // the bytes exceed the caches
};

void Measure(benchmark::State& state, const Work& work, at::ScalarType type,
             const std::function<void()>& call) {
  const bool products = work.flops > 0;
  const double amount = products ? work.flops : work.bytes;
  const double floor =
      products ? ProductRate(type)
               : StreamRate(work.cold ? MemoryBytes()
                                      : static_cast<int64_t>(work.bytes),
                            work.stream);
  const double rate = amount / SecondsEach(state, CpuSeconds, call);
  state.counters[products ? "GFLOP/s" : "GB/s"] = rate / 1e9;
  state.counters["floor"] = rate / floor;
}

void Register(const std::string& name,
              const std::function<void(benchmark::State&)>& run) {
  benchmark::RegisterBenchmark(name.c_str(), run);
}

// An operation with gradients for `inputs`, which `run` reads.
struct Op {
  variable_list inputs;
  std::function<variable_list()> run;
  Work forward;
  Work backward;
};
using MakeOp = std::function<Op(at::ScalarType)>;

// Registers name/shape/type/direction/kernels; a run makes the tensors.
void RegisterOp(const std::string& name, const MakeOp& make) {
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    for (const bool forward : {true, false}) {
      for (const bool kernels : {true, false}) {
        const auto run = [=](benchmark::State& state) {
          UseKernels(kernels);
          Op op = make(type);
          if (forward) {
            const at::NoGradGuard no_grad;
            Measure(state, op.forward, type,
                    [&] { benchmark::DoNotOptimize(op.run()); });
          } else {
            for (Tensor& input : op.inputs) input.set_requires_grad(true);
            const variable_list outputs = op.run();
            variable_list grads;
            for (const Tensor& out : outputs) {
              grads.push_back(Fill(out.sizes().vec(), out.scalar_type()));
            }
            Measure(state, op.backward, type, [&] {
              benchmark::DoNotOptimize(
                  torch::autograd::grad(outputs, op.inputs, grads, true));
            });
          }
          UseKernels(true);
        };
        Register(absl::StrCat(name, type == at::kFloat ? "/float32" : "/bf16",
                              forward ? "/forward" : "/backward",
                              kernels ? "/kernels" : "/libtorch"),
                 run);
      }
    }
  }
}

void RegisterElementwise(const std::string& shape, int64_t rows, int64_t hidden,
                         int64_t inner) {
  RegisterOp(absl::StrCat("rms_norm/", shape), [=](at::ScalarType type) {
    const Tensor x = Fill({rows, hidden}, type);
    const Tensor y = x.roll(1);
    const Work work = {.bytes = 3 * Bytes(x)};
    return Op{{x, y},
              [=] { return variable_list{ResidualRmsNorm(x, y)}; },
              work,
              work};
  });
  RegisterOp(absl::StrCat("swiglu/", shape), [=](at::ScalarType type) {
    const Tensor x = Fill({rows, 2 * inner}, type);
    return Op{{x},
              [=] { return variable_list{SwiGluActivation(x)}; },
              {.bytes = 1.5 * Bytes(x)},
              {.bytes = 2.5 * Bytes(x)}};
  });
}

void RegisterRotary(const std::string& shape, int64_t batch, int64_t positions,
                    int64_t heads, int64_t dim, bool table_each) {
  RegisterOp(absl::StrCat("rotary/", shape), [=](at::ScalarType type) {
    const Tensor qkv = Fill({batch * positions, 3 * heads * dim}, type);
    const Tensor angle = table_each ? Fill({batch, positions, dim / 2})
                                    : Fill({positions, dim / 2});
    const Tensor cos = angle.cos();
    const Tensor sin = angle.sin();
    const Work work = {.bytes = 2 * Bytes(qkv) + 2 * Bytes(cos)};
    return Op{{qkv},
              [=] {
                const auto parts = SplitRotary(qkv, cos, sin, batch, heads);
                return variable_list(parts.begin(), parts.end());
              },
              work,
              work};
  });
}

void RegisterStablemax(const std::string& shape, int64_t tokens) {
  RegisterOp(absl::StrCat("stablemax/", shape), [=](at::ScalarType type) {
    const Tensor logits = Fill({1, tokens, 12}, type);
    const Tensor labels = (at::arange(tokens) % 12).view({1, tokens});
    // Backward: the gradients of loss and logits.
    const double each = Bytes(labels) + 8 * static_cast<double>(tokens);
    return Op{
        {logits},
        [=] { return variable_list{StablemaxCrossEntropy(logits, labels)}; },
        {.bytes = Bytes(logits) + each},
        {.bytes = 2 * Bytes(logits) + each}};
  });
}

// Two products forward, five backward, which recomputes the scores.
void RegisterAttention(const std::string& shape, int64_t batch,
                       int64_t positions, int64_t heads, int64_t dim) {
  RegisterOp(absl::StrCat("attention/", shape), [=](at::ScalarType type) {
    const Tensor q = Fill({batch, positions, heads, dim}, type);
    const Tensor k = q.roll(1);
    const Tensor v = q.roll(2);
    const double product =
        2.0 * static_cast<double>(batch * heads * positions * positions * dim);
    return Op{{q, k, v},
              [=] { return variable_list{Attention(q, k, v)}; },
              {.flops = 2 * product},
              {.flops = 5 * product}};
  });
}

// The gradients of input and weight; packing has its own benchmark.
void RegisterLinear(const std::string& shape, int64_t rows, int64_t in,
                    int64_t out) {
  const double product = 2.0 * static_cast<double>(rows * in * out);
  RegisterOp(absl::StrCat("linear/", shape), [=](at::ScalarType type) {
    const Tensor x = Fill({rows, in}, type);
    const Tensor weight = Fill({out, in}, type);
    const PackedWeight packed = PackLinear(weight, true);
    return Op{{x, weight},
              [=] { return variable_list{Linear(x, weight, packed)}; },
              {.flops = product},
              {.flops = 2 * product}};
  });
  Register(absl::StrCat("pack_linear/", shape), [=](benchmark::State& state) {
    const Tensor weight = Fill({out, in});
    // One read, two packed copies.
    Measure(state, {.bytes = 3 * Bytes(weight)}, at::kFloat,
            [&] { benchmark::DoNotOptimize(PackLinear(weight, true)); });
  });
}

void RegisterAdam(const std::string& shape, int64_t n) {
  const auto with = [n](auto update) {
    return [=](benchmark::State& state) {
      const at::NoGradGuard no_grad;
      Tensor flat = Fill({n});
      const Tensor grad = flat * 1e-3;
      Tensor ema = flat.clone();
      AdamAtan2 adam(flat);
      // Reads the gradient; reads and writes parameters, two moments and
      // average.
      Measure(state, {.bytes = 9 * Bytes(flat), .stream = Stream::kInPlace},
              at::kFloat, [&] { update(adam, flat, grad, ema); });
    };
  };
  const std::string name = absl::StrCat("adam_atan2/", shape);
  Register(
      name + "/with_ema/kernels",
      with([](AdamAtan2& adam, Tensor& flat, const Tensor& grad, Tensor& ema) {
        adam.Update(flat, grad, 1e-4, 0.1, 0.9, 0.95, ema, 0.999);
      }));
  Register(
      name + "/then_ema/kernels",
      with([](AdamAtan2& adam, Tensor& flat, const Tensor& grad, Tensor& ema) {
        adam.Update(flat, grad, 1e-4, 0.1, 0.9, 0.95);
        EmaUpdate(ema, flat, 0.999);
      }));
  Register(
      name + "/then_ema/libtorch",
      with([](AdamAtan2& adam, Tensor& flat, const Tensor& grad, Tensor& ema) {
        adam.exp_avg.lerp_(grad, 0.1);
        adam.exp_avg_sq.lerp_(grad * grad, 0.05);
        flat.mul_(1 - 1e-5);
        flat.sub_(at::atan2(adam.exp_avg, adam.exp_avg_sq.sqrt() / 0.9), 1e-4);
        EmaUpdate(ema, flat, 0.999);
      }));
}

// Embedding rows of a batch from a table that exceeds the caches.
void RegisterSignSgd(const std::string& shape, int64_t batch, int64_t hidden) {
  Register(absl::StrCat("sign_sgd/", shape), [=](benchmark::State& state) {
    const int64_t ids = MemoryBytes() / (4 * hidden);
    Tensor table = at::ones({ids, hidden});
    const Tensor grad = Fill({batch, hidden});
    const Tensor all = at::randperm(ids);
    int64_t at = 0;
    // Reads the gradient; reads and writes the embedding rows.
    const Work work = {
        .bytes = 3 * Bytes(grad), .stream = Stream::kInPlace, .cold = true};
    Measure(state, work, at::kFloat, [&] {
      SignSgdUpdate(table, all.narrow(0, at, batch), grad, 1e-2, 0.1);
      at = at + 2 * batch <= ids ? at + batch : 0;
    });
  });
}

void RegisterAtan2() {
  const auto with = [](auto compute) {
    return [=](benchmark::State& state) {
      const Tensor y = Fill({1 << 16});
      const Tensor x = y.abs() + 0.1;
      Tensor to = at::empty_like(y);
      Measure(state, {.bytes = 3 * Bytes(y)}, at::kFloat, [&] {
        compute(y.const_data_ptr<float>(), x.const_data_ptr<float>(),
                to.mutable_data_ptr<float>(), y.numel());
        benchmark::ClobberMemory();
      });
    };
  };
  Register("atan2/64k/kernels", with(kernels::Atan2));
  Register("atan2/64k/standard",
           with([](const float* y, const float* x, float* to, int64_t n) {
             for (int64_t i = 0; i < n; ++i) to[i] = std::atan2(y[i], x[i]);
           }));
}

void RegisterAll() {
  RegisterElementwise("16x116x128", 16 * 116, 128, 512);
  RegisterElementwise("2x916x512", 2 * 916, 512, 1536);
  RegisterElementwise("memory", 32768, 512, 1536);
  RegisterRotary("16x116x128", 16, 116, 4, 32, false);
  RegisterRotary("2x916x512", 2, 916, 8, 64, false);
  RegisterRotary("2x916x512_table_each", 2, 916, 8, 64, true);
  RegisterRotary("memory", 20, 916, 8, 64, false);
  RegisterStablemax("16x100", 16 * 100);
  RegisterStablemax("2x900", 2 * 900);
  RegisterStablemax("192x900", 192 * 900);
  RegisterAttention("16x116x128", 16, 116, 4, 32);
  RegisterAttention("2x916x512", 2, 916, 8, 64);
  for (const auto& [rows, hidden, inner] :
       {std::array<int64_t, 3>{16 * 116, 128, 512}, {2 * 916, 512, 1536}}) {
    const auto linear = [rows = rows](int64_t in, int64_t out) {
      RegisterLinear(absl::StrCat(rows, "x", in, "x", out), rows, in, out);
    };
    linear(hidden, hidden);
    linear(hidden, 3 * hidden);
    linear(hidden, 2 * inner);
    linear(inner, hidden);
  }
  RegisterAdam("128k", 1 << 17);
  RegisterAdam("7M", 7 << 20);
  RegisterSignSgd("32x128", 32, 128);
  RegisterSignSgd("768x512", 768, 512);
  RegisterAtan2();
}

void SayFloors() {
  SayStreamRates();
  for (const auto& [name, type] :
       {std::pair<const char*, at::ScalarType>{"float32", at::kFloat},
        {"bf16", at::kBFloat16}}) {
    benchmark::AddCustomContext(
        absl::StrCat("floor, ", name),
        absl::StrFormat("%.1f GFLOP/s", ProductRate(type) / 1e9));
  }
}

}  // namespace
}  // namespace arctrm::internal

int main(int argc, char** argv) {
  // Keeps memory, so that times exclude page clearing by the system.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
  at::set_num_threads(1);
  arctrm::internal::RegisterAll();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  arctrm::internal::SayFloors();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
