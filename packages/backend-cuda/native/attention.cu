// Causal attention with grouped queries over a cache in pools, split over the keys (Dao et al. 2023, "Flash-Decoding"):
// a block takes one query of one head and one span of positions; its four warps walk the span with an online softmax,
// the dimensions spread over the lanes. With more than one span, parts are joined by a second kernel in a fixed order.
#include "attention-sizes.cuh"

constexpr int warps = 4, together = 4;

template <int PER_LANE>
__device__ __forceinline__ void attend(const In &q, const In &k, const In &v, const int *slots, const int *starts, const int *lengths,
                                       const Out &y, float *parts, const AttentionSizes &s) {
  __shared__ float largestOf[warps], totalOf[warps], sumsOf[warps][PER_LANE * 32];
  const u32 split = blockIdx.x, head = blockIdx.y, token = blockIdx.z, b = token / s.T, t = token % s.T;
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  const int slot = slots[b], position = starts[b] + (int)t, given = lengths[b];
  const bool isActive = slot >= 0 && (u32)slot < s.S;
  const int length = s.isRing ? given : min(given, (int)s.C);
  int first = s.isRing ? max(0, length - (int)s.C) : 0;
  if (s.window > 0) first = max(first, position - (int)s.window + 1);
  const int end = isActive ? min(position + 1, length) : 0;
  const int span = (max(end - first, 0) + (int)s.splits - 1) / (int)s.splits;
  const int from = first + (int)split * span, to = min(end, from + span);

  float query[PER_LANE], sums[PER_LANE] = {};
#pragma unroll
  for (int i = 0; i < PER_LANE; i++) {
    const u32 d = i * 32 + lane;
    query[i] = d < s.D ? load<false>(q, b * s.qBatch + t * s.qTime + head * s.qHead + d) : 0.0f;
  }
  const u32 keyHead = (u32)((i64)head * s.Hkv / s.Hq);
  const i64 kStride = (i64)s.Hkv * s.D, vStride = (i64)s.Hkv * s.Dv;
  const i64 kFrom = (i64)slot * s.C * kStride + keyHead * s.D, vFrom = (i64)slot * s.C * vStride + keyHead * s.Dv;
  float largest = -INFINITY, total = 0.0f;
  for (int j0 = from + warp * together; j0 < to; j0 += warps * together) {
    float scores[together];
#pragma unroll
    for (int u = 0; u < together; u++) {
      scores[u] = 0.0f;
      if (j0 + u >= to) continue;
      const i64 row = kFrom + (i64)((j0 + u) % (int)s.C) * kStride;
#pragma unroll
      for (int i = 0; i < PER_LANE; i++) {
        const u32 d = i * 32 + lane;
        if (d < s.D) scores[u] = fmaf(query[i], load<false>(k, row + d), scores[u]);
      }
    }
    float next = largest;
#pragma unroll
    for (int u = 0; u < together; u++) {
      scores[u] = j0 + u < to ? warpSum(scores[u]) * s.scale : -INFINITY;
      next = nanMax(next, scores[u]);
    }
    const float keep = next == -INFINITY ? 1.0f : expf(largest - next);
    total *= keep;
#pragma unroll
    for (int i = 0; i < PER_LANE; i++) sums[i] *= keep;
#pragma unroll
    for (int u = 0; u < together; u++) {
      if (j0 + u >= to) continue;
      const float weight = next == -INFINITY ? 0.0f : expf(scores[u] - next);
      total += weight;
      const i64 row = vFrom + (i64)((j0 + u) % (int)s.C) * vStride;
#pragma unroll
      for (int i = 0; i < PER_LANE; i++) {
        const u32 d = i * 32 + lane;
        if (d < s.Dv) sums[i] = fmaf(weight, load<false>(v, row + d), sums[i]);
      }
    }
    largest = next;
  }
  if (lane == 0) {
    largestOf[warp] = largest;
    totalOf[warp] = total;
  }
#pragma unroll
  for (int i = 0; i < PER_LANE; i++) sumsOf[warp][i * 32 + lane] = sums[i];
  __syncthreads();
  if (warp != 0) return;
  float joint = -INFINITY, all = 0.0f;
#pragma unroll
  for (int w = 0; w < warps; w++) joint = nanMax(joint, largestOf[w]);
  float weights[warps];
#pragma unroll
  for (int w = 0; w < warps; w++) {
    weights[w] = totalOf[w] == 0.0f ? 0.0f : expf(largestOf[w] - joint);
    all += weights[w] * totalOf[w];
  }
  const i64 query0 = (i64)token * s.Hq + head;
  float *part = parts + (query0 * s.splits + split) * (s.Dv + 2);
#pragma unroll
  for (int i = 0; i < PER_LANE; i++) {
    const u32 d = i * 32 + lane;
    if (d >= s.Dv) continue;
    float sum = 0.0f;
#pragma unroll
    for (int w = 0; w < warps; w++) sum += weights[w] * sumsOf[w][d];
    if (s.splits > 1) part[2 + d] = sum;
    else store<false>(y, query0 * s.Dv + d, all == 0.0f ? 0.0f : sum / all);
  }
  if (s.splits > 1 && lane == 0) {
    part[0] = joint;
    part[1] = all;
  }
}

#define ATTENTION(PER_LANE)                                                                                                         \
  ENTRY __launch_bounds__(128) attention_##PER_LANE(In q, In k, In v, const int *slots, const int *starts, const int *lengths,      \
                                                    Out y, float *parts, AttentionSizes s) {                                        \
    begin(); attend<PER_LANE>(q, k, v, slots, starts, lengths, y, parts, s);                                                                 \
  }
ATTENTION(1)
ATTENTION(2)
ATTENTION(4)
ATTENTION(8)

ENTRY attention_join(const float *parts, Out y, u32 queries, u32 splits, u32 Dv) {
  begin();
  const u32 query = blockIdx.x;
  const float *part = parts + (i64)query * splits * (Dv + 2);
  float joint = -INFINITY, all = 0.0f;
  for (u32 split = 0; split < splits; split++) joint = nanMax(joint, part[split * (Dv + 2)]);
  for (u32 split = 0; split < splits; split++) {
    const float *p = part + split * (Dv + 2);
    if (p[1] != 0.0f) all += expf(p[0] - joint) * p[1];
  }
  for (u32 d = threadIdx.x; d < Dv; d += blockDim.x) {
    float sum = 0.0f;
    for (u32 split = 0; split < splits; split++) {
      const float *p = part + split * (Dv + 2);
      if (p[1] != 0.0f) sum += expf(p[0] - joint) * p[2 + d];
    }
    store<false>(y, (i64)query * Dv + d, all == 0.0f ? 0.0f : sum / all);
  }
}
