/*
 * Batched matrix product, summed in float32. Few rows of a run as dot products (matmul-rows.hpp); more run
 * through packed panels (matmul-tile.hpp). Nothing packed outlives the call, so weights are in memory once.
 */
#pragma once
#include "matmul-rows.hpp"
#include "matmul-tile.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/** Panels of b that one task packs and multiplies with all rows. */
constexpr std::int64_t panelsPerTask = 4;
/** Up to this many rows dot products win over packing. */
constexpr std::int64_t fewRows = 8;

HYBRA_INLINE bool runsAsDots(const MatmulPlan& plan) {
  return plan.M <= fewRows && plan.bK == 1 && (plan.aK == 1 || plan.K == 1);
}

/** Rows of a block: equal ones, because each packs all of b again and a small last one would pay as much. */
template <class Panels>
HYBRA_INLINE std::int64_t rowsPerBlock(const MatmulPlan& plan) {
  const std::int64_t tiles = ceilDivide(plan.M, tileRows), blocks = ceilDivide(plan.M, Panels::mostRows);
  return blocks == 0 ? tileRows : ceilDivide(tiles, blocks) * tileRows;
}
template <class Panels = FloatPanels>
HYBRA_INLINE std::int64_t packedRowsBytes(const MatmulPlan& plan) {
  return alignUp(rowsPerBlock<Panels>(plan) * ceilDivide(plan.K, Panels::perUnit) * 4);
}
template <class Panels = FloatPanels>
HYBRA_INLINE std::int64_t panelBytes() {
  return alignUp((panelsPerTask * tileColumns + 4) * Panels::depth / Panels::perUnit * 4);
}

HYBRA_INLINE bool sharesBatch(const MatmulBatch& batch, int threads) { return threads > 1 && batch.count >= threads; }

/** The largest need whatever the strides: a copied operand has others than the view that was asked about. */
template <class Panels>
std::int64_t matmulScratch(const Call& call, int threads) {
  const MatmulPlan plan = planMatmul(call);
  const MatmulBatch batch(call);
  return packedRowsBytes<Panels>(plan) * (sharesBatch(batch, threads) ? threads : 1) + panelBytes<Panels>() * threads;
}

/**
 * The weight [K, N] of a product as it is stored. Other weights give the same functions: `pack` for themselves and
 * `packRows` for a, into `Panels`.
 */
template <class Reader>
struct StoredWeights {
  const MatmulPlan& plan;
  const typename Reader::Element* b;

  using Panels = FloatPanels;
  static constexpr bool keepsOrder = true;
  static HYBRA_INLINE std::int64_t column(std::int64_t k) { return k; }
  static void packRows(const float* a, std::int64_t aM, std::int64_t aK, std::int64_t rows, std::int64_t K, float* to) {
    packFloatRows<StoredWeights>(a, aM, aK, rows, K, to);
  }
  /** Packs `columns` columns from n on, `depth` deep from k on; see `packPanel`. */
  void pack(std::int64_t k, std::int64_t depth, std::int64_t n, std::int64_t columns, float* panel,
            float* widened) const {
    packPanel<Reader>(b + k * plan.bK + n * plan.bN, plan.bK, plan.bN, columns, depth, panel, widened);
  }
};

/** Packs rows `from` … of a: blocks of depth one after another, in each the panels of rows. */
template <class Weights>
void packBlock(const MatmulPlan& plan, const float* a, std::int64_t rows, std::int64_t panel, float* packed) {
  using Panels = typename Weights::Panels;
  const std::int64_t first = panel * tileRows, padded = ceilDivide(rows, tileRows) * tileRows;
  for (std::int64_t k = 0; k < plan.K; k += Panels::depth) {
    const std::int64_t depth = least(Panels::depth, plan.K - k), units = ceilDivide(depth, Panels::perUnit);
    Weights::packRows(a + first * plan.aM + k * plan.aK, plan.aM, plan.aK, least(tileRows, rows - first), depth,
                      packed + k / Panels::perUnit * padded + panel * tileRows * units);
  }
}

/** A group of panels of columns times all packed rows. */
template <class Weights>
void multiplyGroup(const MatmulPlan& plan, const float* packed, std::int64_t rows, const Weights& weights, float* y,
                   std::int64_t group, float* panels) {
  using Panels = typename Weights::Panels;
  const std::int64_t first = group * panelsPerTask * tileColumns;
  const std::int64_t columns = least(plan.N - first, panelsPerTask * tileColumns);
  const std::int64_t padded = ceilDivide(rows, tileRows) * tileRows;
  float* widened = panels + panelsPerTask * tileColumns * Panels::depth / Panels::perUnit;
  for (std::int64_t k = 0; k < plan.K; k += Panels::depth) {
    const std::int64_t depth = least(Panels::depth, plan.K - k), units = ceilDivide(depth, Panels::perUnit);
    for (std::int64_t n = 0; n < columns; n += tileColumns) {
      weights.pack(k, depth, first + n, least(tileColumns, columns - n), panels + n * units, widened);
    }
    for (std::int64_t row = 0; row < rows; row += tileRows) {
      const Tile tile = Panels::tile(least(tileRows, rows - row));
      for (std::int64_t n = 0; n < columns; n += tileColumns) {
        tile(units, packed + k / Panels::perUnit * padded + row * units, panels + n * units,
             y + row * plan.N + first + n, plan.N, static_cast<int>(least(tileColumns, columns - n)), k > 0);
      }
    }
  }
}

/** One product. `share` runs tasks on one thread or on all: `share(nanoseconds, tasks, f(task, thread))`. */
template <class Weights, class Share>
void multiplyPacked(const MatmulPlan& plan, const float* a, const Weights& weights, float* y, float* packed,
                    char* panels, Share share) {
  using Panels = typename Weights::Panels;
  const std::int64_t groups = ceilDivide(plan.N, panelsPerTask * tileColumns);
  const std::int64_t block = rowsPerBlock<Panels>(plan);
  for (std::int64_t m = 0; m < plan.M; m += block) {
    const std::int64_t rows = least(block, plan.M - m);
    share(0.5 * rows * plan.K, ceilDivide(rows, tileRows), [&](std::int64_t panel, int) {
      packBlock<Weights>(plan, a + m * plan.aM, rows, panel, packed);
    });
    share(0.01 * rows * plan.K * plan.N, groups, [&](std::int64_t group, int thread) {
      multiplyGroup(plan, packed, rows, weights, y + m * plan.N, group,
                    reinterpret_cast<float*>(panels + thread * panelBytes<Panels>()));
    });
  }
}

/** @tparam Weights takes b as `Reader` reads it: `StoredWeights`, or another of its kind */
template <class Reader, class Weights>
void matmulWith(const Call& call, const Frame& frame) {
  using Panels = typename Weights::Panels;
  using Element = typename Reader::Element;
  const MatmulPlan plan = planMatmul(call);
  const MatmulBatch batch(call);
  const float* a = reinterpret_cast<const float*>(frame.inputs[0]);
  const Element* b = reinterpret_cast<const Element*>(frame.inputs[1]);
  float* y = reinterpret_cast<float*>(frame.outputs[0]);
  Pool& pool = frame.pool;
  const std::int64_t size = plan.M * plan.N;
  if (size == 0) return;
  if (plan.K == 0) {
    for (std::int64_t i = 0; i < batch.count * size; i++) y[i] = 0;
    return;
  }
  if (runsAsDots(plan)) {
    for (std::int64_t i = 0; i < batch.count; i++) {
      multiplyFewRows<Reader>(plan, a + batch.start(0, i), b + batch.start(1, i), y + i * size, pool);
    }
    return;
  }
  char* panels = frame.scratch;
  char* packed = panels + panelBytes<Panels>() * pool.threads();
  auto product = [&](std::int64_t i, int thread, auto share) {
    multiplyPacked(plan, a + batch.start(0, i), Weights{plan, b + batch.start(1, i)}, y + i * size,
                   reinterpret_cast<float*>(packed + thread * packedRowsBytes<Panels>(plan)),
                   panels + thread * panelBytes<Panels>(), share);
  };
  auto onAll = [&](double nanoseconds, std::int64_t tasks, auto f) { parallel(pool, nanoseconds, tasks, f); };
  auto onOne = [](double, std::int64_t tasks, auto f) {
    for (std::int64_t task = 0; task < tasks; task++) f(task, 0);
  };
  if (sharesBatch(batch, pool.threads())) {
    parallel(pool, 0.01 * batch.count * size * plan.K, batch.count,
             [&](std::int64_t i, int thread) { product(i, thread, onOne); });
  } else {
    for (std::int64_t i = 0; i < batch.count; i++) product(i, 0, onAll);
  }
}

/** float64: plain loops, for checks. */
void matmulDoubles(const Call& call, const Frame& frame) {
  const MatmulPlan plan = planMatmul(call);
  const MatmulBatch batch(call);
  parallel(frame.pool, 1.0 * batch.count * plan.M * plan.N * plan.K, batch.count * plan.M, [&](std::int64_t task, int) {
    const std::int64_t i = task / plan.M, m = task % plan.M;
    const double* a = reinterpret_cast<const double*>(frame.inputs[0]) + batch.start(0, i) + m * plan.aM;
    const double* b = reinterpret_cast<const double*>(frame.inputs[1]) + batch.start(1, i);
    double* y = reinterpret_cast<double*>(frame.outputs[0]) + task * plan.N;
    for (std::int64_t n = 0; n < plan.N; n++) {
      double sum = 0;
      for (std::int64_t k = 0; k < plan.K; k++) sum += a[k * plan.aK] * b[k * plan.bK + n * plan.bN];
      y[n] = sum;
    }
  });
}

inline void kernel_matmul(const Call& call, const Frame& frame) {
  if (call.inputs[0].dtype == DType::f64) return matmulDoubles(call, frame);
  withReader(call.inputs[1].dtype, [&](auto reader) {
    matmulWith<decltype(reader), StoredWeights<decltype(reader)>>(call, frame);
  });
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
