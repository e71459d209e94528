/*
 * Products of a few rows of a with a weight [N, K] whose rows lie along k: dot products. b is read once, in
 * memory order, straight from its storage type, so that one row of a (a decode step) runs at the speed of memory.
 */
#pragma once
#include "halves.hpp"
#include "matmul-plan.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/** Rows of b that are read side by side. */
constexpr int dotColumns = 4;

/**
 * Dot products of one row of a with four rows of b, one after the other: b is read in one stream, which is what
 * memory is fastest at.
 */
template <class Reader>
HYBRA_INLINE void dotStream(const MatmulPlan& plan, const float* a, const typename Reader::Element* b, float* y) {
  constexpr int chains = 4;
  vf totals[dotColumns];
  for (int column = 0; column < dotColumns; column++) {
    const typename Reader::Element* row = b + column * plan.bN;
    vf sums[chains] = {};
    std::int64_t k = 0;
    for (; k + chains * lanes <= plan.K; k += chains * lanes) {
#pragma GCC unroll 4
      for (int chain = 0; chain < chains; chain++) {
        sums[chain] += Reader::load(row + k + chain * lanes) * load(a + k + chain * lanes);
      }
    }
    for (; k + lanes <= plan.K; k += lanes) sums[0] += Reader::load(row + k) * load(a + k);
    if (k < plan.K) {
      const int rest = static_cast<int>(plan.K - k);
      sums[1] += loadSomeOf<Reader>(row + k, rest) * loadSome(a + k, rest);
    }
    totals[column] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }
  const quad results = sumsOf(totals[0], totals[1], totals[2], totals[3]);
  std::memcpy(y, &results, sizeof results);
}

/** Dot products of `Rows` rows of a with `Columns` rows of b. */
template <class Reader, int Rows, int Columns>
HYBRA_INLINE void dotTile(const MatmulPlan& plan, const float* a, const typename Reader::Element* b, float* y) {
  if constexpr (Rows == 1 && Columns == dotColumns) {
    dotStream<Reader>(plan, a, b, y);
    return;
  }
  vf sums[Columns][Rows] = {};
  const std::int64_t K = plan.K, bN = plan.bN;
  std::int64_t k = 0;
  for (; k + lanes <= K; k += lanes) {
    vf rows[Rows];
#pragma GCC unroll 4
    for (int row = 0; row < Rows; row++) rows[row] = load(a + row * plan.aM + k);
#pragma GCC unroll 4
    for (int column = 0; column < Columns; column++) {
      const typename Reader::Element* from = b + column * bN + k;
      // The rows that come next: several short streams side by side are too much for a prefetcher to guess.
      __builtin_prefetch(from + Columns * bN);
      const vf weights = Reader::load(from);
#pragma GCC unroll 4
      for (int row = 0; row < Rows; row++) sums[column][row] += weights * rows[row];
    }
  }
  if (k < K) {
    const int rest = static_cast<int>(K - k);
    for (int column = 0; column < Columns; column++) {
      const vf weights = loadSomeOf<Reader>(b + column * bN + k, rest);
      for (int row = 0; row < Rows; row++) sums[column][row] += weights * loadSome(a + row * plan.aM + k, rest);
    }
  }
#pragma GCC unroll 4
  for (int row = 0; row < Rows; row++) {
    float* to = y + row * plan.N;
    if constexpr (Columns == 4) {
      const quad results = sumsOf(sums[0][row], sums[1][row], sums[2][row], sums[3][row]);
      std::memcpy(to, &results, sizeof results);
    } else {
      for (int column = 0; column < Columns; column++) to[column] = sumOf(sums[column][row]);
    }
  }
}

template <class Reader, int Rows>
inline void dotRows(const MatmulPlan& plan, const float* a, const typename Reader::Element* b, float* y,
                    std::int64_t from, std::int64_t to) {
  std::int64_t n = from;
  for (; n + dotColumns <= to; n += dotColumns) {
    dotTile<Reader, Rows, dotColumns>(plan, a, b + n * plan.bN, y + n);
  }
  for (; n < to; n++) dotTile<Reader, Rows, 1>(plan, a, b + n * plan.bN, y + n);
}

/** Columns from … to of the product of up to four rows. */
template <class Reader>
inline void dotFewRows(const MatmulPlan& plan, const float* a, const typename Reader::Element* b, float* y,
                       std::int64_t rows, std::int64_t from, std::int64_t to) {
  switch (rows) {
    case 1: return dotRows<Reader, 1>(plan, a, b, y, from, to);
    case 2: return dotRows<Reader, 2>(plan, a, b, y, from, to);
    case 3: return dotRows<Reader, 3>(plan, a, b, y, from, to);
    default: return dotRows<Reader, 4>(plan, a, b, y, from, to);
  }
}

template <class Reader>
void multiplyFewRows(const MatmulPlan& plan, const float* a, const typename Reader::Element* b, float* y, Pool& pool) {
  const double bytes = static_cast<double>(plan.N) * plan.K * sizeof(typename Reader::Element);
  const std::int64_t piece = rowsPerTask(pool, plan.N, plan.K * sizeof(typename Reader::Element));
  parallel(pool, bytes / 30, ceilDivide(plan.N, piece), [&](std::int64_t task, int) {
    // Pieces of b small enough to stay in the first cache while four rows of a after another meet them.
    const std::int64_t to = least(plan.N, (task + 1) * piece);
    const std::int64_t step = plan.M <= 4 ? piece : dotColumns;
    for (std::int64_t n = task * piece; n < to; n += step) {
      for (std::int64_t m = 0; m < plan.M; m += 4) {
        dotFewRows<Reader>(plan, a + m * plan.aM, b, y + m * plan.N, least(4, plan.M - m), n, least(to, n + step));
      }
    }
  });
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
