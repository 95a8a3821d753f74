// SPDX-License-Identifier: MIT
// The kernels of cpu_ops.h for NVIDIA GPUs of compute capability 7.5 and newer,
// and two updates of the optimisers. Formulas and layouts are those of
// cpu_ops.h: row-major, contiguous; arithmetic is float32 for every element
// type. Callers need neither CUDA's nor LibTorch's headers.
//
// All pointers refer to memory of the launch's device. The caller owns the
// memory and keeps it until the stream has finished the kernel. A launcher only
// starts the work and returns a cudaError_t, 0 on success; see ErrorText. It
// makes the launch's device current for the calling thread, and starts nothing
// for 0 rows. Kernels read rows with 16-byte alignment in accesses of 16 bytes,
// other rows element by element. Results are bit-identical every time, and the
// result of a row does not depend on other rows.
#pragma once

#include <cstdint>

namespace arctrm::kernels::cuda {

enum class Element { kFloat32, kBf16, kFloat16 };

// The target of the work.
struct Launch {
  int device = 0;          // as cudaSetDevice counts
  void* stream = nullptr;  // cudaStream_t of that device
};

// The text of a launcher's error.
const char* ErrorText(int error);

// x, y, out (rows, d); rstd (rows), may be nullptr. `out` may be `x` or `y`.
int ResidualRmsNormForward(Launch launch, Element element, const void* x,
                           const void* y, void* out, float* rstd, int64_t rows,
                           int64_t d, float eps);
// grad_out, out, grad (rows, d); `grad` may be `grad_out`.
int ResidualRmsNormBackward(Launch launch, Element element,
                            const void* grad_out, const void* out,
                            const float* rstd, void* grad, int64_t rows,
                            int64_t d);

// gate_up (rows, 2 n) = [gate | up]; out (rows, n) = silu(gate) * up.
int SwiGluForward(Launch launch, Element element, const void* gate_up,
                  void* out, int64_t rows, int64_t n);
int SwiGluBackward(Launch launch, Element element, const void* grad_out,
                   const void* gate_up, void* grad_gate_up, int64_t rows,
                   int64_t n);

// qkv (batch, positions, 3, heads, dim) -> q, k, v, each (batch, positions,
// heads, dim). Rotates q and k by cos, sin (positions, dim / 2); the table of
// sequence b begins at element `table_stride` * b; 0: one shared table.
int SplitRotaryForward(Launch launch, Element element, const void* qkv,
                       const float* cos, const float* sin, int64_t table_stride,
                       void* q, void* k, void* v, int64_t batch,
                       int64_t positions, int64_t heads, int64_t dim);
int SplitRotaryBackward(Launch launch, Element element, const void* grad_q,
                        const void* grad_k, const void* grad_v,
                        const float* cos, const float* sin,
                        int64_t table_stride, void* grad_qkv, int64_t batch,
                        int64_t positions, int64_t heads, int64_t dim);

// logits (tokens, classes), labels (tokens), loss (tokens) float64. Negative
// labels: loss and gradient 0; labels of `classes` or more: NaN.
int StablemaxForward(Launch launch, Element element, const void* logits,
                     const int64_t* labels, double* loss, int64_t tokens,
                     int64_t classes);
int StablemaxBackward(Launch launch, Element element, const double* grad_loss,
                      const void* logits, const int64_t* labels, void* grad,
                      int64_t tokens, int64_t classes);

// kernels::AdamAtan2 (cpu_ops.h); `ema` may be nullptr.
int AdamAtan2(Launch launch, float* p, float* m, float* v, const float* grad,
              float* ema, int64_t n, float decay, float beta1, float beta2,
              float step_size, float v_scale, double ema_decay);

// For every distinct id: table[id] = table[id] * decay - lr * sign(sum of the
// rows of grad with this id, in batch order). table (any, d), ids (batch):
// valid rows of it, grad (batch, d). Rounds after each operation.
int SignSgd(Launch launch, float* table, const int64_t* ids, const float* grad,
            int64_t batch, int64_t d, float decay, float lr);

}  // namespace arctrm::kernels::cuda
