// SPDX-License-Identifier: MIT
// The differentiable operations of the network, each with its own backward
// formula. The fused kernels of solver/kernels compute them for float32 and
// bfloat16 on a CPU, and for these and float16 on a CUDA device. Other tensors
// use the same formula in ATen operations. CPU kernels run on the calling
// thread; BatchThreadPool divides the batch among threads.
#pragma once

#include <array>
#include <vector>

#include "solver/device/torch.h"

namespace arctrm::internal {

// Operations with kernels in solver/kernels.
enum class Kernel {
  kNorm,
  kSwiGlu,
  kRotary,
  kLoss,
  kAttention,
  kLinear,
  kOptimizer,
  kBf16Products  // in attention: products of bfloat16 factors
};
inline constexpr int kKernelCount = 8;
// "norm", "swiglu", "rotary", "loss", "attention", "linear", "optimizer",
// "pairs".
const char* KernelText(Kernel kernel);
// Switch kernels on and off in all threads; initially all are on. Without its
// kernel an operation uses LibTorch's. For tests and comparisons.
void UseKernels(bool on);
void UseKernel(Kernel kernel, bool on);
// Of the kernels `decided`, leaves out those in `left_out` and admits the
// others (kernel_proof.h). Kernels that are switched off stay off.
void LeaveOutKernels(const std::vector<Kernel>& decided,
                     const std::vector<Kernel>& left_out);
std::vector<Kernel> KernelsLeftOut();
// Switched on and not left out?
bool InUse(Kernel kernel);

// RMS norm of x + y without weight, statistics in float32. x, y (N, D).
Tensor ResidualRmsNorm(const Tensor& x, const Tensor& y, double eps = 1e-5);

// silu(gate) * up of gate_up (N, 2 I) = [gate | up] -> (N, I).
Tensor SwiGluActivation(const Tensor& gate_up);

// qkv (B*T, 3 D), each row [q heads | k heads | v heads], and rotary tables
// cos, sin (T, head_dim / 2) float32, or (B, T, head_dim / 2) with a table per
// sequence -> q, k, v (B, T, heads, head_dim); q and k are rotated.
std::array<Tensor, 3> SplitRotary(const Tensor& qkv, const Tensor& cos,
                                  const Tensor& sin, int64_t batch,
                                  int64_t heads);

// Stablemax cross-entropy per token, float64 (TRM models/losses.py): s(x) =
// x + 1 for x >= 0, 1 / (1 - x) below; loss = -log(s_label / sum s). logits
// (B, S, V) any dtype; labels (B, S) int64, negative = ignored (loss 0,
// gradient 0). The gradient uses the closed form. Differs from TRM: its float32
// autograd gives NaN at a logit of exactly 1.
Tensor StablemaxCrossEntropy(const Tensor& logits, const Tensor& labels);

}  // namespace arctrm::internal
