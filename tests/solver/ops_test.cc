// SPDX-License-Identifier: MIT
// The single-pass CPU kernels against the same formulas in plain ATen under
// autograd, and against finite differences.
#include "solver/internal/ops.h"

#include <functional>
#include <string>
#include <vector>

#include "base/random.h"
#include "gtest/gtest.h"
#include "tests/solver/golden_tensors.h"

namespace arctrm::internal {
namespace {

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

// Every path: both kernels and the ATen formula.
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
  // Exact but for rounding, the function being linear; differences are taken
  // on the path in double precision.
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
  // The double path of the same formula.
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

}  // namespace
}  // namespace arctrm::internal
