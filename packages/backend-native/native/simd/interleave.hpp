/* Runs in registers written side by side: the transposition that packing ends with. AVX-512 only. */
#pragma once
#include "vector.hpp"

namespace hybra::HYBRA_ISA {
namespace {

#if defined(__AVX512F__)

/** `to[unit · width + row] = runs[row][unit]` for `Rows` (2 or 4) runs of `units` ≤ `lanes` words. */
template <int Rows>
HYBRA_INLINE void storeInterleaved(const __m512i runs[4], std::int64_t units, std::int64_t width, float* to) {
  const __m512i low0 = _mm512_unpacklo_epi32(runs[0], runs[1]), low1 = _mm512_unpacklo_epi32(runs[2], runs[3]);
  const __m512i high0 = _mm512_unpackhi_epi32(runs[0], runs[1]), high1 = _mm512_unpackhi_epi32(runs[2], runs[3]);
  // Quarter q of column c holds unit 4 q + c of all rows.
  const __m512i columns[4] = {_mm512_unpacklo_epi64(low0, low1), _mm512_unpackhi_epi64(low0, low1),
                              _mm512_unpacklo_epi64(high0, high1), _mm512_unpackhi_epi64(high0, high1)};
  __m128i quarters[4][4];
#pragma GCC unroll 4
  for (int c = 0; c < 4; c++) {
    quarters[0][c] = _mm512_castsi512_si128(columns[c]);
    quarters[1][c] = _mm512_extracti32x4_epi32(columns[c], 1);
    quarters[2][c] = _mm512_extracti32x4_epi32(columns[c], 2);
    quarters[3][c] = _mm512_extracti32x4_epi32(columns[c], 3);
  }
#pragma GCC unroll 16
  for (int unit = 0; unit < lanes; unit++) {
    if (unit >= units) break;
    std::memcpy(to + unit * width, &quarters[unit / 4][unit % 4], Rows * 4);
  }
}

#endif

}  // namespace
}  // namespace hybra::HYBRA_ISA
