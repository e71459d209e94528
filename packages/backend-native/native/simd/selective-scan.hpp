/*
 * Mamba-1's recurrence (Gu & Dao 2023, Algorithm 2): h ← exp(dt·A) h + dt·B x; y = C·h.
 *
 * | symbol | meaning | shape |
 * |---|---|---|
 * | x, dt, y | input, step size, output | [T, D] |
 * | A | continuous decay, negative | [D, N] |
 * | B, C | input and output maps | [T, N] |
 * | h | state | [D, N] |
 *
 * One lane is one channel, so that the sum over N needs no shuffles; states of `lanes` channels stay in
 * registers or the first cache for the whole sequence.
 */
#pragma once
#include "math.hpp"
#include "parallel.hpp"
#include "pools.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/** States whose vectors are kept in registers across the sequence. */
constexpr int stateBlock = lanes == 16 ? 8 : 4;

struct SelectiveSizes {
  std::int64_t B, T, D, N, S;
  std::int64_t paddedN() const { return ceilDivide(N, stateBlock) * stateBlock; }
};

inline SelectiveSizes selectiveSizes(const Call& call) {
  const Operand &x = call.inputs[0], &pool = call.inputs[5];
  const bool isStep = x.rank == 2;
  return {x.shape[0], isStep ? 1 : x.shape[1], x.shape[x.rank - 1], call.inputs[2].shape[1], pool.shape[0]};
}

inline std::int64_t selectiveScratch(const Call& call, int threads) {
  const SelectiveSizes sizes = selectiveSizes(call);
  return alignUp((2 * sizes.paddedN() * lanes + lanes * sizes.N) * 4) * threads;
}

/** Rows of one row of the batch. Positions lie `…T` elements apart. */
struct SelectiveRow {
  const float *x, *dt, *B, *C;
  float* y;
  std::int64_t xT, dtT, bT, cT, yT;
};

/** `stateBlock` states of `count` channels over all positions; adds to y after the first block. */
inline void scanBlock(const SelectiveRow& row, std::int64_t T, int count, std::int64_t n, std::int64_t states,
                      const float* A, float* h) {
  vf state[stateBlock], decay[stateBlock];
  for (int i = 0; i < stateBlock; i++) {
    state[i] = load(h + (n + i) * lanes);
    decay[i] = load(A + (n + i) * lanes);
  }
  const bool isWhole = n + stateBlock <= states;
  for (std::int64_t t = 0; t < T; t++) {
    const vf dt = loadSome(row.dt + t * row.dtT, count), x = loadSome(row.x + t * row.xT, count);
    const vi isIdle = dt == 0.0f;
    const vf input = isIdle ? vf{} : dt * x;
    float b[stateBlock] = {}, c[stateBlock] = {};
    const float *B = row.B + t * row.bT + n, *C = row.C + t * row.cT + n;
    if (!isWhole) {
      for (std::int64_t i = 0; n + i < states; i++) b[i] = B[i], c[i] = C[i];
      B = b;
      C = c;
    }
    vf sum = n == 0 ? vf{} : loadSome(row.y + t * row.yT, count);
    if (anyOf(isIdle)) {
      // dt = 0 leaves the state as it is, to the bit, and even where x or B is not finite.
#pragma GCC unroll 8
      for (int i = 0; i < stateBlock; i++) {
        const vf next = exp(dt * decay[i]) * state[i] + input * B[i];
        state[i] = isIdle ? state[i] : next;
        sum += state[i] * C[i];
      }
    } else {
#pragma GCC unroll 8
      for (int i = 0; i < stateBlock; i++) {
        state[i] = exp(dt * decay[i]) * state[i] + input * B[i];
        sum += state[i] * C[i];
      }
    }
    storeSome(row.y + t * row.yT, sum, count);
  }
  for (int i = 0; i < stateBlock; i++) store(h + (n + i) * lanes, state[i]);
}

/** Serves selectiveScan and, with T = 1, the steps that selective-step.hpp does not. */
void kernel_selectiveScan(const Call& call, const Frame& frame) {
  const SelectiveSizes sizes = selectiveSizes(call);
  const auto [batch, T, D, N, S] = sizes;
  const bool isStep = call.inputs[0].rank == 2;
  const std::int64_t paddedN = sizes.paddedN(), localBytes = selectiveScratch(call, 1);
  const float* A = reinterpret_cast<const float*>(frame.inputs[2]);
  const std::int32_t* slots = reinterpret_cast<const std::int32_t*>(frame.inputs[6]);
  const DType stateType = call.inputs[5].dtype;
  char* pool = frame.outputs[1];
  startPool(call, frame, 5, 1);
  const auto rowOf = [&](int input, std::int64_t b) {
    return reinterpret_cast<const float*>(frame.inputs[input]) + b * call.inputs[input].strides[0];
  };
  const auto stepOf = [&](int input) { return isStep ? 0 : call.inputs[input].strides[1]; };
  const std::int64_t pieces = ceilDivide(D, lanes);
  parallel(frame.pool, 0.6 * batch * T * D * N, batch * pieces, [&](std::int64_t index, int thread) {
    const std::int64_t b = index / pieces, d = index % pieces * lanes;
    const int count = static_cast<int>(least(lanes, D - d));
    float* y = reinterpret_cast<float*>(frame.outputs[0]) + b * T * D + d;
    const std::int64_t slot = slots[b];
    if (slot < 0 || slot >= S) {
      for (std::int64_t t = 0; t < T; t++) std::memset(y + t * D, 0, count * 4);
      return;
    }
    float* decays = reinterpret_cast<float*>(frame.scratch + thread * localBytes);
    float* h = decays + paddedN * lanes;
    float* rows = h + paddedN * lanes;
    const std::int64_t poolFrom = (slot * D + d) * N;
    readPool(pool, stateType, poolFrom, count * N, rows);
    for (std::int64_t n = 0; n < paddedN; n++) {
      for (int i = 0; i < lanes; i++) {
        const bool exists = i < count && n < N;
        decays[n * lanes + i] = exists ? A[(d + i) * N + n] : 0;
        h[n * lanes + i] = exists ? rows[i * N + n] : 0;
      }
    }
    const SelectiveRow row{rowOf(0, b) + d, rowOf(1, b) + d, rowOf(3, b), rowOf(4, b), y,
                           stepOf(0),       stepOf(1),       stepOf(3),   stepOf(4),   D};
    for (std::int64_t n = 0; n < N; n += stateBlock) scanBlock(row, T, count, n, N, decays, h);
    for (int i = 0; i < count; i++) {
      for (std::int64_t n = 0; n < N; n++) rows[i * N + n] = h[n * lanes + i];
    }
    writePool(pool, stateType, poolFrom, count * N, rows);
  });
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
