// SPDX-License-Identifier: MIT
#include "solver/nn/ops.h"

#include <atomic>
#include <type_traits>

#include "solver/device/cuda_launch.h"
#include "solver/device/exceptions.h"
#include "solver/kernels/cpu_ops.h"
#include "solver/kernels/cuda_ops.h"

namespace arctrm::internal {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// One bit per Kernel.
std::atomic<unsigned> kernels_off = 0;
std::atomic<unsigned> kernels_left_out = 0;

unsigned BitOf(Kernel kernel) { return 1u << static_cast<unsigned>(kernel); }

// Is `kernel` switched on, and does it exist for the device and dtype of `t`?
bool HasKernel(Kernel kernel, const Tensor& t) {
  const at::ScalarType type = t.scalar_type();
  const bool cpu = t.is_cpu() && (type == at::kFloat || type == at::kBFloat16);
  return InUse(kernel) && (cpu || FastCuda(t));
}

// Calls `fn` with a null pointer of the kernels' element type.
template <typename Fn>
void ByType(const Tensor& t, Fn&& fn) {
  if (t.scalar_type() == at::kFloat) {
    fn(static_cast<float*>(nullptr));
  } else {
    fn(static_cast<kernels::Bf16*>(nullptr));
  }
}

// Untyped pointers for the CUDA kernels, which get the type separately.
const void* In(const Tensor& t) { return t.const_data_ptr(); }
void* Out(Tensor& t) { return t.mutable_data_ptr(); }

template <typename T>
const T* In(const Tensor& t) {
  return static_cast<const T*>(t.const_data_ptr());
}
template <typename T>
T* Out(Tensor& t) {
  return static_cast<T*>(t.mutable_data_ptr());
}

class ResidualRmsNormOp : public Function<ResidualRmsNormOp> {
 public:
  static Tensor forward(AutogradContext* ctx, const Tensor& x_in,
                        const Tensor& y_in, double eps) {
    ThrowIfInterrupted();
    Tensor out;
    Tensor rstd;
    if (HasKernel(Kernel::kNorm, x_in)) {
      const Tensor x = x_in.contiguous();
      const Tensor y = y_in.contiguous();
      const int64_t d = x.size(-1);
      const int64_t rows = x.numel() / d;
      out = at::empty_like(x);
      rstd = at::empty({rows}, x.options().dtype(at::kFloat));
      float* rp = rstd.mutable_data_ptr<float>();
      if (x.is_cuda()) {
        StartOn(x, [&](auto& launcher) {
          return kernels::cuda::ResidualRmsNormForward(
              launcher, ElementOf(x), In(x), In(y), Out(out), rp, rows, d,
              static_cast<float>(eps));
        });
        ctx->save_for_backward({out, rstd});
        return out;
      }
      ByType(x, [&](auto* type) {
        using T = std::remove_pointer_t<decltype(type)>;
        kernels::ResidualRmsNormForward(In<T>(x), In<T>(y), Out<T>(out), rp,
                                        rows, d, static_cast<float>(eps));
      });
    } else {
      // A float16 sum could overflow.
      const Tensor s = x_in.scalar_type() == at::kHalf
                           ? x_in.to(at::kFloat) + y_in
                           : (x_in + y_in).to(at::kFloat);
      rstd = at::rsqrt(s.square().mean(-1, true) + eps);
      out = (s * rstd).to(x_in.scalar_type());
    }
    ctx->save_for_backward({out, rstd});
    return out;
  }

  static variable_list backward(AutogradContext* ctx,
                                const variable_list& grads) {
    ThrowIfInterrupted();
    const variable_list saved = ctx->get_saved_variables();
    const Tensor& out = saved[0];
    const Tensor& rstd = saved[1];
    Tensor grad;
    if (HasKernel(Kernel::kNorm, out)) {
      const Tensor g = grads[0].contiguous();
      grad = at::empty_like(out);
      const int64_t d = out.size(-1);
      const float* rp = rstd.const_data_ptr<float>();
      if (out.is_cuda()) {
        StartOn(out, [&](auto& launcher) {
          return kernels::cuda::ResidualRmsNormBackward(
              launcher, ElementOf(out), In(g), In(out), rp, Out(grad),
              rstd.numel(), d);
        });
        return {grad, grad, Tensor()};
      }
      ByType(out, [&](auto* type) {
        using T = std::remove_pointer_t<decltype(type)>;
        kernels::ResidualRmsNormBackward(In<T>(g), In<T>(out), rp, Out<T>(grad),
                                         rstd.numel(), d);
      });
    } else {
      const Tensor g = grads[0].to(at::kFloat);
      const Tensor o = out.to(at::kFloat);
      grad = (rstd * (g - o * (g * o).mean(-1, true))).to(out.scalar_type());
    }
    return {grad, grad, Tensor()};
  }
};

class SwiGluOp : public Function<SwiGluOp> {
 public:
  static Tensor forward(AutogradContext* ctx, const Tensor& gate_up_in) {
    ThrowIfInterrupted();
    const Tensor gate_up = gate_up_in.contiguous();
    ctx->save_for_backward({gate_up});
    const int64_t n = gate_up.size(-1) / 2;
    if (!HasKernel(Kernel::kSwiGlu, gate_up)) {
      return at::silu(gate_up.narrow(-1, 0, n)) * gate_up.narrow(-1, n, n);
    }
    const int64_t rows = gate_up.numel() / (2 * n);
    Tensor out = at::empty({rows, n}, gate_up.options());
    if (gate_up.is_cuda()) {
      StartOn(gate_up, [&](auto& launcher) {
        return kernels::cuda::SwiGluForward(launcher, ElementOf(gate_up),
                                            In(gate_up), Out(out), rows, n);
      });
      return out;
    }
    ByType(gate_up, [&](auto* type) {
      using T = std::remove_pointer_t<decltype(type)>;
      kernels::SwiGluForward(In<T>(gate_up), Out<T>(out), rows, n);
    });
    return out;
  }

  static variable_list backward(AutogradContext* ctx,
                                const variable_list& grads) {
    ThrowIfInterrupted();
    const Tensor gate_up = ctx->get_saved_variables()[0];
    const int64_t n = gate_up.size(-1) / 2;
    Tensor grad = at::empty_like(gate_up);
    if (HasKernel(Kernel::kSwiGlu, gate_up)) {
      const Tensor g = grads[0].contiguous();
      const int64_t rows = g.numel() / n;
      if (gate_up.is_cuda()) {
        StartOn(gate_up, [&](auto& launcher) {
          return kernels::cuda::SwiGluBackward(launcher, ElementOf(gate_up),
                                               In(g), In(gate_up), Out(grad),
                                               rows, n);
        });
        return {grad};
      }
      ByType(gate_up, [&](auto* type) {
        using T = std::remove_pointer_t<decltype(type)>;
        kernels::SwiGluBackward(In<T>(g), In<T>(gate_up), Out<T>(grad), rows,
                                n);
      });
    } else {
      const Tensor gate = gate_up.narrow(-1, 0, n);
      const Tensor up = gate_up.narrow(-1, n, n);
      const Tensor sigmoid = at::sigmoid(gate);
      const Tensor silu = gate * sigmoid;
      grad.narrow(-1, n, n).copy_(grads[0] * silu);
      grad.narrow(-1, 0, n).copy_(grads[0] * up *
                                  (sigmoid + silu * (1 - sigmoid)));
    }
    return {grad};
  }
};

// (x1, x2) -> (x1 c - x2 s, x2 c + x1 s); `inverse` rotates back, which is also
// the gradient.
Tensor Rotate(const Tensor& x, const Tensor& cos, const Tensor& sin,
              bool inverse) {
  const int64_t half = x.size(-1) / 2;
  const Tensor c = cos.unsqueeze(-2);
  const Tensor s = inverse ? -sin.unsqueeze(-2) : sin.unsqueeze(-2);
  const Tensor x1 = x.narrow(-1, 0, half).to(at::kFloat);
  const Tensor x2 = x.narrow(-1, half, half).to(at::kFloat);
  return at::cat({x1 * c - x2 * s, x2 * c + x1 * s}, -1).to(x.scalar_type());
}

class SplitRotaryOp : public Function<SplitRotaryOp> {
 public:
  static variable_list forward(AutogradContext* ctx, const Tensor& qkv_in,
                               const Tensor& cos_in, const Tensor& sin_in,
                               int64_t batch, int64_t heads) {
    const Tensor cos = cos_in.contiguous();
    const Tensor sin = sin_in.contiguous();
    ctx->save_for_backward({cos, sin});
    const int64_t positions = cos.size(-2);
    const int64_t dim = 2 * cos.size(-1);
    const Tensor qkv =
        qkv_in.contiguous().view({batch, positions, 3, heads, dim});
    if (!HasKernel(Kernel::kRotary, qkv)) {
      return {Rotate(qkv.select(2, 0), cos, sin, false),
              Rotate(qkv.select(2, 1), cos, sin, false),
              qkv.select(2, 2).contiguous()};
    }
    const auto shape = {batch, positions, heads, dim};
    Tensor q = at::empty(shape, qkv.options());
    Tensor k = at::empty(shape, qkv.options());
    Tensor v = at::empty(shape, qkv.options());
    const float* c = cos.const_data_ptr<float>();
    const float* s = sin.const_data_ptr<float>();
    const int64_t one = positions * heads * dim;
    const int64_t table = cos.dim() == 3 ? positions * dim / 2 : 0;
    if (qkv.is_cuda()) {
      StartOn(qkv, [&](auto& launcher) {
        return kernels::cuda::SplitRotaryForward(
            launcher, ElementOf(qkv), In(qkv), c, s, table, Out(q), Out(k),
            Out(v), batch, positions, heads, dim);
      });
      return {q, k, v};
    }
    ByType(qkv, [&](auto* type) {
      using T = std::remove_pointer_t<decltype(type)>;
      const T* from = In<T>(qkv);
      T* qp = Out<T>(q);
      T* kp = Out<T>(k);
      T* vp = Out<T>(v);
      for (int64_t b = 0; b < batch; ++b) {
        kernels::SplitRotaryForward(from + b * 3 * one, c + b * table,
                                    s + b * table, qp + b * one, kp + b * one,
                                    vp + b * one, positions, heads, dim);
      }
    });
    return {q, k, v};
  }

  static variable_list backward(AutogradContext* ctx,
                                const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const Tensor& cos = saved[0];
    const Tensor& sin = saved[1];
    const int64_t batch = grads[0].size(0);
    const int64_t positions = grads[0].size(1);
    const int64_t heads = grads[0].size(2);
    const int64_t dim = grads[0].size(3);
    const Tensor gq = grads[0].contiguous();
    const Tensor gk = grads[1].contiguous();
    const Tensor gv = grads[2].contiguous();
    Tensor grad = at::empty({batch, positions, 3, heads, dim}, gq.options());
    if (HasKernel(Kernel::kRotary, gq)) {
      const float* c = cos.const_data_ptr<float>();
      const float* s = sin.const_data_ptr<float>();
      const int64_t one = positions * heads * dim;
      const int64_t table = cos.dim() == 3 ? positions * dim / 2 : 0;
      if (gq.is_cuda()) {
        StartOn(gq, [&](auto& launcher) {
          return kernels::cuda::SplitRotaryBackward(
              launcher, ElementOf(gq), In(gq), In(gk), In(gv), c, s, table,
              Out(grad), batch, positions, heads, dim);
        });
        return {grad.view({batch * positions, 3 * heads * dim}), Tensor(),
                Tensor(), Tensor(), Tensor()};
      }
      ByType(gq, [&](auto* type) {
        using T = std::remove_pointer_t<decltype(type)>;
        const T* qp = In<T>(gq);
        const T* kp = In<T>(gk);
        const T* vp = In<T>(gv);
        T* to = Out<T>(grad);
        for (int64_t b = 0; b < batch; ++b) {
          kernels::SplitRotaryBackward(qp + b * one, kp + b * one, vp + b * one,
                                       c + b * table, s + b * table,
                                       to + b * 3 * one, positions, heads, dim);
        }
      });
    } else {
      grad.select(2, 0).copy_(Rotate(gq, cos, sin, true));
      grad.select(2, 1).copy_(Rotate(gk, cos, sin, true));
      grad.select(2, 2).copy_(gv);
    }
    return {grad.view({batch * positions, 3 * heads * dim}), Tensor(), Tensor(),
            Tensor(), Tensor()};
  }
};

class StablemaxOp : public Function<StablemaxOp> {
 public:
  static Tensor forward(AutogradContext* ctx, const Tensor& logits_in,
                        const Tensor& labels_in) {
    const Tensor logits = logits_in.contiguous();
    const Tensor labels = labels_in.contiguous();
    ctx->save_for_backward({logits, labels});
    const int64_t classes = logits.size(-1);
    if (HasKernel(Kernel::kLoss, logits)) {
      Tensor loss =
          at::empty(labels.sizes(), logits.options().dtype(at::kDouble));
      const int64_t* lp = labels.const_data_ptr<int64_t>();
      double* to = loss.mutable_data_ptr<double>();
      if (logits.is_cuda()) {
        StartOn(logits, [&](auto& launcher) {
          return kernels::cuda::StablemaxForward(launcher, ElementOf(logits),
                                                 In(logits), lp, to,
                                                 labels.numel(), classes);
        });
        return loss;
      }
      bool good = true;
      ByType(logits, [&](auto* type) {
        using T = std::remove_pointer_t<decltype(type)>;
        good = kernels::StablemaxForward(In<T>(logits), lp, to, labels.numel(),
                                         classes);
      });
      TORCH_CHECK_INDEX(good, "a label is beyond the ", classes, " classes");
      return loss;
    }
    const Tensor x = logits.to(at::kDouble);
    const Tensor s =
        at::where(x < 0, (1 - at::clamp_max(x, 0)).reciprocal(), x + 1);
    const Tensor sum = s.sum(-1);
    const Tensor valid = labels >= 0;
    const Tensor index = at::where(valid, labels, 0).unsqueeze(-1);
    return at::where(valid, sum.log() - s.gather(-1, index).squeeze(-1).log(),
                     at::zeros({}, x.options()));
  }

  static variable_list backward(AutogradContext* ctx,
                                const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const Tensor& logits = saved[0];
    const Tensor& labels = saved[1];
    if (HasKernel(Kernel::kLoss, logits)) {
      const Tensor g = grads[0].contiguous();
      const int64_t classes = logits.size(-1);
      Tensor grad = at::empty_like(logits);
      const double* gp = g.const_data_ptr<double>();
      const int64_t* lp = labels.const_data_ptr<int64_t>();
      if (logits.is_cuda()) {
        StartOn(logits, [&](auto& launcher) {
          return kernels::cuda::StablemaxBackward(launcher, ElementOf(logits),
                                                  gp, In(logits), lp, Out(grad),
                                                  labels.numel(), classes);
        });
        return {grad, Tensor()};
      }
      ByType(logits, [&](auto* type) {
        using T = std::remove_pointer_t<decltype(type)>;
        kernels::StablemaxBackward(gp, In<T>(logits), lp, Out<T>(grad),
                                   labels.numel(), classes);
      });
      return {grad, Tensor()};
    }
    const Tensor x = logits.to(at::kDouble);
    const Tensor negative = x < 0;
    const Tensor s =
        at::where(negative, (1 - at::clamp_max(x, 0)).reciprocal(), x + 1);
    // d s / d x is 1 for x >= 0 and s^2 below; (d s / d x) / s is then 1 / s
    // and s.
    const Tensor slope = at::where(negative, s * s, at::ones({}, s.options()));
    const Tensor zero = at::zeros({}, s.options());
    const Tensor valid = labels >= 0;
    const Tensor index = at::where(valid, labels, 0).unsqueeze(-1);
    // Compares with every class: a deterministic scatter sorts on CUDA.
    const Tensor is_label =
        index == at::arange(logits.size(-1), labels.options());
    const Tensor grad =
        slope / s.sum(-1, true) - at::where(is_label, slope / s, zero);
    const Tensor g = at::where(valid, grads[0].to(at::kDouble), zero);
    return {(grad * g.unsqueeze(-1)).to(logits.scalar_type()), Tensor()};
  }
};

}  // namespace

void UseKernels(bool on) { kernels_off = on ? 0 : ~0u; }
void UseKernel(Kernel kernel, bool on) {
  if (on) {
    kernels_off &= ~BitOf(kernel);
  } else {
    kernels_off |= BitOf(kernel);
  }
}
void LeaveOutKernels(const std::vector<Kernel>& decided,
                     const std::vector<Kernel>& left_out) {
  for (const Kernel kernel : decided) kernels_left_out &= ~BitOf(kernel);
  for (const Kernel kernel : left_out) kernels_left_out |= BitOf(kernel);
}
std::vector<Kernel> KernelsLeftOut() {
  std::vector<Kernel> kernels;
  for (int i = 0; i < kKernelCount; ++i) {
    const auto kernel = static_cast<Kernel>(i);
    if ((kernels_left_out & BitOf(kernel)) != 0) kernels.push_back(kernel);
  }
  return kernels;
}
bool InUse(Kernel kernel) {
  return ((kernels_off | kernels_left_out) & BitOf(kernel)) == 0;
}

const char* KernelText(Kernel kernel) {
  constexpr std::array<const char*, kKernelCount> kTexts = {
      "norm",      "swiglu", "rotary",    "loss",
      "attention", "linear", "optimizer", "pairs"};
  return kTexts[static_cast<size_t>(kernel)];
}

Tensor ResidualRmsNorm(const Tensor& x, const Tensor& y, double eps) {
  return ResidualRmsNormOp::apply(x, y, eps);
}

Tensor SwiGluActivation(const Tensor& gate_up) {
  return SwiGluOp::apply(gate_up);
}

std::array<Tensor, 3> SplitRotary(const Tensor& qkv, const Tensor& cos,
                                  const Tensor& sin, int64_t batch,
                                  int64_t heads) {
  variable_list parts = SplitRotaryOp::apply(qkv, cos, sin, batch, heads);
  return {parts[0], parts[1], parts[2]};
}

Tensor StablemaxCrossEntropy(const Tensor& logits, const Tensor& labels) {
  return StablemaxOp::apply(logits, labels);
}

}  // namespace arctrm::internal
