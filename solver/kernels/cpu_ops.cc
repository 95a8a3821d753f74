// SPDX-License-Identifier: MIT
#include "solver/kernels/cpu_ops.h"

#include <cmath>
#include <cstring>

// One binary serves every x86-64: the loader picks the widest version the
// processor has. Not under sanitizers, whose runtime starts after the choice.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(ARCTRM_NO_TARGET_CLONES)
#define ARCTRM_CLONES \
  __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define ARCTRM_CLONES
#endif
#define ARCTRM_INLINE inline __attribute__((always_inline))

namespace arctrm::kernels {
namespace {

constexpr int kLanes = 16;

// e^x to about 1e-7 relative, as straight-line code that compilers vectorise:
// 2^n by exponent bits, the rest by a polynomial on [-ln2/2, ln2/2].
ARCTRM_INLINE float Exp(float x) {
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  constexpr float kMagic = 12582912.0f;  // 1.5 * 2^23: rounds to integer
  const float t = x * 1.44269504f + kMagic;
  const float n = t - kMagic;
  int32_t bits;
  std::memcpy(&bits, &t, sizeof(bits));
  float r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const int32_t scale_bits = (bits + (127 - 0x4B400000)) << 23;
  float scale;
  std::memcpy(&scale, &scale_bits, sizeof(scale));
  return p * scale;
}

ARCTRM_INLINE float Sigmoid(float x) { return 1.0f / (1.0f + Exp(-x)); }

ARCTRM_INLINE float Sum(const float* lanes) {
  float total = 0;
  for (int i = 0; i < kLanes; ++i) total += lanes[i];
  return total;
}

}  // namespace

ARCTRM_CLONES
void ResidualRmsNormForward(const float* x, const float* y, float* out,
                            float* rstd, int64_t rows, int64_t d, float eps) {
  for (int64_t r = 0; r < rows; ++r) {
    const float* xr = x + r * d;
    const float* yr = y + r * d;
    float* o = out + r * d;
    float lanes[kLanes] = {};
    int64_t i = 0;
    for (; i + kLanes <= d; i += kLanes) {
      for (int j = 0; j < kLanes; ++j) {
        const float s = xr[i + j] + yr[i + j];
        o[i + j] = s;
        lanes[j] += s * s;
      }
    }
    float total = Sum(lanes);
    for (; i < d; ++i) {
      const float s = xr[i] + yr[i];
      o[i] = s;
      total += s * s;
    }
    const float scale = 1.0f / std::sqrt(total / static_cast<float>(d) + eps);
    for (int64_t j = 0; j < d; ++j) o[j] *= scale;
    if (rstd != nullptr) rstd[r] = scale;
  }
}

ARCTRM_CLONES
void ResidualRmsNormBackward(const float* grad_out, const float* out,
                             const float* rstd, float* grad, int64_t rows,
                             int64_t d) {
  for (int64_t r = 0; r < rows; ++r) {
    const float* g = grad_out + r * d;
    const float* o = out + r * d;
    float* to = grad + r * d;
    float lanes[kLanes] = {};
    int64_t i = 0;
    for (; i + kLanes <= d; i += kLanes) {
      for (int j = 0; j < kLanes; ++j) lanes[j] += g[i + j] * o[i + j];
    }
    float total = Sum(lanes);
    for (; i < d; ++i) total += g[i] * o[i];
    const float mean = total / static_cast<float>(d);
    const float scale = rstd[r];
    for (int64_t j = 0; j < d; ++j) to[j] = scale * (g[j] - o[j] * mean);
  }
}

ARCTRM_CLONES
void SwiGluForward(const float* gate_up, float* out, int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; ++r) {
    const float* gate = gate_up + r * 2 * n;
    const float* up = gate + n;
    float* o = out + r * n;
    for (int64_t i = 0; i < n; ++i) o[i] = gate[i] * Sigmoid(gate[i]) * up[i];
  }
}

ARCTRM_CLONES
void SwiGluBackward(const float* grad_out, const float* gate_up,
                    float* grad_gate_up, int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; ++r) {
    const float* gate = gate_up + r * 2 * n;
    const float* up = gate + n;
    const float* g = grad_out + r * n;
    float* grad_gate = grad_gate_up + r * 2 * n;
    float* grad_up = grad_gate + n;
    for (int64_t i = 0; i < n; ++i) {
      const float sigmoid = Sigmoid(gate[i]);
      const float silu = gate[i] * sigmoid;
      grad_up[i] = g[i] * silu;
      grad_gate[i] = g[i] * up[i] * (sigmoid + silu * (1.0f - sigmoid));
    }
  }
}

ARCTRM_CLONES
void SplitRotaryForward(const float* qkv, const float* cos, const float* sin,
                        float* q, float* k, float* v, int64_t positions,
                        int64_t heads, int64_t dim) {
  const int64_t half = dim / 2;
  const int64_t width = heads * dim;
  for (int64_t t = 0; t < positions; ++t) {
    const float* c = cos + t * half;
    const float* s = sin + t * half;
    for (int part = 0; part < 2; ++part) {
      const float* from = qkv + (t * 3 + part) * width;
      float* to = (part == 0 ? q : k) + t * width;
      for (int64_t h = 0; h < heads; ++h) {
        const float* x1 = from + h * dim;
        const float* x2 = x1 + half;
        float* y1 = to + h * dim;
        float* y2 = y1 + half;
        for (int64_t i = 0; i < half; ++i) {
          y1[i] = x1[i] * c[i] - x2[i] * s[i];
          y2[i] = x2[i] * c[i] + x1[i] * s[i];
        }
      }
    }
    std::memcpy(v + t * width, qkv + (t * 3 + 2) * width,
                static_cast<size_t>(width) * sizeof(float));
  }
}

ARCTRM_CLONES
void SplitRotaryBackward(const float* grad_q, const float* grad_k,
                         const float* grad_v, const float* cos,
                         const float* sin, float* grad_qkv, int64_t positions,
                         int64_t heads, int64_t dim) {
  const int64_t half = dim / 2;
  const int64_t width = heads * dim;
  for (int64_t t = 0; t < positions; ++t) {
    const float* c = cos + t * half;
    const float* s = sin + t * half;
    for (int part = 0; part < 2; ++part) {
      const float* from = (part == 0 ? grad_q : grad_k) + t * width;
      float* to = grad_qkv + (t * 3 + part) * width;
      for (int64_t h = 0; h < heads; ++h) {
        const float* g1 = from + h * dim;
        const float* g2 = g1 + half;
        float* x1 = to + h * dim;
        float* x2 = x1 + half;
        for (int64_t i = 0; i < half; ++i) {
          x1[i] = g1[i] * c[i] + g2[i] * s[i];
          x2[i] = g2[i] * c[i] - g1[i] * s[i];
        }
      }
    }
    std::memcpy(grad_qkv + (t * 3 + 2) * width, grad_v + t * width,
                static_cast<size_t>(width) * sizeof(float));
  }
}

void AdamAtan2(float* p, float* m, float* v, const float* grad, int64_t n,
               float decay, float beta1, float beta2, float step_size,
               float v_scale) {
  for (int64_t i = 0; i < n; ++i) {
    const float g = grad[i];
    m[i] = m[i] + (1.0f - beta1) * (g - m[i]);
    v[i] = v[i] + (1.0f - beta2) * (g * g - v[i]);
    p[i] =
        p[i] * decay - step_size * std::atan2(m[i], std::sqrt(v[i]) / v_scale);
  }
}

}  // namespace arctrm::kernels
