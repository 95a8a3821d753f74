// SPDX-License-Identifier: MIT
#include "solver/nn/attention.h"

#include <vector>

#include "solver/device/exceptions.h"
#include "solver/kernels/cpu_attention.h"
#include "solver/nn/bf16_vnni_gemm.h"
#include "solver/nn/ops.h"

namespace arctrm::internal {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// Calls work(offset of the head in elements, offset of its lse, shape, scratch)
// for every head of every sequence.
template <typename Work>
void ForHeads(const Tensor& q, int64_t scratch_of(const kernels::HeadShape&),
              Work&& work) {
  const int64_t positions = q.size(1);
  const int64_t heads = q.size(2);
  const kernels::HeadShape shape = {positions, q.size(3), heads * q.size(3)};
  const Tensor scratch = at::empty({scratch_of(shape)}, at::kFloat);
  for (int64_t i = 0; i < q.size(0) * heads; ++i) {
    const int64_t sequence = i / heads;
    work(sequence * positions * shape.stride + i % heads * shape.dim,
         i * positions, shape, scratch.mutable_data_ptr<float>());
  }
}

// Multiplies in float32 for any T.
template <typename T>
struct FloatProducts {
  using Element = T;
  static int64_t Scratch(const kernels::HeadShape& shape) {
    return kernels::AttentionScratch(shape);
  }
  static constexpr kernels::Product kMultiply = Gemm;
  static void End() {}
};
struct Bf16Products {
  using Element = kernels::Bf16;
  static int64_t Scratch(const kernels::HeadShape& shape) {
    return kernels::Bf16AttentionScratch(shape);
  }
  static constexpr kernels::Bf16Product kMultiply = Bf16VnniGemm;
  static void End() { ReleaseBf16VnniGemm(); }
};

template <typename Products>
class CpuAttention : public Function<CpuAttention<Products>> {
 public:
  using T = typename Products::Element;

  static Tensor forward(AutogradContext* ctx, const Tensor& q_in,
                        const Tensor& k_in, const Tensor& v_in) {
    ThrowIfInterrupted();
    const Tensor q = q_in.contiguous();
    const Tensor k = k_in.contiguous();
    const Tensor v = v_in.contiguous();
    Tensor out = at::empty_like(q);
    Tensor lse = at::empty({q.size(0), q.size(2), q.size(1)}, at::kFloat);
    const auto in = [](const Tensor& t) {
      return static_cast<const T*>(t.const_data_ptr());
    };
    T* to = static_cast<T*>(out.mutable_data_ptr());
    float* sums = lse.mutable_data_ptr<float>();
    ForHeads(q, Products::Scratch,
             [&](int64_t at, int64_t row, const kernels::HeadShape& shape,
                 float* scratch) {
               kernels::AttentionForward(in(q) + at, in(k) + at, in(v) + at,
                                         to + at, sums + row, shape, scratch,
                                         Products::kMultiply);
             });
    Products::End();
    ctx->save_for_backward({q, k, v, out, lse});
    return out;
  }

  static variable_list backward(AutogradContext* ctx,
                                const variable_list& grads) {
    ThrowIfInterrupted();
    const variable_list saved = ctx->get_saved_variables();
    const Tensor grad = grads[0].contiguous();
    const Tensor& q = saved[0];
    Tensor grad_q = at::empty_like(q);
    Tensor grad_k = at::empty_like(q);
    Tensor grad_v = at::empty_like(q);
    const auto in = [](const Tensor& t) {
      return static_cast<const T*>(t.const_data_ptr());
    };
    const auto out = [](Tensor& t) {
      return static_cast<T*>(t.mutable_data_ptr());
    };
    const float* sums = saved[4].const_data_ptr<float>();
    T* to_q = out(grad_q);
    T* to_k = out(grad_k);
    T* to_v = out(grad_v);
    ForHeads(q, Products::Scratch,
             [&](int64_t at, int64_t row, const kernels::HeadShape& shape,
                 float* scratch) {
               kernels::AttentionBackward(
                   in(grad) + at, in(q) + at, in(saved[1]) + at,
                   in(saved[2]) + at, in(saved[3]) + at, sums + row, to_q + at,
                   to_k + at, to_v + at, shape, scratch, Products::kMultiply);
             });
    Products::End();
    return {grad_q, grad_k, grad_v};
  }
};

}  // namespace

Tensor Attention(const Tensor& q, const Tensor& k, const Tensor& v) {
  if (InUse(Kernel::kAttention) && q.is_cpu()) {
    if (q.scalar_type() == at::kFloat) {
      return CpuAttention<FloatProducts<float>>::apply(q, k, v);
    }
    if (q.scalar_type() == at::kBFloat16) {
      return HasBf16VnniGemm() && InUse(Kernel::kBf16Products)
                 ? CpuAttention<Bf16Products>::apply(q, k, v)
                 : CpuAttention<FloatProducts<kernels::Bf16>>::apply(q, k, v);
    }
  }
  return at::scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2),
                                          v.transpose(1, 2))
      .transpose(1, 2);
}

}  // namespace arctrm::internal
