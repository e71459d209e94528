/*
 * The micro-kernel of products of int8: a tile of the output stays in registers as float32 while panels of x and of
 * the weight stream past, 32 columns at a time, whose exact sums are scaled and added.
 */
#pragma once
#include "integer-rows.hpp"
#include "integer-weights.hpp"
#include "matmul-tile.hpp"

namespace hybra::HYBRA_ISA {
namespace {

// Registers: for each row and vector of columns a sum of int32 and one of float32, the vectors of codes and one of x.
#if defined(__AVX512F__)
constexpr int integerTileRows = 6, integerTileVectors = 2;
#elif defined(__AVX2__)
constexpr int integerTileRows = 4, integerTileVectors = 1;
#else
constexpr int integerTileRows = 4, integerTileVectors = 1;
#endif
constexpr int integerTileColumns = integerTileVectors * lanes;

/** A group of columns of the rows of a tile: codes, scales, −offset · sum of codes, scale · sum of codes. */
struct RowsGroup {
  std::int32_t codes[integerTileRows][integerColumns / 4];
  float scales[integerTileRows];
  std::int32_t offsets[integerTileRows];
  float sums[integerTileRows];
};

/** Rounds and packs `rows` rows of x; the others of the tile are zeros. */
template <class Codes>
void packRoundedRows(const float* x, std::int64_t stride, std::int64_t rows, std::int64_t groups, RowsGroup* to) {
  if (rows < integerTileRows) std::memset(static_cast<void*>(to), 0, groups * sizeof(RowsGroup));
  for (std::int64_t row = 0; row < rows; row++) {
    for (std::int64_t group = 0; group < groups; group++) {
      RoundedGroup rounded;
      roundGroup(x + row * stride + group * integerColumns, rounded);
      arrange<Codes>(rounded.codes, reinterpret_cast<std::int8_t*>(to[group].codes[row]));
      to[group].scales[row] = rounded.scale;
      to[group].offsets[row] = -Codes::offset * rounded.sum;
      to[group].sums[row] = rounded.scale * rounded.sum;
    }
  }
}

/**
 * y[row, column] (+)= Σ over groups for the first `Rows` rows of a tile and panels of columns side by side.
 * @param rows how many of them exist   @param panelBytes from a panel to the next   @param columns how many exist
 */
template <int Rows, class Weights>
__attribute__((noinline)) void multiplyIntegerTile(std::int64_t groups, const RowsGroup* a, const char* b, std::int64_t panelBytes, float* y,
                         std::int64_t yStride, std::int64_t rows, std::int64_t columns, bool accumulates) {
  constexpr int steps = integerColumns / 4;
  awaitTile<Rows, integerTileVectors>(y, yStride);
  vf sums[Rows][integerTileVectors] = {};
  for (std::int64_t group = 0; group < groups; group++, a++, b += Weights::panelGroupBytes) {
    vi products[Rows][integerTileVectors];
#pragma GCC unroll 16
    for (int row = 0; row < Rows; row++) {
#pragma GCC unroll 4
      for (int v = 0; v < integerTileVectors; v++) products[row][v] = splat(a->offsets[row]);
    }
#pragma GCC unroll 8
    for (int step = 0; step < steps; step++) {
      vi codes[integerTileVectors];
#pragma GCC unroll 4
      for (int v = 0; v < integerTileVectors; v++) codes[v] = loadBytes(b + v * panelBytes + step * vectorBytes);
#pragma GCC unroll 16
      for (int row = 0; row < Rows; row++) {
        const vi x = splat(a->codes[row][step]);
#pragma GCC unroll 4
        for (int v = 0; v < integerTileVectors; v++) {
          products[row][v] = dotBytes<Weights::Codes::areSigned>(products[row][v], codes[v], x);
        }
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < integerTileVectors; v++) {
      const float* blocks = reinterpret_cast<const float*>(b + v * panelBytes + steps * vectorBytes);
      const vf scale = load(blocks);
#pragma GCC unroll 16
      for (int row = 0; row < Rows; row++) {
        sums[row][v] += __builtin_convertvector(products[row][v], vf) * splat(a->scales[row]) * scale;
        if constexpr (Weights::HasZeros) sums[row][v] += load(blocks + lanes) * splat(a->sums[row]);
      }
    }
  }
#pragma GCC unroll 16
  for (int row = 0; row < Rows; row++) {
    if (row >= rows) return;
#pragma GCC unroll 4
    for (int v = 0; v < integerTileVectors; v++) {
      float* to = y + row * yStride + v * lanes;
      const int count = static_cast<int>(columns - v * lanes);
      if (count >= lanes) store(to, accumulates ? load(to) + sums[row][v] : sums[row][v]);
      else if (count > 0) storeSome(to, accumulates ? loadSome(to, count) + sums[row][v] : sums[row][v], count);
    }
  }
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
