// SPDX-License-Identifier: MIT
#include "solver/nn/linear.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "solver/device/exceptions.h"
#include "solver/nn/bf16_vnni_gemm.h"
#include "solver/nn/ops.h"

namespace arctrm::internal {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// A second factor is stored in panels of kPanel columns, so that the active
// part is contiguous and stays in the second-level cache.
constexpr int64_t kPanel = 128;
constexpr int64_t kDepth = 512;  // inner dimension of one product
constexpr int64_t kRowsAtOnce = 64;

Tensor PackPanels(const Tensor& b) {
  std::vector<Tensor> panels;
  for (int64_t col = 0; col < b.size(1); col += kPanel) {
    panels.push_back(
        b.narrow(1, col, std::min(kPanel, b.size(1) - col)).reshape({-1}));
  }
  return at::cat(panels);
}

// c (m, n) = a (m, k) b (k, n) with b in panels.
void MultiplyPanels(const Tensor& a, const Tensor& panels, Tensor& c) {
  const int64_t k = a.size(1);
  const int64_t n = c.size(1);
  const float* ap = a.const_data_ptr<float>();
  const float* bp = panels.const_data_ptr<float>();
  float* cp = c.mutable_data_ptr<float>();
  for (int64_t col = 0; col < n; col += kPanel) {
    ThrowIfInterrupted();
    const int64_t width = std::min(kPanel, n - col);
    for (int64_t deep = 0; deep < k; deep += kDepth) {
      for (int64_t row = 0; row < a.size(0); row += kRowsAtOnce) {
        Gemm(std::min(kRowsAtOnce, a.size(0) - row), width,
             std::min(kDepth, k - deep), ap + row * k + deep, k,
             bp + k * col + deep * width, width, cp + row * n + col, n,
             deep > 0);
      }
    }
  }
}

class LinearOp : public Function<LinearOp> {
 public:
  static Tensor forward(AutogradContext* ctx, const Tensor& x_in,
                        const Tensor& weight, const PackedWeight& packed) {
    const Tensor x = x_in.contiguous();
    Tensor out = at::empty({x.size(0), weight.size(0)}, x.options());
    MultiplyPanels(x, packed.forward, out);
    variable_list saved = {x, weight};
    if (packed.backward.defined()) saved.push_back(packed.backward);
    ctx->save_for_backward(std::move(saved));
    return out;
  }

  static variable_list backward(AutogradContext* ctx,
                                const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const Tensor grad = grads[0].contiguous();
    Tensor to_x;
    Tensor to_weight;
    if (ctx->needs_input_grad(0)) {
      to_x = at::empty_like(saved[0]);
      MultiplyPanels(grad, saved.size() > 2 ? saved[2] : PackPanels(saved[1]),
                     to_x);
    }
    if (ctx->needs_input_grad(1)) to_weight = at::mm(grad.t(), saved[0]);
    return {to_x, to_weight, Tensor()};
  }
};

}  // namespace

PackedWeight PackLinear(const Tensor& weight, bool gradient) {
  at::NoGradGuard no_grad;
  if (!InUse(Kernel::kLinear) || !weight.is_cpu() ||
      weight.scalar_type() != at::kFloat) {
    return {};
  }
  return {PackPanels(weight.t()), gradient ? PackPanels(weight) : Tensor()};
}

Tensor Linear(const Tensor& x, const Tensor& weight,
              const PackedWeight& packed) {
  return packed.forward.defined() ? LinearOp::apply(x, weight, packed)
                                  : at::linear(x, weight);
}

}  // namespace arctrm::internal
