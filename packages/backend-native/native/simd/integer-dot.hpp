/*
 * Products of bytes, summed four to a lane of int32, and the codes of quantised weights as the bytes that they take.
 * One instruction where the processor has VNNI, a few elsewhere; the sums are exact on all.
 *
 * vi   `lanes` int32, or as many runs of four bytes
 */
#pragma once
#include "vector.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/** Columns of x and of a weight that are rounded, or multiplied, together. */
constexpr int integerColumns = 32;
constexpr int vectorBytes = lanes * 4;

#if defined(__AVX512VNNI__) || defined(__AVXVNNI__)
constexpr bool hasVnni = true;
#else
constexpr bool hasVnni = false;
#endif

HYBRA_INLINE vi loadBytes(const void* from) {
  vi x;
  std::memcpy(&x, from, sizeof x);
  return x;
}

/** The first `count` bytes, zeros after them. */
inline __attribute__((noinline)) vi loadSomeBytes(const void* from, std::int64_t count) {
  vi x = {};
  std::memcpy(&x, from, count);
  return x;
}

/** Keeps the compiler from reading memory again for each use. */
HYBRA_INLINE void holdInRegister(vi& x) {
#if defined(__AVX512F__)
  asm("" : "+v"(x));
#elif defined(__x86_64__)
  asm("" : "+x"(x));
#else
  (void)x;
#endif
}

/**
 * sum + Σ of four weights times four activations in each lane.
 * @tparam areSigned whether weights are int8, else 0 … 255 with VNNI and 0 … 127 without
 * @param x int8, −127 … 127
 */
template <bool areSigned>
HYBRA_INLINE vi dotBytes(vi sum, vi weights, vi x) {
#if defined(__AVX512VNNI__)
  static_assert(!areSigned);
  return (vi)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)weights, (__m512i)x);
#elif defined(__AVXVNNI__)
  static_assert(!areSigned);
  return (vi)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)weights, (__m256i)x);
#elif defined(__AVX512BW__)
  // |w| · (x with the sign of w): pairs of at most 2 · 128 · 127 fit int16, where they saturate.
  if constexpr (areSigned) {
    const __m512i signs = _mm512_movm_epi8(_mm512_movepi8_mask((__m512i)weights));
    x = (vi)_mm512_sub_epi8(_mm512_xor_si512((__m512i)x, signs), signs);
    weights = (vi)_mm512_abs_epi8((__m512i)weights);
  }
  const __m512i pairs = _mm512_maddubs_epi16((__m512i)weights, (__m512i)x);
  return sum + (vi)_mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
#elif defined(__AVX2__)
  if constexpr (areSigned) {
    x = (vi)_mm256_sign_epi8((__m256i)x, (__m256i)weights);
    weights = (vi)_mm256_abs_epi8((__m256i)weights);
  }
  const __m256i pairs = _mm256_maddubs_epi16((__m256i)weights, (__m256i)x);
  return sum + (vi)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
#elif defined(__x86_64__)
  // Even and odd bytes as int16: products of the former are those of bytes 0 and 2, summed in their lane.
  const auto even = [](vi bytes) { return _mm_srai_epi16(_mm_slli_epi16((__m128i)bytes, 8), 8); };
  const auto odd = [](vi bytes) { return _mm_srai_epi16((__m128i)bytes, 8); };
  return sum + (vi)_mm_madd_epi16(even(weights), even(x)) + (vi)_mm_madd_epi16(odd(weights), odd(x));
#else
#pragma GCC unroll 4
  for (int shift = 0; shift < 32; shift += 8) sum += (weights << shift >> 24) * (x << shift >> 24);
  return sum;
#endif
}

/** int8. VNNI takes weights unsigned: `offset` too large, which is then taken from the sums. */
struct ByteCodes {
  static constexpr std::int64_t groupBytes = integerColumns;
  static constexpr int offset = hasVnni ? 128 : 0;
  static constexpr bool areSigned = !hasVnni;
  /** Vectors of x that meet one vector of codes. */
  static constexpr int parts = 1;
  template <class Bytes>
  static HYBRA_INLINE void split(Bytes codes, Bytes to[parts]) {
    to[0] = hasVnni ? codes ^ static_cast<std::int32_t>(0x80808080) : codes;
  }
};

/** Two codes of 0 … 15 a byte: the even columns, then the odd ones. @tparam Zero what 0 stands for, negated */
template <int Zero>
struct NibbleCodes {
  static constexpr std::int64_t groupBytes = integerColumns / 2;
  static constexpr int offset = Zero;
  static constexpr bool areSigned = false;
  static constexpr int parts = 2;
  template <class Bytes>
  static HYBRA_INLINE void split(Bytes codes, Bytes to[parts]) {
    to[0] = codes & 0x0f0f0f0f;
    to[1] = codes >> 4 & 0x0f0f0f0f;
  }
};

}  // namespace
}  // namespace hybra::HYBRA_ISA
