/* A weight [N, K] in blocks for products of bytes: its scales and zero points as float32, and packing for the tiles. */
#pragma once
#include "halves.hpp"
#include "integer-dot.hpp"
#include "parallel.hpp"

namespace hybra::HYBRA_ISA {
namespace {

typedef std::int32_t quadBytes __attribute__((vector_size(16)));

/** @tparam CodesType `ByteCodes` or `NibbleCodes`   @tparam HasZerosToo whether blocks have zero points */
template <class CodesType, bool HasZerosToo>
struct IntegerWeights {
  using Codes = CodesType;
  static constexpr bool HasZeros = HasZerosToo;
  /** A group of columns in a panel: codes of 32 columns for `lanes` rows, four columns side by side; scales; zeros. */
  static constexpr std::int64_t panelGroupBytes = vectorBytes * (integerColumns / 4 + 1 + (HasZeros ? 1 : 0));

  const std::uint8_t* codes;
  const char *scales, *zeros;
  bool areHalves;
  /** Groups of columns in a row, and in a block. */
  std::int64_t groups, groupsPerBlock;

  /** Scales of `count` ≤ `lanes` groups of row n, zeros in the other lanes. */
  HYBRA_INLINE vf scalesOf(std::int64_t n, std::int64_t from, std::int64_t count) const {
    return widened(scales, n, from, count);
  }
  HYBRA_INLINE vf zerosOf(std::int64_t n, std::int64_t from, std::int64_t count) const {
    return widened(zeros, n, from, count);
  }

  /** Packs `rows` ≤ `lanes` rows from n on, `depth` groups deep from `from` on; missing rows are zeros. */
  void pack(std::int64_t n, std::int64_t rows, std::int64_t from, std::int64_t depth, char* panel) const {
    if (rows < lanes) std::memset(panel, 0, depth * panelGroupBytes);
    for (std::int64_t row = 0; row < rows; row++) packScales(n + row, from, depth, panel + row * 4);
    std::int64_t row = 0;
    for (; row + 4 <= rows; row += 4) packCodes<4>(n + row, from, depth, panel + row * 4);
    for (; row < rows; row++) packCodes<1>(n + row, from, depth, panel + row * 4);
  }

 private:
  void packScales(std::int64_t n, std::int64_t from, std::int64_t depth, char* to) const {
    constexpr std::int64_t at = vectorBytes * (integerColumns / 4);
    for (std::int64_t first = 0; first < depth; first += lanes) {
      const std::int64_t count = least(lanes, depth - first);
      const vf scale = scalesOf(n, from + first, count);
      float each[lanes], shifts[lanes];
      store(each, scale);
      if constexpr (HasZeros) store(shifts, -scale * zerosOf(n, from + first, count));
      for (std::int64_t i = 0; i < count; i++) {
        char* group = to + (first + i) * panelGroupBytes + at;
        std::memcpy(group, &each[i], 4);
        if constexpr (HasZeros) std::memcpy(group + vectorBytes, &shifts[i], 4);
      }
    }
  }

  /** Codes of `Rows` rows side by side: a transposition of runs of four columns. */
  template <int Rows>
  void packCodes(std::int64_t n, std::int64_t from, std::int64_t depth, char* to) const {
    constexpr int loads = Codes::groupBytes / 16;
    const std::uint8_t* first = codes + (n * groups + from) * Codes::groupBytes;
    for (std::int64_t group = 0; group < depth; group++, to += panelGroupBytes) {
      quadBytes runs[Rows][2];
#pragma GCC unroll 4
      for (int row = 0; row < Rows; row++) {
        const std::uint8_t* at = first + (row * groups + group) * Codes::groupBytes;
        // The rows that come next: several short streams are too much for a prefetcher to guess.
        if constexpr (Rows == 4) __builtin_prefetch(at + 4 * groups * Codes::groupBytes);
#pragma GCC unroll 2
        for (int i = 0; i < loads; i++) {
          quadBytes bytes;
          std::memcpy(&bytes, at + i * 16, 16);
          Codes::split(bytes, &runs[row][i]);
        }
      }
#pragma GCC unroll 2
      for (int half = 0; half < 2; half++) {
        char* place = to + half * 4 * vectorBytes;
        if constexpr (Rows == 4) {
          storeTransposed(runs[0][half], runs[1][half], runs[2][half], runs[3][half], place);
        } else {
          for (int i = 0; i < 4; i++) std::memcpy(place + i * vectorBytes, reinterpret_cast<char*>(&runs[0][half]) + i * 4, 4);
        }
      }
    }
  }

  static HYBRA_INLINE void storeTransposed(quadBytes a, quadBytes b, quadBytes c, quadBytes d, char* to) {
    const quadBytes low0 = __builtin_shufflevector(a, b, 0, 4, 1, 5), low1 = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    const quadBytes high0 = __builtin_shufflevector(a, b, 2, 6, 3, 7), high1 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    const quadBytes columns[4] = {
        __builtin_shufflevector(low0, low1, 0, 1, 4, 5), __builtin_shufflevector(low0, low1, 2, 3, 6, 7),
        __builtin_shufflevector(high0, high1, 0, 1, 4, 5), __builtin_shufflevector(high0, high1, 2, 3, 6, 7)};
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) std::memcpy(to + i * vectorBytes, &columns[i], 16);
  }

  HYBRA_INLINE vf widened(const char* blocks, std::int64_t n, std::int64_t from, std::int64_t count) const {
    if (areHalves && groupsPerBlock == 1) {
      const std::uint16_t* halves = reinterpret_cast<const std::uint16_t*>(blocks) + n * groups + from;
      return count == lanes ? Float16::load(halves) : loadSomeOf<Float16>(halves, static_cast<int>(count));
    }
    float values[lanes] = {};
    widenSlowly(blocks, n, from, count, values);
    return load(values);
  }

  /** Kept out of the loops, whose registers it would take. */
  __attribute__((noinline)) void widenSlowly(const char* blocks, std::int64_t n, std::int64_t from, std::int64_t count,
                                             float* to) const {
    const std::int64_t row = n * (groups / groupsPerBlock);
    for (std::int64_t i = 0; i < count; i++) {
      const std::int64_t block = row + (from + i) / groupsPerBlock;
      to[i] = areHalves ? widenF16(reinterpret_cast<const std::uint16_t*>(blocks)[block])
                        : reinterpret_cast<const float*>(blocks)[block];
    }
  }
};

}  // namespace
}  // namespace hybra::HYBRA_ISA
