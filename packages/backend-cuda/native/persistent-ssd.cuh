// Mamba-2's recurrence of one position of one row in the persistent kernel; see ssd-step.cu for what it computes. A warp
// owns up to 8 rows of a head's state, [8, 128], which it asks for before the barrier. x, B and C are convolved already, by
// the product that made them.
#pragma once
#include "step.cuh"

constexpr int stateSize = 128, mostRows = 8;

// p: x (x | B | C, convolved), slots, dt bias, A, skip, states, valid, otherwise, y, dt. w: op, H, P, G, slots, low, high,
// flags (2 bf16 states, rows << 8).
struct SsdAhead {
  float4 h[mostRows];
  float rate, bias, skip;
  u32 row, head;
  bool isActive, isMine;
  i64 stateAt;
};

__device__ __forceinline__ u32 stateRowsOf(const Step &s) { return s.w[7] >> 8; }
// Of 1, 2, 4 or 8.
__device__ __forceinline__ u32 shiftOf(u32 rows) { return 31 - __clz(rows); }
__device__ __forceinline__ bool isHalfState(const Step &s) { return (s.w[7] & 2) != 0; }

template <bool HALF> __device__ __forceinline__ float4 loadState(const void *states, i64 at) {
  if (!HALF) return __ldcg((const float4 *)((const float *)states + at));
  const uint2 raw = __ldcg((const uint2 *)((const __nv_bfloat16 *)states + at));
  return make_float4(__uint_as_float(raw.x << 16), __uint_as_float(raw.x & 0xffff0000u), __uint_as_float(raw.y << 16),
                     __uint_as_float(raw.y & 0xffff0000u));
}

__device__ __forceinline__ void storeState(void *states, i64 at, bool isHalf, float4 h) {
  if (!isHalf) {
    *(float4 *)((float *)states + at) = h;
    return;
  }
  const __nv_bfloat162 low = __floats2bfloat162_rn(h.x, h.y), high = __floats2bfloat162_rn(h.z, h.w);
  *(uint2 *)((__nv_bfloat16 *)states + at) = make_uint2(*(const u32 *)&low, *(const u32 *)&high);
}

// Brings the block's states nearer while a product streams.
__device__ __forceinline__ void prefetchStates(const Step &s, SlotOnce &once, u32 magic) {
  const u32 rows = stateRowsOf(s), all = s.w[1] * s.w[2];
  const Share share(all >> shiftOf(rows), magic);
  const int slot = once.of(s.p[1]);
  if (slot < 0 || (u32)slot >= s.w[4] || share.first == share.end) return;
  const u32 size = isHalfState(s) ? 2 : 4;
  bulkPrefetch((const char *)s.p[5] + ((i64)slot * all + share.first * rows) * stateSize * size,
               (share.end - share.first) * rows * stateSize * size);
}

template <bool HALF> __device__ __forceinline__ void askStates(const void *states, u32 rows, SsdAhead &a) {
#pragma unroll
  for (int r = 0; r < mostRows; r++)
    a.h[r] = r < (int)rows ? loadState<HALF>(states, a.stateAt + r * stateSize) : make_float4(0, 0, 0, 0);
}

__device__ __forceinline__ void askSsd(const Step &s, SlotOnce &once, u32 magic, SsdAhead &a) {
  const u32 H = s.w[1], P = s.w[2], rows = stateRowsOf(s), lane = threadIdx.x & 31;
  const Share share(H * P >> shiftOf(rows), magic);
  const u32 unit = share.first + (threadIdx.x >> 5);
  a.isMine = unit < share.end;
  if (!a.isMine) return;
  a.row = unit * rows;
  a.head = a.row / P;
  const int slot = once.of(s.p[1]);
  a.isActive = slot >= 0 && (u32)slot < s.w[4];
  const u32 place = a.isActive ? slot : 0; // some row, to be forgotten
  a.stateAt = ((i64)place * H * P + a.row) * stateSize + 4 * lane;
  if (isHalfState(s)) askStates<true>(s.p[5], rows, a);
  else askStates<false>(s.p[5], rows, a);
  a.rate = __ldg((const float *)s.p[3] + a.head);
  a.bias = s.p[2] ? __ldg((const float *)s.p[2] + a.head) : 0.0f;
  a.skip = s.p[4] ? __ldg((const float *)s.p[4] + a.head) : 0.0f;
}

__device__ __forceinline__ void runSsd(const Step &s, SsdAhead &a) {
  if (!a.isMine) return;
  const u32 H = s.w[1], P = s.w[2], G = s.w[3], rows = stateRowsOf(s), lane = threadIdx.x & 31;
  float *y = (float *)s.p[8];
  if (!a.isActive) {
    if (lane < rows) __stcg(y + a.row + lane, 0.0f);
    return;
  }
  const u32 group = a.head * G / H, inner = H * P, b = inner + group * stateSize + 4 * lane;
  const float *x = (const float *)s.p[0];
  const float4 B = fresh((const float4 *)(x + b)), C = fresh((const float4 *)(x + b + G * stateSize));
  const float input = fresh(x + a.row + min(lane, rows - 1));
  float elapsed = fresh((const float *)s.p[9] + a.head);
  const u32 isValid = s.p[6] ? __ldcg((const uint8_t *)s.p[6]) : 1;
  const float otherwise = s.p[7] ? __ldcg((const float *)s.p[7]) : 0.0f;
  if (s.p[2]) elapsed = fminf(fmaxf(softplus(elapsed + a.bias), wordAsFloat(s.w[5])), wordAsFloat(s.w[6]));
  if (!isValid) elapsed = otherwise;
  const float decay = expf(elapsed * a.rate);
  float sums[mostRows];
#pragma unroll
  for (int r = 0; r < mostRows; r++) {
    sums[r] = 0.0f;
    if (r >= (int)rows) continue;
    const float scaled = elapsed * __shfl_sync(0xffffffffu, input, r);
    float4 h = a.h[r];
    if (elapsed != 0.0f) {
      h.x = decay * h.x + scaled * B.x;
      h.y = decay * h.y + scaled * B.y;
      h.z = decay * h.z + scaled * B.z;
      h.w = decay * h.w + scaled * B.w;
      storeState((void *)s.p[5], a.stateAt + r * stateSize, isHalfState(s), h);
    }
    sums[r] = C.x * h.x + C.y * h.y + C.z * h.z + C.w * h.w;
  }
  // The rows' sums side by side: their shuffles do not wait for each other.
  float mine = 0.0f;
#pragma unroll
  for (int r0 = 0; r0 < mostRows; r0 += 4) {
    if (r0 >= (int)rows) break;
#pragma unroll
    for (int offset = 16; offset > 0; offset >>= 1)
#pragma unroll
      for (int r = r0; r < r0 + 4; r++) sums[r] += __shfl_xor_sync(0xffffffffu, sums[r], offset);
#pragma unroll
    for (int r = r0; r < r0 + 4; r++)
      if ((int)lane == r) mine = sums[r];
  }
  if (lane < rows) __stcg(y + a.row + lane, mine + a.skip * input);
}
