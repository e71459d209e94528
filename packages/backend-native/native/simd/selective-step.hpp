/*
 * One step of Mamba-1's recurrence (selective-scan.hpp has the symbols). With one position there is nothing to keep
 * in registers: lanes run along N, and the state is read and written in memory order.
 */
#pragma once
#include "selective-scan.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/** h ← exp(dt·A) h + dt·x B for one channel; C·h, still spread over lanes. */
HYBRA_INLINE vf stepChannel(float x, float dt, const float* A, const float* B, const float* C, std::int64_t N,
                            float* h) {
  vf sum = {};
  for (std::int64_t n = 0; n < N; n += lanes) {
    vf state = load(h + n);
    // dt = 0 leaves the state as it is, to the bit, and even where x or B is not finite.
    if (dt != 0) {
      state = exp(load(A + n) * dt) * state + load(B + n) * (dt * x);
      store(h + n, state);
    }
    sum += state * load(C + n);
  }
  return sum;
}

void kernel_selectiveStep(const Call& call, const Frame& frame) {
  const auto [batch, T, D, N, S] = selectiveSizes(call);
  if (N % lanes != 0 || call.inputs[5].dtype != DType::f32) return kernel_selectiveScan(call, frame);
  const float* A = reinterpret_cast<const float*>(frame.inputs[2]);
  const std::int32_t* slots = reinterpret_cast<const std::int32_t*>(frame.inputs[6]);
  float* pool = reinterpret_cast<float*>(frame.outputs[1]);
  startPool(call, frame, 5, 1);
  constexpr std::int64_t piece = 64;
  const std::int64_t pieces = ceilDivide(D, piece);
  parallel(frame.pool, 0.4 * batch * D * N, batch * pieces, [&](std::int64_t index, int) {
    const std::int64_t b = index / pieces, first = index % pieces * piece, last = least(D, first + piece);
    float* y = reinterpret_cast<float*>(frame.outputs[0]) + b * D;
    const std::int64_t slot = slots[b];
    if (slot < 0 || slot >= S) {
      std::memset(y + first, 0, (last - first) * 4);
      return;
    }
    const auto rowOf = [&](int input) {
      return reinterpret_cast<const float*>(frame.inputs[input]) + b * call.inputs[input].strides[0];
    };
    const float *x = rowOf(0), *dt = rowOf(1), *B = rowOf(3), *C = rowOf(4);
    float* h = pool + slot * D * N;
    const auto step = [&](std::int64_t d) __attribute__((always_inline)) {
      return stepChannel(x[d], dt[d], A + d * N, B, C, N, h + d * N);
    };
    std::int64_t d = first;
    for (; d + 4 <= last; d += 4) {
      const vf sums[] = {step(d), step(d + 1), step(d + 2), step(d + 3)};
      const quad results = sumsOf(sums[0], sums[1], sums[2], sums[3]);
      std::memcpy(y + d, &results, sizeof results);
    }
    for (; d < last; d++) y[d] = sumOf(step(d));
  });
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
