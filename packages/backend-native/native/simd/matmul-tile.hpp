/*
 * The micro-kernel of the matrix product (Goto & van de Geijn 2008): a tile of the output stays in registers
 * while panels of a and b, packed so that every access is to the next address, stream past.
 */
#pragma once
#include "halves.hpp"
#include "parallel.hpp"

namespace hybra::HYBRA_ISA {
namespace {

// Registers: tileRows · tileVectors sums, tileVectors of b and one of a.
#if defined(__AVX512F__)
constexpr int tileRows = 14, tileVectors = 2;
#elif defined(__AVX2__)
constexpr int tileRows = 6, tileVectors = 2;
#elif defined(__aarch64__)
constexpr int tileRows = 8, tileVectors = 3;
#else
constexpr int tileRows = 4, tileVectors = 2;
#endif
constexpr int tileColumns = tileVectors * lanes;

/** The first `columns` lanes of a finished sum; none if there are none. */
HYBRA_INLINE void addTile(float* to, vf sum, int columns, bool accumulates) {
  if (columns >= lanes) store(to, accumulates ? load(to) + sum : sum);
  else if (columns > 0) storeSome(to, accumulates ? loadSome(to, columns) + sum : sum, columns);
}

/** Asks for the lines of a tile of y while its sums are made: they lie in another row of memory each. */
template <int Rows, int vectors>
HYBRA_INLINE void awaitTile(const float* y, std::int64_t yStride) {
  constexpr int lineFloats = 16;
#pragma GCC unroll 16
  for (int row = 0; row < Rows; row++) {
#pragma GCC unroll 4
    for (int at = 0; at < vectors * lanes; at += lineFloats) __builtin_prefetch(y + row * yStride + at, 1);
  }
}

/**
 * y[row, column] (+)= Σₖ a[k, row] · b[k, column] for `Rows` rows and a panel of columns.
 * @param a packed: `tileRows` values per k   @param b packed: `tileColumns` values per k
 * @param columns how many of the panel's columns exist
 */
template <int Rows>
void multiplyTile(std::int64_t K, const float* a, const float* b, float* y, std::int64_t yStride, int columns,
                  bool accumulates) {
  awaitTile<Rows, tileVectors>(y, yStride);
  vf sums[Rows][tileVectors] = {};
  for (std::int64_t k = 0; k < K; k++, a += tileRows, b += tileColumns) {
    vf weights[tileVectors];
#pragma GCC unroll 4
    for (int v = 0; v < tileVectors; v++) weights[v] = load(b + v * lanes);
#pragma GCC unroll 16
    for (int row = 0; row < Rows; row++) {
      const vf value = splat(a[row]);
#pragma GCC unroll 4
      for (int v = 0; v < tileVectors; v++) sums[row][v] += value * weights[v];
    }
  }
#pragma GCC unroll 16
  for (int row = 0; row < Rows; row++) {
#pragma GCC unroll 4
    for (int v = 0; v < tileVectors; v++) {
      addTile(y + row * yStride + v * lanes, sums[row][v], columns - v * lanes, accumulates);
    }
  }
}

using Tile = void (*)(std::int64_t, const float*, const float*, float*, std::int64_t, int, bool);

/** `multiplyTile` for 1 … tileRows rows. */
template <int... Rows>
struct TilesOf {
  static constexpr Tile table[] = {multiplyTile<Rows + 1>...};
};
template <int Count, int... Rows>
struct MakeTiles : MakeTiles<Count - 1, Count - 1, Rows...> {};
template <int... Rows>
struct MakeTiles<0, Rows...> : TilesOf<Rows...> {};

HYBRA_INLINE Tile tileFor(std::int64_t rows) { return MakeTiles<tileRows>::table[rows - 1]; }

/** Panels of float32. Others (bfloat16-tile.hpp) hold several numbers of k in a unit of as many bytes. */
struct FloatPanels {
  /** Numbers of k in a unit. */
  static constexpr std::int64_t perUnit = 1;
  /** Depth of a packed block: a panel of b stays in the second cache, a panel of a in the first. */
  static constexpr std::int64_t depth = 256;
  /** Most rows of a that are packed at once. */
  static constexpr std::int64_t mostRows = 40 * tileRows;
  static HYBRA_INLINE Tile tile(std::int64_t rows) { return tileFor(rows); }
};

/** Writes four runs side by side: `to[k · width + row]`. */
HYBRA_INLINE void interleaveFour(const float* rows[4], std::int64_t K, float* to, std::int64_t width) {
  std::int64_t k = 0;
  for (; k + 4 <= K; k += 4) {
    quad q[4];
    for (int row = 0; row < 4; row++) std::memcpy(&q[row], rows[row] + k, 16);
    const quad low0 = __builtin_shufflevector(q[0], q[1], 0, 4, 1, 5);
    const quad low1 = __builtin_shufflevector(q[2], q[3], 0, 4, 1, 5);
    const quad high0 = __builtin_shufflevector(q[0], q[1], 2, 6, 3, 7);
    const quad high1 = __builtin_shufflevector(q[2], q[3], 2, 6, 3, 7);
    const quad columns[4] = {
        __builtin_shufflevector(low0, low1, 0, 1, 4, 5), __builtin_shufflevector(low0, low1, 2, 3, 6, 7),
        __builtin_shufflevector(high0, high1, 0, 1, 4, 5), __builtin_shufflevector(high0, high1, 2, 3, 6, 7)};
    for (int i = 0; i < 4; i++) std::memcpy(to + (k + i) * width, &columns[i], 16);
  }
  for (; k < K; k++) {
    for (int row = 0; row < 4; row++) to[k * width + row] = rows[row][k];
  }
}

/**
 * Packs `columns` columns of b, K deep, into a panel; missing columns are zeros.
 * @param widened room for 4 · K floats
 */
template <class Reader>
inline void packPanel(const typename Reader::Element* b, std::int64_t bK, std::int64_t bN, std::int64_t columns,
                      std::int64_t K, float* panel, float* widened) {
  if (columns < tileColumns) {
    for (std::int64_t i = 0; i < K * tileColumns; i++) panel[i] = 0;
  }
  if (bN == 1 && columns == tileColumns) {
    for (std::int64_t k = 0; k < K; k++) {
      for (int v = 0; v < tileVectors; v++) {
        store(panel + k * tileColumns + v * lanes, Reader::load(b + k * bK + v * lanes));
      }
    }
    return;
  }
  std::int64_t n = 0;
  if (bK == 1) {
    for (; n + 4 <= columns; n += 4) {
      const float* rows[4];
      for (int row = 0; row < 4; row++) {
        const typename Reader::Element* from = b + (n + row) * bN;
        if constexpr (sizeof(typename Reader::Element) == 4) {
          rows[row] = from;
        } else {
          widenRun<Reader>(from, widened + row * K, K);
          rows[row] = widened + row * K;
        }
      }
      interleaveFour(rows, K, panel + n, tileColumns);
    }
  }
  for (; n < columns; n++) {
    for (std::int64_t k = 0; k < K; k++) panel[k * tileColumns + n] = Reader::get(b[n * bN + k * bK]);
  }
}

/** Packs `rows` rows of a, K deep: `to[k · tileRows + row]`. Missing rows are left as they are: no tile reads them. */
template <class Weights>
inline void packFloatRows(const float* a, std::int64_t aM, std::int64_t aK, std::int64_t rows, std::int64_t K, float* to) {
  if (aM == 1) {
    // A transposed a: neighbouring rows lie side by side, and walking down K row by row would miss every cache.
    for (std::int64_t k = 0; k < K; k++) {
      const float* from = a + Weights::column(k) * aK;
      if (rows == tileRows) std::memcpy(to + k * tileRows, from, tileRows * 4);
      else std::memcpy(to + k * tileRows, from, rows * 4);
    }
    return;
  }
  std::int64_t row = 0;
  if constexpr (requires { Weights::keepsOrder; }) {
    for (; aK == 1 && row + 4 <= rows; row += 4) {
      const float* four[4] = {a + row * aM, a + (row + 1) * aM, a + (row + 2) * aM, a + (row + 3) * aM};
      interleaveFour(four, K, to + row, tileRows);
    }
  }
  for (; row < rows; row++) {
    const float* from = a + row * aM;
    for (std::int64_t k = 0; k < K; k++) to[k * tileRows + row] = from[Weights::column(k) * aK];
  }
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
