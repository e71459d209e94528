/*
 * Causal attention with grouped queries over a cache in pools: softmax of the scores of a block of keys at a time,
 * corrected as larger scores appear (Milakov & Gimelshein 2018; Dao et al. 2022), so that the scores of a whole
 * sequence never exist. All queries of one key head that one task has share the keys that it reads.
 *
 * Attributes: scale, window (0: all), whether the cache is a ring.
 */
#pragma once
#include <cmath>

#include "math.hpp"
#include "parallel.hpp"
#include "pools.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/** Keys that are scored at once. */
constexpr int keyBlock = 4 * lanes;
/** Queries (times heads of the group) of one task. */
constexpr std::int64_t queryRows = 32;
/** From this many rows on, transposing keys pays. */
constexpr std::int64_t rowsWorthTransposing = 8;

struct AttentionSizes {
  std::int64_t B, T, Hq, D, S, C, Hkv, Dv;
  std::int64_t group() const { return Hq / Hkv; }
  /** Positions per task. */
  std::int64_t span() const { return most(1, queryRows / group()); }
  std::int64_t rows() const { return span() * group(); }
  std::int64_t paddedDv() const { return ceilDivide(Dv, lanes) * lanes; }
};

inline AttentionSizes attentionSizes(const Call& call) {
  const Operand &q = call.inputs[0], &k = call.inputs[1];
  return {q.shape[0], q.shape[1], q.shape[2], q.shape[3], k.shape[0], k.shape[1], k.shape[2], call.inputs[2].shape[3]};
}

/** Scratch of one thread, in floats. */
struct AttentionLocal {
  float *keys, *transposed, *values, *scores, *sums, *largest, *totals;
  static std::int64_t bytes(const AttentionSizes& s) {
    return alignUp((2 * keyBlock * s.D + keyBlock * s.paddedDv() + s.rows() * (keyBlock + s.paddedDv() + 2)) * 4);
  }
  AttentionLocal(float* base, const AttentionSizes& s)
      : keys(base), transposed(keys + keyBlock * s.D), values(transposed + keyBlock * s.D),
        scores(values + keyBlock * s.paddedDv()), sums(scores + s.rows() * keyBlock),
        largest(sums + s.rows() * s.paddedDv()), totals(largest + s.rows()) {}
};

inline std::int64_t attentionScratch(const Call& call, int threads) {
  return AttentionLocal::bytes(attentionSizes(call)) * threads;
}

HYBRA_INLINE float dot(const float* a, const float* b, std::int64_t count) {
  vf sums = {};
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) sums += load(a + i) * load(b + i);
  float sum = sumOf(sums);
  for (; i < count; i++) sum += a[i] * b[i];
  return sum;
}

/** Scores of `Rows` queries against a block of transposed keys. */
template <int Rows>
HYBRA_INLINE void scoreTransposed(const float* const* queries, const float* transposed, std::int64_t D, float scale,
                                  float* scores) {
  vf sums[Rows][4] = {};
  for (std::int64_t d = 0; d < D; d++) {
    vf keys[4];
#pragma GCC unroll 4
    for (int v = 0; v < 4; v++) keys[v] = load(transposed + d * keyBlock + v * lanes);
#pragma GCC unroll 4
    for (int row = 0; row < Rows; row++) {
      const vf value = splat(queries[row][d]);
#pragma GCC unroll 4
      for (int v = 0; v < 4; v++) sums[row][v] += value * keys[v];
    }
  }
  for (int row = 0; row < Rows; row++) {
    for (int v = 0; v < 4; v++) store(scores + row * keyBlock + v * lanes, sums[row][v] * scale);
  }
}

/** One task: `count` positions from `t` on, all heads of the group of one key head. */
struct AttentionTask {
  const AttentionSizes& sizes;
  const AttentionLocal& local;
  const float* q;  // of the first position and head of the group
  float* y;
  std::int64_t start, count;  // position of the first query, and how many
  std::int64_t oldest, length, window;
  float scale;

  const float* query(std::int64_t row) const {
    return q + (row / sizes.group() * sizes.Hq + row % sizes.group()) * sizes.D;
  }
  std::int64_t firstKey(std::int64_t position) const {
    return window > 0 ? most(oldest, position - window + 1) : oldest;
  }
  std::int64_t lastKey(std::int64_t position) const { return least(position, length - 1); }

  void begin() const {
    for (std::int64_t row = 0; row < count * sizes.group(); row++) {
      local.largest[row] = -infinity;
      local.totals[row] = 0;
    }
    std::memset(local.sums, 0, count * sizes.group() * sizes.paddedDv() * 4);
  }

  void scoreBlock(int keys) const {
    const std::int64_t rows = count * sizes.group(), D = sizes.D;
    if (rows < rowsWorthTransposing) {
      for (std::int64_t row = 0; row < rows; row++) {
        for (int j = 0; j < keys; j++) {
          local.scores[row * keyBlock + j] = scale * dot(query(row), local.keys + j * D, D);
        }
      }
      return;
    }
    for (int j = 0; j < keyBlock; j++) {
      for (std::int64_t d = 0; d < D; d++) local.transposed[d * keyBlock + j] = j < keys ? local.keys[j * D + d] : 0;
    }
    std::int64_t row = 0;
    for (; row + 4 <= rows; row += 4) {
      const float* queries[4] = {query(row), query(row + 1), query(row + 2), query(row + 3)};
      scoreTransposed<4>(queries, local.transposed, D, scale, local.scores + row * keyBlock);
    }
    for (; row < rows; row++) {
      const float* one = query(row);
      scoreTransposed<1>(&one, local.transposed, D, scale, local.scores + row * keyBlock);
    }
  }

  /** Adds a block of keys, from position `first` on, to every row that sees any of them. */
  void addBlock(std::int64_t first, int keys) const {
    scoreBlock(keys);
    for (std::int64_t row = 0; row < count * sizes.group(); row++) {
      const std::int64_t position = start + row / sizes.group();
      const int from = static_cast<int>(most(firstKey(position) - first, 0));
      const int to = static_cast<int>(least(lastKey(position) - first + 1, keys));
      if (from < to) addRow(row, from, to);
    }
  }

  void addRow(std::int64_t row, int from, int to) const {
    float* scores = local.scores + row * keyBlock;
    for (int j = 0; j < from; j++) scores[j] = -infinity;
    for (int j = to; j < keyBlock; j++) scores[j] = -infinity;
    vf best = load(scores);
    for (int v = 1; v < 4; v++) best = maximum(best, load(scores + v * lanes));
    float largest = local.largest[row];
    const float candidate = largestOf(best);
    largest = candidate > largest ? candidate : largest;
    // Where all scores are −∞ so far the shift is 0: e^(−∞) adds nothing, and −∞ − −∞ would be NaN.
    const float shift = largest == -infinity ? 0 : largest;
    const float correction = local.largest[row] == -infinity ? 0 : std::exp(local.largest[row] - shift);
    local.largest[row] = largest;
    vf total = {};
    for (int v = 0; v < 4; v++) {
      const vf weights = exp(load(scores + v * lanes) - shift);
      store(scores + v * lanes, weights);
      total += load(scores + v * lanes);
    }
    local.totals[row] = local.totals[row] * correction + sumOf(total);
    float* sums = local.sums + row * sizes.paddedDv();
    for (std::int64_t d = 0; d < sizes.paddedDv(); d += lanes) {
      vf sum = load(sums + d) * correction, other = {};
      int j = from;
      for (; j + 2 <= to; j += 2) {
        sum += load(local.values + j * sizes.paddedDv() + d) * scores[j];
        other += load(local.values + (j + 1) * sizes.paddedDv() + d) * scores[j + 1];
      }
      if (j < to) sum += load(local.values + j * sizes.paddedDv() + d) * scores[j];
      store(sums + d, sum + other);
    }
  }

  void finish() const {
    for (std::int64_t row = 0; row < count * sizes.group(); row++) {
      float* to = y + (row / sizes.group() * sizes.Hq + row % sizes.group()) * sizes.Dv;
      const float* sums = local.sums + row * sizes.paddedDv();
      const float total = local.totals[row];
      for (std::int64_t d = 0; d < sizes.Dv; d++) to[d] = local.largest[row] == -infinity && total == 0 ? 0 : sums[d] / total;
    }
  }
};

void kernel_attention(const Call& call, const Frame& frame) {
  const AttentionSizes sizes = attentionSizes(call);
  const float* q = reinterpret_cast<const float*>(frame.inputs[0]);
  const std::int32_t* slots = reinterpret_cast<const std::int32_t*>(frame.inputs[3]);
  const std::int32_t* starts = reinterpret_cast<const std::int32_t*>(frame.inputs[4]);
  const std::int32_t* lengths = reinterpret_cast<const std::int32_t*>(frame.inputs[5]);
  float* y = reinterpret_cast<float*>(frame.outputs[0]);
  const bool isRing = call.attributes[2] != 0;
  const std::int64_t span = sizes.span(), pieces = ceilDivide(sizes.T, span), localBytes = AttentionLocal::bytes(sizes);
  const double cost = 0.03 * sizes.B * sizes.T * sizes.Hq * sizes.D * least(sizes.C, 512);
  parallel(frame.pool, cost, sizes.B * sizes.Hkv * pieces, [&](std::int64_t index, int thread) {
    // The last positions first: they have the most keys, and nobody wants to wait for them at the end.
    const std::int64_t t = (pieces - 1 - index / (sizes.B * sizes.Hkv)) * span;
    const std::int64_t b = index % (sizes.B * sizes.Hkv) / sizes.Hkv, head = index % sizes.Hkv;
    const std::int64_t count = least(span, sizes.T - t), slot = slots[b];
    const std::int64_t place = (b * sizes.T + t) * sizes.Hq + head * sizes.group();
    // A ring holds the last C positions; without one, position j lies in row j and none is beyond C − 1.
    const std::int64_t length = isRing ? lengths[b] : least(lengths[b], sizes.C);
    const AttentionLocal local(reinterpret_cast<float*>(frame.scratch + thread * localBytes), sizes);
    const AttentionTask task{sizes, local, q + place * sizes.D, y + place * sizes.Dv, starts[b] + t, count,
                             isRing ? most(0, length - sizes.C) : 0, length,
                             static_cast<std::int64_t>(call.attributes[1]), static_cast<float>(call.attributes[0])};
    task.begin();
    const bool exists = slot >= 0 && slot < sizes.S;
    const std::int64_t highest = exists ? task.lastKey(task.start + count - 1) : -1;
    for (std::int64_t first = task.firstKey(task.start); first <= highest; first += keyBlock) {
      const int keys = static_cast<int>(least(keyBlock, highest - first + 1));
      for (int j = 0; j < keys; j++) {
        const std::int64_t row = (slot * sizes.C + (first + j) % sizes.C) * sizes.Hkv + head;
        readPool(frame.inputs[1], call.inputs[1].dtype, row * sizes.D, sizes.D, local.keys + j * sizes.D);
        float* value = local.values + j * sizes.paddedDv();
        readPool(frame.inputs[2], call.inputs[2].dtype, row * sizes.Dv, sizes.Dv, value);
        for (std::int64_t d = sizes.Dv; d < sizes.paddedDv(); d++) value[d] = 0;
      }
      task.addBlock(first, keys);
    }
    task.finish();
  });
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
