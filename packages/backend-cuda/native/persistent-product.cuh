// A product of one row in the persistent kernel: y = residual + W · prologue(x), some outputs convolved with their past.
// A bfloat16 weight multiplies x in float32. Codes of 8 and 4 bits multiply x in 16 bits of fixed point for every 32
// columns, cut into two signed bytes: sums of byte products are exact, and what is lost of x is 2^-16 of the largest of
// the 32. x is laid out in shared memory so that what lane l multiplies is word l of lines of 32.
#pragma once
#include "persistent-stage.cuh"

// Adds what a lane's 16 bytes of each row give. `chunk`: of the slot; `xAt`: of the row.
template <int KIND, int R> struct Multiply;

template <int R> struct Multiply<W_BF16, R> {
  float4 sums[R] = {};
  __device__ __forceinline__ void add(const char *slot, const RowRoom &room, u32 line, u32 lane, u32 chunk, u32 rowBytes, const Scales &) {
    const float4 *x = room.x + line * (2 * padded) + lane;
    const float4 a = x[0], b = x[padded];
#pragma unroll
    for (int r = 0; r < R; r++) {
      const uint4 w = *(const uint4 *)(slot + r * rowBytes + chunk * 16);
      sums[r].x = fmaf(bits(w.x << 16), a.x, sums[r].x), sums[r].y = fmaf(bits(w.x & 0xffff0000u), a.y, sums[r].y);
      sums[r].z = fmaf(bits(w.y << 16), a.z, sums[r].z), sums[r].w = fmaf(bits(w.y & 0xffff0000u), a.w, sums[r].w);
      sums[r].x = fmaf(bits(w.z << 16), b.x, sums[r].x), sums[r].y = fmaf(bits(w.z & 0xffff0000u), b.y, sums[r].y);
      sums[r].z = fmaf(bits(w.w << 16), b.z, sums[r].z), sums[r].w = fmaf(bits(w.w & 0xffff0000u), b.w, sums[r].w);
    }
  }
  __device__ __forceinline__ float sum(int r) const { return warpSum((sums[r].x + sums[r].y) + (sums[r].z + sums[r].w)); }
};

// Sums of the high and the low bytes of x.
__device__ __forceinline__ float joined(int high, int low) { return (float)(high * 256 + low); }

template <int R> struct Multiply<W_Q8, R> {
  float sums[R] = {};
  __device__ __forceinline__ void add(const char *slot, const RowRoom &room, u32 line, u32 lane, u32 chunk, u32 rowBytes, const Scales &scales) {
    const u32 at = line * 32 + lane;
    const uint4 high = ((const uint4 *)room.fixed)[at], low = ((const uint4 *)room.fixed)[mostColumns / 16 + at];
    const float2 unit = room.units[at];
#pragma unroll
    for (int r = 0; r < R; r++) {
      const uint4 w = *(const uint4 *)(slot + r * rowBytes + chunk * 16);
      const int h = dotBytes(w.w, high.w, dotBytes(w.z, high.z, dotBytes(w.y, high.y, dotBytes(w.x, high.x, 0))));
      const int l = dotBytes(w.w, low.w, dotBytes(w.z, low.z, dotBytes(w.y, low.y, dotBytes(w.x, low.x, 0))));
      float part = unit.x * joined(h, l);
      if (scales.hasZeros) part -= scales.zero(slot, r, rowBytes >> 4, chunk / 2) * unit.y;
      sums[r] = fmaf(scales.scale(slot, r, rowBytes >> 4, chunk / 2), part, sums[r]);
    }
  }
  __device__ __forceinline__ float sum(int r) const { return warpSum(sums[r]); }
};

template <int R> struct Multiply<W_Q4, R> {
  float sums[R] = {};
  __device__ __forceinline__ void add(const char *slot, const RowRoom &room, u32 line, u32 lane, u32 chunk, u32 rowBytes, const Scales &scales) {
    const u32 at = line * 32 + lane;
    const uint4 *x = (const uint4 *)room.fixed + at;
    constexpr u32 plane = mostColumns / 32;
    // Codes of even and odd columns are the low and high halves of bytes.
    const uint4 highEven = x[0], highOdd = x[plane], lowEven = x[2 * plane], lowOdd = x[3 * plane];
    const float2 unit = room.units[at];
#pragma unroll
    for (int r = 0; r < R; r++) {
      const uint4 w = *(const uint4 *)(slot + r * rowBytes + chunk * 16);
      int h = 0, l = 0;
      const auto both = [&](u32 codes, u32 he, u32 ho, u32 le, u32 lo) {
        const u32 even = codes & 0x0f0f0f0fu, odd = (codes >> 4) & 0x0f0f0f0fu;
        h = dotBytes(odd, ho, dotBytes(even, he, h)), l = dotBytes(odd, lo, dotBytes(even, le, l));
      };
      both(w.x, highEven.x, highOdd.x, lowEven.x, lowOdd.x);
      both(w.y, highEven.y, highOdd.y, lowEven.y, lowOdd.y);
      both(w.z, highEven.z, highOdd.z, lowEven.z, lowOdd.z);
      both(w.w, highEven.w, highOdd.w, lowEven.w, lowOdd.w);
      const float zero = scales.hasZeros ? scales.zero(slot, r, rowBytes >> 3, chunk) : 8.0f;
      sums[r] = fmaf(scales.scale(slot, r, rowBytes >> 3, chunk), fmaf(unit.x, joined(h, l), -zero * unit.y), sums[r]);
    }
  }
  __device__ __forceinline__ float sum(int r) const { return warpSum(sums[r]); }
};

// What a lane's output needs beside the product: lane l has the output l % R of the warp's unit l / R, of 32 / R units.
struct Around {
  u32 n;
  float before;
  // Of the convolution with its past (Mamba-2's of z | xBC | dt).
  float4 weight;
  float bias, t0, t1, t2;
  float *tails; // null: the output is not convolved
  int length;
  bool isWriter, isActive;

  // What does not depend on the steps before. `unit`: the warp's first.
  __device__ __forceinline__ void ask(const Step &s, u32 rows, u32 unit, u32 end, SlotOnce &once) {
    const u32 lane = threadIdx.x & 31, shift = rows - 1, mine = unit + (lane >> shift) * warps;
    n = (mine << shift) + (lane & shift);
    isWriter = mine < end && n < s.w[1];
    tails = nullptr;
    const u32 channels = s.w[8], c = n - s.w[7];
    if (!isWriter || c >= channels) return; // also below the first
    const int slot = once.of(s.p[11]);
    isActive = slot >= 0 && (u32)slot < (s.w[9] & 0x7fffffffu);
    tails = (float *)s.p[10] + (i64)(isActive ? slot : 0) * 3 * channels + c;
    weight = __ldg((const float4 *)s.p[8] + c), bias = __ldg((const float *)s.p[9] + c);
    t0 = fresh(tails), t1 = fresh(tails + channels), t2 = fresh(tails + 2 * channels);
  }
  // What does.
  __device__ __forceinline__ void askFresh(const Step &s) {
    before = isWriter && s.p[5] != nullptr ? fresh((const float *)s.p[5] + n) : 0.0f;
    length = tails != nullptr ? __ldcg((const int *)s.p[12]) : 0;
  }
  __device__ __forceinline__ void write(const Step &s, float product) const {
    if (!isWriter) return;
    float value = before + product;
    if (tails != nullptr) {
      const u32 channels = s.w[8];
      if (isActive && length > 0) __stcg(tails, t1), __stcg(tails + channels, t2), __stcg(tails + 2 * channels, value);
      value = fmaf(weight.w, value, fmaf(weight.z, t2, fmaf(weight.y, t1, fmaf(weight.x, t0, bias))));
      value = !isActive ? 0.0f : (s.w[9] >> 31) != 0 ? quickSilu(value) : value;
    }
    __stcg((float *)s.p[4] + n, value);
  }
};

// `around` is asked for: of the first units.
template <int KIND, int R>
__device__ __forceinline__ void multiplyRows(const Step &s, const ProductOf &product, const RowRoom &room, WeightRing &ring,
                                             const Scales &scales, Around &around, u32 unit, u32 end, SlotOnce &once) {
  const u32 rowBytes = rowBytesOf(KIND, s.w[2]), lane = threadIdx.x & 31;
  const u32 segment = R > 1 || product.parts == 1 ? rowBytes : segmentOf(rowBytes, product.parts);
  float scale = 0.0f;
  for (bool isFirst = true; unit < end; isFirst = false) {
    if (!isFirst) {
      around.ask(s, R, unit, end, once);
      around.askFresh(s);
    }
    float mine = 0.0f;
#pragma unroll 1
    for (u32 at = 0; at < 32 / R && unit < end; at++, unit += warps) {
      Multiply<KIND, R> sums;
#pragma unroll 1
      for (u32 begin = 0; begin < rowBytes; begin += segment) {
        const char *slot = ring.take();
        const u32 chunks = min(segment, rowBytes - begin) / 16, line = begin / lineBytes;
        const u32 whole = chunks / 32;
#pragma unroll(R > 1 ? (KIND == W_BF16 ? 3 : 2) : KIND == W_BF16 ? 5 : KIND == W_Q8 ? 4 : 2)
        for (u32 i = 0; i < whole; i++) sums.add(slot, room, line + i, lane, i * 32 + lane, rowBytes, scales);
        if (whole * 32 + lane < chunks) sums.add(slot, room, line + whole, lane, whole * 32 + lane, rowBytes, scales);
        ring.give();
      }
#pragma unroll
      for (int r = 0; r < R; r++) {
        const float sum = sums.sum(r);
        if (lane == at * R + r) mine = sum;
      }
    }
    if (isFirst) scale = rowScale(s, product, room);
    around.write(s, scale * mine);
  }
}

template <int KIND>
__device__ __forceinline__ void productOf(const Step &s, const ProductOf &product, const RowRoom &room, WeightRing &ring, const Scales &scales,
                                          Around &around, const Share &share, SlotOnce &once) {
  if (KIND != W_BF16) {
    quantizeRow<KIND>(room, s.w[2] / 4);
    blockSync();
  }
  const u32 unit = share.first + (threadIdx.x >> 5);
  if (product.rows == 1) multiplyRows<KIND, 1>(s, product, room, ring, scales, around, unit, share.end, once);
  else multiplyRows<KIND, 2>(s, product, room, ring, scales, around, unit, share.end, once);
}
