// SPDX-License-Identifier: MIT
// Compares the single-pass CPU kernels with the formulas in ATen under autograd
// and with finite differences.
#include "solver/nn/ops.h"

#include <ATen/record_function.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "solver/kernels/cpu_ops.h"
#include "solver/train/optimizers.h"
#include "tests/solver/golden_tensors.h"

namespace arctrm::internal {
namespace {

using testing::HasSubstr;

Tensor RandomTensor(std::vector<int64_t> shape, uint64_t seed,
                    at::ScalarType type = at::kFloat) {
  Random random(seed, "test");
  Tensor t = at::empty(shape, at::kFloat);
  for (int64_t i = 0; i < t.numel(); ++i) {
    t.mutable_data_ptr<float>()[i] = static_cast<float>(2 * random.Normal());
  }
  return t.to(type);
}

// Compares value and gradients of two implementations of one function.
void Compare(const std::string& what,
             const std::function<Tensor(const std::vector<Tensor>&)>& ours,
             const std::function<Tensor(const std::vector<Tensor>&)>& plain,
             const std::vector<Tensor>& inputs, double tolerance) {
  std::vector<Tensor> a;
  std::vector<Tensor> b;
  for (const Tensor& input : inputs) {
    a.push_back(input.clone().set_requires_grad(true));
    b.push_back(input.clone().set_requires_grad(true));
  }
  const Tensor ya = ours(a);
  const Tensor yb = plain(b);
  ExpectClose(what, ya, yb, tolerance);
  const Tensor weight = RandomTensor(yb.sizes().vec(), 99);
  (ya * weight).sum().backward();
  (yb * weight).sum().backward();
  for (size_t i = 0; i < inputs.size(); ++i) {
    ExpectClose(what + " gradient", a[i].grad(), b[i].grad(), tolerance);
  }
}

// Collects the names of LibTorch's operations of this thread.
class RecordedNames {
 public:
  explicit RecordedNames(std::vector<std::string>& names) {
    into() = &names;
    handle_ = at::addThreadLocalCallback(
        at::RecordFunctionCallback([](const at::RecordFunction& op)
                                       -> std::unique_ptr<at::ObserverContext> {
          into()->push_back(op.name());
          return nullptr;
        }));
  }
  RecordedNames(const RecordedNames&) = delete;
  RecordedNames& operator=(const RecordedNames&) = delete;
  ~RecordedNames() { at::removeCallback(handle_); }

 private:
  static std::vector<std::string>*& into() {
    static thread_local std::vector<std::string>* names = nullptr;
    return names;
  }
  at::CallbackHandle handle_;
};

Tensor PlainRms(const std::vector<Tensor>& in) {
  const Tensor s = in[0] + in[1];
  return s * at::rsqrt(s.square().mean(-1, true) + 1e-5);
}

TEST(ResidualRmsNorm, EqualsPlainFormula) {
  for (int64_t d : {16, 24, 64, 7}) {
    Compare(
        "rms norm",
        [](const std::vector<Tensor>& in) {
          return ResidualRmsNorm(in[0], in[1]);
        },
        PlainRms, {RandomTensor({130, d}, 1), RandomTensor({130, d}, 2)}, 1e-5);
  }
}

TEST(SwiGlu, EqualsPlainFormula) {
  Compare(
      "swiglu",
      [](const std::vector<Tensor>& in) { return SwiGluActivation(in[0]); },
      [](const std::vector<Tensor>& in) {
        const int64_t n = in[0].size(-1) / 2;
        return at::silu(in[0].narrow(-1, 0, n)) * in[0].narrow(-1, n, n);
      },
      {RandomTensor({70, 2 * 37}, 3)}, 1e-5);
}

TEST(SwiGlu, StaysFiniteFarOut) {
  const Tensor x =
      at::tensor({-200.0f, 200.0f, -90.0f, 90.0f, 1.0f, 1.0f, 1.0f, 1.0f})
          .view({1, 8});
  const Tensor y = SwiGluActivation(x);
  EXPECT_TRUE(at::isfinite(y).all().item<bool>());
  EXPECT_FLOAT_EQ(y[0][1].item<float>(), 200.0f);
  EXPECT_NEAR(y[0][0].item<float>(), 0.0f, 1e-30f);
}

TEST(SplitRotary, EqualsPlainFormula) {
  const int64_t batch = 3;
  const int64_t positions = 5;
  const int64_t heads = 2;
  const int64_t half = 4;
  const Tensor angle = RandomTensor({positions, half}, 7);
  const Tensor cos = angle.cos();
  const Tensor sin = angle.sin();
  const auto join = [](const std::array<Tensor, 3>& parts) {
    return at::stack({parts[0], parts[1], parts[2]});
  };
  Compare(
      "rotary",
      [&](const std::vector<Tensor>& in) {
        return join(SplitRotary(in[0], cos, sin, batch, heads));
      },
      [&](const std::vector<Tensor>& in) {
        const Tensor x = in[0].view({batch, positions, 3, heads, 2 * half});
        const Tensor c = at::cat({cos, cos}, -1).unsqueeze(1);
        const Tensor s = at::cat({sin, sin}, -1).unsqueeze(1);
        const auto turn = [&](const Tensor& t) {
          const Tensor rotated =
              at::cat({-t.narrow(-1, half, half), t.narrow(-1, 0, half)}, -1);
          return t * c + rotated * s;
        };
        return join(
            {turn(x.select(2, 0)), turn(x.select(2, 1)), x.select(2, 2)});
      },
      {RandomTensor({batch * positions, 3 * heads * 2 * half}, 8)}, 1e-5);
}

// Both kernels and the ATen formula.
TEST(SplitRotary, ATablePerSequenceIsThatOfTheSequenceAlone) {
  const int64_t batch = 3;
  const int64_t positions = 5;
  const int64_t heads = 2;
  const int64_t half = 4;
  const Tensor angle = RandomTensor({batch, positions, half}, 17);
  const Tensor cos = angle.cos();
  const Tensor sin = angle.sin();
  for (at::ScalarType type :
       {at::kFloat, at::kBFloat16, at::kHalf, at::kDouble}) {
    Tensor qkv =
        RandomTensor({batch * positions, 3 * heads * 2 * half}, 18, type)
            .set_requires_grad(true);
    const Tensor weight =
        RandomTensor({3, batch, positions, heads, 2 * half}, 19, type);
    const auto all = SplitRotary(qkv, cos, sin, batch, heads);
    (at::stack({all[0], all[1], all[2]}) * weight).sum().backward();
    for (int64_t b = 0; b < batch; ++b) {
      Tensor row = qkv.detach()
                       .narrow(0, b * positions, positions)
                       .clone()
                       .set_requires_grad(true);
      const auto alone = SplitRotary(row, cos[b], sin[b], 1, heads);
      for (size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(MaxError(all[i][b], alone[i][0]), 0);
      }
      (at::stack({alone[0], alone[1], alone[2]}).select(1, 0) *
       weight.select(1, b))
          .sum()
          .backward();
      EXPECT_EQ(
          MaxError(qkv.grad().narrow(0, b * positions, positions), row.grad()),
          0);
    }
  }
}

TEST(SplitRotary, GradientWithTablesPerSequenceEqualsFiniteDifferences) {
  const int64_t batch = 2;
  const int64_t positions = 3;
  const int64_t heads = 1;
  const int64_t half = 2;
  const Tensor angle = RandomTensor({batch, positions, half}, 20);
  const Tensor cos = angle.cos();
  const Tensor sin = angle.sin();
  const Tensor x = RandomTensor({batch * positions, 6 * heads * half}, 21);
  const Tensor w = RandomTensor({3, batch, positions, heads, 2 * half}, 22);
  const auto f = [&](const Tensor& t) {
    const auto parts = SplitRotary(t, cos, sin, batch, heads);
    return (at::stack({parts[0], parts[1], parts[2]}) * w).sum();
  };
  Tensor leaf = x.clone().set_requires_grad(true);
  f(leaf).backward();
  // The function is linear, so differences in float64 are exact except for
  // rounding.
  const double h = 0.5;
  for (int64_t i = 0; i < x.numel(); ++i) {
    Tensor up = x.to(at::kDouble);
    Tensor down = up.clone();
    up.view({-1})[i] += h;
    down.view({-1})[i] -= h;
    const double slope = (f(up) - f(down)).item<double>() / (2 * h);
    EXPECT_NEAR(leaf.grad().view({-1})[i].item<double>(), slope, 1e-5);
  }
}

TEST(ResidualRmsNorm, GradientEqualsFiniteDifferences) {
  // The formula in float64.
  const Tensor x = RandomTensor({2, 6}, 4, at::kDouble).to(at::kFloat);
  const Tensor y = RandomTensor({2, 6}, 5, at::kDouble).to(at::kFloat);
  const Tensor w = RandomTensor({2, 6}, 6);
  Tensor leaf = x.clone().set_requires_grad(true);
  (ResidualRmsNorm(leaf, y) * w).sum().backward();
  const double h = 1e-3;
  for (int i = 0; i < 12; ++i) {
    Tensor up = x.to(at::kDouble);
    Tensor down = up.clone();
    up.view({-1})[i] += h;
    down.view({-1})[i] -= h;
    const auto f = [&](const Tensor& t) {
      return (PlainRms({t, y.to(at::kDouble)}) * w).sum().item<double>();
    };
    EXPECT_NEAR(leaf.grad().view({-1})[i].item<double>(),
                (f(up) - f(down)) / (2 * h), 1e-5);
  }
}

TEST(Ops, Bf16PathStaysWithinItsRounding) {
  const Tensor x = RandomTensor({64, 64}, 11);
  const Tensor y = RandomTensor({64, 64}, 12);
  const Tensor full = ResidualRmsNorm(x, y);
  const Tensor half = ResidualRmsNorm(x.to(at::kBFloat16), y.to(at::kBFloat16));
  EXPECT_EQ(half.scalar_type(), at::kBFloat16);
  ExpectClose("rms norm bf16", half, full, 0.04);
  const Tensor g = RandomTensor({64, 128}, 13);
  ExpectClose("swiglu bf16", SwiGluActivation(g.to(at::kBFloat16)),
              SwiGluActivation(g), 0.3);
}

TEST(NarrowRows, RoundsAsLibTorch) {
  constexpr int64_t kRows = 3;
  constexpr int64_t kCols = 37;
  Tensor from = RandomTensor({kRows, kCols}, 31);
  // Ties to even up and down, rounding to infinity, NaN.
  const float special[] = {1.00390625f, 1.01171875f, 3.4e38f, -3.4e38f,
                           INFINITY,    -INFINITY,   NAN,     -0.0f};
  std::copy(std::begin(special), std::end(special),
            from.mutable_data_ptr<float>());
  Tensor to = at::full({kRows, kCols + 3}, 7.0f).to(at::kBFloat16);
  kernels::NarrowRows(from.const_data_ptr<float>(),
                      static_cast<kernels::Bf16*>(to.mutable_data_ptr()),
                      kCols + 3, kRows, kCols);
  const Tensor expected = from.to(at::kBFloat16);
  EXPECT_TRUE(at::equal(at::nan_to_num(to.narrow(1, 0, kCols), 5),
                        at::nan_to_num(expected, 5)));
  EXPECT_TRUE(std::isnan(to[0][6].item<float>()));
  EXPECT_TRUE((to.narrow(1, kCols, 3) == 7).all().item<bool>());
}

// The kernel computes in the type, the formula in float64 from the same
// numbers.
// A deterministic scatter sorts on a GPU, and takes longer than the rest.
TEST(Stablemax, ThePlainFormulaScattersNothing) {
  UseKernel(Kernel::kLoss, false);
  const Tensor logits = RandomTensor({3, 7, 12}, 5).set_requires_grad(true);
  const Tensor labels = at::arange(21).remainder(13).view({3, 7}) - 1;
  std::vector<std::string> names;
  {
    RecordedNames recorded(names);
    StablemaxCrossEntropy(logits, labels).sum().backward();
  }
  UseKernel(Kernel::kLoss, true);
  EXPECT_THAT(names, testing::Contains("aten::where"));
  for (const char* sorting : {"scatter", "index_put", "index_add", "sort"}) {
    EXPECT_THAT(names, testing::Not(testing::Contains(HasSubstr(sorting))));
  }
  // The same bits as with a scatter.
  const Tensor x = logits.detach().to(at::kDouble);
  const Tensor s =
      at::where(x < 0, (1 - at::clamp_max(x, 0)).reciprocal(), x + 1);
  const Tensor slope = at::where(x < 0, s * s, at::ones_like(s));
  const Tensor index = labels.clamp_min(0).unsqueeze(-1);
  Tensor grad = slope / s.sum(-1, true);
  grad.scatter_add_(-1, index, -(slope / s).gather(-1, index));
  grad *= (labels >= 0).unsqueeze(-1);
  EXPECT_TRUE(at::equal(logits.grad(), grad.to(at::kFloat)));
}

TEST(Stablemax, KernelEqualsTheFormula) {
  for (int64_t classes : {1, 2, 12, 64, 65, 200}) {
    for (at::ScalarType type : {at::kFloat, at::kBFloat16}) {
      const Tensor logits = RandomTensor({5, 260, classes}, 23, type);
      const Tensor labels =
          (at::arange(1300) * 7 % (classes + 1) - 1).view({5, 260});
      const Tensor weight = RandomTensor({5, 260}, 24, at::kDouble);
      Tensor a = logits.clone().set_requires_grad(true);
      Tensor b = logits.to(at::kDouble).set_requires_grad(true);
      const Tensor ours = StablemaxCrossEntropy(a, labels);
      const Tensor plain = StablemaxCrossEntropy(b, labels);
      const std::string what = absl::StrCat("stablemax ", classes);
      EXPECT_EQ(ours.scalar_type(), at::kDouble);
      // If one class has all the weight, its loss is only rounding.
      ExpectClose(what, ours / (plain.abs() + 1e-3),
                  plain / (plain.abs() + 1e-3), 1e-12);
      (ours * weight).sum().backward();
      (plain * weight).sum().backward();
      const double rounding =
          type == at::kFloat ? std::ldexp(1.0, -24) : std::ldexp(1.0, -8);
      const Tensor scale = b.grad().abs() + 1e-9;
      ExpectClose(what + " gradient", a.grad().to(at::kDouble) / scale,
                  b.grad() / scale, 1.01 * rounding);
    }
  }
}

TEST(Stablemax, TakesLogitsOfAnyLayout) {
  const Tensor logits = RandomTensor({12, 3, 7}, 25);
  const Tensor labels = (at::arange(21) % 12).view({7, 3});
  Tensor a = logits.clone().set_requires_grad(true);
  Tensor b = logits.permute({2, 1, 0}).contiguous().set_requires_grad(true);
  const Tensor across = StablemaxCrossEntropy(a.permute({2, 1, 0}), labels);
  const Tensor straight = StablemaxCrossEntropy(b, labels);
  EXPECT_EQ(MaxError(across, straight), 0);
  across.sum().backward();
  straight.sum().backward();
  EXPECT_EQ(MaxError(a.grad().permute({2, 1, 0}), b.grad()), 0);
}

TEST(Stablemax, ALabelBeyondTheClassesIsAnError) {
  for (at::ScalarType type : {at::kFloat, at::kBFloat16, at::kDouble}) {
    EXPECT_THROW(StablemaxCrossEntropy(at::ones({1, 1, 3}, type),
                                       at::full({1, 1}, 3, at::kLong)),
                 std::exception);
  }
}

TEST(Atan2, EqualsTheStandardLibrary) {
  std::vector<float> ys;
  std::vector<float> xs;
  // Quotients of all sizes, on both sides of 1.
  Random random(26, "test");
  for (int i = 0; i < 200000; ++i) {
    const double scale = std::exp(random.Normal() * 20);
    const double far = i % 2 == 0 ? 10 : 0.5;
    ys.push_back(static_cast<float>(scale * random.Normal()));
    xs.push_back(static_cast<float>(scale * std::exp(far * random.Normal())));
  }
  const float infinity = std::numeric_limits<float>::infinity();
  for (float y :
       {0.0f, -0.0f, 1e-45f, 1.0f, -1.0f, 3e38f, -infinity, infinity}) {
    for (float x : {0.0f, 1e-45f, 1.0f, 3e38f, infinity}) {
      ys.push_back(y);
      xs.push_back(x);
    }
  }
  std::vector<float> to(ys.size());
  kernels::Atan2(ys.data(), xs.data(), to.data(),
                 static_cast<int64_t>(to.size()));
  double worst = 0;
  for (size_t i = 0; i < to.size(); ++i) {
    const double right =
        std::atan2(static_cast<double>(ys[i]), static_cast<double>(xs[i]));
    EXPECT_EQ(std::signbit(to[i]), std::signbit(right))
        << ys[i] << " " << xs[i];
    // Below the smallest normal number, relative errors are meaningless.
    const double error =
        std::abs(to[i] - right) / std::max(std::abs(right), 1.2e-38);
    worst = std::max(worst, error);
    EXPECT_LT(error, 3e-7) << ys[i] << " " << xs[i];
  }
  std::printf("[  MEASURED ] atan2, relative: %.2g (at most 3e-07)\n", worst);
  const float nan = std::nanf("");
  for (const auto& [y, x] : {std::pair(nan, 1.0f), std::pair(1.0f, nan),
                             std::pair(nan, nan), std::pair(nan, 0.0f)}) {
    kernels::Atan2(&y, &x, to.data(), 1);
    EXPECT_TRUE(std::isnan(to[0]));
  }
}

TEST(AdamAtan2, WithEmaInOnePassEqualsPlainFormula) {
  for (int64_t n : {1, 17, 40000}) {
    Tensor p = RandomTensor({n}, 27);
    Tensor alone = p.clone();
    Tensor ema = p.clone();
    AdamAtan2 adam(p);
    AdamAtan2 without(p);
    Tensor q = p.to(at::kDouble);
    Tensor plain_ema = q.clone();
    Tensor m = at::zeros_like(q);
    Tensor v = at::zeros_like(q);
    for (int t = 1; t <= 5; ++t) {
      const Tensor g = RandomTensor({n}, 40 + static_cast<uint64_t>(t));
      adam.Update(p, g, 1e-2, 0.3, 0.9, 0.95, ema, 0.99);
      without.Update(alone, g, 1e-2, 0.3, 0.9, 0.95);
      m = 0.9 * m + 0.1 * g;
      v = 0.95 * v + 0.05 * g.to(at::kDouble).square();
      q = q * (1 - 1e-2 * 0.3) -
          1e-2 / (1 - std::pow(0.9, t)) *
              at::atan2(m, v.sqrt() / std::sqrt(1 - std::pow(0.95, t)));
      plain_ema = plain_ema * 0.99 + q * 0.01;
    }
    EXPECT_EQ(MaxError(p, alone), 0);
    ExpectClose("adam", p, q, 3e-6);
    ExpectClose("ema", ema, plain_ema, 3e-6);
    EXPECT_EQ(adam.t, 5);
  }
}

}  // namespace
}  // namespace arctrm::internal
