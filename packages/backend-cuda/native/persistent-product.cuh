// A product of one row in the persistent kernel. x is laid out in shared memory so that the 4 numbers that lane l
// multiplies at a time are word l of a line of 32 (33 with padding), whatever the weight's width. Codes of 8 and 4 bits
// are multiplied as the denormal float32 that their bits are where they stand (2^-149 each, shifted by their place):
// exact, and without a conversion. x carries the factor that undoes the shift, and 2^64 so that products are normal.
#pragma once
#include "weight-ring.cuh"

constexpr u32 mostColumns = 8192;
constexpr int line = 33;
constexpr int xRoom = mostColumns / 4 * line / 32 * 16; // bytes
constexpr float unscale = 38685626227668133590597632.0f; // 2^85 = 2^(149 - 64)

struct ProductRoom {
  float4 *xs;
  float *sums;    // of the columns of a lane's 16 bytes, for zero points
  float *squares; // [warps], or of every 16 words of 4 columns
};

template <int KIND> struct Width;
template <> struct Width<W_BF16> { static constexpr u32 columns = 8; };
template <> struct Width<W_Q8> { static constexpr u32 columns = 16; };
template <> struct Width<W_Q4> { static constexpr u32 columns = 32; };

// Lays 4 columns of x, from 4 `word` on, where the multiplying lane will look. All lanes of a warp call it with
// consecutive words.
template <int KIND> __device__ __forceinline__ void place(const ProductRoom &room, u32 word, bool isInside, float4 v) {
  constexpr u32 per = Width<KIND>::columns / 4;
  if (KIND != W_BF16) {
    float sum = isInside ? (v.x + v.y) + (v.z + v.w) : 0.0f;
#pragma unroll
    for (u32 offset = 1; offset < per; offset <<= 1) sum += __shfl_xor_sync(0xffffffffu, sum, offset);
    if (isInside && word % per == 0) room.sums[word / per] = sum;
    constexpr float e64 = 18446744073709551616.0f;
    // 2^(64 - shift): bytes at 0, 8, 16 and, moved down, 0; nibbles at 0, 4, 8, 12 | 16, 20 and, moved down by 8, 16, 20.
    if (KIND == W_Q8) v = make_float4(v.x * e64, v.y * (e64 / 256.0f), v.z * (e64 / 65536.0f), v.w * e64);
    else if ((word & 1) == 0) v = make_float4(v.x * e64, v.y * (e64 / 16.0f), v.z * (e64 / 256.0f), v.w * (e64 / 4096.0f));
    else v = make_float4(v.x * (e64 / 65536.0f), v.y * (e64 / 1048576.0f), v.z * (e64 / 65536.0f), v.w * (e64 / 1048576.0f));
  }
  if (isInside) room.xs[(word / (32 * per)) * (per * line) + (word % per) * line + (word % (32 * per)) / per] = v;
}

__device__ __forceinline__ float squaresOf(float4 v) { return v.x * v.x + v.y * v.y + v.z * v.z + v.w * v.w; }
__device__ __forceinline__ float4 times(float4 a, float4 b) { return make_float4(a.x * b.x, a.y * b.y, a.z * b.z, a.w * b.w); }
__device__ __forceinline__ float4 times(float4 a, float b) { return make_float4(a.x * b, a.y * b, a.z * b, a.w * b); }
__device__ __forceinline__ float4 siluOf(float4 v) { return make_float4(quickSilu(v.x), quickSilu(v.y), quickSilu(v.z), quickSilu(v.w)); }

constexpr int held = mostColumns / 4 / threads; // words of 4 columns that a thread holds

// The norm's weight, asked for before the barrier.
struct Gamma {
  float4 words[held];
  __device__ __forceinline__ void ask(const float4 *weight, u32 words4) {
#pragma unroll
    for (int i = 0; i < held; i++) {
      const u32 at = threadIdx.x + i * threads;
      words[i] = weight != nullptr && at < words4 ? __ldg(weight + at) : make_float4(0, 0, 0, 0);
    }
  }
};

// prologue(x) into shared memory; where a norm runs over the whole row, what is left to multiply sums by is returned
// after the barrier by `rowScale`.
template <int KIND>
__device__ __forceinline__ void stageRow(const Step &s, const ProductOf &product, const ProductRoom &room, const Gamma &gamma) {
  const u32 K = s.w[2], words = K / 4, groupWidth = s.w[3];
  const float epsilon = wordAsFloat(s.w[4]);
  const float4 *x = (const float4 *)s.p[0], *gate = (const float4 *)s.p[6];
  const u32 lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  float4 values[held], gates[held];
#pragma unroll
  for (int i = 0; i < held; i++) {
    const u32 at = threadIdx.x + i * threads;
    values[i] = at < words ? fresh(x + at) : make_float4(0, 0, 0, 0);
    gates[i] = product.prologue == 2 && at < words ? fresh(gate + at) : make_float4(0, 0, 0, 0);
  }
  if (groupWidth != K) {
    // Of groups; their widths are multiples of 16 words of 4 columns.
#pragma unroll
    for (int i = 0; i < held; i++) {
      if (i * threads >= words) break;
      const u32 at = threadIdx.x + i * threads;
      gates[i] = siluOf(gates[i]);
      if (product.isGatedFirst) values[i] = times(values[i], gates[i]);
      float squares = squaresOf(values[i]);
#pragma unroll
      for (int offset = 1; offset < 16; offset <<= 1) squares += __shfl_xor_sync(0xffffffffu, squares, offset);
      if ((lane & 15) == 0 && at < words) room.squares[at / 16] = squares;
    }
    __syncthreads();
    const u32 parts = groupWidth / 64;
#pragma unroll
    for (int i = 0; i < held; i++) {
      if (i * threads >= words) break;
      const u32 at = threadIdx.x + i * threads, first = at / (parts * 16) * parts;
      float squares = 0.0f;
      if (at < words)
        for (u32 part = 0; part < parts; part++) squares += room.squares[first + part];
      float4 v = times(times(values[i], rsqrtf(squares / (float)groupWidth + epsilon)), gamma.words[i]);
      if (!product.isGatedFirst) v = times(v, gates[i]);
      place<KIND>(room, at, at < words, v);
    }
    return;
  }
  float squares = 0.0f;
#pragma unroll
  for (int i = 0; i < held; i++) {
    if (i * threads >= words) break;
    const u32 at = threadIdx.x + i * threads;
    float4 v = values[i];
    if (product.prologue == 2) {
      const float4 factor = siluOf(gates[i]);
      if (product.isGatedFirst) v = times(v, factor);
      squares += squaresOf(v);
      if (!product.isGatedFirst) v = times(v, factor);
    } else squares += squaresOf(v);
    if (product.prologue != 0) v = times(v, gamma.words[i]);
    place<KIND>(room, at, at < words, v);
  }
  squares = warpSum(squares);
  if (lane == 0) room.squares[warp] = squares;
}

__device__ __forceinline__ float rowScale(const Step &s, const ProductOf &product, const ProductRoom &room) {
  if (product.prologue == 0 || s.w[3] != s.w[2]) return 1.0f;
  const u32 lane = threadIdx.x & 31;
  return rsqrtf(warpSum(lane < warps ? room.squares[lane] : 0.0f) / (float)s.w[2] + wordAsFloat(s.w[4]));
}

__device__ __forceinline__ float bits(u32 x) { return __uint_as_float(x); }

// Adds a slot's part to the sums of its rows. `first`: 512-byte lines of the row before it.
template <int KIND, int R>
__device__ __forceinline__ void multiply(const char *slot, const ProductRoom &room, u32 first, u32 chunks, u32 rowBytes, bool hasZeros,
                                         float (&sums)[R]) {
  constexpr u32 per = Width<KIND>::columns / 4;
  constexpr u32 turns = (codeRoom / R + 511) / 512;
  const u32 lane = threadIdx.x & 31;
#pragma unroll
  for (u32 i = 0; i < turns; i++) {
    const u32 chunk = i * 32 + lane;
    if (chunk >= chunks) break;
    const float4 *x = room.xs + (first + i) * (per * line) + lane;
    u32 words[R][4];
#pragma unroll
    for (int r = 0; r < R; r++) {
      const uint4 raw = *(const uint4 *)(slot + r * rowBytes + chunk * 16);
      words[r][0] = raw.x, words[r][1] = raw.y, words[r][2] = raw.z, words[r][3] = raw.w;
    }
    if (KIND == W_BF16) {
#pragma unroll
      for (int j = 0; j < 2; j++) {
        const float4 a = x[j * line];
#pragma unroll
        for (int r = 0; r < R; r++) {
          const u32 low = words[r][2 * j], high = words[r][2 * j + 1];
          sums[r] += bits(low << 16) * a.x + bits(low & 0xffff0000u) * a.y + bits(high << 16) * a.z + bits(high & 0xffff0000u) * a.w;
        }
      }
      continue;
    }
    float parts[R] = {};
#pragma unroll
    for (int j = 0; j < 4; j++) {
      if (KIND == W_Q8) {
        const float4 a = x[j * line];
#pragma unroll
        for (int r = 0; r < R; r++) {
          const u32 w = words[r][j] ^ 0x80808080u; // code + 128
          parts[r] += bits(w & 0xffu) * a.x + bits(w & 0xff00u) * a.y + bits(w & 0xff0000u) * a.z + bits(w >> 24) * a.w;
        }
      } else {
        const float4 a = x[2 * j * line], b = x[(2 * j + 1) * line];
#pragma unroll
        for (int r = 0; r < R; r++) {
          const u32 w = words[r][j], v = w >> 8;
          parts[r] += bits(w & 0xfu) * a.x + bits(w & 0xf0u) * a.y + bits(w & 0xf00u) * a.z + bits(w & 0xf000u) * a.w;
          parts[r] += bits(w & 0xf0000u) * b.x + bits(w & 0xf00000u) * b.y + bits(v & 0xf0000u) * b.z + bits(v & 0xf00000u) * b.w;
        }
      }
    }
    const float sum = room.sums[(first + i) * 32 + lane];
    const u32 block = KIND == W_Q8 ? chunk / 2 : chunk, ofRow = rowBytes >> (KIND == W_Q8 ? 4 : 3);
#pragma unroll
    for (int r = 0; r < R; r++) {
      const float scale = __half2float(((const __half *)(slot + codeRoom + r * ofRow))[block]);
      const float zero = hasZeros ? __half2float(((const __half *)(slot + zerosAt + r * ofRow))[block]) : KIND == W_Q8 ? 0.0f : 8.0f;
      sums[r] += scale * (parts[r] * unscale - (KIND == W_Q8 ? 128.0f + zero : zero) * sum);
    }
  }
}

template <int KIND, int R>
__device__ __forceinline__ void multiplyRows(const Step &s, const ProductRoom &room, WeightRing &ring, float scale) {
  const u32 N = s.w[1], rowBytes = rowBytesOf(KIND, s.w[2]), units = s.w[7], segmentBytes = R == 1 ? s.w[8] : rowBytes;
  const u32 lane = threadIdx.x & 31;
  const float *residual = (const float *)s.p[5];
  float *y = (float *)s.p[4];
  for (u32 unit = ring.worker; unit < units; unit += ring.workers) {
    const u32 n = unit * R + lane;
    const bool isWriter = lane < R && n < N;
    const float before = isWriter && residual != nullptr ? fresh(residual + n) : 0.0f;
    float sums[R] = {};
    for (u32 begin = 0; begin < rowBytes; begin += segmentBytes) {
      const char *slot = ring.take();
      multiply<KIND, R>(slot, room, begin / 512, min(segmentBytes, rowBytes - begin) / 16, rowBytes, s.p[3] != nullptr, sums);
      ring.give();
    }
    float mine = 0.0f;
#pragma unroll
    for (int r = 0; r < R; r++) {
      const float sum = warpSum(sums[r]);
      if ((int)lane == r) mine = sum;
    }
    if (isWriter) __stcg(y + n, before + scale * mine);
  }
}

// `rider` is done once x is laid out, so that nobody waits for it.
template <int KIND, class Rider>
__device__ __forceinline__ void productOf(const Step &s, const ProductOf &product, const ProductRoom &room, const Gamma &gamma, WeightRing &ring,
                                          const Rider &rider) {
  stageRow<KIND>(s, product, room, gamma);
  __syncthreads();
  rider();
  const float scale = rowScale(s, product, room);
  if (product.rows == 1) multiplyRows<KIND, 1>(s, room, ring, scale);
  else multiplyRows<KIND, 2>(s, room, ring, scale);
}
