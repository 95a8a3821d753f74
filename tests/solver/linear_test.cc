// SPDX-License-Identifier: MIT
#include "solver/internal/linear.h"

#include <array>
#include <vector>

#include "gtest/gtest.h"
#include "solver/internal/gemm.h"

namespace arctrm::internal {
namespace {

TEST(Linear, IsLibTorchsWithItsGradients) {
  for (const auto& [m, k, n] :
       {std::array<int64_t, 3>{1, 1, 1}, std::array<int64_t, 3>{7, 5, 3},
        std::array<int64_t, 3>{300, 70, 130},
        std::array<int64_t, 3>{131, 1100, 200}}) {
    at::manual_seed(m);
    std::vector<Tensor> grads;
    std::vector<Tensor> values;
    for (bool packed : {false, true}) {
      at::manual_seed(1);
      const Tensor x = at::randn({m, k}).set_requires_grad(true);
      const Tensor w = at::randn({n, k}).set_requires_grad(true);
      const Tensor out =
          Linear(x, w, packed ? PackLinear(w, m % 2 == 0) : LinearPanels());
      out.backward(at::randn({m, n}));
      values.push_back(out.detach());
      grads.push_back(x.grad());
      grads.push_back(w.grad());
    }
    const auto error = [](const Tensor& a, const Tensor& b) {
      return ((a - b).norm() / b.norm()).item<double>();
    };
    EXPECT_LT(error(values[1], values[0]), 1e-6);
    EXPECT_LT(error(grads[2], grads[0]), 1e-6);
    EXPECT_LT(error(grads[3], grads[1]), 1e-6);
  }
}

// Where the processor multiplies bfloat16; elsewhere both are LibTorch's.
TEST(Linear, OfBf16IsTheProductToItsRounding) {
  for (const auto& [m, k, n] :
       {std::array<int64_t, 3>{1, 2, 2}, std::array<int64_t, 3>{7, 6, 4},
        std::array<int64_t, 3>{5, 7, 3},  // odd: LibTorch's
        std::array<int64_t, 3>{300, 70, 130},
        std::array<int64_t, 3>{131, 1536, 200}}) {
    at::manual_seed(2);
    const auto bf16 = [](const Tensor& t) {
      return t.to(at::kBFloat16).set_requires_grad(true);
    };
    const Tensor x = bf16(at::randn({m, k}));
    const Tensor w = bf16(at::randn({n, k}));
    const Tensor grad = at::randn({m, n}).to(at::kBFloat16);
    const LinearPanels panels = PackLinear(w, m % 2 == 0);
    EXPECT_EQ(panels.forward.defined(), HasPairGemm() && k % 2 == 0);
    const Tensor out = Linear(x, w, panels);
    ASSERT_EQ(out.scalar_type(), at::kBFloat16);
    out.backward(grad);
    const auto wide = [](const Tensor& t) {
      return t.detach().to(at::kDouble);
    };
    // Rounded once, to 8 bits.
    const auto error = [&](const Tensor& a, const Tensor& b) {
      return ((wide(a) - b).abs() / b.abs().clamp_min(b.abs().max() * 1e-3))
          .max()
          .item<double>();
    };
    EXPECT_LT(error(out, at::mm(wide(x), wide(w).t())), 0.0045);
    EXPECT_LT(error(x.grad(), at::mm(wide(grad), wide(w))), 0.0045);
    EXPECT_LT(error(w.grad(), at::mm(wide(grad).t(), wide(x))), 0.0045);
  }
}

}  // namespace
}  // namespace arctrm::internal
