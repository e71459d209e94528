/* A weight [N, K] in blocks, w = scale · (code − zero): dot products with its rows, and packing for the tiles. */
#pragma once
#include "halves.hpp"
#include "matmul-tile.hpp"
#include "quantized-codes.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/** Groups of a row whose scales and zero points are widened at once. */
constexpr std::int64_t groupsPerRun = 64;

/** @tparam Codes `Codes8` or `Codes4`   @tparam HasZeros whether zero points are subtracted from the codes */
template <class Codes, bool HasZeros>
struct QuantizedWeights {
  const std::uint8_t* codes;
  const char *scales, *zeros;
  bool areHalves;
  /** Groups of columns in a row, and in a block. */
  std::int64_t groups, groupsPerBlock;

  using Panels = FloatPanels;
  /** The column of a that meets place k of a packed panel. */
  static HYBRA_INLINE std::int64_t column(std::int64_t place) { return Codes::column(place); }
  static void packRows(const float* a, std::int64_t aM, std::int64_t aK, std::int64_t rows, std::int64_t K, float* to) {
    packFloatRows<QuantizedWeights>(a, aM, aK, rows, K, to);
  }

  /**
   * Calls `f(group, values, scale)` for groups `from` … of row n: scale · values are the weights. One place after
   * another in memory.
   */
  template <class F>
  HYBRA_INLINE void forGroups(std::int64_t n, std::int64_t from, std::int64_t count, F f) const {
    const std::uint8_t* row = codes + (n * groups + from) * Codes::groupBytes;
    for (std::int64_t first = 0; first < count; first += groupsPerRun) {
      const std::int64_t run = least(groupsPerRun, count - first);
      float scale[groupsPerRun], zero[groupsPerRun];
      widen(scales, n, from + first, run, scale);
      if constexpr (HasZeros) widen(zeros, n, from + first, run, zero);
      for (std::int64_t group = 0; group < run; group++, row += Codes::groupBytes) {
        vf values[groupVectors];
        Codes::expand(row, values);
        if constexpr (HasZeros) {
#pragma GCC unroll 8
          for (int v = 0; v < groupVectors; v++) values[v] -= zero[group];
        }
        f(first + group, values, scale[group]);
      }
    }
  }

  /** Dot products of `Rows` rows of a, arranged by `column`, with row n: still spread over lanes. */
  template <int Rows>
  HYBRA_INLINE void dot(std::int64_t n, const float* a, std::int64_t aM, vf totals[Rows]) const {
    vf sums[Rows] = {};
    forGroups(n, 0, groups, [&](std::int64_t group, const vf* values, float scale) __attribute__((always_inline)) {
#pragma GCC unroll 4
      for (int row = 0; row < Rows; row++) {
        const float* from = a + row * aM + group * groupColumns;
        vf sum = values[0] * load(from);
#pragma GCC unroll 8
        for (int v = 1; v < groupVectors; v++) sum += values[v] * load(from + v * lanes);
        sums[row] += sum * scale;
      }
    });
#pragma GCC unroll 4
    for (int row = 0; row < Rows; row++) totals[row] = sums[row];
  }

  /** Packs `columns` rows of the weight, from n on, `depth` deep from k on; see `packPanel`. */
  void pack(std::int64_t k, std::int64_t depth, std::int64_t n, std::int64_t columns, float* panel,
            float* widened) const {
    for (std::int64_t i = 0; i < (columns < tileColumns ? depth * tileColumns : 0); i++) panel[i] = 0;
    for (std::int64_t first = 0; first < columns; first += 4) {
      const std::int64_t count = least(4, columns - first);
      const float* rows[4];
      for (std::int64_t row = 0; row < count; row++) {
        float* to = widened + row * depth;
        rows[row] = to;
        forGroups(n + first + row, k / groupColumns, depth / groupColumns,
                  [=](std::int64_t group, const vf* values, float scale) __attribute__((always_inline)) {
#pragma GCC unroll 8
                    for (int v = 0; v < groupVectors; v++) {
                      store(to + group * groupColumns + v * lanes, values[v] * scale);
                    }
                  });
      }
      if (count == 4) {
        interleaveFour(rows, depth, panel + first, tileColumns);
        continue;
      }
      for (std::int64_t row = 0; row < count; row++) {
        for (std::int64_t place = 0; place < depth; place++) panel[place * tileColumns + first + row] = rows[row][place];
      }
    }
  }

 private:
  /** Scales or zero points of groups `from` … of row n. */
  HYBRA_INLINE void widen(const char* blocks, std::int64_t n, std::int64_t from, std::int64_t count,
                          float* to) const {
    const std::int64_t row = n * (groups / groupsPerBlock);
    const std::uint16_t* halves = reinterpret_cast<const std::uint16_t*>(blocks) + row;
    const float* floats = reinterpret_cast<const float*>(blocks) + row;
    if (areHalves && groupsPerBlock == 1) return widenRun<Float16>(halves + from, to, count);
    for (std::int64_t i = 0; i < count; i++) {
      const std::int64_t block = (from + i) / groupsPerBlock;
      to[i] = areHalves ? widenF16(halves[block]) : floats[block];
    }
  }
};

}  // namespace
}  // namespace hybra::HYBRA_ISA
