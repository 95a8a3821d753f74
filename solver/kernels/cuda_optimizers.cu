// SPDX-License-Identifier: MIT
// The kernels of the optimisers.
#include "solver/kernels/cuda_device.h"

namespace arctrm::kernels::cuda {
namespace {

struct AdamNumbers {
  float decay;
  float m_share;
  float v_share;
  float to_right;
  float step_size;
  float ema_keep;
  float ema_share;
};

template <int kWidth, bool kEma>
__global__ void __launch_bounds__(kThreads)
    Adam(float* p, float* m, float* v, const float* grad, float* ema,
         int64_t count, AdamNumbers with) {
  for (int64_t k = FirstPiece<int64_t>(); k < count;
       k += PieceStride<int64_t>()) {
    const int64_t i = k * kWidth;
    float g[kWidth];
    float mean[kWidth];
    float square[kWidth];
    float value[kWidth];
    float average[kWidth];
    Load(grad + i, g);
    Load(m + i, mean);
    Load(v + i, square);
    Load(p + i, value);
    if constexpr (kEma) Load(ema + i, average);
#pragma unroll
    for (int j = 0; j < kWidth; ++j) {
      mean[j] += with.m_share * (g[j] - mean[j]);
      square[j] += with.v_share * (g[j] * g[j] - square[j]);
      value[j] =
          value[j] * with.decay -
          with.step_size * atan2f(mean[j], sqrtf(square[j]) * with.to_right);
      if constexpr (kEma) {
        average[j] = average[j] * with.ema_keep + value[j] * with.ema_share;
      }
    }
    Store(mean, m + i);
    Store(square, v + i);
    Store(value, p + i);
    if constexpr (kEma) Store(average, ema + i);
  }
}

// Block b handles batch row b. The first batch row with an id sums the
// gradients of all with this id and updates the table; the others return.
__global__ void __launch_bounds__(kThreads)
    SignSgdRows(float* table, const int64_t* ids, const float* grad,
                int64_t batch, int64_t d, float decay, float lr) {
  const int64_t b = blockIdx.x;
  const int64_t id = ids[b];
  int earlier = 0;
  for (int64_t other = threadIdx.x; other < b; other += kThreads) {
    earlier |= ids[other] == id;
  }
  if (__syncthreads_or(earlier) != 0) return;
  for (int64_t i = threadIdx.x; i < d; i += kThreads) {
    float sum = 0;
    for (int64_t other = b; other < batch; ++other) {
      if (ids[other] == id) sum += grad[other * d + i];
    }
    const float sign =
        static_cast<float>(sum > 0) - static_cast<float>(sum < 0);
    float* at = table + id * d + i;
    *at = __fsub_rn(__fmul_rn(*at, decay), lr * sign);
  }
}

}  // namespace

int AdamAtan2(Launch launch, float* p, float* m, float* v, const float* grad,
              float* ema, int64_t n, float decay, float beta1, float beta2,
              float step_size, float v_scale, double ema_decay) {
  if (n == 0) return cudaSuccess;
  if (const int error = UseDevice(launch)) return error;
  AdamNumbers with = {};
  with.decay = decay;
  with.m_share = 1.0f - beta1;
  with.v_share = 1.0f - beta2;
  with.to_right = 1.0f / v_scale;
  with.step_size = step_size;
  with.ema_keep = static_cast<float>(ema_decay);
  with.ema_share = static_cast<float>(1.0 - ema_decay);
  const auto start = [&](auto width, auto average, int64_t first,
                         int64_t count) {
    constexpr int kWidth = decltype(width)::value;
    constexpr bool kEma = decltype(average)::value != 0;
    if (count == 0) return;
    Start(launch, LoopBlocks(count), Adam<kWidth, kEma>, p + first, m + first,
          v + first, grad + first, kEma ? ema + first : nullptr, count, with);
  };
  const auto run = [&](auto average) {
    const int64_t wide =
        Aligned(p, m, v, grad, ema) ? n / kWide<float> : int64_t{0};
    start(Constant<kWide<float>>(), average, 0, wide);
    start(Constant<1>(), average, wide * kWide<float>, n - wide * kWide<float>);
  };
  if (ema != nullptr) {
    run(Constant<1>());
  } else {
    run(Constant<0>());
  }
  return cudaGetLastError();
}

int SignSgd(Launch launch, float* table, const int64_t* ids, const float* grad,
            int64_t batch, int64_t d, float decay, float lr) {
  if (batch == 0 || d == 0) return cudaSuccess;
  if (const int error = UseDevice(launch)) return error;
  Start(launch, static_cast<unsigned>(batch), SignSgdRows, table, ids, grad,
        batch, d, decay, lr);
  return cudaGetLastError();
}

}  // namespace arctrm::kernels::cuda
