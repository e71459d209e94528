/*
 * Products of numbers rounded to 14 bits in blocks of 32 along k: code = round(x · 8191 / max |x|) of either operand,
 * to nearest, ties to even. Pairs of codes are multiplied and summed exactly in int32 over a block (32 · 8191² < 2³¹),
 * then scaled and summed in float32: two multiply-adds a lane where the processor has VNNI.
 *
 * Rounding is to max |x| / 16,382 of a block. That is finer than float16's for all but numbers that are small beside
 * the largest of their block.
 */
#pragma once
#include "integer-rows.hpp"
#include "interleave.hpp"
#include "matmul-tile.hpp"

namespace hybra::HYBRA_ISA {
namespace {

constexpr int halfColumns = 32;
constexpr int halfPairs = halfColumns / 2;
constexpr float largestCode = 8191;

// Registers: for each row and vector of columns a sum of int32 and one of float32, the vectors of codes and one of x.
#if defined(__AVX512F__)
constexpr int halfTileRows = 6, halfTileVectors = 2;
#else
constexpr int halfTileRows = 4, halfTileVectors = 1;
#endif
constexpr int halfTileColumns = halfTileVectors * lanes;

/** A block of the rows of a tile: pairs of codes, and scales. */
struct HalfRows {
  std::int32_t pairs[halfTileRows][halfPairs];
  float scales[halfTileRows];
};

/** A block of columns in a panel: pairs of codes for `lanes` columns after another, then their scales. */
constexpr std::int64_t halfPanelBytes = vectorBytes * (halfPairs + 1);

/** sum + the products of two pairs of int16 in each lane. */
HYBRA_INLINE vi dotPairs(vi sum, vi a, vi b) {
#if defined(__AVX512VNNI__)
  return (vi)_mm512_dpwssd_epi32((__m512i)sum, (__m512i)a, (__m512i)b);
#elif defined(__AVXVNNI__)
  return (vi)_mm256_dpwssd_avx_epi32((__m256i)sum, (__m256i)a, (__m256i)b);
#elif defined(__AVX512BW__)
  return sum + (vi)_mm512_madd_epi16((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
  return sum + (vi)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#elif defined(__x86_64__)
  return sum + (vi)_mm_madd_epi16((__m128i)a, (__m128i)b);
#else
  return sum + (a << 16 >> 16) * (b << 16 >> 16) + (a >> 16) * (b >> 16);
#endif
}

/** 32 numbers along k, zeros where there are fewer. */
struct HalfBlock {
  vf values[halfColumns / lanes];

  template <class Reader>
  HYBRA_INLINE void read(const typename Reader::Element* from, std::int64_t step, std::int64_t count) {
    constexpr int vectors = halfColumns / lanes;
    if (step == 1 && count >= halfColumns) {
#pragma GCC unroll 8
      for (int v = 0; v < vectors; v++) values[v] = Reader::load(from + v * lanes);
      return;
    }
    float each[halfColumns] = {};
    for (std::int64_t k = 0; k < least(count, halfColumns); k++) each[k] = Reader::get(from[k * step]);
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) values[v] = load(each + v * lanes);
  }

  /** The bits of the largest magnitude of each lane: as integers they are in order, ∞ and NaN above all. */
  HYBRA_INLINE vi largest() const {
    vi most = {};
#pragma GCC unroll 8
    for (int v = 0; v < halfColumns / lanes; v++) {
      const vi magnitude = bitsOf(values[v]) & splat(0x7fffffff);
      most = magnitude > most ? magnitude : most;
    }
    return most;
  }

  HYBRA_INLINE void codes(float inverse, std::int32_t pairs[halfPairs]) const {
#if defined(__AVX512F__)
    alignas(64) static constexpr std::uint16_t places[32] = {0,  2,  4,  6,  8,  10, 12, 14, 16, 18, 20,
                                                            22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 42,
                                                            44, 46, 48, 50, 52, 54, 56, 58, 60, 62};
    const vi low = roundToInteger(values[0] * inverse), high = roundToInteger(values[1] * inverse);
    _mm512_storeu_si512(pairs, _mm512_permutex2var_epi16((__m512i)low, _mm512_load_si512(places), (__m512i)high));
#else
    std::int16_t* to = reinterpret_cast<std::int16_t*>(pairs);
#pragma GCC unroll 8
    for (int v = 0; v < halfColumns / lanes; v++) {
      typedef std::int16_t words __attribute__((vector_size(lanes * 2)));
      const words narrow = __builtin_convertvector(roundToInteger(values[v] * inverse), words);
      std::memcpy(reinterpret_cast<char*>(to) + v * lanes * 2, &narrow, sizeof narrow);
    }
#endif
  }
};

typedef std::int32_t quadBits __attribute__((vector_size(16)));

/** The largest number of each of four vectors. */
HYBRA_INLINE quadBits largestOfEach(vi a, vi b, vi c, vi d) {
  const auto larger = [](quadBits x, quadBits y) { return x > y ? x : y; };
  const auto fold = [&](vi x) {
    quadBits parts[lanes / 4];
    std::memcpy(parts, &x, sizeof x);
    if constexpr (lanes == 16) return larger(larger(parts[0], parts[1]), larger(parts[2], parts[3]));
    else if constexpr (lanes == 8) return larger(parts[0], parts[1]);
    else return parts[0];
  };
  const quadBits p = fold(a), q = fold(b), r = fold(c), s = fold(d);
  const quadBits low = larger(__builtin_shufflevector(p, q, 0, 4, 1, 5), __builtin_shufflevector(p, q, 2, 6, 3, 7));
  const quadBits high = larger(__builtin_shufflevector(r, s, 0, 4, 1, 5), __builtin_shufflevector(r, s, 2, 6, 3, 7));
  return larger(__builtin_shufflevector(low, high, 0, 1, 4, 5), __builtin_shufflevector(low, high, 2, 3, 6, 7));
}

/**
 * Scales of four blocks, and what their numbers are multiplied by. A block with ∞ or NaN has the scale NaN. One with no
 * magnitude above 2^-110 counts as zeros: its inverse would overflow.
 */
struct HalfScales {
  quad scales, inverses;

  explicit HalfScales(quadBits largest) {
    const quadBits infinite = quadBits{} + 0x7f800000, tiny = quadBits{} + (17 << 23);
    const quad most = (quad)largest, nan = (quad)(quadBits{} + 0x7fc00000);
    scales = largest >= infinite ? nan : most * (1 / largestCode);
    inverses = (largest > tiny) & (largest < infinite) ? largestCode / most : quad{};
  }
};

/**
 * Rounds and packs `count` ≤ 4 rows, `row` apart, of one block.
 * @param pairs of the first row, `pairsRow` int32 from a row's to the next's   @param scales one after another
 */
template <class Reader>
HYBRA_INLINE void roundRows(const typename Reader::Element* from, std::int64_t row, std::int64_t step,
                            std::int64_t count, std::int64_t depth, std::int32_t (*pairs)[halfPairs], quad& scales) {
  HalfBlock blocks[4];
  vi most[4] = {};
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    if (i >= count) break;
    blocks[i].read<Reader>(from + i * row, step, depth);
    most[i] = blocks[i].largest();
  }
  const HalfScales each(largestOfEach(most[0], most[1], most[2], most[3]));
  float inverses[4];
  std::memcpy(inverses, &each.inverses, sizeof inverses);
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    if (i < count) blocks[i].codes(inverses[i], pairs[i]);
  }
  scales = each.scales;
}

/** Packs `rows` rows of a tile, K deep: a `HalfRows` for each block. Missing rows are zeros. */
inline void packHalfRows(const float* a, std::int64_t aM, std::int64_t aK, std::int64_t rows, std::int64_t K,
                         HalfRows* to) {
  for (std::int64_t k = 0; k < K; k += halfColumns, to++) {
    if (rows < halfTileRows) *to = {};
    for (std::int64_t row = 0; row < rows; row += 4) {
      const std::int64_t count = least(4, rows - row);
      quad scales;
      if (count == 4) roundRows<Float32>(a + row * aM + k * aK, aM, aK, 4, K - k, to->pairs + row, scales);
      else roundRows<Float32>(a + row * aM + k * aK, aM, aK, count, K - k, to->pairs + row, scales);
      std::memcpy(to->scales + row, &scales, count * 4);
    }
  }
}

/** Packs `columns` ≤ `lanes` columns of b, K deep, into a panel; missing ones are zeros. */
template <class Reader>
inline void packHalfPanel(const typename Reader::Element* b, std::int64_t bK, std::int64_t bN, std::int64_t columns,
                          std::int64_t K, char* panel) {
  for (std::int64_t k = 0; k < K; k += halfColumns, panel += halfPanelBytes) {
    if (columns < lanes) std::memset(panel, 0, halfPanelBytes);
    for (std::int64_t n = 0; n < columns; n += 4) {
      const std::int64_t count = least(4, columns - n);
      alignas(64) std::int32_t pairs[4][halfPairs];
      quad scales;
      if (count < 4) std::memset(pairs, 0, sizeof pairs);
      if (count == 4) roundRows<Reader>(b + n * bN + k * bK, bN, bK, 4, K - k, pairs, scales);
      else roundRows<Reader>(b + n * bN + k * bK, bN, bK, count, K - k, pairs, scales);
      float* to = reinterpret_cast<float*>(panel) + n;
#if defined(__AVX512F__)
      __m512i runs[4];
#pragma GCC unroll 4
      for (int i = 0; i < 4; i++) runs[i] = _mm512_load_si512(pairs[i]);
      storeInterleaved<4>(runs, halfPairs, lanes, to);
#else
      const float* four[4] = {reinterpret_cast<float*>(pairs[0]), reinterpret_cast<float*>(pairs[1]),
                              reinterpret_cast<float*>(pairs[2]), reinterpret_cast<float*>(pairs[3])};
      interleaveFour(four, halfPairs, to, lanes);
#endif
      std::memcpy(to + halfPairs * lanes, &scales, sizeof scales);
    }
  }
}

/**
 * y[row, column] (+)= Σ over blocks for the first `Rows` rows of a tile and panels of columns side by side.
 * @param rows how many of them exist   @param panelBytes from a panel to the next   @param columns how many exist
 */
template <int Rows>
__attribute__((noinline)) void multiplyHalfTile(std::int64_t blocks, const HalfRows* a, const char* b,
                                                std::int64_t panelBytes, float* y, std::int64_t yStride,
                                                std::int64_t rows, std::int64_t columns, bool accumulates) {
  awaitTile<Rows, halfTileVectors>(y, yStride);
  vf sums[Rows][halfTileVectors] = {};
  for (std::int64_t block = 0; block < blocks; block++, a++, b += halfPanelBytes) {
    vi products[Rows][halfTileVectors] = {};
#pragma GCC unroll 16
    for (int pair = 0; pair < halfPairs; pair++) {
      vi codes[halfTileVectors];
#pragma GCC unroll 4
      for (int v = 0; v < halfTileVectors; v++) codes[v] = loadBytes(b + v * panelBytes + pair * vectorBytes);
#pragma GCC unroll 16
      for (int row = 0; row < Rows; row++) {
        const vi x = splat(a->pairs[row][pair]);
#pragma GCC unroll 4
        for (int v = 0; v < halfTileVectors; v++) products[row][v] = dotPairs(products[row][v], codes[v], x);
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < halfTileVectors; v++) {
      const vf scale = load(reinterpret_cast<const float*>(b + v * panelBytes + halfPairs * vectorBytes));
#pragma GCC unroll 16
      for (int row = 0; row < Rows; row++) {
        sums[row][v] += __builtin_convertvector(products[row][v], vf) * (scale * splat(a->scales[row]));
      }
    }
  }
#pragma GCC unroll 16
  for (int row = 0; row < Rows; row++) {
    if (row >= rows) return;
#pragma GCC unroll 4
    for (int v = 0; v < halfTileVectors; v++) {
      addTile(y + row * yStride + v * lanes, sums[row][v], static_cast<int>(least(lanes, columns - v * lanes)),
              accumulates);
    }
  }
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
