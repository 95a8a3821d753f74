// SPDX-License-Identifier: MIT
// Element-wise operations of the network as single passes over float32 or
// bfloat16 matrices, with float32 arithmetic. Raw pointers, free of LibTorch,
// single-threaded: the caller divides the work. Matrices are row-major and
// contiguous.
#pragma once

#include <cstdint>

namespace arctrm::kernels {

// The upper half of a float32; rounded to nearest, ties to even.
struct Bf16 {
  uint16_t bits;
};

// s = x + y; rstd = 1 / sqrt(mean(s^2) + eps); out = s * rstd, per row of `d`.
// Post-norm RMSNorm without weight (TRM models/layers.py rms_norm). `out` may
// be `x` or `y`; `rstd` (rows) may be nullptr.
void ResidualRmsNormForward(const float* x, const float* y, float* out,
                            float* rstd, int64_t rows, int64_t d, float eps);
void ResidualRmsNormForward(const Bf16* x, const Bf16* y, Bf16* out,
                            float* rstd, int64_t rows, int64_t d, float eps);
// grad = rstd * (grad_out - out * mean(grad_out * out)): the gradient of both x
// and y.
void ResidualRmsNormBackward(const float* grad_out, const float* out,
                             const float* rstd, float* grad, int64_t rows,
                             int64_t d);
void ResidualRmsNormBackward(const Bf16* grad_out, const Bf16* out,
                             const float* rstd, Bf16* grad, int64_t rows,
                             int64_t d);

// gate_up (rows, 2 n) = [gate | up]; out (rows, n) = silu(gate) * up.
void SwiGluForward(const float* gate_up, float* out, int64_t rows, int64_t n);
void SwiGluForward(const Bf16* gate_up, Bf16* out, int64_t rows, int64_t n);
void SwiGluBackward(const float* grad_out, const float* gate_up,
                    float* grad_gate_up, int64_t rows, int64_t n);
void SwiGluBackward(const Bf16* grad_out, const Bf16* gate_up,
                    Bf16* grad_gate_up, int64_t rows, int64_t n);

// One sequence: qkv (positions, 3, heads, dim) -> q, k, v, each
// (positions, heads, dim). Rotates q and k by the tables cos, sin (positions,
// dim / 2), half-split: out = x * cos + (-x2, x1) * sin.
void SplitRotaryForward(const float* qkv, const float* cos, const float* sin,
                        float* q, float* k, float* v, int64_t positions,
                        int64_t heads, int64_t dim);
void SplitRotaryForward(const Bf16* qkv, const float* cos, const float* sin,
                        Bf16* q, Bf16* k, Bf16* v, int64_t positions,
                        int64_t heads, int64_t dim);
void SplitRotaryBackward(const float* grad_q, const float* grad_k,
                         const float* grad_v, const float* cos,
                         const float* sin, float* grad_qkv, int64_t positions,
                         int64_t heads, int64_t dim);
void SplitRotaryBackward(const Bf16* grad_q, const Bf16* grad_k,
                         const Bf16* grad_v, const float* cos, const float* sin,
                         Bf16* grad_qkv, int64_t positions, int64_t heads,
                         int64_t dim);

// Stablemax cross-entropy of `tokens` rows of `classes` logits in float64
// (formula: solver/nn/ops.h) -> loss (tokens). Negative labels give loss 0 and
// gradient 0. A label of `classes` or more is an error of the caller: the loss
// becomes NaN, and the function returns false.
bool StablemaxForward(const float* logits, const int64_t* labels, double* loss,
                      int64_t tokens, int64_t classes);
bool StablemaxForward(const Bf16* logits, const int64_t* labels, double* loss,
                      int64_t tokens, int64_t classes);
// Multiplies the gradient by grad_loss (tokens). Labels must have passed
// StablemaxForward.
void StablemaxBackward(const double* grad_loss, const float* logits,
                       const int64_t* labels, float* grad, int64_t tokens,
                       int64_t classes);
void StablemaxBackward(const double* grad_loss, const Bf16* logits,
                       const int64_t* labels, Bf16* grad, int64_t tokens,
                       int64_t classes);

// Rounds from (rows, cols) to Bf16 rows with stride `stride`, to nearest, ties
// to even. The instruction of newer processors treats denormal numbers as 0.
void NarrowRows(const float* from, Bf16* to, int64_t stride, int64_t rows,
                int64_t cols);

// to = atan2(y, x) for x >= 0, element-wise, with relative error 3e-7. Zeros,
// infinities and NaN as in std::atan2.
void Atan2(const float* y, const float* x, float* to, int64_t n);

// AdamATan2 on n numbers (formula: solver/train/optimizers.h), then ema =
// ema_decay * ema + (1 - ema_decay) * p unless `ema` is nullptr. `decay` = 1 -
// lr * wd, `step_size` = lr / (1 - beta1^t), `v_scale` = sqrt(1 - beta2^t). The
// vectors must not overlap.
void AdamAtan2(float* p, float* m, float* v, const float* grad, float* ema,
               int64_t n, float decay, float beta1, float beta2,
               float step_size, float v_scale, double ema_decay);

}  // namespace arctrm::kernels
