/*
 * Panels for products of numbers rounded to bfloat16, to nearest, ties to even, summed in float32.
 *
 * Where the processor multiplies pairs (AVX512_BF16), a unit of a panel holds two numbers that follow one another
 * along k: two multiply-adds a lane for what one of float32 takes. It counts bfloat16's subnormal numbers as zeros.
 * Elsewhere a unit is one rounded number as float32, so that results differ in the order of sums only.
 */
#pragma once
#include "interleave.hpp"
#include "matmul-tile.hpp"

namespace hybra::HYBRA_ISA {
namespace {

#if defined(__AVX512BF16__)

/** Two vectors of float32 as `lanes` pairs: `first` in the low halves. */
HYBRA_INLINE __m512i pairsOf(vf first, vf second) {
  alignas(64) static constexpr std::uint16_t places[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                                          8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const __m512i halves = (__m512i)_mm512_cvtne2ps_pbh((__m512)second, (__m512)first);
  return _mm512_permutexvar_epi16(_mm512_load_si512(places), halves);
}

/** The first `count` lanes. */
HYBRA_INLINE void storePairs(float* to, __m512i pairs, std::int64_t count) {
  if (count >= lanes) _mm512_storeu_si512(to, pairs);
  else _mm512_mask_storeu_epi32(to, static_cast<__mmask16>((1u << count) - 1), pairs);
}

/** Up to `2 · lanes` numbers along k as pairs, zeros behind them. */
template <class Reader>
HYBRA_INLINE __m512i pairsAlong(const typename Reader::Element* from, std::int64_t count) {
  if (count >= 2 * lanes) {
    return (__m512i)_mm512_cvtne2ps_pbh((__m512)Reader::load(from + lanes), (__m512)Reader::load(from));
  }
  const int low = static_cast<int>(least(count, lanes)), high = static_cast<int>(count) - low;
  return (__m512i)_mm512_cvtne2ps_pbh((__m512)loadSomeOf<Reader>(from + low, high),
                                      (__m512)loadSomeOf<Reader>(from, low));
}

/** `Rows` (2 or 4) runs along k, `row` apart, as pairs side by side: `to[k / 2 · width + row]`. */
template <int Rows, int width, class Reader>
inline void interleavePairs(const typename Reader::Element* from, std::int64_t row, std::int64_t K, float* to) {
  for (std::int64_t k = 0; k < K; k += 2 * lanes, to += lanes * width) {
    const std::int64_t units = least(lanes, ceilDivide(K - k, 2));
    __m512i runs[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
      runs[i] = i < Rows ? pairsAlong<Reader>(from + i * row + k, K - k) : _mm512_setzero_si512();
    }
    storeInterleaved<Rows>(runs, units, width, to);
  }
}

/**
 * Runs of numbers that lie side by side across k, as pairs: `to[k / 2 · width + place]` for `count` ≤ 2 · `lanes`
 * places. @param step from k to k + 1
 */
template <class Reader>
inline void pairAcross(const typename Reader::Element* from, std::int64_t step, std::int64_t count, std::int64_t K,
                       std::int64_t width, float* to) {
  for (std::int64_t first = 0; first < count; first += lanes) {
    const int some = static_cast<int>(least(lanes, count - first));
    const auto read = [&](std::int64_t k) {
      if (k >= K) return vf{};
      const typename Reader::Element* at = from + k * step + first;
      return some == lanes ? Reader::load(at) : loadSomeOf<Reader>(at, some);
    };
    for (std::int64_t k = 0; k < K; k += 2) {
      storePairs(to + k / 2 * width + first, pairsOf(read(k), read(k + 1)), some);
    }
  }
}

/** Packs `count` rows, K deep, `count` ≤ `width`: `to[k / 2 · width + row]`. Missing rows are left as they are. */
template <int width, class Reader>
inline void packPairs(const typename Reader::Element* from, std::int64_t row, std::int64_t step, std::int64_t count,
                      std::int64_t K, float* to) {
  if (row == 1) return pairAcross<Reader>(from, step, count, K, width, to);
  std::int64_t n = 0;
  if (step == 1) {
    for (; n + 4 <= count; n += 4) interleavePairs<4, width, Reader>(from + n * row, row, K, to + n);
    for (; n + 2 <= count; n += 2) interleavePairs<2, width, Reader>(from + n * row, row, K, to + n);
  }
  for (; n < count; n++) {
    for (std::int64_t k = 0; k < K; k += 2) {
      const typename Reader::Element* at = from + n * row + k * step;
      const std::uint32_t low = narrowBf16(Reader::get(at[0]));
      const std::uint32_t high = k + 1 < K ? narrowBf16(Reader::get(at[step])) : 0;
      const std::uint32_t pair = high << 16 | low;
      std::memcpy(to + k / 2 * width + n, &pair, 4);
    }
  }
}

/** `multiplyTile` for panels of pairs. @param units pairs of k */
template <int Rows>
void multiplyPairs(std::int64_t units, const float* a, const float* b, float* y, std::int64_t yStride, int columns,
                   bool accumulates) {
  awaitTile<Rows, tileVectors>(y, yStride);
  __m512 sums[Rows][tileVectors] = {};
  for (std::int64_t unit = 0; unit < units; unit++, a += tileRows, b += tileColumns) {
    __m512i weights[tileVectors];
#pragma GCC unroll 4
    for (int v = 0; v < tileVectors; v++) weights[v] = _mm512_loadu_si512(b + v * lanes);
#pragma GCC unroll 16
    for (int row = 0; row < Rows; row++) {
      const __m512i value = (__m512i)_mm512_set1_ps(a[row]);
#pragma GCC unroll 4
      for (int v = 0; v < tileVectors; v++) {
        sums[row][v] = _mm512_dpbf16_ps(sums[row][v], (__m512bh)value, (__m512bh)weights[v]);
      }
    }
  }
#pragma GCC unroll 16
  for (int row = 0; row < Rows; row++) {
#pragma GCC unroll 4
    for (int v = 0; v < tileVectors; v++) {
      addTile(y + row * yStride + v * lanes, (vf)sums[row][v], columns - v * lanes, accumulates);
    }
  }
}

template <int... Rows>
struct PairTilesOf {
  static constexpr Tile table[] = {multiplyPairs<Rows + 1>...};
};
template <int Count, int... Rows>
struct MakePairTiles : MakePairTiles<Count - 1, Count - 1, Rows...> {};
template <int... Rows>
struct MakePairTiles<0, Rows...> : PairTilesOf<Rows...> {};

struct Bfloat16Panels {
  static constexpr std::int64_t perUnit = 2, depth = 512, mostRows = 80 * tileRows;
  static HYBRA_INLINE Tile tile(std::int64_t rows) { return MakePairTiles<tileRows>::table[rows - 1]; }
};

#else

HYBRA_INLINE vf roundedToBf16(vf x) {
  const vu bits = (vu)x, rounded = bits + 0x7fffu + (bits >> 16 & 1u);
  // Rounding would make NaNs with many ones numbers.
  const vu kept = x == x ? rounded : bits | 0x400000u;
  return (vf)(kept & 0xffff0000u);
}

/** Rounds every number of a panel. */
inline void roundPanel(float* panel, std::int64_t count) {
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) store(panel + i, roundedToBf16(load(panel + i)));
  for (; i < count; i++) panel[i] = widenBf16(narrowBf16(panel[i]));
}

using Bfloat16Panels = FloatPanels;

#endif

}  // namespace
}  // namespace hybra::HYBRA_ISA
