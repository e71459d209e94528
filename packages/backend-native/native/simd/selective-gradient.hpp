/*
 * The gradient of Mamba-1's recurrence (Gu & Dao 2023, Algorithm 2), from the last position to the first with λ, the
 * gradient of the state. One lane is one channel. The states at the entries of chunks are kept from a pass forward,
 * those within a chunk are computed again.
 *
 * Symbols as in selective-scan.hpp; d… is the gradient of what follows it. A task takes some channels of one row of
 * the batch; tasks do not depend on the number of threads, and dB and dC are summed over them.
 */
#pragma once
#include "selective-scan.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/** Positions whose states are kept at a time. */
constexpr std::int64_t selectiveChunk = 64;
/** Vectors of channels that one task takes. */
constexpr std::int64_t selectiveTaskVectors = 8;

struct SelectiveGradientPlan {
  SelectiveSizes sizes;
  std::int64_t vectors, blocks, chunks;

  explicit SelectiveGradientPlan(const Call& call)
      : sizes(selectiveSizes(call)), vectors(ceilDivide(sizes.D, lanes)),
        blocks(ceilDivide(vectors, selectiveTaskVectors)), chunks(ceilDivide(sizes.T, selectiveChunk)) {}

  std::int64_t taskVectors() const { return least(vectors, selectiveTaskVectors); }
  std::int64_t localBytes() const {
    const std::int64_t state = sizes.N * lanes, chunk = selectiveChunk * state;
    return alignUp((4 * chunk + taskVectors() * state * (chunks + 3) + state) * 4);
  }
  /** dB and dC of a task. */
  std::int64_t shareBytes() const { return alignUp(2 * sizes.T * sizes.N * 4); }
  /** dA of a row of the batch. */
  std::int64_t decayBytes() const { return alignUp(sizes.B * sizes.D * sizes.N * 4); }
};

inline std::int64_t selectiveGradientScratch(const Call& call, int threads) {
  const SelectiveGradientPlan plan(call);
  return plan.decayBytes() + plan.shareBytes() * plan.sizes.B * plan.blocks + plan.localBytes() * threads;
}

struct SelectiveGradientTask {
  const SelectiveGradientPlan& plan;
  const Call& call;
  const Frame& frame;
  std::int64_t b, firstVector, vectorCount;
  float *dB, *dC, *dA;
  // h and decays of a chunk, sums of dB and dC in lanes; per vector A, λ, dA and the states at the entries.
  float *h = nullptr, *decays = nullptr, *sent = nullptr, *seen = nullptr, *A = nullptr, *lambda = nullptr,
        *sums = nullptr, *entries = nullptr, *state = nullptr;

  void place(float* at) {
    const std::int64_t size = plan.sizes.N * lanes;
    const auto take = [&](std::int64_t count) {
      float* here = at;
      at += count;
      return here;
    };
    for (float** each : {&h, &decays, &sent, &seen}) *each = take(selectiveChunk * size);
    for (float** each : {&A, &lambda, &sums}) *each = take(vectorCount * size);
    entries = take(vectorCount * size * plan.chunks);
    state = take(size);
  }

  std::int64_t channel(std::int64_t v) const { return (firstVector + v) * lanes; }
  int countOf(std::int64_t v) const { return static_cast<int>(least(lanes, plan.sizes.D - channel(v))); }
  const float* at(int input, std::int64_t t) const {
    const Operand& operand = call.inputs[input];
    return reinterpret_cast<const float*>(frame.inputs[input]) + b * operand.strides[0] + t * operand.strides[1];
  }
  HYBRA_INLINE vf along(int input, std::int64_t t, std::int64_t v) const {
    return loadSome(at(input, t) + channel(v), countOf(v));
  }

  /** [D, N] in memory to and from N vectors of channels. */
  void gather(const float* from, std::int64_t v, float* to) const {
    const std::int64_t N = plan.sizes.N;
    std::memset(to, 0, N * lanes * 4);
    for (int c = 0; c < countOf(v); c++) {
      for (std::int64_t n = 0; n < N; n++) to[n * lanes + c] = from[(channel(v) + c) * N + n];
    }
  }
  void scatter(const float* from, std::int64_t v, float* to) const {
    const std::int64_t N = plan.sizes.N;
    for (int c = 0; c < countOf(v); c++) {
      for (std::int64_t n = 0; n < N; n++) to[(channel(v) + c) * N + n] = from[n * lanes + c];
    }
  }

  /** Advances `state` over a chunk; keeps states and decays of its positions where they are asked for. */
  void advance(std::int64_t first, std::int64_t length, std::int64_t v, bool keeps) {
    const std::int64_t N = plan.sizes.N;
    const float* rates = A + v * N * lanes;
    for (std::int64_t t = 0; t < length; t++) {
      const vf dt = along(1, first + t, v), input = dt * along(0, first + t, v);
      const float* maps = at(3, first + t);
      for (std::int64_t n = 0; n < N; n++) {
        const vf decay = exp(dt * load(rates + n * lanes));
        const vf next = decay * load(state + n * lanes) + input * maps[n];
        store(state + n * lanes, next);
        if (!keeps) continue;
        store(h + (t * N + n) * lanes, next);
        store(decays + (t * N + n) * lanes, decay);
      }
    }
  }

  void retreat(std::int64_t first, std::int64_t length, std::int64_t v, const float* entry) {
    const std::int64_t N = plan.sizes.N, T = plan.sizes.T, D = plan.sizes.D;
    const float* rates = A + v * N * lanes;
    float *gradient = lambda + v * N * lanes, *sum = sums + v * N * lanes;
    for (std::int64_t t = length - 1; t >= 0; t--) {
      const vf dt = along(1, first + t, v), x = along(0, first + t, v), dy = along(7, first + t, v);
      const float *maps = at(3, first + t), *readers = at(4, first + t);
      const float* before = t > 0 ? h + (t - 1) * N * lanes : entry;
      vf dinput = {}, dlogs = {};
      for (std::int64_t n = 0; n < N; n++) {
        const std::int64_t here = (t * N + n) * lanes;
        const vf l = load(gradient + n * lanes) + dy * readers[n], carried = l * load(decays + here);
        store(seen + here, load(seen + here) + dy * load(h + here));
        store(sent + here, load(sent + here) + l * (dt * x));
        dinput += l * maps[n];
        const vf dlog = carried * load(before + n * lanes);
        dlogs += dlog * load(rates + n * lanes);
        store(sum + n * lanes, load(sum + n * lanes) + dlog * dt);
        store(gradient + n * lanes, carried);
      }
      const std::int64_t token = (b * T + first + t) * D + channel(v);
      storeSome(reinterpret_cast<float*>(frame.outputs[0]) + token, dt * dinput, countOf(v));
      storeSome(reinterpret_cast<float*>(frame.outputs[1]) + token, x * dinput + dlogs, countOf(v));
    }
  }

  void run(const float* states, float* dstates, bool hasArriving) {
    const std::int64_t N = plan.sizes.N, T = plan.sizes.T, size = N * lanes;
    for (std::int64_t v = 0; v < vectorCount; v++) {
      gather(reinterpret_cast<const float*>(frame.inputs[2]), v, A + v * size);
      gather(states, v, state);
      std::memset(lambda + v * size, 0, size * 4);
      std::memset(sums + v * size, 0, size * 4);
      if (hasArriving) gather(dstates, v, lambda + v * size);
      for (std::int64_t chunk = 0; chunk < plan.chunks; chunk++) {
        std::memcpy(entries + (v * plan.chunks + chunk) * size, state, size * 4);
        if (chunk + 1 < plan.chunks) advance(chunk * selectiveChunk, selectiveChunk, v, false);
      }
    }
    for (std::int64_t chunk = plan.chunks - 1; chunk >= 0; chunk--) {
      const std::int64_t first = chunk * selectiveChunk, length = least(selectiveChunk, T - first);
      std::memset(seen, 0, selectiveChunk * size * 4);
      std::memset(sent, 0, selectiveChunk * size * 4);
      for (std::int64_t v = 0; v < vectorCount; v++) {
        const float* entry = entries + (v * plan.chunks + chunk) * size;
        std::memcpy(state, entry, size * 4);
        advance(first, length, v, true);
        retreat(first, length, v, entry);
      }
      for (std::int64_t i = 0; i < length * N; i++) {
        dB[first * N + i] = sumOf(load(sent + i * lanes));
        dC[first * N + i] = sumOf(load(seen + i * lanes));
      }
    }
    for (std::int64_t v = 0; v < vectorCount; v++) {
      scatter(lambda + v * size, v, dstates);
      scatter(sums + v * size, v, dA);
    }
  }
};

/** Inputs and outputs as in @hybra/spec; x, dt, B, C and dy may be windows whose last axis is contiguous. */
void kernel_selectiveScanGradient(const Call& call, const Frame& frame) {
  const SelectiveGradientPlan plan(call);
  const std::int64_t B = plan.sizes.B, T = plan.sizes.T, D = plan.sizes.D, N = plan.sizes.N, S = plan.sizes.S;
  const std::int32_t* slots = reinterpret_cast<const std::int32_t*>(frame.inputs[6]);
  const auto out = [&](int index) { return reinterpret_cast<float*>(frame.outputs[index]); };
  const bool hasArriving = call.inputCount > 8;
  if (hasArriving) std::memcpy(out(5), frame.inputs[8], S * D * N * 4);
  else std::memset(out(5), 0, S * D * N * 4);
  float* decays = reinterpret_cast<float*>(frame.scratch);
  char* shares = frame.scratch + plan.decayBytes();
  char* locals = shares + plan.shareBytes() * B * plan.blocks;
  std::memset(frame.scratch, 0, locals - frame.scratch);
  const auto isActive = [&](std::int64_t b) { return slots[b] >= 0 && slots[b] < S; };
  for (std::int64_t b = 0; b < B; b++) {
    if (isActive(b)) continue;
    for (int index : {0, 1}) std::memset(out(index) + b * T * D, 0, T * D * 4);
  }
  parallel(frame.pool, 4.0 * B * T * D * N, B * plan.blocks, [&](std::int64_t index, int thread) {
    const std::int64_t b = index / plan.blocks, first = index % plan.blocks * selectiveTaskVectors;
    if (!isActive(b)) return;
    float* share = reinterpret_cast<float*>(shares + index * plan.shareBytes());
    SelectiveGradientTask task{plan, call, frame, b, first, least(selectiveTaskVectors, plan.vectors - first),
                               share, share + T * N, decays + b * D * N};
    task.place(reinterpret_cast<float*>(locals + thread * plan.localBytes()));
    task.run(reinterpret_cast<const float*>(frame.inputs[5]) + slots[b] * D * N, out(5) + slots[b] * D * N, hasArriving);
  });
  for (std::int64_t b = 0; b < B; b++) {
    for (int which = 0; which < 2; which++) {
      float* to = out(3 + which) + b * T * N;
      std::memset(to, 0, T * N * 4);
      for (std::int64_t block = 0; block < plan.blocks; block++) {
        const char* share = shares + (b * plan.blocks + block) * plan.shareBytes();
        const float* from = reinterpret_cast<const float*>(share) + which * T * N;
        for (std::int64_t i = 0; i < T * N; i++) to[i] += from[i];
      }
    }
  }
  for (std::int64_t i = 0; i < D * N; i++) {
    double total = 0;
    for (std::int64_t b = 0; b < B; b++) total += decays[b * D * N + i];
    out(2)[i] = static_cast<float>(total);
  }
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
