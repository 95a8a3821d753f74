// SPDX-License-Identifier: MIT
#include "solver/kernels/cuda_ops.h"

#include <algorithm>
#include <climits>

namespace arctrm::kernels::cuda {
namespace {

// As in cuda_device.h.
constexpr int kWarp = 32;
constexpr int kThreads = 256;
// Kernels loop with the grid's stride, so more blocks than this gain nothing.
constexpr int64_t kMaxBlocks = 1 << 16;
constexpr int64_t kWideFloats = 4;

// Elements per access of 16 bytes.
int64_t WideOf(Element element) {
  return element == Element::kFloat32 ? kWideFloats : 8;
}

bool Aligned(const void* p) { return reinterpret_cast<uintptr_t>(p) % 16 == 0; }
template <typename... P>
bool Aligned(const void* first, P... rest) {
  return Aligned(first) && Aligned(rest...);
}

int64_t Blocks(int64_t count, int64_t per_block) {
  return (count + per_block - 1) / per_block;
}
// Blocks of a kernel that loops.
int64_t LoopBlocks(int64_t count) {
  return std::min(Blocks(count, kThreads), kMaxBlocks);
}
// Blocks of a kernel with a warp per row.
int64_t WarpBlocks(int64_t rows) { return Blocks(rows, kThreads / kWarp); }

// The types of `arguments` must be those of the kernel's parameters; all
// pointers are alike.
template <typename... A>
absl::Status Start(Launcher& launcher, KernelName kernel, Element element,
                   int64_t blocks, A... arguments) {
  void* pointers[] = {&arguments...};
  return launcher.Start(kernel, element, static_cast<unsigned>(blocks),
                        absl::MakeSpan(pointers));
}

// The kernels of a loop over pieces of rows.
struct PiecewiseKernels {
  KernelName wide_32, wide_64, single_32, single_64;
};
#define ARCTRM_PIECEWISE(prefix)                                       \
  PiecewiseKernels {                                                   \
    KernelName::prefix##_wide_32, KernelName::prefix##_wide_64,        \
        KernelName::prefix##_single_32, KernelName::prefix##_single_64 \
  }

// Calls `start(kernel, pieces, zero)` with the kernel for `elements` elements,
// the pieces that it loops over, and a zero of its index type. The index plus
// one stride of the grid must not overflow.
template <typename Fn>
absl::Status ByWidth(const PiecewiseKernels& kernels, Element element,
                     bool wide, int64_t elements, Fn&& start) {
  const bool small = elements <= INT_MAX - kMaxBlocks * kThreads;
  const int64_t pieces = wide ? elements / WideOf(element) : elements;
  if (small) {
    return start(wide ? kernels.wide_32 : kernels.single_32, pieces,
                 uint32_t{0});
  }
  return start(wide ? kernels.wide_64 : kernels.single_64, pieces, int64_t{0});
}

// The kernel for rows of `d` elements: it keeps a row in the registers of a
// warp with 1, 2, 4 or 8 accesses per lane, unless the row is too long,
// unaligned or not divisible into accesses.
KernelName ByPieces(Element element, int64_t d, bool aligned,
                    const KernelName (&pieces)[4], KernelName any) {
  const int64_t wide = WideOf(element);
  if (!aligned || d % wide != 0) return any;
  for (int i = 0; i < 4; ++i) {
    if (d <= (kWarp * wide) << i) return pieces[i];
  }
  return any;
}

absl::Status StartRotary(Launcher& launcher, Element element,
                         const PiecewiseKernels& kernels, const void* joined,
                         const void* q, const void* k, const void* v,
                         const float* cos, const float* sin,
                         int64_t table_stride, int64_t batch, int64_t positions,
                         int64_t heads, int64_t dim) {
  const int64_t half = dim / 2;
  const int64_t pairs = batch * positions * 3 * heads * half;
  if (pairs == 0) return absl::OkStatus();
  const bool wide = half % WideOf(element) == 0 &&
                    table_stride % kWideFloats == 0 &&
                    Aligned(joined, q, k, v, cos, sin);
  return ByWidth(kernels, element, wide, pairs,
                 [&](KernelName kernel, int64_t count, auto zero) {
                   using I = decltype(zero);
                   return Start(launcher, kernel, element, LoopBlocks(count),
                                joined, q, k, v, cos, sin, table_stride,
                                static_cast<I>(count),
                                static_cast<I>(positions),
                                static_cast<I>(heads), static_cast<I>(half));
                 });
}

}  // namespace

const char* ElementName(Element element) {
  switch (element) {
    case Element::kFloat32:
      return "float32";
    case Element::kBf16:
      return "bf16";
    case Element::kFloat16:
      return "float16";
  }
  return "";
}

absl::Status ResidualRmsNormForward(Launcher& launcher, Element element,
                                    const void* x, const void* y, void* out,
                                    float* rstd, int64_t rows, int64_t d,
                                    float eps) {
  if (rows == 0 || d == 0) return absl::OkStatus();
  using enum KernelName;
  const KernelName kernel =
      ByPieces(element, d, Aligned(x, y, out),
               {rms_forward_1, rms_forward_2, rms_forward_4, rms_forward_8},
               rms_forward_any);
  if (kernel == rms_forward_any) {
    return Start(launcher, kernel, element, WarpBlocks(rows), x, y, out, rstd,
                 rows, d, eps);
  }
  return Start(launcher, kernel, element, WarpBlocks(rows), x, y, out, rstd,
               rows, static_cast<int>(d), eps);
}

absl::Status ResidualRmsNormBackward(Launcher& launcher, Element element,
                                     const void* grad_out, const void* out,
                                     const float* rstd, void* grad,
                                     int64_t rows, int64_t d) {
  if (rows == 0 || d == 0) return absl::OkStatus();
  using enum KernelName;
  const KernelName kernel =
      ByPieces(element, d, Aligned(grad_out, out, grad),
               {rms_backward_1, rms_backward_2, rms_backward_4, rms_backward_8},
               rms_backward_any);
  if (kernel == rms_backward_any) {
    return Start(launcher, kernel, element, WarpBlocks(rows), grad_out, out,
                 rstd, grad, rows, d);
  }
  return Start(launcher, kernel, element, WarpBlocks(rows), grad_out, out, rstd,
               grad, rows, static_cast<int>(d));
}

absl::Status SwiGluForward(Launcher& launcher, Element element,
                           const void* gate_up, void* out, int64_t rows,
                           int64_t n) {
  if (rows == 0 || n == 0) return absl::OkStatus();
  const bool wide = n % WideOf(element) == 0 && Aligned(gate_up, out);
  return ByWidth(ARCTRM_PIECEWISE(swiglu_forward), element, wide, rows * n,
                 [&](KernelName kernel, int64_t count, auto zero) {
                   using I = decltype(zero);
                   return Start(launcher, kernel, element, LoopBlocks(count),
                                gate_up, out, static_cast<I>(count),
                                static_cast<I>(n));
                 });
}

absl::Status SwiGluBackward(Launcher& launcher, Element element,
                            const void* grad_out, const void* gate_up,
                            void* grad_gate_up, int64_t rows, int64_t n) {
  if (rows == 0 || n == 0) return absl::OkStatus();
  const bool wide =
      n % WideOf(element) == 0 && Aligned(grad_out, gate_up, grad_gate_up);
  return ByWidth(ARCTRM_PIECEWISE(swiglu_backward), element, wide, rows * n,
                 [&](KernelName kernel, int64_t count, auto zero) {
                   using I = decltype(zero);
                   return Start(launcher, kernel, element, LoopBlocks(count),
                                grad_out, gate_up, grad_gate_up,
                                static_cast<I>(count), static_cast<I>(n));
                 });
}

absl::Status SplitRotaryForward(Launcher& launcher, Element element,
                                const void* qkv, const float* cos,
                                const float* sin, int64_t table_stride, void* q,
                                void* k, void* v, int64_t batch,
                                int64_t positions, int64_t heads, int64_t dim) {
  return StartRotary(launcher, element, ARCTRM_PIECEWISE(rotary_forward), qkv,
                     q, k, v, cos, sin, table_stride, batch, positions, heads,
                     dim);
}

absl::Status SplitRotaryBackward(Launcher& launcher, Element element,
                                 const void* grad_q, const void* grad_k,
                                 const void* grad_v, const float* cos,
                                 const float* sin, int64_t table_stride,
                                 void* grad_qkv, int64_t batch,
                                 int64_t positions, int64_t heads,
                                 int64_t dim) {
  return StartRotary(launcher, element, ARCTRM_PIECEWISE(rotary_backward),
                     grad_qkv, grad_q, grad_k, grad_v, cos, sin, table_stride,
                     batch, positions, heads, dim);
}

absl::Status StablemaxForward(Launcher& launcher, Element element,
                              const void* logits, const int64_t* labels,
                              double* loss, int64_t tokens, int64_t classes) {
  if (tokens == 0) return absl::OkStatus();
  return Start(launcher, KernelName::stablemax_forward, element,
               LoopBlocks(tokens), logits, labels, loss, tokens, classes);
}

absl::Status StablemaxBackward(Launcher& launcher, Element element,
                               const double* grad_loss, const void* logits,
                               const int64_t* labels, void* grad,
                               int64_t tokens, int64_t classes) {
  if (tokens == 0) return absl::OkStatus();
  return Start(launcher, KernelName::stablemax_backward, element,
               LoopBlocks(tokens), grad_loss, logits, labels, grad, tokens,
               classes);
}

absl::Status AdamAtan2(Launcher& launcher, float* p, float* m, float* v,
                       const float* grad, float* ema, int64_t n, float decay,
                       float beta1, float beta2, float step_size, float v_scale,
                       double ema_decay) {
  using enum KernelName;
  const auto start = [&](KernelName kernel, int64_t first, int64_t elements,
                         int64_t count) {
    if (elements == 0) return absl::OkStatus();
    return Start(
        launcher, kernel, Element::kFloat32, LoopBlocks(count), p + first,
        m + first, v + first, grad + first, ema == nullptr ? ema : ema + first,
        count, decay, 1.0f - beta1, 1.0f - beta2, 1.0f / v_scale, step_size,
        static_cast<float>(ema_decay), static_cast<float>(1.0 - ema_decay));
  };
  const int64_t wide =
      Aligned(p, m, v, grad, ema) ? n / kWideFloats : int64_t{0};
  const int64_t done = wide * kWideFloats;
  const absl::Status status =
      start(ema == nullptr ? adam_wide : adam_ema_wide, 0, done, wide);
  if (!status.ok()) return status;
  return start(ema == nullptr ? adam_single : adam_ema_single, done, n - done,
               n - done);
}

absl::Status SignSgd(Launcher& launcher, float* table, const int64_t* ids,
                     const float* grad, int64_t batch, int64_t d, float decay,
                     float lr) {
  if (batch == 0 || d == 0) return absl::OkStatus();
  return Start(launcher, KernelName::sign_sgd, Element::kFloat32, batch, table,
               ids, grad, batch, d, decay, lr);
}

}  // namespace arctrm::kernels::cuda
