// SPDX-License-Identifier: MIT
// The optimisers of the published runs, over flat vectors.
#pragma once

#include <cstdint>
#include <vector>

#include "solver/device/torch.h"
#include "solver/nn/kernel_proof.h"

namespace arctrm::internal {

// Linear warm-up from 0 over `warmup_steps`, then constant; `step` counts from
// 1.
double WarmupLearningRate(double base, int64_t step, int warmup_steps);

// AdamATan2 as adam-atan2 0.0.3 computes it: p *= 1 - lr wd; m, v as in Adam;
// p -= lr / (1 - beta1^t) * atan2(m, sqrt(v) / sqrt(1 - beta2^t)). The
// first-moment correction is outside atan2; no epsilon, constants 1.
struct AdamAtan2 {
  Tensor exp_avg;     // like the parameters, float32
  Tensor exp_avg_sq;  // the same
  int64_t t = 0;      // number of updates

  explicit AdamAtan2(const Tensor& flat);
  // flat, grad: float32 vectors like the moments. If `ema` is defined (another
  // such vector), EmaUpdate follows in the same pass.
  void Update(Tensor& flat, const Tensor& grad, double lr, double weight_decay,
              double beta1, double beta2, Tensor ema = Tensor(),
              double ema_decay = 0);
};

// Sign-SGD on the embedding rows in the batch: sums the gradients of equal ids
// in batch order, then row = row * (1 - lr wd) - lr sign(sum). table (num_ids,
// D), ids (B) int64 on the CPU, grad (B, D). Gives identical bits every time,
// on CPUs and CUDA devices.
void SignSgdUpdate(Tensor& table, const Tensor& ids, const Tensor& grad,
                   double lr, double weight_decay);

// The cases that prove the kernels of AdamAtan2 and SignSgdUpdate on `device`.
std::vector<ProofCase> OptimizerProofCases(at::Device device);

// shadow = decay * shadow + (1 - decay) * flat.
void EmaUpdate(Tensor& shadow, const Tensor& flat, double decay);

}  // namespace arctrm::internal
