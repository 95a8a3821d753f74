// SPDX-License-Identifier: MIT
#include "solver/train/optimizers.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "solver/device/cuda_launch.h"
#include "solver/device/transfer.h"
#include "solver/kernels/cpu_ops.h"
#include "solver/kernels/cuda_ops.h"
#include "solver/nn/ops.h"

namespace arctrm::internal {

namespace {

// LibTorch throws for a factor beyond float32. An infinite one spoils the
// weights as it does in the kernels, and the training ends as diverged.
double RoundedToFloat(double factor) { return static_cast<float>(factor); }

}  // namespace

double WarmupLearningRate(double base, int64_t step, int warmup_steps) {
  if (warmup_steps <= 0 || step >= warmup_steps) return base;
  return base * static_cast<double>(step) / warmup_steps;
}

AdamAtan2::AdamAtan2(const Tensor& flat)
    : exp_avg(at::zeros_like(flat)), exp_avg_sq(at::zeros_like(flat)) {}

void AdamAtan2::Update(Tensor& flat, const Tensor& grad, double lr,
                       double weight_decay, double beta1, double beta2,
                       Tensor ema, double ema_decay) {
  at::NoGradGuard no_grad;
  ++t;
  const double time = static_cast<double>(t);
  const double step_size = lr / (1 - std::pow(beta1, time));
  const double v_scale = std::sqrt(1 - std::pow(beta2, time));
  if (InUse(Kernel::kOptimizer) &&
      (flat.is_cpu() || (FastCuda(flat) && flat.scalar_type() == at::kFloat))) {
    float* p = flat.mutable_data_ptr<float>();
    float* m = exp_avg.mutable_data_ptr<float>();
    float* v = exp_avg_sq.mutable_data_ptr<float>();
    const float* g = grad.const_data_ptr<float>();
    float* e = ema.defined() ? ema.mutable_data_ptr<float>() : nullptr;
    const auto decay = static_cast<float>(1 - lr * weight_decay);
    const auto b1 = static_cast<float>(beta1);
    const auto b2 = static_cast<float>(beta2);
    const auto size = static_cast<float>(step_size);
    const auto scale = static_cast<float>(v_scale);
    if (flat.is_cuda()) {
      StartOn(flat, [&](auto& launcher) {
        return kernels::cuda::AdamAtan2(launcher, p, m, v, g, e, flat.numel(),
                                        decay, b1, b2, size, scale, ema_decay);
      });
      return;
    }
    kernels::AdamAtan2(p, m, v, g, e, flat.numel(), decay, b1, b2, size, scale,
                       ema_decay);
    return;
  }
  exp_avg.lerp_(grad, 1 - beta1);
  exp_avg_sq.lerp_(grad * grad, 1 - beta2);
  flat.mul_(1 - lr * weight_decay);
  flat.sub_(at::atan2(exp_avg, exp_avg_sq.sqrt() / v_scale),
            RoundedToFloat(step_size));
  if (ema.defined()) EmaUpdate(ema, flat, ema_decay);
}

void SignSgdUpdate(Tensor& table, const Tensor& ids, const Tensor& grad,
                   double lr, double weight_decay) {
  at::NoGradGuard no_grad;
  const int64_t batch = ids.size(0);
  if (InUse(Kernel::kOptimizer) && FastCuda(table) &&
      table.scalar_type() == at::kFloat && table.is_contiguous() &&
      grad.is_cuda() && grad.scalar_type() == at::kFloat) {
    for (int64_t b = 0; b < batch; ++b) {
      const int64_t id = ids.const_data_ptr<int64_t>()[b];
      TORCH_CHECK_INDEX(id >= 0 && id < table.size(0), "no row ", id);
    }
    const Tensor g = grad.contiguous();
    const Tensor on_device = ToDevice(ids, table.device());
    StartOn(table, [&](auto& launcher) {
      return kernels::cuda::SignSgd(launcher, table.mutable_data_ptr<float>(),
                                    on_device.const_data_ptr<int64_t>(),
                                    g.const_data_ptr<float>(), batch, g.size(1),
                                    static_cast<float>(1 - lr * weight_decay),
                                    static_cast<float>(lr));
    });
    return;
  }
  std::map<int64_t, int64_t> slot_of;  // id -> index in `distinct`
  std::vector<int64_t> distinct;
  std::vector<int64_t> slots(static_cast<size_t>(batch));
  for (int64_t b = 0; b < batch; ++b) {
    const int64_t id = ids.const_data_ptr<int64_t>()[b];
    const auto [it, fresh] =
        slot_of.emplace(id, static_cast<int64_t>(distinct.size()));
    if (fresh) distinct.push_back(id);
    slots[static_cast<size_t>(b)] = it->second;
  }
  const int64_t count = static_cast<int64_t>(distinct.size());
  const Tensor index =
      ToDevice(at::from_blob(slots.data(), {batch}, at::kLong), grad.device());
  const Tensor rows = ToDevice(
      at::from_blob(distinct.data(), {count}, at::kLong), table.device());
  const Tensor sum = at::zeros({count, grad.size(1)}, grad.options())
                         .index_add_(0, index, grad);
  const Tensor updated =
      table.index_select(0, rows) * (1 - lr * weight_decay) - lr * sum.sign();
  table.index_copy_(0, rows, updated);
}

std::vector<ProofCase> OptimizerProofCases(at::Device device) {
  constexpr int64_t kNumbers = 1 << 20;
  constexpr int64_t kRows = 64;
  constexpr int64_t kHidden = 512;
  const auto on_device = at::device(device).dtype(at::kFloat);
  // Different everywhere, the same at every call, without a random generator.
  const Tensor start = at::arange(kNumbers, on_device).sin();
  const Tensor gradient = at::arange(kNumbers, on_device).cos();
  const Tensor table = start.narrow(0, 0, kRows * kHidden).view({-1, kHidden});
  const Tensor row_gradient =
      gradient.narrow(0, 0, kRows * kHidden).view({-1, kHidden});
  const Tensor ids = at::arange(kRows, at::kLong).div(2, "floor");
  return {{Kernel::kOptimizer, [=] {
             Tensor weights = start.clone();
             Tensor average = start.clone();
             Tensor rows = table.clone();
             AdamAtan2 adam(weights);
             for (int step = 0; step < 2; ++step) {
               adam.Update(weights, gradient, 1e-3, 0.1, 0.9, 0.95, average,
                           0.9);
             }
             SignSgdUpdate(rows, ids, row_gradient, 1e-2, 0.1);
             return std::vector<Tensor>{weights, average, adam.exp_avg,
                                        adam.exp_avg_sq, rows};
           }}};
}

void EmaUpdate(Tensor& shadow, const Tensor& flat, double decay) {
  at::NoGradGuard no_grad;
  shadow.mul_(decay).add_(flat, 1 - decay);
}

}  // namespace arctrm::internal
