/*
 * The gradient of Mamba-2's scan in its chunked form (Dao & Gu 2024, §6): small matrix products per head and chunk.
 *
 * | symbol | meaning | shape |
 * |---|---|---|
 * | X | dt · x | [Q, P] |
 * | a | dt · A, log decay of a step | [Q] |
 * | L | decay from position j to i ≥ j: e^(a[j + 1] + … + a[i]) | [Q, Q] |
 * | M | (C Bᵀ) ∘ L, so that y = M X within a chunk | [Q, Q] |
 * | H | state at the entry of a chunk | [P, N] |
 * | λ | gradient of the state that a chunk leaves behind | [P, N] |
 *
 * d… is the gradient of what follows it. Every decay is e to a sum of a's, and its gradient times itself goes to each
 * a of that sum: prefix and suffix sums within a chunk, no differences of long sums.
 *
 * A task takes some heads of one group of one row of the batch: C Bᵀ is shared by them, and dB and dC are summed over
 * them. Tasks do not depend on the number of threads.
 */
#pragma once
#include <cmath>

#include "small-product.hpp"
#include "ssd-scan.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/** Positions of a chunk, Q. */
constexpr std::int64_t ssdChunk = 64;
/** Heads that one task takes. */
constexpr std::int64_t ssdTaskHeads = 8;

/** Sizes, and the places of one task's buffers in floats. */
struct SsdGradientPlan {
  SsdSizes sizes;
  std::int64_t perGroup, blocks, chunks, p, n;

  explicit SsdGradientPlan(const Call& call)
      : sizes(ssdSizes(call)), perGroup(sizes.G == 0 ? 0 : sizes.H / sizes.G), blocks(ceilDivide(perGroup, ssdTaskHeads)),
        chunks(ceilDivide(sizes.T, ssdChunk)), p(padToLanes(sizes.P)), n(padToLanes(sizes.N)) {}

  std::int64_t tasks() const { return sizes.batch * sizes.G * blocks; }
  std::int64_t heads() const { return least(perGroup, ssdTaskHeads); }
  std::int64_t stateSize() const { return sizes.P * n; }
  std::int64_t localBytes() const {
    const std::int64_t squares = 5 * ssdChunk * ssdChunk, maps = (6 * ssdChunk) * n + n * ssdChunk;
    const std::int64_t inputs = 6 * ssdChunk * p + p * ssdChunk, states = stateSize() * heads() * (chunks + 1) + n * p;
    return alignUp((squares + maps + inputs + states + 8 * ssdChunk) * 4);
  }
  /** dB and dC of one task, where several share a group. */
  std::int64_t partialBytes() const { return blocks > 1 ? alignUp(2 * sizes.T * sizes.N * 4) : 0; }
  /** dA of each row of the batch. */
  std::int64_t decayBytes() const { return alignUp(sizes.batch * sizes.H * 8); }
};

inline std::int64_t ssdGradientScratch(const Call& call, int threads) {
  const SsdGradientPlan plan(call);
  return plan.decayBytes() + plan.partialBytes() * plan.tasks() + plan.localBytes() * threads;
}

/** The decays of one head within a chunk. Sums of logarithms are kept in two floats: differences lose nothing. */
struct ChunkDecays {
  float high[ssdChunk], low[ssdChunk];
  /** From the entry to each position, and from each position to the end. */
  float fromStart[ssdChunk], toEnd[ssdChunk];
  float whole;

  void plan(const float* dt, std::int64_t dtT, float A, std::int64_t length) {
    double sum = 0, sums[ssdChunk];
    for (std::int64_t t = 0; t < length; t++) {
      sum += static_cast<double>(dt[t * dtT] * A);
      sums[t] = sum;
      high[t] = static_cast<float>(sum);
      low[t] = static_cast<float>(sum - high[t]);
      fromStart[t] = static_cast<float>(sum);
    }
    for (std::int64_t t = 0; t < length; t++) toEnd[t] = static_cast<float>(sum - sums[t]);
    for (std::int64_t t = length; t < ssdChunk; t++) high[t] = low[t] = fromStart[t] = toEnd[t] = 0;
    for (std::int64_t t = 0; t < ssdChunk; t += lanes) {
      store(fromStart + t, exp(load(fromStart + t)));
      store(toEnd + t, exp(load(toEnd + t)));
    }
    whole = fromStart[length - 1];
  }

  /** e^(sum to i − sum to j) for a vector of j, 0 where j > i. */
  HYBRA_INLINE vf between(std::int64_t i, std::int64_t j) const {
    const vf decay = exp((high[i] - load(high + j)) + (low[i] - load(low + j)));
    return j + lanes <= i + 1 ? decay : countUp() > static_cast<float>(i - j) ? vf{} : decay;
  }
};

/** Buffers of a task: see the table above. `seen` and `sent` are a head's shares of dC and dB. */
struct SsdGradientBuffers {
  float *S, *dS, *L, *M, *dM, *Bs, *Cs, *BT, *dBs, *dCs, *seen, *sent, *X, *XT, *dY, *dX, *scaled, *back, *x, *entries,
      *lambda, *turned, *da;
};

/** One task and its operands. */
struct SsdGradientTask : SsdGradientBuffers {
  const SsdGradientPlan& plan;
  const Call& call;
  const Frame& frame;
  std::int64_t b, group, firstHead, headCount;
  float *dB, *dC;
  std::int64_t mapRow;
  double* dA;

  void place(float* at) {
    const std::int64_t Q = ssdChunk, n = plan.n, p = plan.p;
    const auto take = [&](std::int64_t count) {
      float* here = at;
      at += count;
      return here;
    };
    for (float** square : {&S, &dS, &L, &M, &dM}) *square = take(Q * Q);
    for (float** maps : {&Bs, &Cs, &dBs, &dCs, &seen, &sent}) *maps = take(Q * n);
    BT = take(n * Q);
    for (float** inputs : {&X, &dY, &dX, &scaled, &back, &x}) *inputs = take(Q * p);
    XT = take(p * Q);
    entries = take(plan.stateSize() * headCount * plan.chunks);
    lambda = take(plan.stateSize() * headCount);
    turned = take(n * p);
    da = take(Q);
  }

  const float* at(int input, std::int64_t t, std::int64_t which) const {
    const Operand& operand = call.inputs[input];
    return reinterpret_cast<const float*>(frame.inputs[input]) + b * operand.strides[0] + t * operand.strides[1] +
           which * operand.strides[2];
  }
  float decayOf(std::int64_t head) const { return reinterpret_cast<const float*>(frame.inputs[2])[head]; }
  std::int64_t lengthOf(std::int64_t chunk) const { return least(ssdChunk, plan.sizes.T - chunk * ssdChunk); }
  float* entry(std::int64_t chunk, std::int64_t h) const { return entries + (chunk * headCount + h) * plan.stateSize(); }

  /** x, X = dt·x and the decays of one head in a chunk. */
  void readInputs(std::int64_t first, std::int64_t length, std::int64_t head, ChunkDecays& decays) {
    const std::int64_t dtT = call.inputs[1].strides[1], p = plan.p;
    const float* dt = at(1, first, head);
    decays.plan(dt, dtT, decayOf(head), length);
    copyRows(at(0, first, head), call.inputs[0].strides[1], length, plan.sizes.P, x, p);
    for (std::int64_t t = 0; t < length; t++) {
      for (std::int64_t i = 0; i < p; i += lanes) store(X + t * p + i, load(x + t * p + i) * dt[t * dtT]);
    }
  }

  /** scaled[t] = rows[t] · factors[t] */
  void scaleRows(const float* rows, const float* factors, std::int64_t length) {
    for (std::int64_t t = 0; t < length; t++) {
      for (std::int64_t i = 0; i < plan.p; i += lanes) {
        store(scaled + t * plan.p + i, load(rows + t * plan.p + i) * factors[t]);
      }
    }
  }

  /** The states at the entries of all chunks. */
  void runForward(const float* states) {
    const std::int64_t P = plan.sizes.P, N = plan.sizes.N;
    for (std::int64_t h = 0; h < headCount; h++) {
      copyRows(states + (firstHead + h) * P * N, N, P, N, entry(0, h), plan.n);
    }
    ChunkDecays decays;
    for (std::int64_t chunk = 0; chunk + 1 < plan.chunks; chunk++) {
      const std::int64_t first = chunk * ssdChunk, length = lengthOf(chunk);
      copyRows(at(3, first, group), call.inputs[3].strides[1], length, N, Bs, plan.n);
      for (std::int64_t h = 0; h < headCount; h++) {
        readInputs(first, length, firstHead + h, decays);
        scaleRows(X, decays.toEnd, length);
        const float* before = entry(chunk, h);
        float* after = entry(chunk + 1, h);
        for (std::int64_t i = 0; i < plan.stateSize(); i += lanes) store(after + i, load(before + i) * decays.whole);
        smallProduct(P, plan.n, length, {scaled, 1, plan.p}, Bs, plan.n, after, plan.n, true);
      }
    }
  }

  /** What the heads of a chunk share: maps, their overlap S = C Bᵀ where j ≤ i, and empty sums. */
  void openChunk(std::int64_t first, std::int64_t length) {
    const std::int64_t N = plan.sizes.N, n = plan.n, Q = ssdChunk;
    copyRows(at(3, first, group), call.inputs[3].strides[1], length, N, Bs, n);
    copyRows(at(4, first, group), call.inputs[4].strides[1], length, N, Cs, n);
    if (length < Q) std::memset(BT, 0, n * Q * 4);
    transposeSmall(Bs, n, length, N, BT, Q);
    for (std::int64_t i = 0; i < length; i += lanes) {
      smallProduct(least(lanes, length - i), i + lanes, N, {Cs + i * n, n}, BT, Q, S + i * Q, Q, false);
    }
    std::memset(dS, 0, Q * Q * 4);
    std::memset(dBs, 0, length * n * 4);
    std::memset(dCs, 0, length * n * 4);
  }

  /** 1. Y = M X within the chunk: dX, dS, and what the decays L give to a. Begins `da`. */
  void throughOverlap(std::int64_t length, const ChunkDecays& decays) {
    const std::int64_t Q = ssdChunk, p = plan.p, P = plan.sizes.P;
    for (std::int64_t i = 0; i < length; i++) {
      for (std::int64_t j = 0; j < padToLanes(i + 1); j += lanes) {
        const vf decay = decays.between(i, j);
        store(L + i * Q + j, decay);
        store(M + i * Q + j, decay * load(S + i * Q + j));
      }
    }
    if (length < Q) std::memset(XT, 0, p * Q * 4);
    transposeSmall(X, p, length, P, XT, Q);
    for (std::int64_t i = 0; i < length; i += lanes) {
      const std::int64_t rows = least(lanes, length - i);
      // Rows of M above its diagonal block do not exist.
      smallProduct(rows, p, length - i, {M + i * Q + i, 1, Q}, dY + i * p, p, dX + i * p, p, false);
      smallProduct(rows, i + lanes, P, {dY + i * p, p}, XT, Q, dM + i * Q, Q, false);
    }
    vf below[ssdChunk / lanes] = {}; // Σ over i ≥ k of dM ∘ M
    for (std::int64_t i = length - 1; i >= 0; i--) {
      vf sum = {};
      for (std::int64_t j = 0; j < padToLanes(i + 1); j += lanes) {
        const vf gradient = load(dM + i * Q + j);
        store(dS + i * Q + j, load(dS + i * Q + j) + gradient * load(L + i * Q + j));
        vf& column = below[j / lanes];
        column += gradient * load(M + i * Q + j);
        sum += j + lanes <= i ? column : countUp() < static_cast<float>(i - j) ? column : vf{};
      }
      da[i] = sumOf(sum);
    }
  }

  /** 3. What the entry state contributes to y: its share of dC, and what the decays from the entry give to a. */
  void throughEntry(std::int64_t length, const float* H) {
    const std::int64_t n = plan.n;
    smallProduct(length, n, plan.sizes.P, {scaled, plan.p}, H, n, seen, n, false);
    float meets[ssdChunk];
    addAndMeet(dCs, seen, Cs, length, meets);
    double suffix = 0;
    for (std::int64_t t = length - 1; t >= 0; t--) {
      suffix += meets[t];
      da[t] += static_cast<float>(suffix);
    }
  }

  /** 5. What the chunk adds to the state: dX, its share of dB, and what the decays to the end give to a. */
  void throughExit(std::int64_t length, const ChunkDecays& decays, const float* H, const float* after) {
    const std::int64_t n = plan.n, p = plan.p, P = plan.sizes.P, N = plan.sizes.N;
    scaleRows(X, decays.toEnd, length);
    smallProduct(length, n, P, {scaled, p}, after, n, sent, n, false);
    vf states = {};
    for (std::int64_t i = 0; i < plan.stateSize(); i += lanes) states += load(after + i) * load(H + i);
    const double kept = decays.whole * sumOf(states);
    float meets[ssdChunk];
    addAndMeet(dBs, sent, Bs, length, meets);
    double prefix = 0;
    for (std::int64_t t = 0; t < length; t++) {
      da[t] += static_cast<float>(prefix + kept);
      prefix += meets[t];
    }
    transposeSmall(after, n, P, N, turned, p);
    for (std::int64_t i = 0; i < N && P < p; i++) {
      for (std::int64_t k = P; k < p; k++) turned[i * p + k] = 0;
    }
    smallProduct(length, p, N, {Bs, n}, turned, p, back, p, false);
    for (std::int64_t t = 0; t < length; t++) {
      for (std::int64_t i = 0; i < p; i += lanes) {
        float* to = dX + t * p + i;
        store(to, load(to) + load(back + t * p + i) * decays.toEnd[t]);
      }
    }
  }

  /** Adds rows of maps to sums, and gives the product of each with its row of `other`. */
  void addAndMeet(float* totals, const float* rows, const float* other, std::int64_t length, float* meets) const {
    const std::int64_t n = plan.n;
    for (std::int64_t t = 0; t < length; t += 4) {
      vf sums[4] = {};
      for (std::int64_t row = 0; row < least(4, length - t); row++) {
        for (std::int64_t i = (t + row) * n; i < (t + row + 1) * n; i += lanes) {
          const vf value = load(rows + i);
          store(totals + i, load(totals + i) + value);
          sums[row] += value * load(other + i);
        }
      }
      const quad results = sumsOf(sums[0], sums[1], sums[2], sums[3]);
      std::memcpy(meets + t, &results, sizeof results);  // ssdChunk is a multiple of four
    }
  }

  void runHead(std::int64_t chunk, std::int64_t h) {
    const std::int64_t first = chunk * ssdChunk, length = lengthOf(chunk), head = firstHead + h;
    const std::int64_t P = plan.sizes.P, p = plan.p, H = plan.sizes.H;
    ChunkDecays decays;
    readInputs(first, length, head, decays);
    copyRows(at(7, first, head), call.inputs[7].strides[1], length, P, dY, p);
    throughOverlap(length, decays);
    const float* state = entry(chunk, h);
    float* gradient = lambda + h * plan.stateSize();
    if (!isZero(gradient)) throughExit(length, decays, state, gradient);
    scaleRows(dY, decays.fromStart, length);
    if (!isZero(state)) throughEntry(length, state);
    for (std::int64_t i = 0; i < plan.stateSize(); i += lanes) store(gradient + i, load(gradient + i) * decays.whole);
    smallProduct(P, plan.n, length, {scaled, 1, p}, Cs, plan.n, gradient, plan.n, true);

    const std::int64_t dtT = call.inputs[1].strides[1];
    const float *dt = at(1, first, head), A = decayOf(head);
    float* dx = reinterpret_cast<float*>(frame.outputs[0]) + ((b * plan.sizes.T + first) * H + head) * P;
    float* ddt = reinterpret_cast<float*>(frame.outputs[1]) + (b * plan.sizes.T + first) * H + head;
    double sum = 0;
    for (std::int64_t t = 0; t < length; t++) {
      const float step = dt[t * dtT];
      vf meets = {};
      for (std::int64_t i = 0; i < p; i += lanes) meets += load(x + t * p + i) * load(dX + t * p + i);
      ddt[t * H] = sumOf(meets) + A * da[t];
      sum += static_cast<double>(step) * da[t];
      for (std::int64_t i = 0; i < P; i++) dx[t * H * P + i] = step * dX[t * p + i];
    }
    dA[head] += sum;
  }

  bool isZero(const float* state) const {
    vi bits = {};
    for (std::int64_t i = 0; i < plan.stateSize(); i += lanes) bits |= bitsOf(load(state + i)) & splat(0x7fffffff);
    return !anyOf(bits);
  }

  /** Back through S = C Bᵀ for all heads, then the sums go out. */
  void closeChunk(std::int64_t first, std::int64_t length) {
    const std::int64_t Q = ssdChunk, n = plan.n, N = plan.sizes.N;
    for (std::int64_t i = 0; i < length; i += lanes) {
      const std::int64_t rows = least(lanes, length - i), depth = least(length, i + lanes);
      smallProduct(rows, n, length - i, {dS + i * Q + i, 1, Q}, Cs + i * n, n, dBs + i * n, n, true);
      smallProduct(rows, n, depth, {dS + i * Q, Q}, Bs, n, dCs + i * n, n, true);
    }
    for (std::int64_t t = 0; t < length; t++) {
      std::memcpy(dB + (first + t) * mapRow, dBs + t * n, N * 4);
      std::memcpy(dC + (first + t) * mapRow, dCs + t * n, N * 4);
    }
  }

  void run(const float* states, float* dstates, bool hasArriving) {
    const std::int64_t P = plan.sizes.P, N = plan.sizes.N;
    runForward(states);
    for (std::int64_t h = 0; h < headCount; h++) {
      float* gradient = lambda + h * plan.stateSize();
      if (hasArriving) copyRows(dstates + (firstHead + h) * P * N, N, P, N, gradient, plan.n);
      else std::memset(gradient, 0, plan.stateSize() * 4);
    }
    for (std::int64_t chunk = plan.chunks - 1; chunk >= 0; chunk--) {
      openChunk(chunk * ssdChunk, lengthOf(chunk));
      for (std::int64_t h = 0; h < headCount; h++) runHead(chunk, h);
      closeChunk(chunk * ssdChunk, lengthOf(chunk));
    }
    for (std::int64_t h = 0; h < headCount; h++) {
      for (std::int64_t row = 0; row < P; row++) {
        std::memcpy(dstates + ((firstHead + h) * P + row) * N, lambda + h * plan.stateSize() + row * plan.n, N * 4);
      }
    }
  }
};

/** A row without a slot changes nothing, and nothing comes back. */
inline void clearSsdRow(const SsdGradientPlan& plan, const Frame& frame, std::int64_t b) {
  const auto& [batch, T, H, P, G, N, S] = plan.sizes;
  const auto clear = [&](int output, std::int64_t count) {
    std::memset(reinterpret_cast<float*>(frame.outputs[output]) + b * count, 0, count * 4);
  };
  clear(0, T * H * P);
  clear(1, T * H);
  clear(3, T * G * N);
  clear(4, T * G * N);
}

/** dB (3) and dC (4) from the shares of the tasks of each group. */
inline void joinShares(const SsdGradientPlan& plan, const Frame& frame, const char* partials,
                       const std::int32_t* slots) {
  const auto& [batch, T, H, P, G, N, S] = plan.sizes;
  parallel(frame.pool, 0.3 * 2 * batch * G * T * N * plan.blocks, batch * G, [&, T = T, G = G, N = N, S = S](std::int64_t index, int) {
    const std::int64_t b = index / G, group = index % G;
    if (slots[b] < 0 || slots[b] >= S) return;
    for (int which = 0; which < 2; which++) {
      for (std::int64_t t = 0; t < T; t++) {
        float* to = reinterpret_cast<float*>(frame.outputs[3 + which]) + ((b * T + t) * G + group) * N;
        for (std::int64_t block = 0; block < plan.blocks; block++) {
          const char* share = partials + (index * plan.blocks + block) * plan.partialBytes();
          const float* from = reinterpret_cast<const float*>(share) + (which * T + t) * N;
          for (std::int64_t i = 0; i < N; i++) to[i] = block == 0 ? from[i] : to[i] + from[i];
        }
      }
    }
  });
}

/** Inputs and outputs as in @hybra/spec, x, dt, B, C and dy perhaps windows. Whatever the chunk size asked for. */
void kernel_ssdChunkScanGradient(const Call& call, const Frame& frame) {
  const SsdGradientPlan plan(call);
  const auto& [batch, T, H, P, G, N, S] = plan.sizes;
  const std::int32_t* slots = reinterpret_cast<const std::int32_t*>(frame.inputs[6]);
  const float* states = reinterpret_cast<const float*>(frame.inputs[5]);
  const bool hasArriving = call.inputCount > 8;
  float* dstates = reinterpret_cast<float*>(frame.outputs[5]);
  if (hasArriving) std::memcpy(dstates, frame.inputs[8], S * H * P * N * 4);
  else std::memset(dstates, 0, S * H * P * N * 4);
  double* decays = reinterpret_cast<double*>(frame.scratch);
  std::memset(decays, 0, plan.decayBytes());
  char* partials = frame.scratch + plan.decayBytes();
  char* locals = partials + plan.partialBytes() * plan.tasks();
  for (std::int64_t b = 0; b < batch; b++) {
    if (slots[b] < 0 || slots[b] >= S) clearSsdRow(plan, frame, b);
  }
  if (T > 0) {
    parallel(frame.pool, 1.0 * batch * T * H * P * N, plan.tasks(), [&, T = T, H = H, P = P, G = G, N = N, S = S](std::int64_t index, int thread) {
      const std::int64_t block = index % plan.blocks, group = index / plan.blocks % G, b = index / plan.blocks / G;
      const std::int64_t slot = slots[b];
      if (slot < 0 || slot >= S) return;
      const std::int64_t from = block * ssdTaskHeads;
      float* outputs[2];
      for (int which = 0; which < 2; which++) {
        outputs[which] = plan.blocks > 1 ? reinterpret_cast<float*>(partials + index * plan.partialBytes()) + which * T * N
                                         : reinterpret_cast<float*>(frame.outputs[3 + which]) + (b * T * G + group) * N;
      }
      SsdGradientTask task{{}, plan, call, frame, b, group, group * plan.perGroup + from,
                           least(ssdTaskHeads, plan.perGroup - from), outputs[0], outputs[1],
                           plan.blocks > 1 ? N : G * N, decays + b * H};
      task.place(reinterpret_cast<float*>(locals + thread * plan.localBytes()));
      task.run(states + slot * H * P * N, dstates + slot * H * P * N, hasArriving);
    });
    if (plan.blocks > 1) joinShares(plan, frame, partials, slots);
  }
  float* dA = reinterpret_cast<float*>(frame.outputs[2]);
  for (std::int64_t h = 0; h < H; h++) {
    double total = 0;
    for (std::int64_t b = 0; b < batch; b++) total += decays[b * H + h];
    dA[h] = static_cast<float>(total);
  }
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
