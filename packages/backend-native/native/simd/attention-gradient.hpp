/*
 * The gradient of attention. With weights p = softmax(scale q kᵀ) and g = dy vᵀ: dv = pᵀ dy, ds = p (g − Σ p g),
 * dq = scale ds k, dk = scale dsᵀ q. A task takes one key head of one slot; the weights of a block of queries exist
 * at a time, over the keys that they see.
 *
 * Inputs q, k, v, slots, starts, lengths, dy; outputs dq, dk, dv. Attributes: scale, window (0: all), whether the
 * cache is a ring.
 */
#pragma once
#include <cmath>

#include "attention.hpp"
#include "small-product.hpp"

namespace hybra::HYBRA_ISA {
namespace {

/** Queries of one head whose weights exist at a time. */
constexpr std::int64_t gradientQueries = 64;

struct AttentionGradientPlan {
  AttentionSizes sizes;
  std::int64_t c, d, e; // capacity, D and Dv in whole vectors

  explicit AttentionGradientPlan(const Call& call)
      : sizes(attentionSizes(call)), c(padToLanes(sizes.C)), d(padToLanes(sizes.D)), e(padToLanes(sizes.Dv)) {}
  std::int64_t localBytes() const {
    const std::int64_t keys = 3 * c * d + 2 * c * e, rows = gradientQueries * (2 * d + e + 2 * c);
    return alignUp((keys + rows + c) * 4);
  }
};

inline std::int64_t attentionGradientScratch(const Call& call, int threads) {
  return AttentionGradientPlan(call).localBytes() * threads;
}

/** Buffers of a task. */
struct AttentionGradientBuffers {
  // Keys [C, D], transposed, gradients; values transposed, gradients; queries, dq, dy; weights and their gradients.
  float *k, *kT, *dk, *vT, *dv, *q, *dq, *dy, *p, *g;
  /** Position of each row of the cache, −1 where there is no key. */
  std::int32_t* positions;
};

struct AttentionGradientTask : AttentionGradientBuffers {
  const AttentionGradientPlan& plan;
  const Call& call;
  const Frame& frame;
  std::int64_t head;

  void place(float* at) {
    const std::int64_t c = plan.c, d = plan.d, e = plan.e, rows = gradientQueries;
    const auto take = [&](std::int64_t count) {
      float* here = at;
      at += count;
      return here;
    };
    for (float** each : {&k, &kT, &dk}) *each = take(c * d);
    for (float** each : {&vT, &dv}) *each = take(c * e);
    for (float** each : {&q, &dq}) *each = take(rows * d);
    dy = take(rows * e);
    for (float** each : {&p, &g}) *each = take(rows * c);
    positions = reinterpret_cast<std::int32_t*>(take(c));
  }

  /** The keys and values of a slot. */
  void open(std::int64_t slot) {
    const auto& [B, T, Hq, D, S, C, Hkv, Dv] = plan.sizes;
    const float* keys = reinterpret_cast<const float*>(frame.inputs[1]) + (slot * C * Hkv + head) * D;
    const float* values = reinterpret_cast<const float*>(frame.inputs[2]) + (slot * C * Hkv + head) * Dv;
    std::memset(kT, 0, plan.c * plan.d * 4);
    std::memset(vT, 0, plan.c * plan.e * 4);
    std::memset(dk, 0, plan.c * plan.d * 4);
    std::memset(dv, 0, plan.c * plan.e * 4);
    copyRows(keys, Hkv * D, C, D, k, plan.d);
    transposeSmall(keys, Hkv * D, C, D, kT, plan.c);
    transposeSmall(values, Hkv * Dv, C, Dv, vT, plan.c);
  }

  void close(std::int64_t slot) const {
    const auto& [B, T, Hq, D, S, C, Hkv, Dv] = plan.sizes;
    for (std::int64_t row = 0; row < C; row++) {
      const std::int64_t at = (slot * C + row) * Hkv + head;
      std::memcpy(reinterpret_cast<float*>(frame.outputs[1]) + at * D, dk + row * plan.d, D * 4);
      std::memcpy(reinterpret_cast<float*>(frame.outputs[2]) + at * Dv, dv + row * plan.e, Dv * 4);
    }
  }

  void findPositions(std::int64_t length) {
    const std::int64_t C = plan.sizes.C;
    const bool isRing = call.attributes[2] != 0;
    for (std::int64_t row = 0; row < plan.c; row++) {
      std::int64_t position = row;
      if (isRing) {
        // The last position below the length that is the row modulo the capacity.
        const std::int64_t age = (length - 1 - row) % C;
        position = length - 1 - (age < 0 ? age + C : age);
      }
      positions[row] = row < C && position >= 0 && position < length ? static_cast<std::int32_t>(position) : -1;
    }
  }

  /** Softmax of a row of scores over the keys that a query sees; the others get 0. */
  void weigh(float* scores, std::int64_t from, std::int64_t to, std::int64_t query, float scale) const {
    const std::int64_t window = static_cast<std::int64_t>(call.attributes[1]);
    const std::int32_t last = static_cast<std::int32_t>(query);
    const std::int32_t first = static_cast<std::int32_t>(window == 0 ? 0 : most(0, query - window + 1));
    const auto seen = [&](std::int64_t at) -> vi {
      vi position;
      std::memcpy(&position, positions + at, sizeof position);
      return (position >= first) & (position <= last);
    };
    vf largest = splat(-infinity);
    for (std::int64_t at = from; at < to; at += lanes) {
      const vf score = seen(at) ? load(scores + at) * scale : splat(-infinity);
      store(scores + at, score);
      largest = maximum(score, largest);
    }
    const float top = largestOf(largest);
    if (top == -infinity) {
      for (std::int64_t at = from; at < to; at += lanes) store(scores + at, vf{});
      return;
    }
    vf total = {};
    for (std::int64_t at = from; at < to; at += lanes) {
      const vf weight = seen(at) ? exp(load(scores + at) - top) : vf{};
      store(scores + at, weight);
      total += weight;
    }
    const float share = 1 / sumOf(total);
    for (std::int64_t at = from; at < to; at += lanes) store(scores + at, load(scores + at) * share);
  }

  /** `count` queries of one head, from position `first` of row `b` on. */
  void runQueries(std::int64_t b, std::int64_t queryHead, std::int64_t first, std::int64_t count, std::int64_t start,
                  std::int64_t length) {
    const auto& [B, T, Hq, D, S, C, Hkv, Dv] = plan.sizes;
    const std::int64_t c = plan.c, d = plan.d, e = plan.e;
    const float scale = static_cast<float>(call.attributes[0]);
    const std::int64_t window = static_cast<std::int64_t>(call.attributes[1]), query = start + first;
    // Columns that any of the queries sees, in whole vectors; of a ring all.
    std::int64_t from = 0, to = c;
    if (call.attributes[2] == 0) {
      from = window == 0 ? 0 : most(0, query - window + 1) / lanes * lanes;
      to = padToLanes(most(0, least(least(length, C), query + count)));
    }
    const std::int64_t at = (b * T + first) * Hq + queryHead;
    float* out = reinterpret_cast<float*>(frame.outputs[0]) + at * D;
    if (to <= from) {
      for (std::int64_t t = 0; t < count; t++) std::memset(out + t * Hq * D, 0, D * 4);
      return;
    }
    copyRows(reinterpret_cast<const float*>(frame.inputs[0]) + at * D, Hq * D, count, D, q, d);
    copyRows(reinterpret_cast<const float*>(frame.inputs[6]) + at * Dv, Hq * Dv, count, Dv, dy, e);
    smallProduct(count, to - from, D, {q, d}, kT + from, c, p + from, c, false);
    smallProduct(count, to - from, Dv, {dy, e}, vT + from, c, g + from, c, false);
    for (std::int64_t t = 0; t < count; t++) weigh(p + t * c, from, to, query + t, scale);
    smallProduct(to - from, e, count, {p + from, 1, c}, dy, e, dv + from * e, e, true);
    for (std::int64_t t = 0; t < count; t++) {
      vf sums = {};
      for (std::int64_t i = from; i < to; i += lanes) sums += load(p + t * c + i) * load(g + t * c + i);
      const float mean = sumOf(sums);
      for (std::int64_t i = from; i < to; i += lanes) {
        store(g + t * c + i, load(p + t * c + i) * (load(g + t * c + i) - mean) * scale);
      }
    }
    smallProduct(count, d, to - from, {g + from, c}, k + from * d, d, dq, d, false);
    smallProduct(to - from, d, count, {g + from, 1, c}, q, d, dk + from * d, d, true);
    for (std::int64_t t = 0; t < count; t++) std::memcpy(out + t * Hq * D, dq + t * d, D * 4);
  }
};

void kernel_attentionGradient(const Call& call, const Frame& frame) {
  const AttentionGradientPlan plan(call);
  const auto& [B, T, Hq, D, S, C, Hkv, Dv] = plan.sizes;
  const auto integers = [&](int input) { return reinterpret_cast<const std::int32_t*>(frame.inputs[input]); };
  const std::int32_t *slots = integers(3), *starts = integers(4), *lengths = integers(5);
  std::memset(frame.outputs[1], 0, call.outputs[1].count() * 4);
  std::memset(frame.outputs[2], 0, call.outputs[2].count() * 4);
  for (std::int64_t b = 0; b < B; b++) {
    if (slots[b] >= 0 && slots[b] < S) continue;
    std::memset(reinterpret_cast<float*>(frame.outputs[0]) + b * T * Hq * D, 0, T * Hq * D * 4);
  }
  parallel(frame.pool, 1.0 * B * T * Hq * C * D, B * Hkv, [&, B = B, T = T, Hq = Hq, S = S, Hkv = Hkv](std::int64_t index, int thread) {
    const std::int64_t row = index / Hkv, slot = slots[row];
    if (slot < 0 || slot >= S) return;
    // Rows that read one slot are summed by the first of them.
    for (std::int64_t b = 0; b < row; b++) {
      if (slots[b] == slot) return;
    }
    AttentionGradientTask task{{}, plan, call, frame, index % Hkv};
    task.place(reinterpret_cast<float*>(frame.scratch + thread * plan.localBytes()));
    task.open(slot);
    const std::int64_t shared = Hq / Hkv;
    for (std::int64_t b = row; b < B; b++) {
      if (slots[b] != slot) continue;
      task.findPositions(lengths[b]);
      for (std::int64_t i = 0; i < shared; i++) {
        for (std::int64_t t = 0; t < T; t += gradientQueries) {
          task.runQueries(b, task.head * shared + i, t, least(gradientQueries, T - t), starts[b], lengths[b]);
        }
      }
    }
    task.close(slot);
  });
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
