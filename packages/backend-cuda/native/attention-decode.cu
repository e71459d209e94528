// Causal attention of one query a sequence over a cache in pools: what decoding does. A block takes one span of
// positions for one key head and all the query heads that share it, so that keys and values are read once ("grouped
// queries", Ainslie et al. 2023; spans as in "Flash-Decoding", Dao et al. 2023). LANES lanes hold a row, 16 bytes each;
// every group of lanes walks rows of its own with an online softmax, and the groups are joined at the end.
#include "attention-sizes.cuh"

constexpr int warps = 4;

// 16 bytes as float32. Past the first-level cache: nothing is read twice.
__device__ __forceinline__ void widen(const float *at, float (&x)[4]) {
  const float4 word = __ldcg((const float4 *)at);
  x[0] = word.x, x[1] = word.y, x[2] = word.z, x[3] = word.w;
}
__device__ __forceinline__ void widen(const __nv_bfloat16 *at, float (&x)[8]) {
  const uint4 word = __ldcg((const uint4 *)at);
  const u32 words[4] = {word.x, word.y, word.z, word.w};
#pragma unroll
  for (int i = 0; i < 4; i++) {
    x[2 * i] = __uint_as_float(words[i] << 16);
    x[2 * i + 1] = __uint_as_float(words[i] & 0xffff0000u);
  }
}

template <class T, int LANES, int G>
__device__ __forceinline__ void attendOne(const In &q, const T *k, const T *v, const int *slots, const int *starts, const int *lengths,
                                          const Out &y, float *parts, const AttentionSizes &s) {
  constexpr int E = 16 / sizeof(T), D = E * LANES, rows = 32 / LANES, together = G > 2 ? 2 : 4, groups = warps * rows;
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

  float query[G][E], sums[G][E], largest[G], total[G];
#pragma unroll
  for (int g = 0; g < G; g++) {
    largest[g] = -INFINITY;
    total[g] = 0.0f;
#pragma unroll
    for (int i = 0; i < E; i++) {
      query[g][i] = load<false>(q, b * s.qBatch + (keyHead * G + g) * s.qHead + at + i);
      sums[g][i] = 0.0f;
    }
  }
  const i64 stride = (i64)s.Hkv * D, base = (i64)slot * s.C * stride + keyHead * D + at;
  for (int j0 = from + warp * rows * together; j0 < to; j0 += warps * rows * together) {
    float keys[together][E], values[together][E], scores[together][G];
#pragma unroll
    for (int u = 0; u < together; u++) {
      const int j = j0 + u * rows + row0;
      const i64 place = base + (i64)(j < to ? (j < (int)s.C ? j : j % (int)s.C) : from % (int)s.C) * stride;
      widen(k + place, keys[u]);
      widen(v + place, values[u]);
    }
#pragma unroll
    for (int u = 0; u < together; u++) {
#pragma unroll
      for (int g = 0; g < G; g++) {
        float dot = 0.0f;
#pragma unroll
        for (int i = 0; i < E; i++) dot = fmaf(query[g][i], keys[u][i], dot);
#pragma unroll
        for (int offset = LANES / 2; offset > 0; offset >>= 1) dot += __shfl_xor_sync(0xffffffffu, dot, offset);
        scores[u][g] = j0 + u * rows + row0 < to ? dot * s.scale : -INFINITY;
      }
    }
#pragma unroll
    for (int g = 0; g < G; g++) {
      float next = largest[g];
#pragma unroll
      for (int u = 0; u < together; u++) next = nanMax(next, scores[u][g]);
      const float keep = next == -INFINITY ? 1.0f : expf(largest[g] - next);
      total[g] *= keep;
#pragma unroll
      for (int i = 0; i < E; i++) sums[g][i] *= keep;
#pragma unroll
      for (int u = 0; u < together; u++) {
        // Rows past the end were read from the first row instead, whose value times 0 may be NaN.
        if (j0 + u * rows + row0 >= to) continue;
        const float weight = next == -INFINITY ? 0.0f : expf(scores[u][g] - next);
        total[g] += weight;
#pragma unroll
        for (int i = 0; i < E; i++) sums[g][i] = fmaf(weight, values[u][i], sums[g][i]);
      }
      largest[g] = next;
    }
  }
  const int group = warp * rows + row0;
#pragma unroll
  for (int g = 0; g < G; g++) {
    if (at == 0) {
      largestOf[group][g] = largest[g];
      totalOf[group][g] = total[g];
    }
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
#define DECODE_LANES(NAME, T) DECODE_GROUPS(NAME, T, 4) DECODE_GROUPS(NAME, T, 8) DECODE_GROUPS(NAME, T, 16) DECODE_GROUPS(NAME, T, 32)
DECODE_LANES(f32, float)
DECODE_LANES(bf16, __nv_bfloat16)
