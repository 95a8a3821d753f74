// SPDX-License-Identifier: MIT
// The kernels of cpu_ops.h for NVIDIA GPUs of compute capability 7.5 and newer,
// and two updates of the optimisers. Formulas and layouts are those of
// cpu_ops.h: row-major, contiguous; arithmetic is float32 for every element
// type. Needs neither CUDA's nor LibTorch's headers.
//
// All pointers refer to memory of the launcher's device. The caller owns the
// memory and keeps it until the stream has finished the kernel. A function only
// starts the work, and nothing for 0 rows; its error is the launcher's. Kernels
// read rows with 16-byte alignment in accesses of 16 bytes, other rows element
// by element. Results are bit-identical every time, and the result of a row
// does not depend on other rows.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "solver/kernels/cuda_kernel_names.h"

namespace arctrm::kernels::cuda {

// The element type of tensors, and of a module of cuda_kernels.cu.
enum class Element { kFloat32, kBf16, kFloat16 };
inline constexpr size_t kElementCount = 3;
// "float32", "bf16", "float16".
const char* ElementName(Element element);

// Starts kernels on one stream of one device.
class Launcher {
 public:
  virtual ~Launcher() = default;
  // Starts `blocks` blocks of 256 threads. arguments[i] points to argument i of
  // the kernel; all are read before the call returns.
  virtual absl::Status Start(KernelName kernel, Element element,
                             unsigned blocks, absl::Span<void*> arguments) = 0;
};

// x, y, out (rows, d); rstd (rows), may be nullptr. `out` may be `x` or `y`.
absl::Status ResidualRmsNormForward(Launcher& launcher, Element element,
                                    const void* x, const void* y, void* out,
                                    float* rstd, int64_t rows, int64_t d,
                                    float eps);
// grad_out, out, grad (rows, d); `grad` may be `grad_out`.
absl::Status ResidualRmsNormBackward(Launcher& launcher, Element element,
                                     const void* grad_out, const void* out,
                                     const float* rstd, void* grad,
                                     int64_t rows, int64_t d);

// gate_up (rows, 2 n) = [gate | up]; out (rows, n) = silu(gate) * up.
absl::Status SwiGluForward(Launcher& launcher, Element element,
                           const void* gate_up, void* out, int64_t rows,
                           int64_t n);
absl::Status SwiGluBackward(Launcher& launcher, Element element,
                            const void* grad_out, const void* gate_up,
                            void* grad_gate_up, int64_t rows, int64_t n);

// qkv (batch, positions, 3, heads, dim) -> q, k, v, each (batch, positions,
// heads, dim). Rotates q and k by cos, sin (positions, dim / 2); the table of
// sequence b begins at element `table_stride` * b; 0: one shared table.
absl::Status SplitRotaryForward(Launcher& launcher, Element element,
                                const void* qkv, const float* cos,
                                const float* sin, int64_t table_stride, void* q,
                                void* k, void* v, int64_t batch,
                                int64_t positions, int64_t heads, int64_t dim);
absl::Status SplitRotaryBackward(Launcher& launcher, Element element,
                                 const void* grad_q, const void* grad_k,
                                 const void* grad_v, const float* cos,
                                 const float* sin, int64_t table_stride,
                                 void* grad_qkv, int64_t batch,
                                 int64_t positions, int64_t heads, int64_t dim);

// logits (tokens, classes), labels (tokens), loss (tokens) float64. Negative
// labels: loss and gradient 0; labels of `classes` or more: NaN.
absl::Status StablemaxForward(Launcher& launcher, Element element,
                              const void* logits, const int64_t* labels,
                              double* loss, int64_t tokens, int64_t classes);
absl::Status StablemaxBackward(Launcher& launcher, Element element,
                               const double* grad_loss, const void* logits,
                               const int64_t* labels, void* grad,
                               int64_t tokens, int64_t classes);

// kernels::AdamAtan2 (cpu_ops.h); `ema` may be nullptr.
absl::Status AdamAtan2(Launcher& launcher, float* p, float* m, float* v,
                       const float* grad, float* ema, int64_t n, float decay,
                       float beta1, float beta2, float step_size, float v_scale,
                       double ema_decay);

// For every distinct id: table[id] = table[id] * decay - lr * sign(sum of the
// rows of grad with this id, in batch order). table (any, d), ids (batch):
// valid rows of it, grad (batch, d). Rounds after each operation.
absl::Status SignSgd(Launcher& launcher, float* table, const int64_t* ids,
                     const float* grad, int64_t batch, int64_t d, float decay,
                     float lr);

}  // namespace arctrm::kernels::cuda
