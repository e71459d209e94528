// The gradient of causal attention with grouped queries over a cache in pools (Dao et al. 2022, "FlashAttention", Algorithm 4), products
// rounded to bfloat16 and sums in float32. With p the weights, g = dy v and m = sum over keys of p g: ds = scale p (g - m),
// dq = ds k, dk = ds^T q, dv = p^T dy. Two kernels, both recompute the scores 64 queries by 64 keys at a time:
// 1. queries: a block for 64 queries of one head; a first walk over the keys finds each query's logarithm of the sum of weights and m,
//    a second one dq.
// 2. keys: a block for 64 keys of one slot and key head walks the queries that see them, of every row of the batch with that slot.
#include "mma.cuh"

constexpr int side = 64, threads = 128, pad = 8;
constexpr float log2e = 1.4426950408889634f;

struct AttentionGradient {
  u32 B, T, Hq, Hkv, D, S, C, window;
  float scale;
  u32 reserved;
};

__device__ __forceinline__ u32 packed(float x, float y) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(x, y);
  return *(const u32 *)&pair;
}
__device__ __forceinline__ float powerOfTwo(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// 64 rows, `stride` apart, the first `count` of them inside.
template <int D> __device__ __forceinline__ void loadRows(__nv_bfloat16 (*to)[D + pad], const float *from, i64 stride, int count, u32 width) {
#pragma unroll
  for (int l = 0; l < side * D / 4 / threads; l++) {
    const int i = threadIdx.x + l * threads, row = i / (D / 4), at = i % (D / 4) * 4;
    const float4 v = row < count && at < (int)width ? *(const float4 *)(from + row * stride + at) : make_float4(0, 0, 0, 0);
    *(uint2 *)&to[row][at] = make_uint2(packed(v.x, v.y), packed(v.z, v.w));
  }
}
// The warp's 16 rows, as left sides of products.
template <int D> __device__ __forceinline__ void leftSides(u32 (&a)[D / 16][4], const __nv_bfloat16 (*from)[D + pad]) {
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
#pragma unroll
  for (int k = 0; k < D / 16; k++) loadMatrices(a[k], sharedAddress(&from[warp * 16 + (lane & 15)][k * 16 + (lane >> 4) * 8]));
}
// sums[16][64] = a b^T, b [64][D].
template <int D> __device__ __forceinline__ void compare(float (&sums)[8][4], const u32 (&a)[D / 16][4], const __nv_bfloat16 (*b)[D + pad]) {
  const int lane = threadIdx.x & 31;
#pragma unroll
  for (int tile = 0; tile < 8; tile++)
#pragma unroll
    for (int e = 0; e < 4; e++) sums[tile][e] = 0.0f;
#pragma unroll
  for (int k = 0; k < D / 16; k++)
#pragma unroll
    for (int tile = 0; tile < 8; tile += 2) {
      u32 right[4];
      loadMatrices(right, sharedAddress(&b[tile * 8 + (lane & 7) + (lane >> 4) * 8][k * 16 + (lane >> 3 & 1) * 8]));
      multiplyAdd(sums[tile], a[k], right[0], right[1]);
      multiplyAdd(sums[tile + 1], a[k], right[2], right[3]);
    }
}
// sums[16][D] += a b, a [16][64] as sums of a product, b [64][D].
template <int D> __device__ __forceinline__ void collect(float (&sums)[D / 8][4], const float (&a)[8][4], const __nv_bfloat16 (*b)[D + pad]) {
  const int lane = threadIdx.x & 31;
#pragma unroll
  for (int k = 0; k < 4; k++) {
    const u32 left[4] = {packed(a[k * 2][0], a[k * 2][1]), packed(a[k * 2][2], a[k * 2][3]), packed(a[k * 2 + 1][0], a[k * 2 + 1][1]),
                         packed(a[k * 2 + 1][2], a[k * 2 + 1][3])};
#pragma unroll
    for (int tile = 0; tile < D / 8; tile += 2) {
      u32 right[4];
      loadTransposed(right, sharedAddress(&b[k * 16 + (lane & 7) + (lane >> 3 & 1) * 8][tile * 8 + (lane >> 4) * 8]));
      multiplyAdd(sums[tile], left, right[0], right[1]);
      multiplyAdd(sums[tile + 1], left, right[2], right[3]);
    }
  }
}
__device__ __forceinline__ float quadMax(float x) {
  x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 1));
  return fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 2));
}
__device__ __forceinline__ float quadSum(float x) {
  x += __shfl_xor_sync(0xffffffffu, x, 1);
  return x + __shfl_xor_sync(0xffffffffu, x, 2);
}
__device__ __forceinline__ bool isSeen(int key, int position, int length, const AttentionGradient &s) {
  return key <= position && key < length && (s.window == 0 || key > position - (int)s.window);
}

template <int D> struct QueryRoom {
  __nv_bfloat16 q[side][D + pad], dy[side][D + pad], k[side][D + pad], v[side][D + pad];
};

// logs and means: [B][Hq][T].
template <int D>
__device__ __forceinline__ void queries(const float *q, const float *k, const float *v, const int *slots, const int *starts, const int *lengths,
                                        const float *dy, float *dq, float *logs, float *means, const AttentionGradient &s) {
  extern __shared__ char memory[];
  QueryRoom<D> &room = *(QueryRoom<D> *)memory;
  const int t0 = blockIdx.x * side, lane = threadIdx.x & 31, warp = threadIdx.x >> 5, count = min(side, (int)s.T - t0);
  const u32 head = blockIdx.y, b = blockIdx.z, keyHead = (u32)((i64)head * s.Hkv / s.Hq);
  const int slot = slots[b], start = starts[b], length = min(lengths[b], (int)s.C);
  const i64 stride = (i64)s.Hq * s.D, from = ((i64)b * s.T + t0) * stride + head * s.D, keyStride = (i64)s.Hkv * s.D;
  const bool isInPool = slot >= 0 && (u32)slot < s.S;
  const int last = isInPool ? min(start + t0 + count, length) : 0;
  const int first = s.window == 0 ? 0 : max(0, start + t0 - (int)s.window + 1) / side * side;
  const float *keys = k + (isInPool ? (i64)slot * s.C * keyStride : 0) + keyHead * s.D;
  const float *values = v + (isInPool ? (i64)slot * s.C * keyStride : 0) + keyHead * s.D;
  loadRows<D>(room.q, q + from, stride, count, s.D);
  loadRows<D>(room.dy, dy + from, stride, count, s.D);
  __syncthreads();
  u32 left[D / 16][4], arriving[D / 16][4];
  leftSides<D>(left, room.q);
  leftSides<D>(arriving, room.dy);
  const int row = warp * 16 + (lane >> 2), column = (lane & 3) * 2;
  const float scale = s.scale * log2e;
  float largest[2] = {-INFINITY, -INFINITY}, total[2] = {}, products[2] = {}, sums[D / 8][4] = {};
  float scores[8][4], given[8][4];
  for (int walk = 0; walk < 2; walk++) {
    for (int j0 = first; j0 < last; j0 += side) {
      __syncthreads();
      loadRows<D>(room.k, keys + j0 * keyStride, keyStride, last - j0, s.D);
      loadRows<D>(room.v, values + j0 * keyStride, keyStride, last - j0, s.D);
      __syncthreads();
      compare<D>(scores, left, room.k);
      compare<D>(given, arriving, room.v);
#pragma unroll
      for (int tile = 0; tile < 8; tile++)
#pragma unroll
        for (int e = 0; e < 4; e++) {
          const int key = j0 + tile * 8 + column + (e & 1), position = start + t0 + row + (e >> 1) * 8;
          scores[tile][e] = isSeen(key, position, length, s) ? scores[tile][e] * scale : -INFINITY;
        }
      if (walk == 0) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
          float highest = largest[half];
#pragma unroll
          for (int tile = 0; tile < 8; tile++) highest = fmaxf(highest, fmaxf(scores[tile][half * 2], scores[tile][half * 2 + 1]));
          highest = quadMax(highest);
          if (highest == -INFINITY) continue;
          const float kept = powerOfTwo(largest[half] - highest);
          total[half] *= kept, products[half] *= kept;
          largest[half] = highest;
#pragma unroll
          for (int tile = 0; tile < 8; tile++)
#pragma unroll
            for (int e = 0; e < 2; e++) {
              const float weight = powerOfTwo(scores[tile][half * 2 + e] - highest);
              total[half] += weight;
              products[half] = fmaf(weight, given[tile][half * 2 + e], products[half]);
            }
        }
        continue;
      }
#pragma unroll
      for (int tile = 0; tile < 8; tile++)
#pragma unroll
        for (int e = 0; e < 4; e++)
          scores[tile][e] = powerOfTwo(scores[tile][e] - largest[e >> 1]) * (given[tile][e] - products[e >> 1]) * s.scale;
      collect<D>(sums, scores, room.k);
    }
    if (walk == 1) break;
#pragma unroll
    for (int half = 0; half < 2; half++) {
      const float all = quadSum(total[half]), product = quadSum(products[half]);
      // From here on the logarithm of the sum, and m.
      largest[half] = all > 0.0f ? largest[half] + log2f(all) : INFINITY;
      products[half] = all > 0.0f ? product / all : 0.0f;
      const int t = row + half * 8;
      if ((lane & 3) != 0 || t >= count) continue;
      const i64 to = ((i64)b * s.Hq + head) * s.T + t0 + t;
      logs[to] = largest[half];
      means[to] = products[half];
    }
  }
#pragma unroll
  for (int half = 0; half < 2; half++) {
    const int t = row + half * 8;
    if (t >= count) continue;
#pragma unroll
    for (int tile = 0; tile < D / 8; tile++) {
      const int d = tile * 8 + column;
      if (d < (int)s.D) *(float2 *)(dq + from + t * stride + d) = make_float2(sums[tile][half * 2], sums[tile][half * 2 + 1]);
    }
  }
}

template <int D> struct KeyRoom {
  __nv_bfloat16 q[side][D + pad], dy[side][D + pad], k[side][D + pad], v[side][D + pad];
  float logs[side], means[side];
};

template <int D>
__device__ __forceinline__ void keysOf(const float *q, const float *k, const float *v, const int *slots, const int *starts, const int *lengths,
                                       const float *dy, const float *logs, const float *means, float *dk, float *dv, const AttentionGradient &s) {
  extern __shared__ char memory[];
  KeyRoom<D> &room = *(KeyRoom<D> *)memory;
  const int j0 = blockIdx.x * side, lane = threadIdx.x & 31, warp = threadIdx.x >> 5, count = min(side, (int)s.C - j0);
  const u32 keyHead = blockIdx.y, slot = blockIdx.z, shared = s.Hq / s.Hkv;
  const i64 stride = (i64)s.Hq * s.D, keyStride = (i64)s.Hkv * s.D, from = ((i64)slot * s.C + j0) * keyStride + keyHead * s.D;
  loadRows<D>(room.k, k + from, keyStride, count, s.D);
  loadRows<D>(room.v, v + from, keyStride, count, s.D);
  __syncthreads();
  u32 left[D / 16][4], values[D / 16][4];
  leftSides<D>(left, room.k);
  leftSides<D>(values, room.v);
  const int row = warp * 16 + (lane >> 2), column = (lane & 3) * 2;
  const float scale = s.scale * log2e;
  float dks[D / 8][4] = {}, dvs[D / 8][4] = {};
  float scores[8][4], given[8][4];
  for (u32 b = 0; b < s.B; b++) {
    if (slots[b] != (int)slot) continue;
    const int start = starts[b], length = min(lengths[b], (int)s.C);
    if (j0 >= length) continue;
    const int firstQuery = max(0, j0 - start), lastQuery = s.window == 0 ? (int)s.T : min((int)s.T, j0 + side - 1 + (int)s.window - start);
    for (u32 head = keyHead * shared; head < keyHead * shared + shared; head++) {
      for (int t0 = firstQuery / side * side; t0 < lastQuery; t0 += side) {
        const i64 at = ((i64)b * s.T + t0) * stride + head * s.D, sumsAt = ((i64)b * s.Hq + head) * s.T + t0;
        const int inside = min(side, (int)s.T - t0);
        __syncthreads();
        loadRows<D>(room.q, q + at, stride, inside, s.D);
        loadRows<D>(room.dy, dy + at, stride, inside, s.D);
        if (threadIdx.x < side) {
          room.logs[threadIdx.x] = (int)threadIdx.x < inside ? logs[sumsAt + threadIdx.x] : INFINITY;
          room.means[threadIdx.x] = (int)threadIdx.x < inside ? means[sumsAt + threadIdx.x] : 0.0f;
        }
        __syncthreads();
        // Rows are keys, columns queries.
        compare<D>(scores, left, room.q);
        compare<D>(given, values, room.dy);
#pragma unroll
        for (int tile = 0; tile < 8; tile++)
#pragma unroll
          for (int e = 0; e < 4; e++) {
            const int query = tile * 8 + column + (e & 1), key = j0 + row + (e >> 1) * 8;
            const bool sees = query < inside && isSeen(key, start + t0 + query, length, s);
            const float weight = sees ? powerOfTwo(scores[tile][e] * scale - room.logs[query]) : 0.0f;
            scores[tile][e] = weight;
            given[tile][e] = weight * (given[tile][e] - room.means[query]) * s.scale;
          }
        collect<D>(dvs, scores, room.dy);
        collect<D>(dks, given, room.q);
      }
    }
  }
#pragma unroll
  for (int half = 0; half < 2; half++) {
    const int j = row + half * 8;
    if (j >= count) continue;
#pragma unroll
    for (int tile = 0; tile < D / 8; tile++) {
      const int d = tile * 8 + column;
      if (d >= (int)s.D) continue;
      *(float2 *)(dk + from + j * keyStride + d) = make_float2(dks[tile][half * 2], dks[tile][half * 2 + 1]);
      *(float2 *)(dv + from + j * keyStride + d) = make_float2(dvs[tile][half * 2], dvs[tile][half * 2 + 1]);
    }
  }
}

#define GRADIENT(D)                                                                                                                     \
  ENTRY __launch_bounds__(threads) attention_gradient_queries_##D(const float *q, const float *k, const float *v, const int *slots,     \
                                                                  const int *starts, const int *lengths, const float *dy, float *dq,    \
                                                                  float *logs, float *means, AttentionGradient s) {                     \
    queries<D>(q, k, v, slots, starts, lengths, dy, dq, logs, means, s);                                                                \
  }                                                                                                                                     \
  ENTRY __launch_bounds__(threads) attention_gradient_keys_##D(const float *q, const float *k, const float *v, const int *slots,        \
                                                               const int *starts, const int *lengths, const float *dy,                  \
                                                               const float *logs, const float *means, float *dk, float *dv,             \
                                                               AttentionGradient s) {                                                   \
    keysOf<D>(q, k, v, slots, starts, lengths, dy, logs, means, dk, dv, s);                                                             \
  }
GRADIENT(32)
GRADIENT(64)
GRADIENT(128)
