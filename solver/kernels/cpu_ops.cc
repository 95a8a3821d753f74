// SPDX-License-Identifier: MIT
#include "solver/kernels/cpu_ops.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "solver/kernels/cpu_math.h"

namespace arctrm::kernels {
namespace {

// atan2(y, x) for x >= 0, branch-free like Exp. q, the smaller over the larger
// argument, is in [0, 1]; atan(q) = q + q z R(z) with z = q^2 and a minimax fit
// R of relative error 1.7e-8. Angles beyond pi/4 are pi/2 minus atan(q).
ARCTRM_INLINE float Atan2Right(float y, float x) {
  const float a = std::fabs(y);
  const float b = std::fabs(x);
  const bool steep = a > b;
  const float low = steep ? b : a;
  const float high = steep ? a : b;
  // Equal arguments give pi/4, also at infinity; two zeros give 0.
  float q = low / (high == 0.0f ? 1.0f : high);
  q = low == high && high > 0.0f ? 1.0f : q;
  const float z = q * q;
  float r = 2.920691872e-3f;
  r = r * z - 1.636792649e-2f;
  r = r * z + 4.321185820e-2f;
  r = r * z - 7.552214048e-2f;
  r = r * z + 1.066600452e-1f;
  r = r * z - 1.421105527e-1f;
  r = r * z + 1.999377283e-1f;
  r = r * z - 3.333315274e-1f;
  const float angle = q + q * (z * r);
  return std::copysign(steep ? 1.57079633f - angle : angle, y);
}

template <typename F>
ARCTRM_INLINE F Sigmoid(F x) {
  return 1.0f / (1.0f + Exp(-x));
}

ARCTRM_CLONES void NarrowByBits(const float* from, Bf16* to, int64_t n) {
  for (int64_t i = 0; i < n; ++i) Store(to + i, from[i]);
}
#if defined(__x86_64__)
__attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16"))) void
NarrowByInstruction(const float* from, Bf16* to, int64_t n) {
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const __m256bh narrow = _mm512_cvtneps_pbh(_mm512_loadu_ps(from + i));
    std::memcpy(to + i, &narrow, sizeof(narrow));
  }
  for (; i < n; ++i) Store(to + i, from[i]);
}
#endif

using NarrowFn = void (*)(const float*, Bf16*, int64_t);
NarrowFn ChooseNarrow() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bf16") != 0) return NarrowByInstruction;
#endif
  return NarrowByBits;
}
const NarrowFn narrow = ChooseNarrow();

// Converts up to kChunk elements of type T to floats and back. Separate
// conversion loops are faster than converting in the computing loop.
constexpr int64_t kChunk = 256;
template <typename T>
class Chunk {
 public:
  ARCTRM_INLINE const float* Read(const T* from, int64_t n) {
    for (int64_t i = 0; i < n; ++i) floats_[i] = Load(from + i);
    return floats_;
  }
  // A buffer for the results until they are written to `to`.
  ARCTRM_INLINE float* Open(T*) { return floats_; }
  ARCTRM_INLINE void Write(T* to, int64_t n) { narrow(floats_, to, n); }

 private:
  float floats_[kChunk];
};
template <>
class Chunk<float> {
 public:
  ARCTRM_INLINE const float* Read(const float* from, int64_t) { return from; }
  ARCTRM_INLINE float* Open(float* to) { return to; }
  ARCTRM_INLINE void Write(float*, int64_t) {}
};

template <typename T>
ARCTRM_INLINE void RmsForward(const T* x, const T* y, T* out, float* rstd,
                              int64_t rows, int64_t d, float eps) {
  for (int64_t r = 0; r < rows; ++r) {
    const T* xr = x + r * d;
    const T* yr = y + r * d;
    T* o = out + r * d;
    float lanes[kLanes] = {};
    int64_t i = 0;
    for (; i + kLanes <= d; i += kLanes) {
      for (int j = 0; j < kLanes; ++j) {
        const float s = Load(xr + i + j) + Load(yr + i + j);
        lanes[j] += s * s;
      }
    }
    float total = Sum(lanes);
    for (; i < d; ++i) {
      const float s = Load(xr + i) + Load(yr + i);
      total += s * s;
    }
    const float scale = 1.0f / std::sqrt(total / static_cast<float>(d) + eps);
    for (int64_t begin = 0; begin < d; begin += kChunk) {
      const int64_t count = std::min(kChunk, d - begin);
      Chunk<T> outs;
      float* to = outs.Open(o + begin);
      for (int64_t j = 0; j < count; ++j) {
        to[j] = (Load(xr + begin + j) + Load(yr + begin + j)) * scale;
      }
      outs.Write(o + begin, count);
    }
    if (rstd != nullptr) rstd[r] = scale;
  }
}

template <typename T>
ARCTRM_INLINE void RmsBackward(const T* grad_out, const T* out,
                               const float* rstd, T* grad, int64_t rows,
                               int64_t d) {
  for (int64_t r = 0; r < rows; ++r) {
    const T* g = grad_out + r * d;
    const T* o = out + r * d;
    T* to = grad + r * d;
    float lanes[kLanes] = {};
    int64_t i = 0;
    for (; i + kLanes <= d; i += kLanes) {
      for (int j = 0; j < kLanes; ++j) {
        lanes[j] += Load(g + i + j) * Load(o + i + j);
      }
    }
    float total = Sum(lanes);
    for (; i < d; ++i) total += Load(g + i) * Load(o + i);
    const float mean = total / static_cast<float>(d);
    const float scale = rstd[r];
    for (int64_t begin = 0; begin < d; begin += kChunk) {
      const int64_t count = std::min(kChunk, d - begin);
      Chunk<T> grads;
      float* to_chunk = grads.Open(to + begin);
      for (int64_t j = 0; j < count; ++j) {
        to_chunk[j] =
            scale * (Load(g + begin + j) - Load(o + begin + j) * mean);
      }
      grads.Write(to + begin, count);
    }
  }
}

template <typename T>
ARCTRM_INLINE void GluForward(const T* gate_up, T* out, int64_t rows,
                              int64_t n) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t begin = 0; begin < n; begin += kChunk) {
      const int64_t count = std::min(kChunk, n - begin);
      const T* from = gate_up + r * 2 * n + begin;
      T* to = out + r * n + begin;
      Chunk<T> gates, ups, outs;
      const float* gate = gates.Read(from, count);
      const float* up = ups.Read(from + n, count);
      float* o = outs.Open(to);
      ForLanes(count, [&](int64_t i, auto kind) ARCTRM_ALWAYS_INLINE {
        using F = decltype(kind);
        const F x = Get<F>(gate + i);
        Put(o + i, x * Sigmoid(x) * Get<F>(up + i));
      });
      outs.Write(to, count);
    }
  }
}

template <typename T>
ARCTRM_INLINE void GluBackward(const T* grad_out, const T* gate_up,
                               T* grad_gate_up, int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t begin = 0; begin < n; begin += kChunk) {
      const int64_t count = std::min(kChunk, n - begin);
      const T* from = gate_up + r * 2 * n + begin;
      T* to = grad_gate_up + r * 2 * n + begin;
      Chunk<T> gates, ups, grads, to_gates, to_ups;
      const float* gate = gates.Read(from, count);
      const float* up = ups.Read(from + n, count);
      const float* grad = grads.Read(grad_out + r * n + begin, count);
      float* to_gate = to_gates.Open(to);
      float* to_up = to_ups.Open(to + n);
      ForLanes(count, [&](int64_t i, auto kind) ARCTRM_ALWAYS_INLINE {
        using F = decltype(kind);
        const F x = Get<F>(gate + i);
        const F g = Get<F>(grad + i);
        const F sigmoid = Sigmoid(x);
        const F silu = x * sigmoid;
        Put(to_up + i, g * silu);
        Put(to_gate + i,
            g * Get<F>(up + i) * (sigmoid + silu * (1.0f - sigmoid)));
      });
      to_gates.Write(to, count);
      to_ups.Write(to + n, count);
    }
  }
}

template <typename T>
ARCTRM_INLINE void RotaryForward(const T* qkv, const float* cos,
                                 const float* sin, T* q, T* k, T* v,
                                 int64_t positions, int64_t heads,
                                 int64_t dim) {
  const int64_t half = dim / 2;
  const int64_t width = heads * dim;
  for (int64_t t = 0; t < positions; ++t) {
    const float* c = cos + t * half;
    const float* s = sin + t * half;
    for (int part = 0; part < 2; ++part) {
      const T* from = qkv + (t * 3 + part) * width;
      T* to = (part == 0 ? q : k) + t * width;
      for (int64_t h = 0; h < heads; ++h) {
        const T* x1 = from + h * dim;
        const T* x2 = x1 + half;
        T* y1 = to + h * dim;
        T* y2 = y1 + half;
        for (int64_t i = 0; i < half; ++i) {
          const float a = Load(x1 + i);
          const float b = Load(x2 + i);
          Store(y1 + i, a * c[i] - b * s[i]);
          Store(y2 + i, b * c[i] + a * s[i]);
        }
      }
    }
    std::memcpy(v + t * width, qkv + (t * 3 + 2) * width,
                static_cast<size_t>(width) * sizeof(T));
  }
}

template <typename T>
ARCTRM_INLINE void RotaryBackward(const T* grad_q, const T* grad_k,
                                  const T* grad_v, const float* cos,
                                  const float* sin, T* grad_qkv,
                                  int64_t positions, int64_t heads,
                                  int64_t dim) {
  const int64_t half = dim / 2;
  const int64_t width = heads * dim;
  for (int64_t t = 0; t < positions; ++t) {
    const float* c = cos + t * half;
    const float* s = sin + t * half;
    for (int part = 0; part < 2; ++part) {
      const T* from = (part == 0 ? grad_q : grad_k) + t * width;
      T* to = grad_qkv + (t * 3 + part) * width;
      for (int64_t h = 0; h < heads; ++h) {
        const T* g1 = from + h * dim;
        const T* g2 = g1 + half;
        T* x1 = to + h * dim;
        T* x2 = x1 + half;
        for (int64_t i = 0; i < half; ++i) {
          const float a = Load(g1 + i);
          const float b = Load(g2 + i);
          Store(x1 + i, a * c[i] + b * s[i]);
          Store(x2 + i, b * c[i] - a * s[i]);
        }
      }
    }
    std::memcpy(grad_qkv + (t * 3 + 2) * width, grad_v + t * width,
                static_cast<size_t>(width) * sizeof(T));
  }
}

constexpr int64_t kClasses = 64;  // per piece; ARC has 12 classes

// s(x) of up to kClasses logits, and the sum of s. Selects values instead of
// branching, so that compilers vectorise it.
template <typename T>
ARCTRM_INLINE double Stablemax(const T* logits, int64_t count, double* s) {
  for (int64_t i = 0; i < count; ++i) {
    const double x = static_cast<double>(Load(logits + i));
    const double below = 1.0 / (1.0 - (x < 0 ? x : 0.0));
    s[i] = x < 0 ? below : x + 1.0;
  }
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += s[i];
  return sum;
}

// The sum over all classes; `s` keeps the values of the last piece.
template <typename T>
ARCTRM_INLINE double StablemaxSum(const T* logits, int64_t classes, double* s) {
  double sum = 0;
  for (int64_t i = 0; i < classes; i += kClasses) {
    sum += Stablemax(logits + i, std::min(kClasses, classes - i), s);
  }
  return sum;
}

template <typename T>
ARCTRM_INLINE bool StablemaxLoss(const T* logits, const int64_t* labels,
                                 double* loss, int64_t tokens,
                                 int64_t classes) {
  std::array<double, kClasses> s;
  bool good = true;
  for (int64_t t = 0; t < tokens; ++t) {
    const int64_t label = labels[t];
    if (label < 0) {
      loss[t] = 0;
      continue;
    }
    if (label >= classes) {
      loss[t] = std::numeric_limits<double>::quiet_NaN();
      good = false;
      continue;
    }
    const T* row = logits + t * classes;
    const double sum = StablemaxSum(row, classes, s.data());
    Stablemax(row + label, 1, s.data());
    loss[t] = std::log(sum) - std::log(s[0]);
  }
  return good;
}

template <typename T>
ARCTRM_INLINE void StablemaxGrad(const double* grad_loss, const T* logits,
                                 const int64_t* labels, T* grad, int64_t tokens,
                                 int64_t classes) {
  std::array<double, kClasses> s;
  for (int64_t t = 0; t < tokens; ++t) {
    const T* row = logits + t * classes;
    T* to = grad + t * classes;
    const int64_t label = labels[t];
    if (label < 0) {
      for (int64_t i = 0; i < classes; ++i) Store(to + i, 0.0f);
      continue;
    }
    const double sum = StablemaxSum(row, classes, s.data());
    const double scale = grad_loss[t] / sum;
    for (int64_t i = 0; i < classes; i += kClasses) {
      const int64_t count = std::min(kClasses, classes - i);
      if (classes > kClasses) Stablemax(row + i, count, s.data());
      // d s / d x is 1 for x >= 0 and s^2 below.
      for (int64_t j = 0; j < count; ++j) {
        const double slope = Load(row + i + j) < 0 ? s[j] * s[j] : 1.0;
        Store(to + i + j, static_cast<float>(slope * scale));
      }
    }
    double own = 0;
    Stablemax(row + label, 1, &own);
    const double slope = Load(row + label) < 0 ? own * own : 1.0;
    Store(to + label,
          static_cast<float>((slope / sum - slope / own) * grad_loss[t]));
  }
}

template <bool kEma>
ARCTRM_INLINE void Adam(float* __restrict__ p, float* __restrict__ m,
                        float* __restrict__ v, const float* __restrict__ grad,
                        float* __restrict__ ema, int64_t n, float decay,
                        float beta1, float beta2, float step_size,
                        float v_scale, double ema_decay) {
  const float m_share = 1.0f - beta1;
  const float v_share = 1.0f - beta2;
  const float to_right = 1.0f / v_scale;
  const float ema_keep = static_cast<float>(ema_decay);
  const float ema_share = static_cast<float>(1.0 - ema_decay);
  for (int64_t i = 0; i < n; ++i) {
    const float g = grad[i];
    const float mean = m[i] + m_share * (g - m[i]);
    const float square = v[i] + v_share * (g * g - v[i]);
    m[i] = mean;
    v[i] = square;
    const float next =
        p[i] * decay -
        step_size * Atan2Right(mean, std::sqrt(square) * to_right);
    p[i] = next;
    if (kEma) ema[i] = ema[i] * ema_keep + next * ema_share;
  }
}

}  // namespace

void NarrowRows(const float* from, Bf16* to, int64_t stride, int64_t rows,
                int64_t cols) {
  for (int64_t r = 0; r < rows; ++r) {
    narrow(from + r * cols, to + r * stride, cols);
  }
}

#define ARCTRM_DEFINE_OPS(T)                                                  \
  ARCTRM_CLONES void ResidualRmsNormForward(const T* x, const T* y, T* out,   \
                                            float* rstd, int64_t rows,        \
                                            int64_t d, float eps) {           \
    RmsForward(x, y, out, rstd, rows, d, eps);                                \
  }                                                                           \
  ARCTRM_CLONES void ResidualRmsNormBackward(const T* grad_out, const T* out, \
                                             const float* rstd, T* grad,      \
                                             int64_t rows, int64_t d) {       \
    RmsBackward(grad_out, out, rstd, grad, rows, d);                          \
  }                                                                           \
  ARCTRM_CLONES void SwiGluForward(const T* gate_up, T* out, int64_t rows,    \
                                   int64_t n) {                               \
    GluForward(gate_up, out, rows, n);                                        \
  }                                                                           \
  ARCTRM_CLONES void SwiGluBackward(const T* grad_out, const T* gate_up,      \
                                    T* grad_gate_up, int64_t rows,            \
                                    int64_t n) {                              \
    GluBackward(grad_out, gate_up, grad_gate_up, rows, n);                    \
  }                                                                           \
  ARCTRM_CLONES void SplitRotaryForward(                                      \
      const T* qkv, const float* cos, const float* sin, T* q, T* k, T* v,     \
      int64_t positions, int64_t heads, int64_t dim) {                        \
    RotaryForward(qkv, cos, sin, q, k, v, positions, heads, dim);             \
  }                                                                           \
  ARCTRM_CLONES void SplitRotaryBackward(                                     \
      const T* grad_q, const T* grad_k, const T* grad_v, const float* cos,    \
      const float* sin, T* grad_qkv, int64_t positions, int64_t heads,        \
      int64_t dim) {                                                          \
    RotaryBackward(grad_q, grad_k, grad_v, cos, sin, grad_qkv, positions,     \
                   heads, dim);                                               \
  }                                                                           \
  ARCTRM_CLONES bool StablemaxForward(const T* logits, const int64_t* labels, \
                                      double* loss, int64_t tokens,           \
                                      int64_t classes) {                      \
    return StablemaxLoss(logits, labels, loss, tokens, classes);              \
  }                                                                           \
  ARCTRM_CLONES void StablemaxBackward(                                       \
      const double* grad_loss, const T* logits, const int64_t* labels,        \
      T* grad, int64_t tokens, int64_t classes) {                             \
    StablemaxGrad(grad_loss, logits, labels, grad, tokens, classes);          \
  }

ARCTRM_DEFINE_OPS(float)
ARCTRM_DEFINE_OPS(Bf16)
#undef ARCTRM_DEFINE_OPS

ARCTRM_CLONES void Atan2(const float* y, const float* x, float* to, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] = Atan2Right(y[i], x[i]);
}

ARCTRM_CLONES void AdamAtan2(float* p, float* m, float* v, const float* grad,
                             float* ema, int64_t n, float decay, float beta1,
                             float beta2, float step_size, float v_scale,
                             double ema_decay) {
  if (ema != nullptr) {
    Adam<true>(p, m, v, grad, ema, n, decay, beta1, beta2, step_size, v_scale,
               ema_decay);
  } else {
    Adam<false>(p, m, v, grad, ema, n, decay, beta1, beta2, step_size, v_scale,
                ema_decay);
  }
}

}  // namespace arctrm::kernels
