/*
 * `matmul` of float32 with a weight of 16-bit floats through codes of 14 bits (half-tile.hpp), for prompts. The result
 * is within Σ over blocks of max |a| / 16,382 · Σ |b| + max |b| / 16,382 · Σ |a| of the exact one, besides roundings of
 * float32.
 */
#pragma once
#include "half-tile.hpp"
#include "matmul-plan.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/** Blocks along k in a packed panel, panels that one task packs and multiplies with all rows, rows packed at once. */
constexpr std::int64_t halfDepth = 8, halfPanels = 8, halfRowsPerBlock = 516;

constexpr std::int64_t halfTaskBytes = alignUp(halfPanels * halfDepth * halfPanelBytes);

struct HalfPlan : MatmulPlan {
  explicit HalfPlan(const Call& call) : MatmulPlan(planMatmul(call)) {}
  std::int64_t blocks() const { return ceilDivide(K, halfColumns); }
  std::int64_t tiles() const { return ceilDivide(least(M, halfRowsPerBlock), halfTileRows); }
};

inline std::int64_t halfScratch(const Call& call, int threads) {
  const HalfPlan plan(call);
  return halfTaskBytes * threads + plan.tiles() * plan.blocks() * static_cast<std::int64_t>(sizeof(HalfRows));
}

/** A group of panels times `rows` packed rows. */
template <class Reader>
void multiplyHalfPanels(const HalfPlan& plan, const HalfRows* packed, std::int64_t rows,
                        const typename Reader::Element* b, float* y, std::int64_t first, char* panels) {
  const std::int64_t columns = least(plan.N - first, halfPanels * lanes);
  for (std::int64_t from = 0; from < plan.blocks(); from += halfDepth) {
    const std::int64_t depth = least(halfDepth, plan.blocks() - from), k = from * halfColumns;
    const std::int64_t bytes = depth * halfPanelBytes;
    for (std::int64_t n = 0; n < ceilDivide(columns, halfTileColumns) * halfTileColumns; n += lanes) {
      packHalfPanel<Reader>(b + k * plan.bK + (first + n) * plan.bN, plan.bK, plan.bN,
                            most(0, least(lanes, columns - n)), least(plan.K - k, depth * halfColumns),
                            panels + n / lanes * bytes);
    }
    for (std::int64_t n = 0; n < columns; n += halfTileColumns) {
      const char* panel = panels + n / lanes * bytes;  // in the first cache for all rows
      for (std::int64_t row = 0; row < rows; row += halfTileRows) {
        const HalfRows* a = packed + row / halfTileRows * plan.blocks() + from;
        const std::int64_t left = least(halfTileRows, rows - row);
        float* to = y + row * plan.N + first + n;
        if (left <= halfTileRows / 2) {
          multiplyHalfTile<halfTileRows / 2>(depth, a, panel, bytes, to, plan.N, left, columns - n, from > 0);
        } else {
          multiplyHalfTile<halfTileRows>(depth, a, panel, bytes, to, plan.N, left, columns - n, from > 0);
        }
      }
    }
  }
}

template <class Reader>
void multiplyHalves(const HalfPlan& plan, const float* a, const typename Reader::Element* b, float* y,
                    const Frame& frame) {
  HalfRows* packed = reinterpret_cast<HalfRows*>(frame.scratch + halfTaskBytes * frame.pool.threads());
  for (std::int64_t m = 0; m < plan.M; m += halfRowsPerBlock) {
    const std::int64_t rows = least(halfRowsPerBlock, plan.M - m);
    parallel(frame.pool, 0.3 * rows * plan.K, ceilDivide(rows, halfTileRows), [&](std::int64_t tile, int) {
      const std::int64_t row = tile * halfTileRows;
      packHalfRows(a + (m + row) * plan.aM, plan.aM, plan.aK, least(halfTileRows, rows - row), plan.K,
                   packed + tile * plan.blocks());
    });
    parallel(frame.pool, 0.007 * rows * plan.N * plan.K, ceilDivide(plan.N, halfPanels * lanes),
             [&](std::int64_t task, int thread) {
               multiplyHalfPanels<Reader>(plan, packed, rows, b, y + m * plan.N, task * halfPanels * lanes,
                                          frame.scratch + thread * halfTaskBytes);
             });
  }
}

/** Attributes: whether a, whether b is transposed. b is f16 or bf16. */
void kernel_matmulInt14(const Call& call, const Frame& frame) {
  const HalfPlan plan(call);
  const MatmulBatch batch(call);
  const std::int64_t size = plan.M * plan.N;
  if (plan.K == 0) std::memset(frame.outputs[0], 0, batch.count * size * 4);
  if (plan.K == 0 || size == 0) return;
  withReader(call.inputs[1].dtype, [&](auto reader) {
    using Reader = decltype(reader);
    for (std::int64_t i = 0; i < batch.count; i++) {
      multiplyHalves<Reader>(plan, reinterpret_cast<const float*>(frame.inputs[0]) + batch.start(0, i),
                             reinterpret_cast<const typename Reader::Element*>(frame.inputs[1]) + batch.start(1, i),
                             reinterpret_cast<float*>(frame.outputs[0]) + i * size, frame);
    }
  });
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
