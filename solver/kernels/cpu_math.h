// SPDX-License-Identifier: MIT
// Helpers of the CPU kernels: branch-free float32 code that compilers
// vectorise.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "solver/kernels/cpu_ops.h"

// Compiles a function for several x86-64 levels; the loader picks the best one.
// Off under sanitizers, whose runtime starts after that choice.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(ARCTRM_NO_TARGET_CLONES)
#define ARCTRM_CLONES \
  __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define ARCTRM_CLONES
#endif
#define ARCTRM_ALWAYS_INLINE __attribute__((always_inline))
#define ARCTRM_INLINE inline ARCTRM_ALWAYS_INLINE

namespace arctrm::kernels {

// The number of parallel partial sums. It is fixed, so that the order of sums
// does not depend on the register width.
inline constexpr int kLanes = 16;
// kLanes floats, for loops that compilers would leave scalar or vectorise with
// masks. Any target supports it; only inline functions take or return it.
using Lanes = float __attribute__((vector_size(kLanes * sizeof(float))));

// One float or kLanes of them.
template <typename F>
ARCTRM_INLINE F Get(const float* from) {
  F x;
  std::memcpy(&x, from, sizeof(x));
  return x;
}
template <typename F>
ARCTRM_INLINE void Put(float* to, F x) {
  std::memcpy(to, &x, sizeof(x));
}

// Calls f(i, Lanes()) for each full group of kLanes elements, then f(i,
// float()) for the rest of the n elements.
template <typename F>
ARCTRM_INLINE void ForLanes(int64_t n, F f) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) f(i, Lanes());
  for (; i < n; ++i) f(i, float());
}

// 2^(x factor) with relative error about 1e-7, for x factor up to 127; below
// -125 about 2^-125. F is float or Lanes. The factor has two parts, a float and
// its rounding error, so that fused multiply-add computes the product exactly.
struct Factor {
  explicit constexpr Factor(double factor)
      : first(static_cast<float>(factor)),
        second(static_cast<float>(factor - static_cast<double>(first))),
        least(static_cast<float>(-125 / factor)) {}
  float first, second;
  float least;  // x of 2^-125
};
template <typename F>
ARCTRM_INLINE F Exp2(F x, const Factor& factor) {
  using Bits = std::conditional_t<std::is_same_v<F, float>, uint32_t,
                                  uint32_t __attribute__((
                                      vector_size(kLanes * sizeof(uint32_t))))>;
  const F least = F() + factor.least;
  x = x < least ? least : x;
  constexpr float kMagic = 12582912.0f;  // 1.5 * 2^23: rounds to integer
  const F t = x * factor.first + kMagic;
  const F integer = t - kMagic;
  const F r = (x * factor.first - integer) + x * factor.second;
  F p = r * 1.5353362e-4f + 1.3398875e-3f;
  p = p * r + 9.6184374e-3f;
  p = p * r + 5.5503325e-2f;
  p = p * r + 2.4022648e-1f;
  p = p * r + 6.9314720e-1f;
  p = p * r + 1.0f;
  // Adds the integer, the low bits of t, to the exponent of p.
  Bits exponent, bits;
  std::memcpy(&exponent, &t, sizeof(exponent));
  std::memcpy(&bits, &p, sizeof(bits));
  bits += exponent << 23;
  std::memcpy(&p, &bits, sizeof(p));
  return p;
}

inline constexpr double kLog2E = 1.4426950408889634;

// e^x with relative error about 1e-7; clamps x to [-86, 88].
template <typename F>
ARCTRM_INLINE F Exp(F x) {
  constexpr Factor kFactor(kLog2E);
  const F most = F() + 88.0f;
  return Exp2(x > most ? most : x, kFactor);
}

ARCTRM_INLINE float Load(const float* p) { return *p; }
ARCTRM_INLINE void Store(float* p, float x) { *p = x; }
ARCTRM_INLINE float Load(const Bf16* p) {
  const uint32_t bits = static_cast<uint32_t>(p->bits) << 16;
  float x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}
// `x` rounded to nearest Bf16, ties to even.
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

// The sum of Lanes or of an array of kLanes floats.
template <typename L>
ARCTRM_INLINE float Sum(const L& lanes) {
  float total = 0;
  for (int i = 0; i < kLanes; ++i) total += lanes[i];
  return total;
}

}  // namespace arctrm::kernels
