/*
 * Products of small matrices that lie in a cache: tiles of the output stay in registers, nothing is packed. b and
 * the output have rows of whole vectors; a may have any strides, so that it serves transposed too.
 */
#pragma once
#include "matmul-tile.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/** Rows of a register tile: with two vectors each their sums leave registers for b. */
constexpr int smallRows = lanes == 16 ? 10 : 5;

/** A matrix in memory: element (i, j) lies at `data + i · row + j · column`. */
struct SmallMatrix {
  const float* data;
  std::int64_t row, column = 1;
};

template <int Rows, int Vectors>
HYBRA_INLINE void smallTile(std::int64_t depth, SmallMatrix a, const float* b, std::int64_t bRow, float* y,
                            std::int64_t yRow, bool accumulates) {
  vf sums[Rows][Vectors];
#pragma GCC unroll 16
  for (int row = 0; row < Rows; row++) {
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; v++) sums[row][v] = accumulates ? load(y + row * yRow + v * lanes) : vf{};
  }
  for (std::int64_t k = 0; k < depth; k++) {
    vf values[Vectors];
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; v++) values[v] = load(b + k * bRow + v * lanes);
    const float* column = a.data + k * a.column;
#pragma GCC unroll 16
    for (int row = 0; row < Rows; row++) {
      const vf factor = splat(column[row * a.row]);
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; v++) sums[row][v] += factor * values[v];
    }
  }
#pragma GCC unroll 16
  for (int row = 0; row < Rows; row++) {
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; v++) store(y + row * yRow + v * lanes, sums[row][v]);
  }
}

template <int Rows>
void smallStrip(std::int64_t columns, std::int64_t depth, SmallMatrix a, const float* b, std::int64_t bRow, float* y,
                std::int64_t yRow, bool accumulates) {
  std::int64_t n = 0;
  for (; n + 2 * lanes <= columns; n += 2 * lanes) {
    smallTile<Rows, 2>(depth, a, b + n, bRow, y + n, yRow, accumulates);
  }
  if (n < columns) smallTile<Rows, 1>(depth, a, b + n, bRow, y + n, yRow, accumulates);
}

using SmallStrip = void (*)(std::int64_t, std::int64_t, SmallMatrix, const float*, std::int64_t, float*, std::int64_t,
                            bool);
template <int... Rows>
struct SmallStripsOf {
  static constexpr SmallStrip table[] = {smallStrip<Rows + 1>...};
};
template <int Count, int... Rows>
struct MakeSmallStrips : MakeSmallStrips<Count - 1, Count - 1, Rows...> {};
template <int... Rows>
struct MakeSmallStrips<0, Rows...> : SmallStripsOf<Rows...> {};

/** y[rows, columns] (+)= a[rows, depth] · b[depth, columns]; `columns` is a multiple of `lanes`. */
inline void smallProduct(std::int64_t rows, std::int64_t columns, std::int64_t depth, SmallMatrix a, const float* b,
                         std::int64_t bRow, float* y, std::int64_t yRow, bool accumulates) {
  for (std::int64_t row = 0; row < rows; row += smallRows) {
    const SmallMatrix part{a.data + row * a.row, a.row, a.column};
    MakeSmallStrips<smallRows>::table[least(smallRows, rows - row) - 1](columns, depth, part, b, bRow, y + row * yRow,
                                                                        yRow, accumulates);
  }
}

HYBRA_INLINE std::int64_t padToLanes(std::int64_t count) { return ceilDivide(count, lanes) * lanes; }

/** Copies `rows` rows of `width` floats, `fromRow` apart, to rows of `toRow`, zeros behind each. */
inline void copyRows(const float* from, std::int64_t fromRow, std::int64_t rows, std::int64_t width, float* to,
                     std::int64_t toRow) {
  for (std::int64_t row = 0; row < rows; row++) {
    std::memcpy(to + row * toRow, from + row * fromRow, width * 4);
    for (std::int64_t i = width; i < toRow; i++) to[row * toRow + i] = 0;
  }
}

/** to[j, i] = from[i, j] for `rows` × `columns`, four rows at a time. */
inline void transposeSmall(const float* from, std::int64_t fromRow, std::int64_t rows, std::int64_t columns, float* to,
                           std::int64_t toRow) {
  std::int64_t i = 0;
  for (; i + 4 <= rows; i += 4) {
    const float* four[4] = {from + i * fromRow, from + (i + 1) * fromRow, from + (i + 2) * fromRow,
                            from + (i + 3) * fromRow};
    interleaveFour(four, columns, to + i, toRow);
  }
  for (; i < rows; i++) {
    for (std::int64_t j = 0; j < columns; j++) to[j * toRow + i] = from[i * fromRow + j];
  }
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
