/*
 * Vectors of float32 in the widest registers of the instruction set that this is compiled for, by the vector
 * extensions of GCC and Clang. Intrinsics appear only where these have no word: masks and 16-bit floats.
 *
 * vf, vi   `lanes` floats, `lanes` int32
 */
#pragma once
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace hybra::HYBRA_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX2__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif

typedef float vf __attribute__((vector_size(lanes * 4)));
typedef std::int32_t vi __attribute__((vector_size(lanes * 4)));
typedef std::uint32_t vu __attribute__((vector_size(lanes * 4)));
typedef std::uint16_t vh __attribute__((vector_size(lanes * 2)));

#define HYBRA_INLINE inline __attribute__((always_inline))

HYBRA_INLINE vf splat(float value) { return value - vf{}; }
HYBRA_INLINE vi splat(std::int32_t value) { return value - vi{}; }
HYBRA_INLINE vi bitsOf(vf x) { return (vi)x; }
HYBRA_INLINE vf floatsOf(vi x) { return (vf)x; }

HYBRA_INLINE vf load(const float* from) {
  vf x;
  std::memcpy(&x, from, sizeof x);
  return x;
}
HYBRA_INLINE void store(float* to, vf x) { std::memcpy(to, &x, sizeof x); }

/** The first `count` lanes, zeros in the others. */
HYBRA_INLINE vf loadSome(const float* from, int count) {
#if defined(__AVX512F__)
  return (vf)_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), from);
#else
  float values[lanes] = {};
  for (int i = 0; i < count; i++) values[i] = from[i];
  return load(values);
#endif
}

/** Stores the first `count` lanes. */
HYBRA_INLINE void storeSome(float* to, vf x, int count) {
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << count) - 1), (__m512)x);
#else
  float values[lanes];
  store(values, x);
  for (int i = 0; i < count; i++) to[i] = values[i];
#endif
}

/** 0, 1, 2, … as floats. */
HYBRA_INLINE vf countUp() {
  vf x;
  for (int i = 0; i < lanes; i++) x[i] = static_cast<float>(i);
  return x;
}

HYBRA_INLINE vf minimum(vf a, vf b) { return a < b ? a : b; }
HYBRA_INLINE vf maximum(vf a, vf b) { return a > b ? a : b; }
HYBRA_INLINE vf absolute(vf x) { return floatsOf(bitsOf(x) & splat(0x7fffffff)); }
HYBRA_INLINE vf withSignOf(vf magnitude, vf sign) {
  return floatsOf((bitsOf(magnitude) & splat(0x7fffffff)) | (bitsOf(sign) & splat(INT32_MIN)));
}

typedef float quad __attribute__((vector_size(16)));

/** Adds up the quarters (AVX-512), halves (AVX2) or nothing of a vector. */
HYBRA_INLINE quad foldToQuad(vf x) {
  quad parts[lanes / 4];
  std::memcpy(parts, &x, sizeof x);
  if constexpr (lanes == 16) return (parts[0] + parts[1]) + (parts[2] + parts[3]);
  else if constexpr (lanes == 8) return parts[0] + parts[1];
  else return parts[0];
}

HYBRA_INLINE float sumOf(vf x) {
  const quad q = foldToQuad(x);
  return (q[0] + q[2]) + (q[1] + q[3]);
}

/** The sums of four vectors. */
HYBRA_INLINE quad sumsOf(vf a, vf b, vf c, vf d) {
  const quad p = foldToQuad(a), q = foldToQuad(b), r = foldToQuad(c), s = foldToQuad(d);
  const quad low = __builtin_shufflevector(p, q, 0, 4, 1, 5) + __builtin_shufflevector(p, q, 2, 6, 3, 7);
  const quad high = __builtin_shufflevector(r, s, 0, 4, 1, 5) + __builtin_shufflevector(r, s, 2, 6, 3, 7);
  return __builtin_shufflevector(low, high, 0, 1, 4, 5) + __builtin_shufflevector(low, high, 2, 3, 6, 7);
}

HYBRA_INLINE float largestOf(vf x) {
  float values[lanes];
  store(values, x);
  float largest = values[0];
  for (int i = 1; i < lanes; i++) largest = values[i] > largest ? values[i] : largest;
  return largest;
}

/** Any lane of a comparison's result. */
HYBRA_INLINE bool anyOf(vi condition) {
#if defined(__AVX512F__)
  return _mm512_test_epi32_mask((__m512i)condition, (__m512i)condition) != 0;
#else
  std::int32_t values[lanes];
  std::memcpy(values, &condition, sizeof values);
  std::int32_t all = 0;
  for (int i = 0; i < lanes; i++) all |= values[i];
  return all != 0;
#endif
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
