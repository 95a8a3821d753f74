// SPDX-License-Identifier: MIT
// Compares the kernels of each device with the plain formula in float64 on the
// CPU, from the same rounded inputs.
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/random.h"
#include "gtest/gtest.h"
#include "solver/nn/ops.h"
#include "solver/train/optimizers.h"
#include "tests/solver/cuda_device.h"
#include "tests/solver/golden_tensors.h"

namespace arctrm::internal {
namespace {

Tensor RandomTensor(std::vector<int64_t> shape, uint64_t seed) {
  Random random(seed, "test");
  Tensor t = at::empty(shape, at::kFloat);
  for (int64_t i = 0; i < t.numel(); ++i) {
    t.mutable_data_ptr<float>()[i] = static_cast<float>(2 * random.Normal());
  }
  return t;
}

// The relative error of one rounding to the type.
double Rounding(at::ScalarType type) {
  return type == at::kFloat      ? std::ldexp(1.0, -24)
         : type == at::kBFloat16 ? std::ldexp(1.0, -8)
                                 : std::ldexp(1.0, -11);
}

using Tensors = std::vector<Tensor>;
using Formula = std::function<Tensors(const Tensors&)>;

class DeviceOps : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const auto device = DeviceOrSkip(GetParam());
    if (device) device_ = *device;
  }

  // The element types with kernels for the device.
  std::vector<at::ScalarType> Types() const {
    if (device_.is_cpu()) return {at::kFloat, at::kBFloat16};
    return {at::kFloat, at::kBFloat16, at::kHalf};
  }

  // A copy on the device, 4 or 2 bytes beyond an aligned address.
  Tensor OffAlignment(const Tensor& t) const {
    Tensor room = at::empty({t.numel() + 1}, t.options().device(device_));
    Tensor off = room.narrow(0, 1, t.numel()).view(t.sizes());
    off.copy_(t);
    return off;
  }

  // Compares value and gradients of `ours` on the device, for `inputs` rounded
  // to `type`, with those of `plain` in float64. Measures errors in roundings
  // of the type, relative to the number or, if sums cancel, to the largest one.
  void Compare(const std::string& what, const Formula& ours,
               const Formula& plain, const Tensors& inputs, at::ScalarType type,
               bool off_alignment = false, double roundings = 3) {
    Tensors a;
    Tensors b;
    for (const Tensor& input : inputs) {
      const Tensor rounded = input.to(type);
      a.push_back((off_alignment ? OffAlignment(rounded) : rounded.to(device_))
                      .detach()
                      .set_requires_grad(true));
      b.push_back(rounded.to(at::kDouble).set_requires_grad(true));
    }
    const Tensors ya = ours(a);
    const Tensors yb = plain(b);
    ASSERT_EQ(ya.size(), yb.size());
    Tensor sum_a = at::zeros({}, at::TensorOptions(device_).dtype(at::kDouble));
    Tensor sum_b = at::zeros({}, at::kDouble);
    for (size_t i = 0; i < ya.size(); ++i) {
      Expect(absl::StrCat(what, " value ", i), ya[i], yb[i], type, roundings);
      const Tensor weight =
          RandomTensor(yb[i].sizes().vec(), 99 + i).to(ya[i].scalar_type());
      sum_a = sum_a + (ya[i] * weight.to(device_)).sum(at::kDouble);
      sum_b = sum_b + (yb[i] * weight.to(at::kDouble)).sum();
    }
    sum_a.backward();
    sum_b.backward();
    for (size_t i = 0; i < inputs.size(); ++i) {
      Expect(absl::StrCat(what, " gradient ", i), a[i].grad(), b[i].grad(),
             type, 4 * roundings);
    }
  }

  static void Expect(const std::string& what, const Tensor& actual,
                     const Tensor& expected, at::ScalarType type,
                     double roundings) {
    const Tensor a = actual.detach().cpu().to(at::kDouble);
    const Tensor e = expected.detach().to(at::kDouble);
    ASSERT_EQ(a.sizes(), e.sizes()) << what;
    const Tensor scale = e.abs() + e.abs().max() * 0.1 + 1e-30;
    ExpectClose(absl::StrCat(what, " ", c10::toString(type), ", roundings"),
                (a - e) / scale / Rounding(type), at::zeros_like(e), roundings);
  }

  at::Device device_ = at::kCPU;
};

Tensors PlainRms(const Tensors& in) {
  const Tensor s = in[0] + in[1];
  return {s * at::rsqrt(s.square().mean(-1, true) + 1e-5)};
}

// All numbers of accesses per lane, rows without accesses, long rows.
TEST_P(DeviceOps, ResidualRmsNormEqualsPlainFormula) {
  const Formula ours = [](const Tensors& in) {
    return Tensors{ResidualRmsNorm(in[0], in[1])};
  };
  for (at::ScalarType type : Types()) {
    for (int64_t d : {7, 8, 64, 100, 128, 256, 512, 520, 1024, 2048, 4100}) {
      Compare(absl::StrCat("rms norm ", d), ours, PlainRms,
              {RandomTensor({19, d}, 1), RandomTensor({19, d}, 2)}, type, false,
              6);
    }
    Compare("rms norm off alignment", ours, PlainRms,
            {RandomTensor({19, 64}, 1), RandomTensor({19, 64}, 2)}, type, true,
            6);
  }
}

TEST_P(DeviceOps, SwiGluEqualsPlainFormula) {
  const Formula ours = [](const Tensors& in) {
    return Tensors{SwiGluActivation(in[0])};
  };
  const Formula plain = [](const Tensors& in) {
    const int64_t n = in[0].size(-1) / 2;
    return Tensors{at::silu(in[0].narrow(-1, 0, n)) * in[0].narrow(-1, n, n)};
  };
  for (at::ScalarType type : Types()) {
    for (int64_t n : {37, 64, 1536}) {
      Compare(absl::StrCat("swiglu ", n), ours, plain,
              {RandomTensor({33, 2 * n}, 3)}, type, false, 8);
    }
    Compare("swiglu off alignment", ours, plain, {RandomTensor({33, 128}, 3)},
            type, true, 8);
  }
}

TEST_P(DeviceOps, SwiGluStaysFiniteFarOut) {
  const Tensor x =
      at::tensor({-200.0f, 200.0f, -90.0f, 90.0f, 1.0f, 1.0f, 1.0f, 1.0f})
          .view({1, 8})
          .to(device_)
          .set_requires_grad(true);
  const Tensor y = SwiGluActivation(x);
  EXPECT_TRUE(at::isfinite(y).all().item<bool>());
  EXPECT_FLOAT_EQ(y[0][1].item<float>(), 200.0f);
  y.sum().backward();
  EXPECT_TRUE(at::isfinite(x.grad()).all().item<bool>());
}

TEST_P(DeviceOps, SplitRotaryEqualsPlainFormula) {
  const int64_t batch = 3;
  const int64_t positions = 5;
  for (int64_t half : {3, 4, 8, 32}) {
    for (int64_t heads : {1, 2}) {
      for (bool per_sequence : {false, true}) {
        const Tensor angle = per_sequence
                                 ? RandomTensor({batch, positions, half}, 7)
                                 : RandomTensor({positions, half}, 7);
        const Tensor cos = angle.cos();
        const Tensor sin = angle.sin();
        const Formula ours = [&](const Tensors& in) {
          const auto parts = SplitRotary(in[0], cos.to(device_),
                                         sin.to(device_), batch, heads);
          return Tensors{parts[0], parts[1], parts[2]};
        };
        const Formula plain = [&](const Tensors& in) {
          const Tensor x = in[0].view({batch, positions, 3, heads, 2 * half});
          const Tensor c = at::cat({cos, cos}, -1).unsqueeze(-2);
          const Tensor s = at::cat({sin, sin}, -1).unsqueeze(-2);
          const auto turn = [&](const Tensor& t) {
            const Tensor rotated =
                at::cat({-t.narrow(-1, half, half), t.narrow(-1, 0, half)}, -1);
            return t * c + rotated * s;
          };
          return Tensors{turn(x.select(2, 0)), turn(x.select(2, 1)),
                         x.select(2, 2).contiguous()};
        };
        for (at::ScalarType type : Types()) {
          Compare(absl::StrCat("rotary half ", half), ours, plain,
                  {RandomTensor({batch * positions, 6 * heads * half}, 8)},
                  type);
        }
        Compare("rotary off alignment", ours, plain,
                {RandomTensor({batch * positions, 6 * heads * half}, 8)},
                at::kBFloat16, true);
      }
    }
  }
}

TEST_P(DeviceOps, StablemaxEqualsTheFormulaInFloat64) {
  for (int64_t classes : {1, 2, 12, 70}) {
    const Tensor logits = RandomTensor({4, 300, classes}, 9);
    Tensor labels = (at::arange(1200) * 7 % (classes + 1) - 1).view({4, 300});
    const Formula plain = [&](const Tensors& in) {
      return Tensors{StablemaxCrossEntropy(in[0].to(at::kDouble), labels)};
    };
    for (at::ScalarType type : Types()) {
      const Formula ours = [&](const Tensors& in) {
        return Tensors{StablemaxCrossEntropy(in[0], labels.to(device_))};
      };
      Compare(absl::StrCat("stablemax ", classes), ours, plain, {logits}, type);
      const Tensor rounded = logits.to(type);
      ExpectClose(
          "stablemax, float64",
          StablemaxCrossEntropy(rounded.to(device_), labels.to(device_)).cpu(),
          plain({rounded})[0], 1e-12);
    }
  }
}

TEST_P(DeviceOps, ALabelBeyondTheClassesIsNotANumber) {
  if (device_.is_cpu()) return;  // an error on a CPU
  const Tensor loss =
      StablemaxCrossEntropy(
          at::ones({1, 2, 3}).to(device_),
          at::tensor({3, 2}, at::kLong).view({1, 2}).to(device_))
          .cpu();
  EXPECT_TRUE(std::isnan(loss[0][0].item<double>()));
  EXPECT_FALSE(std::isnan(loss[0][1].item<double>()));
}

TEST_P(DeviceOps, AdamAtan2WithEmaEqualsTheCpu) {
  for (int64_t n : {5, 1000, 4099}) {
    for (bool with_ema : {false, true}) {
      for (bool off_alignment : {false, true}) {
        Tensor p = RandomTensor({n}, 10);
        Tensor e = p.clone();
        AdamAtan2 adam(p);
        Tensor p2 = off_alignment ? OffAlignment(p) : p.to(device_);
        Tensor e2 = e.to(device_);
        AdamAtan2 adam2(p2);
        for (uint64_t t = 0; t < 4; ++t) {
          const Tensor g = RandomTensor({n}, 20 + t) * 1e-3;
          adam.Update(p, g, 1e-2, 0.3, 0.9, 0.95, with_ema ? e : Tensor(),
                      0.999);
          adam2.Update(p2, g.to(device_), 1e-2, 0.3, 0.9, 0.95,
                       with_ema ? e2 : Tensor(), 0.999);
        }
        EXPECT_EQ(adam2.t, 4);
        ExpectClose("adam", p2.cpu(), p, 4e-6);
        ExpectClose("adam exp_avg", adam2.exp_avg.cpu(), adam.exp_avg, 2e-9);
        ExpectClose("adam exp_avg_sq", adam2.exp_avg_sq.cpu(), adam.exp_avg_sq,
                    1e-11);
        ExpectClose("ema", e2.cpu(), e, 4e-6);
      }
    }
  }
}

// All ranks must update embedding rows bit for bit, on any device.
TEST_P(DeviceOps, SignSgdEqualsTheCpuExactly) {
  for (int64_t d : {1, 64, 700}) {
    Tensor table = RandomTensor({50, d}, 30);
    Tensor table2 = table.to(device_);
    const Tensor ids = at::arange(300) * 7 % 40;
    Tensor grad = RandomTensor({300, d}, 31);
    grad.select(0, 3).zero_();
    SignSgdUpdate(table, ids, grad, 1e-2, 0.1);
    SignSgdUpdate(table2, ids, grad.to(device_), 1e-2, 0.1);
    EXPECT_EQ(MaxError(table2.cpu(), table), 0);
  }
  Tensor table = at::zeros({2, 2}).to(device_);
  EXPECT_THROW(SignSgdUpdate(table, at::tensor({2}, at::kLong),
                             at::zeros({1, 2}).to(device_), 1, 0),
               c10::Error);
}

// The bits of a result row depend only on its inputs.
TEST_P(DeviceOps, RowsStandAlone) {
  for (at::ScalarType type : Types()) {
    const Tensor x = RandomTensor({100, 512}, 40).to(type).to(device_);
    const Tensor y = RandomTensor({100, 512}, 41).to(type).to(device_);
    const Tensor all = ResidualRmsNorm(x, y);
    EXPECT_EQ(MaxError(all, ResidualRmsNorm(x, y)), 0);
    EXPECT_EQ(MaxError(all.narrow(0, 37, 9),
                       ResidualRmsNorm(x.narrow(0, 37, 9), y.narrow(0, 37, 9))),
              0);
    EXPECT_EQ(MaxError(SwiGluActivation(x).narrow(0, 37, 9),
                       SwiGluActivation(x.narrow(0, 37, 9))),
              0);
  }
}

TEST_P(DeviceOps, GradientsEqualFiniteDifferences) {
  const Tensor labels = at::tensor({1, 0, -1}, at::kLong).view({1, 3});
  const Tensor angle = RandomTensor({3, 2}, 50);
  const auto tables = [&](const Tensor& like) {
    return std::pair(angle.cos().to(like.device()),
                     angle.sin().to(like.device()));
  };
  struct Example {
    std::string name;
    Tensor x;
    std::function<Tensor(const Tensor&)> f;
  };
  const Tensor y = RandomTensor({3, 4}, 51);
  const std::vector<Example> cases = {
      {"rms norm", RandomTensor({3, 4}, 52),
       [&](const Tensor& t) { return ResidualRmsNorm(t, y.to(t.options())); }},
      {"swiglu", RandomTensor({3, 8}, 53),
       [](const Tensor& t) { return SwiGluActivation(t); }},
      {"rotary", RandomTensor({3, 12}, 54),
       [&](const Tensor& t) {
         const auto [cos, sin] = tables(t);
         const auto parts = SplitRotary(t, cos, sin, 1, 1);
         return at::stack({parts[0], parts[1], parts[2]});
       }},
      {"stablemax", RandomTensor({1, 3, 4}, 55),
       [&](const Tensor& t) {
         return StablemaxCrossEntropy(t, labels.to(t.device()));
       }},
  };
  for (const Example& c : cases) {
    Tensor leaf = c.x.to(device_).detach().set_requires_grad(true);
    const Tensor out = c.f(leaf);
    const Tensor w = RandomTensor(out.sizes().vec(), 56);
    (out * w.to(device_)).sum().backward();
    const Tensor grad = leaf.grad().cpu().view({-1});
    // The formula in float64 on the CPU. RMSNorm rounds its sum to float32, so
    // the finite differences need large steps.
    const double h = 1e-2;
    for (int64_t i = 0; i < c.x.numel(); ++i) {
      Tensor up = c.x.to(at::kDouble);
      Tensor down = up.clone();
      up.view({-1})[i] += h;
      down.view({-1})[i] -= h;
      const double slope =
          ((c.f(up) - c.f(down)) * w).sum().item<double>() / (2 * h);
      EXPECT_NEAR(grad[i].item<double>(), slope, 2e-3) << c.name << " " << i;
    }
  }
}

std::string NameOf(const testing::TestParamInfo<std::string>& tested) {
  return tested.param;
}
INSTANTIATE_TEST_SUITE_P(Kernels, DeviceOps, testing::Values("cpu", "cuda"),
                         NameOf);

}  // namespace
}  // namespace arctrm::internal
