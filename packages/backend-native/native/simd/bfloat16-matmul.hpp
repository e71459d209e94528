/*
 * `matmul` with its operands rounded to bfloat16 (bfloat16-tile.hpp) and sums in float32: wrong by at most
 * 2⁻⁷ · Σ |a| |b| besides the roundings of float32. Dot products of few rows (matmul-rows.hpp) and float64 are not rounded.
 */
#pragma once
#include "bfloat16-tile.hpp"
#include "matmul.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/** The weight [K, N] of a product of rounded numbers; see `StoredWeights`. */
template <class Reader>
struct RoundedWeights {
  using Panels = Bfloat16Panels;
  const MatmulPlan& plan;
  const typename Reader::Element* b;

#if defined(__AVX512BF16__)
  static void packRows(const float* a, std::int64_t aM, std::int64_t aK, std::int64_t rows, std::int64_t K, float* to) {
    packPairs<tileRows, Float32>(a, aM, aK, rows, K, to);
  }
  void pack(std::int64_t k, std::int64_t depth, std::int64_t n, std::int64_t columns, float* panel, float*) const {
    if (columns < tileColumns) std::memset(panel, 0, ceilDivide(depth, 2) * tileColumns * 4);
    packPairs<tileColumns, Reader>(b + k * plan.bK + n * plan.bN, plan.bN, plan.bK, columns, depth, panel);
  }
#else
  static constexpr bool keepsOrder = true;
  static HYBRA_INLINE std::int64_t column(std::int64_t k) { return k; }
  static void packRows(const float* a, std::int64_t aM, std::int64_t aK, std::int64_t rows, std::int64_t K, float* to) {
    packFloatRows<RoundedWeights>(a, aM, aK, rows, K, to);
    roundPanel(to, K * tileRows);
  }
  void pack(std::int64_t k, std::int64_t depth, std::int64_t n, std::int64_t columns, float* panel,
            float* widened) const {
    packPanel<Reader>(b + k * plan.bK + n * plan.bN, plan.bK, plan.bN, columns, depth, panel, widened);
    roundPanel(panel, depth * tileColumns);
  }
#endif
};

inline std::int64_t bfloat16Scratch(const Call& call, int threads) {
  return matmulScratch<Bfloat16Panels>(call, threads);
}

/** Attributes: whether a, whether b is transposed. */
void kernel_matmulBfloat16(const Call& call, const Frame& frame) {
  if (call.inputs[0].dtype == DType::f64) return matmulDoubles(call, frame);
  withReader(call.inputs[1].dtype, [&](auto reader) {
    matmulWith<decltype(reader), RoundedWeights<decltype(reader)>>(call, frame);
  });
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
