/*
 * x · Wᵀ with W in blocks, summed in float32; x is not rounded. Few rows of x run as dot products that read the
 * codes once, in memory order; more run through panels that are expanded as they are packed (matmul.hpp).
 */
#pragma once
#include "matmul.hpp"
#include "quantized-weights.hpp"

namespace hybra::HYBRA_ISA {
namespace {

inline MatmulPlan planQuantized(const Call& call) {
  const Operand &x = call.inputs[0], &y = call.outputs[0];
  MatmulPlan plan{};
  plan.M = y.extent(2);
  plan.N = y.extent(1);
  plan.K = x.extent(1);
  plan.aM = x.stride(2);
  plan.aK = 1;
  return plan;
}

/** Rows of x, packed or arranged, and the panels of each thread. */
inline std::int64_t quantizedScratch(const Call& call, int threads) {
  return packedRowsBytes(planQuantized(call)) + panelBytes() * threads;
}

/** Columns from … to of the product of `Rows` rows. */
template <int Rows, class Weights>
void quantizedDots(const MatmulPlan& plan, const float* a, const Weights& weights, float* y, std::int64_t from,
                   std::int64_t to) {
  std::int64_t n = from;
  for (; n + dotColumns <= to; n += dotColumns) {
    vf totals[dotColumns][Rows];
    for (int column = 0; column < dotColumns; column++) {
      weights.template dot<Rows>(n + column, a, plan.aM, totals[column]);
    }
    for (int row = 0; row < Rows; row++) {
      const quad results = sumsOf(totals[0][row], totals[1][row], totals[2][row], totals[3][row]);
      std::memcpy(y + row * plan.N + n, &results, sizeof results);
    }
  }
  for (; n < to; n++) {
    vf totals[Rows];
    weights.template dot<Rows>(n, a, plan.aM, totals);
    for (int row = 0; row < Rows; row++) y[row * plan.N + n] = sumOf(totals[row]);
  }
}

/** The whole product, four rows at a time; x has its columns in the order of the codes. */
template <class Weights>
void multiplyFewQuantized(const MatmulPlan& plan, const float* a, const Weights& weights, float* y, Pool& pool) {
  const std::int64_t piece = rowsPerTask(pool, plan.N, plan.K);
  parallel(pool, 0.05 * plan.N * plan.K, ceilDivide(plan.N, piece), [&](std::int64_t task, int) {
    const std::int64_t to = least(plan.N, (task + 1) * piece);
    const std::int64_t step = plan.M <= 4 ? piece : dotColumns;
    for (std::int64_t n = task * piece; n < to; n += step) {
      const std::int64_t end = least(to, n + step);
      for (std::int64_t m = 0; m < plan.M; m += 4) {
        const float* rows = a + m * plan.aM;
        float* results = y + m * plan.N;
        switch (plan.M - m) {
          case 1: quantizedDots<1>(plan, rows, weights, results, n, end); break;
          case 2: quantizedDots<2>(plan, rows, weights, results, n, end); break;
          case 3: quantizedDots<3>(plan, rows, weights, results, n, end); break;
          default: quantizedDots<4>(plan, rows, weights, results, n, end);
        }
      }
    }
  });
}

template <class Weights>
void multiplyQuantized(MatmulPlan plan, const Weights& weights, const Frame& frame) {
  const float* a = reinterpret_cast<const float*>(frame.inputs[0]);
  float* y = reinterpret_cast<float*>(frame.outputs[0]);
  Pool& pool = frame.pool;
  char* panels = frame.scratch;
  float* packed = reinterpret_cast<float*>(panels + panelBytes() * pool.threads());
  if (plan.M > fewRows) {
    multiplyPacked(plan, a, weights, y, packed, panels,
                   [&](double nanoseconds, std::int64_t tasks, auto f) { parallel(pool, nanoseconds, tasks, f); });
    return;
  }
  for (std::int64_t m = 0; m < plan.M; m++) {
    for (std::int64_t k = 0; k < plan.K; k++) packed[m * plan.K + k] = a[m * plan.aM + Weights::column(k)];
  }
  plan.aM = plan.K;
  multiplyFewQuantized(plan, packed, weights, y, pool);
}

/** Attributes: columns of a block. */
void kernel_quantizedMatmul(const Call& call, const Frame& frame) {
  const MatmulPlan plan = planQuantized(call);
  if (plan.M * plan.N == 0) return;
  if (plan.K == 0) {
    std::memset(frame.outputs[0], 0, plan.M * plan.N * 4);
    return;
  }
  const bool hasZeros = call.inputCount > 3;
  auto multiply = [&]<class Codes, bool HasZeros>() {
    multiplyQuantized(plan,
                      QuantizedWeights<Codes, HasZeros>{
                          reinterpret_cast<const std::uint8_t*>(frame.inputs[1]), frame.inputs[2],
                          hasZeros ? frame.inputs[3] : nullptr, call.inputs[2].dtype == DType::f16,
                          plan.K / groupColumns, static_cast<std::int64_t>(call.attributes[0]) / groupColumns},
                      frame);
  };
  if (call.inputs[1].dtype == DType::i8) {
    if (hasZeros) multiply.template operator()<Codes8, true>();
    else multiply.template operator()<Codes8, false>();
  } else if (hasZeros) {
    multiply.template operator()<Codes4<0>, true>();
  } else {
    multiply.template operator()<Codes4<8>, false>();
  }
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
