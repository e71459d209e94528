/*
 * The step of AdamW (Loshchilov & Hutter 2019, Algorithm 2) in one pass over memory, and sums of squares for its
 * clipping. Both are taken in pieces that do not depend on the number of threads.
 */
#pragma once
#include <cmath>

#include "rows.hpp"

namespace hybra::HYBRA_ISA {
namespace {

constexpr std::int64_t optimizerPiece = 16384;

HYBRA_INLINE vf squareRoot(vf x) {
#if defined(__AVX512F__)
  return (vf)_mm512_sqrt_ps((__m512)x);
#else
  float values[lanes];
  store(values, x);
  for (int i = 0; i < lanes; i++) values[i] = __builtin_sqrtf(values[i]);
  return load(values);
#endif
}

struct AdamwNumbers {
  float beta1, beta2, epsilon, decay, rate, firstCorrection, secondCorrection, scale;
};

HYBRA_INLINE void adamwVector(const AdamwNumbers& n, vf gradient, vf& parameter, vf& first, vf& second) {
  const vf g = gradient * n.scale;
  first = first * n.beta1 + g * (1 - n.beta1);
  second = second * n.beta2 + g * g * (1 - n.beta2);
  const vf direction = first * n.firstCorrection / (squareRoot(second * n.secondCorrection) + n.epsilon);
  parameter = parameter - (direction + parameter * n.decay) * n.rate;
}

/** Attributes: β₁, β₂, ε, weight decay. Outputs may share memory with parameter, first and second. */
void kernel_adamwStep(const Call& call, const Frame& frame) {
  const auto in = [&](int index) { return reinterpret_cast<const float*>(frame.inputs[index]); };
  const auto out = [&](int index) { return reinterpret_cast<float*>(frame.outputs[index]); };
  const std::int64_t count = call.inputs[0].count();
  const float* numbers = in(4);
  const AdamwNumbers n{static_cast<float>(call.attributes[0]), static_cast<float>(call.attributes[1]),
                       static_cast<float>(call.attributes[2]), static_cast<float>(call.attributes[3]),
                       numbers[0], numbers[1], numbers[2], numbers[3]};
  if (!(std::fabs(n.scale) < infinity)) {
    for (int i = 0; i < 3; i++) {
      if (out(i) != in(i)) std::memcpy(out(i), in(i), count * 4);
    }
    return;
  }
  parallel(frame.pool, 1.2 * count, ceilDivide(count, optimizerPiece), [&](std::int64_t task, int) {
    const std::int64_t end = least(count, (task + 1) * optimizerPiece);
    std::int64_t i = task * optimizerPiece;
    for (; i + lanes <= end; i += lanes) {
      vf parameter = load(in(0) + i), first = load(in(1) + i), second = load(in(2) + i);
      adamwVector(n, load(in(3) + i), parameter, first, second);
      store(out(0) + i, parameter);
      store(out(1) + i, first);
      store(out(2) + i, second);
    }
    if (i == end) return;
    const int rest = static_cast<int>(end - i);
    vf parameter = loadSome(in(0) + i, rest), first = loadSome(in(1) + i, rest), second = loadSome(in(2) + i, rest);
    adamwVector(n, loadSome(in(3) + i, rest), parameter, first, second);
    storeSome(out(0) + i, parameter, rest);
    storeSome(out(1) + i, first, rest);
    storeSome(out(2) + i, second, rest);
  });
}

inline std::int64_t sumOfSquaresScratch(const Call& call) {
  return alignUp(ceilDivide(call.inputs[0].count(), optimizerPiece) * 8);
}

void kernel_sumOfSquares(const Call& call, const Frame& frame) {
  const float* x = reinterpret_cast<const float*>(frame.inputs[0]);
  double* parts = reinterpret_cast<double*>(frame.scratch);
  const std::int64_t count = call.inputs[0].count(), pieces = ceilDivide(count, optimizerPiece);
  parallel(frame.pool, 0.15 * count, pieces, [&](std::int64_t task, int) {
    const std::int64_t from = task * optimizerPiece;
    parts[task] = sumOfSquares(x + from, least(optimizerPiece, count - from));
  });
  double total = 0;
  for (std::int64_t i = 0; i < pieces; i++) total += parts[i];
  *reinterpret_cast<float*>(frame.outputs[0]) = static_cast<float>(total);
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
