// Causal attention of one query a sequence over a cache in pools: what decoding does. A block takes one span of
// positions for one key head and all the query heads that share it, so that keys and values are read once ("grouped
// queries", Ainslie et al. 2023; spans as in "Flash-Decoding", Dao et al. 2023). LANES lanes hold a row, 16 bytes each;
// every group of lanes walks rows of its own with an online softmax, and the groups are joined at the end.
#include "attention-sizes.cuh"

constexpr int warps = 4;

// Numbers of 16 bytes as float32.
__device__ __forceinline__ void widen(const uint4 &word, float (&x)[4]) {
  x[0] = __uint_as_float(word.x), x[1] = __uint_as_float(word.y), x[2] = __uint_as_float(word.z), x[3] = __uint_as_float(word.w);
}
__device__ __forceinline__ void widen(const uint4 &word, float (&x)[8]) {
  const u32 words[4] = {word.x, word.y, word.z, word.w};
#pragma unroll
  for (int i = 0; i < 4; i++) {
    x[2 * i] = __uint_as_float(words[i] << 16);
    x[2 * i + 1] = __uint_as_float(words[i] & 0xffff0000u);
  }
}

// Sums over the LANES lanes of a row, of a value for each of G queries: the first LANES / G lanes get that of the first
// query, and so on. Lanes swap halves of what they hold, so that G values take hardly more shuffles than one.
template <int LANES, int G> __device__ __forceinline__ float rowSum(float (&x)[G], int lane) {
  int offset = LANES / 2;
#pragma unroll
  for (int count = G; count > 1; count /= 2, offset /= 2) {
    const bool isUpper = lane & offset;
#pragma unroll
    for (int i = 0; i < count / 2; i++) {
      const float sent = isUpper ? x[i] : x[i + count / 2];
      x[i] = (isUpper ? x[i + count / 2] : x[i]) + __shfl_xor_sync(0xffffffffu, sent, offset);
    }
  }
#pragma unroll
  for (; offset > 0; offset /= 2) x[0] += __shfl_xor_sync(0xffffffffu, x[0], offset);
  return x[0];
}

template <class T, int LANES, int G>
__device__ __forceinline__ void attendOne(const In &q, const T *k, const T *v, const int *slots, const int *starts, const int *lengths,
                                          const Out &y, float *parts, const AttentionSizes &s) {
  constexpr int E = 16 / sizeof(T), D = E * LANES, rows = 32 / LANES, together = G > 4 ? 2 : 4, groups = warps * rows;
  __shared__ float largestOf[groups][G], totalOf[groups][G], sumsOf[groups][G][D];
  const u32 split = blockIdx.x, keyHead = blockIdx.y, b = blockIdx.z;
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, row0 = lane / LANES, at = lane % LANES * E;
  const int slot = slots[b], position = starts[b], given = lengths[b];
  const bool isActive = slot >= 0 && (u32)slot < s.S;
  const int length = s.isRing ? given : min(given, (int)s.C);
  int first = s.isRing ? max(0, length - (int)s.C) : 0;
  if (s.window > 0) first = max(first, position - (int)s.window + 1);
  const int end = isActive ? min(position + 1, length) : 0;
  const int span = (max(end - first, 0) + (int)s.splits - 1) / (int)s.splits;
  const int from = first + (int)split * span, to = min(end, from + span);

  float query[G][E], sums[G][E] = {};
#pragma unroll
  for (int g = 0; g < G; g++) {
#pragma unroll
    for (int i = 0; i < E; i++) query[g][i] = load<false>(q, b * s.qBatch + (keyHead * G + g) * s.qHead + at + i);
  }
  // Of the query whose sums this lane gets.
  float largest = -INFINITY, total = 0.0f;
  const i64 stride = (i64)s.Hkv * D, base = (i64)slot * s.C * stride + keyHead * D + at;
  for (int j0 = from + warp * rows * together; j0 < to; j0 += warps * rows * together) {
    uint4 keys[together], values[together];
    // Past the first-level cache, for nothing is read twice. Rows past the end are those of the first position instead.
#pragma unroll
    for (int u = 0; u < together; u++) {
      const int j = j0 + u * rows + row0, position = j < to ? j : from;
      const i64 place = base + (i64)(position < (int)s.C ? position : position % (int)s.C) * stride;
      keys[u] = __ldcg((const uint4 *)(k + place));
      values[u] = __ldcg((const uint4 *)(v + place));
    }
    float weights[together];
#pragma unroll
    for (int u = 0; u < together; u++) {
      float key[E], dots[G];
      widen(keys[u], key);
#pragma unroll
      for (int g = 0; g < G; g++) {
        dots[g] = query[g][0] * key[0];
#pragma unroll
        for (int i = 1; i < E; i++) dots[g] = fmaf(query[g][i], key[i], dots[g]);
      }
      const float score = rowSum<LANES, G>(dots, lane) * s.scale;
      weights[u] = j0 + u * rows + row0 < to ? score : -INFINITY;
    }
    float next = largest;
#pragma unroll
    for (int u = 0; u < together; u++) next = nanMax(next, weights[u]);
    const float keep = next == -INFINITY ? 1.0f : expf(largest - next);
    total *= keep;
    largest = next;
#pragma unroll
    for (int u = 0; u < together; u++) {
      weights[u] = next == -INFINITY ? 0.0f : expf(weights[u] - next);
      total += weights[u];
    }
#pragma unroll
    for (int g = 0; g < G; g++) {
      const float factor = G == 1 ? keep : __shfl_sync(0xffffffffu, keep, g * (LANES / G), LANES);
#pragma unroll
      for (int i = 0; i < E; i++) sums[g][i] *= factor;
    }
#pragma unroll
    for (int u = 0; u < together; u++) {
      const bool isThere = j0 + u * rows + row0 < to;
      float value[E];
      widen(values[u], value);
#pragma unroll
      for (int g = 0; g < G; g++) {
        const float weight = G == 1 ? weights[u] : __shfl_sync(0xffffffffu, weights[u], g * (LANES / G), LANES);
        // What was read for a row past the end may be NaN, which times 0 is no 0.
        if (!isThere) continue;
#pragma unroll
        for (int i = 0; i < E; i++) sums[g][i] = fmaf(weight, value[i], sums[g][i]);
      }
    }
  }
  const int group = warp * rows + row0;
  if (lane % (LANES / G) == 0) {
    largestOf[group][lane % LANES / (LANES / G)] = largest;
    totalOf[group][lane % LANES / (LANES / G)] = total;
  }
#pragma unroll
  for (int g = 0; g < G; g++) {
#pragma unroll
    for (int i = 0; i < E; i++) sumsOf[group][g][at + i] = sums[g][i];
  }
  __syncthreads();
  for (int index = threadIdx.x; index < G * D; index += warps * 32) {
    const int g = index / D, d = index % D;
    float joint = -INFINITY, all = 0.0f, sum = 0.0f;
    for (int each = 0; each < groups; each++) joint = nanMax(joint, largestOf[each][g]);
    for (int each = 0; each < groups; each++) {
      const float weight = totalOf[each][g] == 0.0f ? 0.0f : expf(largestOf[each][g] - joint);
      all = fmaf(weight, totalOf[each][g], all);
      sum = fmaf(weight, sumsOf[each][g][d], sum);
    }
    const i64 query0 = (i64)b * s.Hq + keyHead * G + g;
    if (s.splits == 1) {
      store<false>(y, query0 * D + d, all == 0.0f ? 0.0f : sum / all);
      continue;
    }
    float *part = parts + (query0 * s.splits + split) * (D + 2);
    part[2 + d] = sum;
    if (d == 0) {
      part[0] = joint;
      part[1] = all;
    }
  }
}

#define DECODE(NAME, T, LANES, G)                                                                                                 \
  ENTRY __launch_bounds__(128) attention_decode_##NAME##_##LANES##_##G(In q, In k, In v, const int *slots, const int *starts,     \
                                                                       const int *lengths, Out y, float *parts, AttentionSizes s) { \
    begin();                                                                                                                      \
    attendOne<T, LANES, G>(q, (const T *)k.data, (const T *)v.data, slots, starts, lengths, y, parts, s);                         \
  }
#define DECODE_GROUPS(NAME, T, LANES) DECODE(NAME, T, LANES, 1) DECODE(NAME, T, LANES, 2) DECODE(NAME, T, LANES, 4) DECODE(NAME, T, LANES, 8)
#define DECODE_LANES(NAME, T)                                                     \
  DECODE(NAME, T, 4, 1) DECODE(NAME, T, 4, 2) DECODE(NAME, T, 4, 4)               \
  DECODE_GROUPS(NAME, T, 8) DECODE_GROUPS(NAME, T, 16) DECODE_GROUPS(NAME, T, 32)
DECODE_LANES(f32, float)
DECODE_LANES(bf16, __nv_bfloat16)
