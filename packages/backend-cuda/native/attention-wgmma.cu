// Causal attention of many queries with grouped queries over a cache in pools, on Hopper's tensor cores (Dao et al. 2022,
// "FlashAttention"): a block takes 128 queries of one head and walks the keys that any of them sees, 64 at a time, with an
// online softmax. Two groups of four warps multiply 64 queries each; four more warps load keys and values and cut them into
// bfloat16 pieces. With three pieces the products are float32 arithmetic; with one they round to bfloat16.
#include "attention-sizes.cuh"
#include "wgmma-tiles.cuh"

[[maybe_unused]] constexpr int queries = 64, keys = 64, multipliers = 256, loaders = 128, threads = 384;

template <int PIECES, int D> struct Room {
  static constexpr int stages = PIECES == 1 ? 3 : 1;
  static constexpr int map = panel * (D / 64), k = 0, v = PIECES * map, stage = 2 * PIECES * map, q = stages * stage,
                       bytes = q + 2 * PIECES * map;
};

// Which keys the block's queries see: from `from` to before `to`; a query at `position` those up to it, within the window.
struct Span {
  int from, to, first, length;
};
__device__ __forceinline__ Span spanOf(const AttentionSizes &s, int slot, int start, int given, int t0) {
  Span span;
  span.length = s.isRing ? given : min(given, (int)s.C);
  span.first = s.isRing ? max(0, span.length - (int)s.C) : 0;
  const int lastQuery = min(t0 + 2 * queries, (int)s.T) - 1;
  span.from = s.window > 0 ? max(span.first, start + t0 - (int)s.window + 1) : span.first;
  span.to = slot >= 0 && (u32)slot < s.S ? min(start + lastQuery + 1, span.length) : 0;
  return span;
}

template <bool NARROW, int PIECES, int D>
__device__ __forceinline__ void loadKeys(const In &k, const In &v, const AttentionSizes &s, int slot, const Span &span, u32 room, u32 full,
                                         u32 empty) {
  using R = Room<PIECES, D>;
  constexpr int perMap = keys * D / 8 / loaders, together = NARROW ? perMap : perMap / 2;
  const int thread = threadIdx.x - multipliers;
  const u32 head = (u32)((i64)blockIdx.y * s.Hkv / s.Hq);
  u32 stage = 0, parity = 0;
  for (int j0 = span.from; j0 < span.to; j0 += keys) {
#pragma unroll 1
    for (int part = 0; part < 2 * perMap / together; part++) {
      const bool isValue = part >= perMap / together;
      const void *data = isValue ? v.data : k.data;
      const u32 width = isValue ? s.Dv : s.D;
      const int begin = thread + part % (perMap / together) * together * loaders;
      Eight<NARROW> read[together];
#pragma unroll
      for (int l = 0; l < together; l++) {
        const int i = begin + l * loaders, j = j0 + i / (D / 8), d = i % (D / 8) * 8;
        const i64 row = (i64)slot * s.C + j % (int)s.C;
        read[l].read(data, (row * s.Hkv + head) * width + d, j < span.to && d < (int)width);
      }
      if (part == 0) waitFor(empty + stage * 8, parity ^ 1);
      const u32 to = room + stage * R::stage + (isValue ? R::v : R::k);
#pragma unroll
      for (int l = 0; l < together; l++) {
        const int i = begin + l * loaders, row = i / (D / 8), d = i % (D / 8) * 8;
        float values[8];
        read[l].widen(values);
        putEight<PIECES>(to + d / 64 * panel + swizzled(row, d % 64), R::map, values);
      }
    }
    showToTensorCores();
    arrive(full + stage * 8);
    if (++stage == R::stages) stage = 0, parity ^= 1;
  }
}

template <bool NARROW, int PIECES, int D>
__device__ __forceinline__ void attendTiles(const In &q, const Out &y, const AttentionSizes &s, int start, const Span &span, u32 t0, u32 room,
                                            u32 full, u32 empty) {
  using R = Room<PIECES, D>;
  const u32 group = threadIdx.x >> 7, lane = threadIdx.x & 31, warp = (threadIdx.x >> 5) & 3, b = blockIdx.z, head = blockIdx.y;
  const u32 thread = threadIdx.x & 127, first = t0 + group * queries, i0 = warp * 16 + (lane >> 2), n0 = (lane & 3) * 2;
  const u32 qBase = room + R::q + group * PIECES * R::map;
  for (int i = thread; i < queries * D / 8; i += 128) {
    const u32 row = i / (D / 8), d = i % (D / 8) * 8, t = first + row;
    float values[8];
#pragma unroll
    for (int e = 0; e < 8; e++)
      values[e] = t < s.T && d + e < s.D ? ::load<false>(q, b * s.qBatch + t * s.qTime + head * s.qHead + d + e) : 0.0f;
    putEight<PIECES>(qBase + d / 64 * panel + swizzled(row, d % 64), R::map, values);
  }
  showToTensorCores();
  if (group == 0) meet<1, 128>();
  else meet<2, 128>();

  float sums[D / 2];
#pragma unroll
  for (int at = 0; at < D / 2; at++) sums[at] = 0.0f;
  float largest[2] = {-INFINITY, -INFINITY}, total[2] = {0.0f, 0.0f};
  const float scale = s.scale * log2e;
  u32 stage = 0, parity = 0;
  for (int j0 = span.from; j0 < span.to; j0 += keys) {
    waitFor(full + stage * 8, parity);
    const u32 base = room + stage * R::stage;
    float S[32];
    beginProducts();
#pragma unroll
    for (int k = 0; k < D / 16; k++) {
      const u32 offset = k / 4 * panel + k % 4 * 32;
      multiplyPieces<PIECES, 0, 0>(S, tileAt(qBase + offset), R::map, tileAt(base + R::k + offset), R::map, k > 0);
    }
    endProducts();
    waitForProducts<0>();
    settle(S);
    u32 P[4][PIECES][4];
#pragma unroll
    for (int half = 0; half < 2; half++) {
      const int position = start + (int)first + (int)i0 + half * 8;
      const int end = min(position + 1, span.length), begin = s.window > 0 ? max(span.first, position - (int)s.window + 1) : span.first;
      float next = largest[half];
#pragma unroll
      for (int j = 0; j < 8; j++)
#pragma unroll
        for (int c = 0; c < 2; c++) {
          const int key = j0 + j * 8 + (int)n0 + c;
          float &score = S[j * 4 + half * 2 + c];
          score = key >= begin && key < end ? score * scale : -INFINITY;
          next = nanMax(next, score);
        }
      next = nanMax(next, __shfl_xor_sync(0xffffffffu, next, 1));
      next = nanMax(next, __shfl_xor_sync(0xffffffffu, next, 2));
      const float from = next == -INFINITY ? 0.0f : next, keep = powerOfTwo(largest[half] - from);
      largest[half] = next;
      total[half] *= keep;
#pragma unroll
      for (int j = 0; j < D / 8; j++) sums[j * 4 + half * 2] *= keep, sums[j * 4 + half * 2 + 1] *= keep;
#pragma unroll
      for (int j = 0; j < 8; j++) {
        const float one = PIECES == 3 ? exp2f(S[j * 4 + half * 2] - from) : powerOfTwo(S[j * 4 + half * 2] - from);
        const float other = PIECES == 3 ? exp2f(S[j * 4 + half * 2 + 1] - from) : powerOfTwo(S[j * 4 + half * 2 + 1] - from);
        total[half] += one + other;
        u32 pieces[PIECES];
        cut<PIECES>(one, other, pieces);
#pragma unroll
        for (int piece = 0; piece < PIECES; piece++) P[j / 2][piece][(j & 1) * 2 + half] = pieces[piece];
      }
    }
    settle(sums);
    beginProducts();
#pragma unroll
    for (int k = 0; k < 4; k++)
#pragma unroll
      for (int order = PIECES - 1; order >= 0; order--)
#pragma unroll
        for (int piece = 0; piece <= order; piece++)
          multiply<1>(sums, P[k][piece], tileAt(base + R::v + (order - piece) * R::map + k * 2048, panel), true);
    endProducts();
    waitForProducts<0>();
    settle(sums);
    if (thread == 0) arrive(empty + stage * 8);
    if (++stage == R::stages) stage = 0, parity ^= 1;
  }
#pragma unroll
  for (int half = 0; half < 2; half++) {
    float all = total[half];
    all += __shfl_xor_sync(0xffffffffu, all, 1);
    all += __shfl_xor_sync(0xffffffffu, all, 2);
    const float factor = all == 0.0f ? 0.0f : 1.0f / all;
    const u32 t = first + i0 + half * 8;
    if (t >= s.T) continue;
    const i64 to = (((i64)b * s.T + t) * s.Hq + head) * s.Dv;
#pragma unroll
    for (int j = 0; j < D / 8; j++)
#pragma unroll
      for (int c = 0; c < 2; c++) {
        const u32 d = j * 8 + n0 + c;
        if (d < s.Dv) store<false>(y, to + d, sums[j * 4 + half * 2 + c] * factor);
      }
  }
}

template <bool NARROW, int PIECES, int D>
__device__ __forceinline__ void attend(const In &q, const In &k, const In &v, const int *slots, const int *starts, const int *lengths,
                                       const Out &y, const AttentionSizes &s) {
#ifdef HOPPER
  using R = Room<PIECES, D>;
  extern __shared__ char memory[];
  __shared__ __align__(8) u64 full[R::stages], empty[R::stages];
  const u32 room = (addressOf(memory) + 1023) & ~1023u, fullAt = addressOf(full), emptyAt = addressOf(empty), b = blockIdx.z;
  if (threadIdx.x == 0) {
    for (int stage = 0; stage < R::stages; stage++) {
      initBarrier(fullAt + stage * 8, loaders);
      initBarrier(emptyAt + stage * 8, 2);
    }
    showBarriers();
  }
  __syncthreads();
  // The last queries see the most keys: they begin first.
  const u32 t0 = (gridDim.x - 1 - blockIdx.x) * 2 * queries;
  const int slot = slots[b], start = starts[b];
  const Span span = spanOf(s, slot, start, lengths[b], t0);
  if (threadIdx.x < multipliers) {
    keepRegisters<200>();
    attendTiles<NARROW, PIECES, D>(q, y, s, start, span, t0, room, fullAt, emptyAt);
  } else {
    giveRegisters<104>();
    loadKeys<NARROW, PIECES, D>(k, v, s, slot, span, room, fullAt, emptyAt);
  }
#endif
}

#define ATTEND(suffix, NARROW, PIECES, D)                                                                                            \
  ENTRY __launch_bounds__(threads, 1) attention_wgmma_##suffix##_##PIECES##_##D(In q, In k, In v, const int *slots, const int *starts, \
                                                                               const int *lengths, Out y, AttentionSizes s) {        \
    attend<NARROW, PIECES, D>(q, k, v, slots, starts, lengths, y, s);                                                                \
  }
ATTEND(f32, false, 1, 64)
ATTEND(f32, false, 1, 128)
ATTEND(f32, false, 3, 64)
ATTEND(f32, false, 3, 128)
ATTEND(bf16, true, 1, 64)
ATTEND(bf16, true, 1, 128)
ATTEND(bf16, true, 3, 64)
ATTEND(bf16, true, 3, 128)
