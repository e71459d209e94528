/*
 * Rows of x rounded to int8, 32 columns at a time: code = round(x · 127 / max |x|), to nearest, ties to even; x is
 * then scale · code with scale = max |x| / 127, wrong by half a scale at most. The same bits on every processor.
 */
#pragma once
#include "integer-dot.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/** 32 columns of a row. */
struct RoundedGroup {
  alignas(32) std::int8_t codes[integerColumns];
  float scale;
  std::int32_t sum;
};

/** Rounds to nearest, ties to even. */
HYBRA_INLINE vi roundToInteger(vf x) {
#if defined(__AVX512F__)
  return (vi)_mm512_cvtps_epi32((__m512)x);
#elif defined(__AVX2__)
  return (vi)_mm256_cvtps_epi32((__m256)x);
#elif defined(__x86_64__)
  return (vi)_mm_cvtps_epi32((__m128)x);
#elif defined(__aarch64__)
  return (vi)vcvtnq_s32_f32((float32x4_t)x);
#endif
}

/** Blocks with no magnitude above 2^-120 count as zeros: their inverse scale would overflow. */
HYBRA_INLINE void roundGroup(const float* x, RoundedGroup& to) {
  constexpr int vectors = integerColumns / lanes;
  vf largest = {}, notFinite = {};
#pragma GCC unroll 8
  for (int v = 0; v < vectors; v++) {
    const vf values = load(x + v * lanes);
    largest = maximum(absolute(values), largest);
    notFinite += values - values;  // NaN for ∞ and NaN, which the codes cannot say
  }
  const float most = largestOf(largest);
  const float inverse = most > 0x1p-120f ? 127 / most : 0;
  to.scale = most / 127 + sumOf(notFinite);
  if (to.scale != to.scale) {
    std::memset(to.codes, 0, sizeof to.codes);
    to.sum = 0;
    return;
  }
  vi sums = {};
#pragma GCC unroll 8
  for (int v = 0; v < vectors; v++) {
    const vi codes = roundToInteger(load(x + v * lanes) * inverse);
    typedef std::int8_t bytes __attribute__((vector_size(lanes)));
    const bytes narrow = __builtin_convertvector(codes, bytes);
    std::memcpy(to.codes + v * lanes, &narrow, sizeof narrow);
    sums += codes;
  }
  std::int32_t each[lanes];
  std::memcpy(each, &sums, sizeof each);
  to.sum = 0;
  for (int lane = 0; lane < lanes; lane++) to.sum += each[lane];
}

/** The codes of a group in the order of the weights' parts: as they are, or the even columns, then the odd ones. */
template <class Codes>
HYBRA_INLINE void arrange(const std::int8_t* codes, std::int8_t* to) {
  if constexpr (Codes::parts == 1) {
    std::memcpy(to, codes, integerColumns);
  } else {
    for (int i = 0; i < integerColumns / 2; i++) {
      to[i] = codes[2 * i];
      to[integerColumns / 2 + i] = codes[2 * i + 1];
    }
  }
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
