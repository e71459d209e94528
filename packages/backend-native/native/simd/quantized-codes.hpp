/*
 * Codes of quantised weights as float32, expanded in registers a group of 32 columns at a time. The columns of a
 * group come in the order that is cheapest to expand; `column` says which that is.
 */
#pragma once
#include "vector.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/** Columns that are expanded at once. Blocks that share a scale have as many, or a multiple. */
constexpr int groupColumns = 32;
constexpr int groupVectors = groupColumns / lanes;

/** int8, in the order of the columns. */
struct Codes8 {
  static constexpr std::int64_t groupBytes = groupColumns;
  static HYBRA_INLINE std::int64_t column(std::int64_t place) { return place; }

  static HYBRA_INLINE void expand(const std::uint8_t* from, vf values[groupVectors]) {
#pragma GCC unroll 8
    for (int v = 0; v < groupVectors; v++) values[v] = __builtin_convertvector(widened(from + v * lanes), vf);
  }

 private:
  static HYBRA_INLINE vi widened(const std::uint8_t* from) {
#if defined(__AVX512F__)
    return (vi)_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
#elif defined(__AVX2__)
    return (vi)_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
#else
    typedef std::int8_t bytes __attribute__((vector_size(lanes)));
    bytes narrow;
    std::memcpy(&narrow, from, sizeof narrow);
    return __builtin_convertvector(narrow, vi);
#endif
  }
};

/** Two 4-bit codes a byte, less `Zero`: the even columns of a group (low halves), then the odd ones. */
template <int Zero>
struct Codes4 {
  static constexpr std::int64_t groupBytes = groupColumns / 2;
  static HYBRA_INLINE std::int64_t column(std::int64_t place) {
    const std::int64_t inGroup = place % groupColumns;
    return place - inGroup + inGroup % groupBytes * 2 + inGroup / groupBytes;
  }

  static HYBRA_INLINE void expand(const std::uint8_t* from, vf values[groupVectors]) {
#pragma GCC unroll 8
    for (int v = 0; v < groupVectors / 2; v++) {
      const vi pairs = widened(from + v * lanes);
      values[v] = less(pairs);
      values[v + groupVectors / 2] = less(pairs >> 4);
    }
  }

 private:
  /** The low four bits of each lane, less `Zero`. */
  static HYBRA_INLINE vf less(vi codes) {
#if defined(__AVX512F__)
    // A permutation reads the low four bits of its indices and no others, so that one instruction does it all.
    const vf table = {0 - Zero, 1 - Zero, 2 - Zero,  3 - Zero,  4 - Zero,  5 - Zero,  6 - Zero,  7 - Zero,
                      8 - Zero, 9 - Zero, 10 - Zero, 11 - Zero, 12 - Zero, 13 - Zero, 14 - Zero, 15 - Zero};
    return (vf)_mm512_permutexvar_ps((__m512i)codes, (__m512)table);
#else
    return __builtin_convertvector((codes & 15) - Zero, vf);
#endif
  }
  static HYBRA_INLINE vi widened(const std::uint8_t* from) {
#if defined(__AVX512F__)
    return (vi)_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
#elif defined(__AVX2__)
    return (vi)_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
#else
    typedef std::uint8_t bytes __attribute__((vector_size(lanes)));
    bytes narrow;
    std::memcpy(&narrow, from, sizeof narrow);
    return __builtin_convertvector(narrow, vi);
#endif
  }
};

}  // namespace
}  // namespace hybra::HYBRA_ISA
