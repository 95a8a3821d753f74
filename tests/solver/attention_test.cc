// SPDX-License-Identifier: MIT
#include "solver/nn/attention.h"

#include <cmath>

#include "base/random.h"
#include "gtest/gtest.h"
#include "solver/nn/ops.h"

namespace arctrm::internal {
namespace {

Tensor Normal(std::vector<int64_t> shape, const char* stream, double std = 1) {
  Tensor t = at::empty(shape, at::kFloat);
  Random random(1, stream);
  for (int64_t i = 0; i < t.numel(); ++i) {
    t.mutable_data_ptr<float>()[i] = static_cast<float>(random.Normal() * std);
  }
  return t;
}

// softmax(q k^T / sqrt(d)) v in float64.
Tensor Plain(const Tensor& q, const Tensor& k, const Tensor& v) {
  const Tensor scores = at::matmul(q.transpose(1, 2), k.permute({0, 2, 3, 1})) /
                        std::sqrt(static_cast<double>(q.size(3)));
  return at::matmul(at::softmax(scores, -1), v.transpose(1, 2)).transpose(1, 2);
}

struct Case {
  int64_t batch, positions, heads, dim;
};

class AttentionTest : public testing::TestWithParam<Case> {};

// The output and the three gradients, against float64.
void Compare(at::ScalarType type, const Case& shape, double tolerance) {
  const std::vector<int64_t> sizes = {shape.batch, shape.positions, shape.heads,
                                      shape.dim};
  std::vector<Tensor> narrow;
  std::vector<Tensor> wide;
  for (const char* stream : {"q", "k", "v"}) {
    // Scores of the size in trained networks.
    const Tensor t = Normal(sizes, stream, 1.5).to(type);
    narrow.push_back(t.clone().set_requires_grad(true));
    wide.push_back(t.to(at::kDouble).set_requires_grad(true));
  }
  const Tensor grad = Normal(sizes, "grad").to(type);
  const Tensor out = Attention(narrow[0], narrow[1], narrow[2]);
  const Tensor expected = Plain(wide[0], wide[1], wide[2]);
  ASSERT_EQ(out.scalar_type(), type);
  ASSERT_EQ(out.sizes(), at::IntArrayRef(sizes));
  out.backward(grad);
  expected.backward(grad.to(at::kDouble));
  const auto error = [](const Tensor& a, const Tensor& b) {
    return ((a.to(at::kDouble) - b).norm() / b.norm().clamp_min(1e-6))
        .item<double>();
  };
  EXPECT_LT(error(out.detach(), expected.detach()), tolerance);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_LT(error(narrow[i].grad(), wide[i].grad()), tolerance) << i;
  }
}

TEST_P(AttentionTest, IsTheFormula) { Compare(at::kFloat, GetParam(), 2e-6); }

TEST_P(AttentionTest, Bf16IsTheFormulaToItsRounding) {
  Compare(at::kBFloat16, GetParam(), 1e-2);
}

// The path of processors without bfloat16 products.
TEST_P(AttentionTest, Bf16WithFloat32ProductsIsToo) {
  UseKernel(Kernel::kBf16Products, false);
  Compare(at::kBFloat16, GetParam(), 1e-2);
  UseKernel(Kernel::kBf16Products, true);
}

INSTANTIATE_TEST_SUITE_P(Shapes, AttentionTest,
                         // One position; fewer than a lane; several blocks of
                         // queries with a short last one; the published shape.
                         testing::Values(Case{1, 1, 1, 2}, Case{2, 7, 3, 6},
                                         Case{3, 41, 2, 16},
                                         Case{2, 116, 4, 32},
                                         Case{1, 331, 2, 32},
                                         Case{1, 916, 2, 64}));

TEST(Attention, HugeScoresDoNotOverflow) {
  const Tensor q = at::full({1, 20, 1, 4}, 60.0f);
  const Tensor k = Normal({1, 20, 1, 4}, "k", 50);
  const Tensor v = Normal({1, 20, 1, 4}, "v");
  const Tensor out = Attention(q, k, v);
  EXPECT_TRUE(at::isfinite(out).all().item<bool>());
  const Tensor expected =
      Plain(q.to(at::kDouble), k.to(at::kDouble), v.to(at::kDouble));
  EXPECT_LT((out - expected).abs().max().item<double>(), 1e-4);
}

TEST(Attention, GradientIsThatOfFiniteDifferences) {
  Tensor q = Normal({1, 9, 2, 4}, "q");
  const Tensor k = Normal({1, 9, 2, 4}, "k");
  const Tensor v = Normal({1, 9, 2, 4}, "v");
  const Tensor weights = Normal({1, 9, 2, 4}, "weights");
  std::vector<Tensor> in = {q, k, v};
  for (Tensor& t : in) t.set_requires_grad(true);
  (Attention(q, k, v) * weights).sum().backward();
  at::NoGradGuard no_grad;
  constexpr double kStep = 1e-2;
  for (Tensor& t : in) {
    for (int64_t i : {0, 13, 71}) {
      float& x = t.mutable_data_ptr<float>()[i];
      const float before = x;
      const auto value = [&](double at) {
        x = static_cast<float>(at);
        return (Attention(q, k, v) * weights).sum().item<double>();
      };
      const double slope =
          (value(before + kStep) - value(before - kStep)) / (2 * kStep);
      x = before;
      EXPECT_NEAR(t.grad().view({-1})[i].item<double>(), slope, 2e-3);
    }
  }
}

}  // namespace
}  // namespace arctrm::internal
