// SPDX-License-Identifier: MIT
#include "solver/nn/linear.h"

#include <array>
#include <vector>

#include "gtest/gtest.h"

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
          Linear(x, w, packed ? PackLinear(w, m % 2 == 0) : PackedWeight());
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

}  // namespace
}  // namespace arctrm::internal
