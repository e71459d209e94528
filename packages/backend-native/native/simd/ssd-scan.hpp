/*
 * Mamba-2's recurrence with a scalar decay per head (Dao & Gu 2024, §2.4): h ← exp(dt·A) h + dt·x ⊗ B; y = h C.
 *
 * | symbol | meaning | shape |
 * |---|---|---|
 * | x, y | input, output | [T, H, P] |
 * | dt | step size | [T, H] |
 * | A | continuous decay, negative | [H] |
 * | B, C | input and output maps | [T, G, N] |
 * | h | state | [H, P, N] |
 *
 * It is the recurrence, arranged for registers: lanes run along P, a few states of N at a time stay in registers
 * over a tile of positions, and no sum crosses lanes. The state is kept divided by the decay since the last
 * renewal, h = D·g: then a position costs two multiply-adds per state, g += (dt/D) x ⊗ B and y = D (g C), where
 * the plain form costs three and the chunked form of §6 about 2 + P/N + tile/N. D is renewed before it gets small, so that
 * g stays as exact as h.
 */
#pragma once
#include <cmath>

#include "math.hpp"
#include "parallel.hpp"
#include "pools.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/** Positions per tile. */
constexpr int ssdTile = 32;
/** Vectors along P, and states along N, that registers hold: their product is the number of state registers. */
constexpr int ssdVectors = 2;
constexpr int ssdStates = lanes == 16 ? 8 : 4;
constexpr int ssdWidth = ssdVectors * lanes;
/** D is renewed below this. */
constexpr float smallestDecay = 1e-6f;

struct SsdSizes {
  std::int64_t batch, T, H, P, G, N, S;
  std::int64_t paddedN() const { return ceilDivide(N, ssdStates) * ssdStates; }
  std::int64_t paddedP() const { return ceilDivide(P, ssdWidth) * ssdWidth; }
};

inline SsdSizes ssdSizes(const Call& call) {
  const Operand &x = call.inputs[0], &B = call.inputs[3];
  const bool isStep = x.rank == 3;
  return {x.shape[0],  isStep ? 1 : x.shape[1], x.extent(2), x.extent(1), B.extent(2), B.extent(1),
          call.inputs[5].shape[0]};
}

/** Scratch of one thread, in floats. */
struct SsdLocal {
  float *state, *maps, *x, *y, *row;
  static std::int64_t bytes(const SsdSizes& sizes) {
    return alignUp((sizes.paddedN() * sizes.paddedP() + 2 * ssdTile * sizes.paddedN() + 2 * ssdTile * sizes.paddedP() +
                    sizes.P * sizes.N) * 4);
  }
  SsdLocal(float* base, const SsdSizes& sizes)
      : state(base), maps(state + sizes.paddedN() * sizes.paddedP()), x(maps + 2 * ssdTile * sizes.paddedN()),
        y(x + ssdTile * sizes.paddedP()), row(y + ssdTile * sizes.paddedP()) {}
};

inline std::int64_t ssdScratch(const Call& call, int threads) { return SsdLocal::bytes(ssdSizes(call)) * threads; }

/** Lays a tile of B and C out as they are read: for each block of states, position by position, B then C. */
inline void packMaps(const float* B, const float* C, std::int64_t bT, std::int64_t cT, int length,
                     const SsdSizes& sizes, float* maps) {
  for (std::int64_t n = 0; n < sizes.paddedN(); n += ssdStates) {
    const bool isWhole = n + ssdStates <= sizes.N;
    for (int t = 0; t < length; t++, maps += 2 * ssdStates) {
      const float *b = B + t * bT + n, *c = C + t * cT + n;
      if (isWhole) {
        std::memcpy(maps, b, ssdStates * 4);
        std::memcpy(maps + ssdStates, c, ssdStates * 4);
        continue;
      }
      for (int i = 0; i < ssdStates; i++) {
        maps[i] = n + i < sizes.N ? b[i] : 0;
        maps[ssdStates + i] = n + i < sizes.N ? c[i] : 0;
      }
    }
  }
}

/** What happens to the state at one position. */
struct SsdPosition {
  /** Multiplies g before the input is added: 1, or D where it is renewed. */
  float renewal;
  float inputScale, outputScale;
  /** dt = 0: the state stays as it is, to the bit, even where x or B is not finite. */
  bool isIdle;
};

/** Steps of a tile for one head, and D after it. */
inline float planTile(const float* dt, std::int64_t dtT, float A, int length, float D, SsdPosition* positions) {
  for (int t = 0; t < length; t++) {
    const float step = dt[t * dtT];
    SsdPosition& position = positions[t];
    position = {1, 0, D, step == 0};
    if (position.isIdle) continue;
    D *= std::exp(step * A);
    if (!(D >= smallestDecay && D <= 1 / smallestDecay)) {
      position.renewal = D;
      D = 1;
    }
    position.inputScale = step / D;
    position.outputScale = D;
  }
  return D;
}

/** `ssdStates` states of `ssdWidth` channels over a tile. y is summed over the blocks of states. */
inline void scanTile(const SsdPosition* positions, int length, const float* maps, const float* x, float* y,
                     std::int64_t width, float* state) {
  vf g[ssdStates][ssdVectors];
#pragma GCC unroll 8
  for (int n = 0; n < ssdStates; n++) {
#pragma GCC unroll 2
    for (int v = 0; v < ssdVectors; v++) g[n][v] = load(state + n * width + v * lanes);
  }
  for (int t = 0; t < length; t++, maps += 2 * ssdStates) {
    const SsdPosition& position = positions[t];
    if (position.renewal != 1) {
#pragma GCC unroll 8
      for (int n = 0; n < ssdStates; n++) {
#pragma GCC unroll 2
        for (int v = 0; v < ssdVectors; v++) g[n][v] *= position.renewal;
      }
    }
    vf sums[ssdVectors] = {};
    if (!position.isIdle) {
      vf input[ssdVectors];
#pragma GCC unroll 2
      for (int v = 0; v < ssdVectors; v++) input[v] = load(x + t * width + v * lanes);
#pragma GCC unroll 8
      for (int n = 0; n < ssdStates; n++) {
        const vf b = splat(maps[n]);
#pragma GCC unroll 2
        for (int v = 0; v < ssdVectors; v++) g[n][v] += input[v] * b;
      }
    }
#pragma GCC unroll 8
    for (int n = 0; n < ssdStates; n++) {
      const vf c = splat(maps[ssdStates + n]);
#pragma GCC unroll 2
      for (int v = 0; v < ssdVectors; v++) sums[v] += g[n][v] * c;
    }
#pragma GCC unroll 2
    for (int v = 0; v < ssdVectors; v++) {
      float* to = y + t * width + v * lanes;
      store(to, load(to) + sums[v]);
    }
  }
#pragma GCC unroll 8
  for (int n = 0; n < ssdStates; n++) {
#pragma GCC unroll 2
    for (int v = 0; v < ssdVectors; v++) store(state + n * width + v * lanes, g[n][v]);
  }
}

/** Operands of one head of one row of the batch; positions lie `…T` elements apart. */
struct SsdHead {
  const float *x, *dt, *B, *C;
  std::int64_t xT, dtT, bT, cT;
  float A;
  float* y;
  std::int64_t yT;
};

inline void scanHead(const SsdHead& head, const SsdSizes& sizes, const SsdLocal& local) {
  const std::int64_t width = sizes.paddedP(), states = sizes.paddedN(), P = sizes.P;
  SsdPosition positions[ssdTile];
  float D = 1;
  for (std::int64_t first = 0; first < sizes.T; first += ssdTile) {
    const int length = static_cast<int>(least(ssdTile, sizes.T - first));
    D = planTile(head.dt + first * head.dtT, head.dtT, head.A, length, D, positions);
    packMaps(head.B + first * head.bT, head.C + first * head.cT, head.bT, head.cT, length, sizes, local.maps);
    for (int t = 0; t < length; t++) {
      const float* from = head.x + (first + t) * head.xT;
      for (std::int64_t p = 0; p < P; p++) local.x[t * width + p] = from[p] * positions[t].inputScale;
      for (std::int64_t p = P; p < width; p++) local.x[t * width + p] = 0;
    }
    std::memset(local.y, 0, length * width * 4);
    for (std::int64_t n = 0; n < states; n += ssdStates) {
      for (std::int64_t p = 0; p < width; p += ssdWidth) {
        scanTile(positions, length, local.maps + 2 * n * length, local.x + p, local.y + p, width,
                 local.state + n * width + p);
      }
    }
    for (int t = 0; t < length; t++) {
      float* to = head.y + (first + t) * head.yT;
      for (std::int64_t p = 0; p < P; p++) to[p] = local.y[t * width + p] * positions[t].outputScale;
    }
  }
  for (std::int64_t i = 0; i < states * width; i++) local.state[i] *= D;
}

/** Serves ssdChunkScan (whatever the chunk size: the recurrence gives the bits that steps give up to rounding). */
void kernel_ssdChunkScan(const Call& call, const Frame& frame) {
  const SsdSizes sizes = ssdSizes(call);
  const std::int64_t T = sizes.T, H = sizes.H, P = sizes.P, N = sizes.N, width = sizes.paddedP();
  const std::int64_t localBytes = SsdLocal::bytes(sizes);
  const Operand &xs = call.inputs[0], &dts = call.inputs[1], &Bs = call.inputs[3], &Cs = call.inputs[4];
  const float* A = reinterpret_cast<const float*>(frame.inputs[2]);
  const std::int32_t* slots = reinterpret_cast<const std::int32_t*>(frame.inputs[6]);
  const DType stateType = call.inputs[5].dtype;
  char* pool = frame.outputs[1];
  startPool(call, frame, 5, 1);
  parallel(frame.pool, 0.05 * sizes.batch * T * H * P * N, sizes.batch * H, [&](std::int64_t index, int thread) {
    const std::int64_t b = index / H, h = index % H, group = h * sizes.G / H;
    float* y = reinterpret_cast<float*>(frame.outputs[0]) + (b * T * H + h) * P;
    const std::int64_t slot = slots[b];
    if (slot < 0 || slot >= sizes.S) {
      for (std::int64_t t = 0; t < T; t++) std::memset(y + t * H * P, 0, P * 4);
      return;
    }
    const SsdLocal local(reinterpret_cast<float*>(frame.scratch + thread * localBytes), sizes);
    const std::int64_t poolFrom = (slot * H + h) * P * N;
    readPool(pool, stateType, poolFrom, P * N, local.row);
    std::memset(local.state, 0, sizes.paddedN() * width * 4);
    for (std::int64_t p = 0; p < P; p++) {
      for (std::int64_t n = 0; n < N; n++) local.state[n * width + p] = local.row[p * N + n];
    }
    const auto at = [&](int input, const Operand& operand, std::int64_t which) {
      return reinterpret_cast<const float*>(frame.inputs[input]) + b * operand.strides[0] + which * operand.strides[2];
    };
    const SsdHead head{at(0, xs, h),   at(1, dts, h),  at(3, Bs, group), at(4, Cs, group), xs.strides[1],
                       dts.strides[1], Bs.strides[1], Cs.strides[1],    A[h],             y,
                       H * P};
    scanHead(head, sizes, local);
    for (std::int64_t p = 0; p < P; p++) {
      for (std::int64_t n = 0; n < N; n++) local.row[p * N + n] = local.state[n * width + p];
    }
    writePool(pool, stateType, poolFrom, P * N, local.row);
  });
}

/** h ← decay · h + input · B for `Rows` rows of N states; y = C·h of each. */
template <int Rows>
HYBRA_INLINE void advanceRows(float* h, float decay, const float* inputs, const float* B, const float* C,
                              std::int64_t N, float* y) {
  vf sums[Rows] = {};
  const std::int64_t n = N / lanes * lanes;
  // One row after another: a stream in memory order is what memory is fastest at.
#pragma GCC unroll 4
  for (int row = 0; row < Rows; row++) {
    float* at = h + row * N;
    for (std::int64_t i = 0; i < n; i += lanes) {
      const vf state = load(at + i) * decay + load(B + i) * inputs[row];
      store(at + i, state);
      sums[row] += state * load(C + i);
    }
  }
  for (int row = 0; row < Rows; row++) {
    float sum = sumOf(sums[row]);
    for (std::int64_t i = n; i < N; i++) {
      float& state = h[row * N + i];
      state = state * decay + B[i] * inputs[row];
      sum += state * C[i];
    }
    y[row] = sum;
  }
}

HYBRA_INLINE float readRow(const float* h, const float* C, std::int64_t N) {
  float sum = 0;
  for (std::int64_t n = 0; n < N; n++) sum += h[n] * C[n];
  return sum;
}

/** One position: the state is read and written once, in memory order. */
void kernel_ssdStep(const Call& call, const Frame& frame) {
  const SsdSizes sizes = ssdSizes(call);
  const std::int64_t H = sizes.H, P = sizes.P, N = sizes.N, localBytes = SsdLocal::bytes(sizes);
  const Operand &xs = call.inputs[0], &dts = call.inputs[1], &Bs = call.inputs[3], &Cs = call.inputs[4];
  const float* A = reinterpret_cast<const float*>(frame.inputs[2]);
  const std::int32_t* slots = reinterpret_cast<const std::int32_t*>(frame.inputs[6]);
  const DType stateType = call.inputs[5].dtype;
  char* pool = frame.outputs[1];
  startPool(call, frame, 5, 1);
  parallel(frame.pool, 0.25 * sizes.batch * H * P * N, sizes.batch * H, [&](std::int64_t index, int thread) {
    const std::int64_t b = index / H, h = index % H, group = h * sizes.G / H;
    float* y = reinterpret_cast<float*>(frame.outputs[0]) + (b * H + h) * P;
    const std::int64_t slot = slots[b];
    if (slot < 0 || slot >= sizes.S) {
      std::memset(y, 0, P * 4);
      return;
    }
    const auto at = [&](int input, const Operand& operand, std::int64_t which) {
      return reinterpret_cast<const float*>(frame.inputs[input]) + b * operand.strides[0] + which * operand.strides[1];
    };
    const float *x = at(0, xs, h), *B = at(3, Bs, group), *C = at(4, Cs, group);
    const float dt = *at(1, dts, h), decay = std::exp(dt * A[h]);
    const std::int64_t poolFrom = (slot * H + h) * P * N;
    float* state = reinterpret_cast<float*>(pool) + poolFrom;
    if (isHalf(stateType)) {
      state = reinterpret_cast<float*>(frame.scratch + thread * localBytes);
      readPool(pool, stateType, poolFrom, P * N, state);
    }
    // dt = 0 leaves the state as it is, to the bit, and even where x or B is not finite.
    std::int64_t p = 0;
    for (; dt == 0 && p < P; p++) y[p] = readRow(state + p * N, C, N);
    for (; p + 4 <= P; p += 4) {
      const float inputs[4] = {dt * x[p], dt * x[p + 1], dt * x[p + 2], dt * x[p + 3]};
      advanceRows<4>(state + p * N, decay, inputs, B, C, N, y + p);
    }
    for (; p < P; p++) {
      const float input = dt * x[p];
      advanceRows<1>(state + p * N, decay, &input, B, C, N, y + p);
    }
    if (isHalf(stateType)) writePool(pool, stateType, poolFrom, P * N, state);
  });
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
