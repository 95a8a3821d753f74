// SPDX-License-Identifier: MIT
// What the CPU kernels share: straight-line float32 code that compilers
// vectorise.
#pragma once

#include <cstdint>
#include <cstring>

#include "solver/kernels/cpu_ops.h"

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

// Partial sums side by side, so that their order does not depend on the width
// of the registers.
inline constexpr int kLanes = 16;

// e^x to about 1e-7 relative: 2^n by exponent bits, the rest by a polynomial on
// [-ln2/2, ln2/2].
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

ARCTRM_INLINE float Load(const float* p) { return *p; }
ARCTRM_INLINE void Store(float* p, float x) { *p = x; }
ARCTRM_INLINE float Load(const Bf16* p) {
  const uint32_t bits = static_cast<uint32_t>(p->bits) << 16;
  float x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}
// The 16 bits of `x` rounded to nearest, ties to even.
ARCTRM_INLINE uint32_t Bf16Bits(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  // A NaN must not round to infinity.
  const uint32_t quiet = (bits >> 16) | 0x40;
  const uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
  return (bits & 0x7FFFFFFF) > 0x7F800000 ? quiet : rounded;
}
ARCTRM_INLINE void Store(Bf16* p, float x) {
  p->bits = static_cast<uint16_t>(Bf16Bits(x));
}

ARCTRM_INLINE float Sum(const float* lanes) {
  float total = 0;
  for (int i = 0; i < kLanes; ++i) total += lanes[i];
  return total;
}

}  // namespace arctrm::kernels
