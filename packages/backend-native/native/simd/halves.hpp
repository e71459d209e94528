/*
 * binary16 and bfloat16 to and from float32. Rows of any storage type are read through a reader
 * (`Float32`, `Float16`, `BFloat16`). Rows in blocks have theirs in quantized-weights.hpp.
 */
#pragma once
#include "../core/dtype.hpp"
#include "vector.hpp"

namespace hybra::HYBRA_ISA {
namespace {

HYBRA_INLINE float floatFromBits(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}
HYBRA_INLINE std::uint32_t bitsFromFloat(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}

HYBRA_INLINE float widenF16(std::uint16_t half) {
  // The magnitude as a float with too small an exponent; the product rebiases it, subnormals included.
  const std::uint32_t magnitude = static_cast<std::uint32_t>(half & 0x7fff) << 13;
  const float value = magnitude >= 0x0f800000 ? floatFromBits(magnitude | 0x7f800000)
                                              : floatFromBits(magnitude) * 0x1p112f;
  return floatFromBits(bitsFromFloat(value) | static_cast<std::uint32_t>(half & 0x8000) << 16);
}
HYBRA_INLINE float widenBf16(std::uint16_t half) { return floatFromBits(static_cast<std::uint32_t>(half) << 16); }

/** Rounds to nearest, ties to even. */
HYBRA_INLINE std::uint16_t narrowF16(float value) {
  const std::uint32_t word = bitsFromFloat(value);
  const std::uint32_t sign = word >> 16 & 0x8000, magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return static_cast<std::uint16_t>(sign | 0x7e00 | (word >> 13 & 0x3ff));
  if (magnitude >= 0x477ff000) return static_cast<std::uint16_t>(sign | 0x7c00);  // 65520 and more
  if (magnitude >= 0x38800000) {
    const std::uint32_t rebiased = magnitude - (112u << 23);
    return static_cast<std::uint16_t>(sign | (rebiased + 0xfff + (rebiased >> 13 & 1)) >> 13);
  }
  // Below 2^-14: adding ½ lets the adder round to units of 2^-24.
  const float shifted = floatFromBits(magnitude) + 0.5f;
  return static_cast<std::uint16_t>(sign | (bitsFromFloat(shifted) - 0x3f000000));
}
HYBRA_INLINE std::uint16_t narrowBf16(float value) {
  const std::uint32_t word = bitsFromFloat(value);
  if ((word & 0x7fffffff) > 0x7f800000) return static_cast<std::uint16_t>(word >> 16 | 0x40);
  return static_cast<std::uint16_t>((word + 0x7fff + (word >> 16 & 1)) >> 16);
}

struct Float32 {
  using Element = float;
  static HYBRA_INLINE vf load(const float* from) { return HYBRA_ISA::load(from); }
  static HYBRA_INLINE float get(float value) { return value; }
};

struct BFloat16 {
  using Element = std::uint16_t;
  static HYBRA_INLINE vf load(const std::uint16_t* from) {
#if defined(__AVX512F__)
    const __m512i words = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
    return floatsOf((vi)_mm512_slli_epi32(words, 16));
#elif defined(__AVX2__)
    const __m256i words = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
    return floatsOf((vi)_mm256_slli_epi32(words, 16));
#else
    vh halves;
    std::memcpy(&halves, from, sizeof halves);
    return floatsOf((vi)(__builtin_convertvector(halves, vu) << 16));
#endif
  }
  static HYBRA_INLINE float get(std::uint16_t value) { return widenBf16(value); }
};

struct Float16 {
  using Element = std::uint16_t;
  static HYBRA_INLINE vf load(const std::uint16_t* from) {
#if defined(__AVX512F__)
    return (vf)_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
#elif defined(__F16C__)
    return (vf)_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
#elif defined(__aarch64__)
    return (vf)vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(from)));
#else
    float values[lanes];
    for (int i = 0; i < lanes; i++) values[i] = widenF16(from[i]);
    return HYBRA_ISA::load(values);
#endif
  }
  static HYBRA_INLINE float get(std::uint16_t value) { return widenF16(value); }
};

/** The first `count` elements of a row, zeros in the other lanes. */
template <class Reader>
HYBRA_INLINE vf loadSomeOf(const typename Reader::Element* from, int count) {
  typename Reader::Element values[lanes] = {};
  for (int i = 0; i < count; i++) values[i] = from[i];
  return Reader::load(values);
}
#if defined(__AVX512F__)
template <>
HYBRA_INLINE vf loadSomeOf<Float16>(const std::uint16_t* from, int count) {
  return (vf)_mm512_cvtph_ps(_mm256_maskz_loadu_epi16(static_cast<__mmask16>((1u << count) - 1), from));
}
#endif
template <>
HYBRA_INLINE vf loadSomeOf<Float32>(const float* from, int count) {
  return loadSome(from, count);
}

template <class Reader>
void widenRun(const typename Reader::Element* from, float* to, std::int64_t count) {
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) store(to + i, Reader::load(from + i));
  for (; i < count; i++) to[i] = Reader::get(from[i]);
}

inline void narrowRunF16(const float* from, std::uint16_t* to, std::int64_t count) {
  std::int64_t i = 0;
#if defined(__AVX512F__)
  for (; i + 16 <= count; i += 16) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i),
                        _mm512_cvtps_ph(_mm512_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT));
  }
#elif defined(__F16C__)
  for (; i + 8 <= count; i += 8) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT));
  }
#endif
  for (; i < count; i++) to[i] = narrowF16(from[i]);
}
inline void narrowRunBf16(const float* from, std::uint16_t* to, std::int64_t count) {
  for (std::int64_t i = 0; i < count; i++) to[i] = narrowBf16(from[i]);
}

/** Calls `f` with the reader of a dtype; anything but a half counts as float32. */
template <class F>
HYBRA_INLINE void withReader(DType dtype, F f) {
  if (dtype == DType::f16) f(Float16{});
  else if (dtype == DType::bf16) f(BFloat16{});
  else f(Float32{});
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
