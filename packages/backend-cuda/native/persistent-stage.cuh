// The row that a product of the persistent kernel multiplies: its norm, and its layout in shared memory.
#pragma once
#include "weight-ring.cuh"

constexpr u32 mostColumns = 8192;
constexpr int padded = 33; // words of 16 bytes of a line of float32
constexpr int rowRoom = mostColumns / 4 * padded / 32 * 16; // bytes
constexpr float mostFixed = 32511.0f; // its high byte is 127 once rounded
constexpr float leastFixed = 1e-30f;  // as good as nothing

// x: float32, in lines of words of 4 columns, the even ones and then the odd ones; fixed: planes of bytes; units: of a
// lane's 16 bytes of codes, what one of fixed point is worth, and the sum of its columns; squares: [warps], or of every
// 16 words.
struct RowRoom {
  float4 *x;
  char *fixed;
  float2 *units;
  float *squares;
};
constexpr int fixedRoom = mostColumns * 2;
constexpr int unitsRoom = mostColumns / 16 * 8, squaresRoom = mostColumns / 64 * 4;

// Where a slot keeps its rows' scales and zero points.
struct Scales {
  u32 codeRoom, scaleRoom;
  bool hasZeros;
  __device__ __forceinline__ float scale(const char *slot, int row, u32 rowBytes, u32 block) const {
    return __half2float(((const __half *)(slot + codeRoom + row * rowBytes))[block]);
  }
  __device__ __forceinline__ float zero(const char *slot, int row, u32 rowBytes, u32 block) const {
    return __half2float(((const __half *)(slot + codeRoom + scaleRoom + row * rowBytes))[block]);
  }
};

__device__ __forceinline__ float4 times(float4 a, float4 b) { return make_float4(a.x * b.x, a.y * b.y, a.z * b.z, a.w * b.w); }
__device__ __forceinline__ float4 times(float4 a, float b) { return make_float4(a.x * b, a.y * b, a.z * b, a.w * b); }
__device__ __forceinline__ float4 siluOf(float4 v) { return make_float4(quickSilu(v.x), quickSilu(v.y), quickSilu(v.z), quickSilu(v.w)); }
__device__ __forceinline__ float squaresOf(float4 v) { return v.x * v.x + v.y * v.y + v.z * v.z + v.w * v.w; }

__device__ __forceinline__ u32 bytes(int a, int b, int c, int d) {
  return (a & 0xff) | (b & 0xff) << 8 | (c & 0xff) << 16 | (u32)d << 24;
}

__device__ __forceinline__ float bits(u32 x) { return __uint_as_float(x); }
__device__ __forceinline__ u32 magnitude(float x) { return __float_as_uint(x) & 0x7fffffffu; }

// Where a word of x lies.
__device__ __forceinline__ u32 placeOf(u32 word) { return (word >> 6) * (2 * padded) + (word & 1) * padded + ((word & 63) >> 1); }

// x as fixed point, where the multiplying lane will look.
template <int KIND> __device__ __forceinline__ void quantizeRow(const RowRoom &room, u32 words) {
#pragma unroll 1
  for (u32 word = threadIdx.x; word - (threadIdx.x & 31) < words; word += threads) {
    const bool isInside = word < words; // those of 32 columns are inside together
    const float4 v = isInside ? room.x[placeOf(word)] : make_float4(0, 0, 0, 0);
    // Bits of numbers without their sign are in the order of the numbers, and NaN above all.
    u32 mostBits = max(max(magnitude(v.x), magnitude(v.y)), max(magnitude(v.z), magnitude(v.w)));
#pragma unroll
    for (int offset = 1; offset < 8; offset <<= 1) mostBits = max(mostBits, __shfl_xor_sync(0xffffffffu, mostBits, offset));
    const float most = bits(mostBits);
    const float unit = most * (1.0f / mostFixed), scale = most < leastFixed ? 0.0f : __fdividef(mostFixed, most);
    const int a = __float2int_rn(v.x * scale), b = __float2int_rn(v.y * scale), c = __float2int_rn(v.z * scale), d = __float2int_rn(v.w * scale);
    constexpr u32 per = KIND == W_Q8 ? 4 : 8; // words of 4 columns of a lane's 16 bytes
    int sum = a + b + c + d;
#pragma unroll
    for (u32 offset = 1; offset < per; offset <<= 1) sum += __shfl_xor_sync(0xffffffffu, sum, offset);
    if (!isInside) continue;
    if (word % per == 0) room.units[word / per] = make_float2(unit, unit * (float)sum);
    const int high[4] = {(a + 128) >> 8, (b + 128) >> 8, (c + 128) >> 8, (d + 128) >> 8}; // what is left fits a signed byte
    if (KIND == W_Q8) {
      u32 *x = (u32 *)room.fixed + word;
      x[0] = bytes(high[0], high[1], high[2], high[3]), x[mostColumns / 4] = bytes(a, b, c, d);
    } else {
      uint16_t *x = (uint16_t *)room.fixed + word;
      constexpr u32 plane = mostColumns / 4;
      x[0] = (uint16_t)bytes(high[0], high[2], 0, 0), x[plane] = (uint16_t)bytes(high[1], high[3], 0, 0);
      x[2 * plane] = (uint16_t)bytes(a, c, 0, 0), x[3 * plane] = (uint16_t)bytes(b, d, 0, 0);
    }
  }
}

constexpr int held = (mostColumns / 4 + threads - 1) / threads; // words of 4 columns that a thread holds

// prologue(x) into shared memory; where a norm runs over the whole row, what is left to multiply sums by is returned
// after the barrier by `rowScale`.
__device__ __forceinline__ void stageRow(const Step &s, const ProductOf &product, const RowRoom &room) {
  const u32 K = s.w[2], words = K / 4, groupWidth = s.w[3];
  const float epsilon = wordAsFloat(s.w[4]);
  const float4 *x = (const float4 *)s.p[0], *gate = (const float4 *)s.p[6], *weight = (const float4 *)s.p[7];
  const u32 lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  float4 values[held], gates[held], gamma[held];
#pragma unroll
  for (int i = 0; i < held; i++) {
    const u32 at = threadIdx.x + i * threads;
    values[i] = at < words ? fresh(x + at) : make_float4(0, 0, 0, 0);
    gates[i] = product.prologue == 2 && at < words ? fresh(gate + at) : make_float4(0, 0, 0, 0);
    gamma[i] = product.prologue != 0 && at < words ? __ldg(weight + at) : make_float4(1, 1, 1, 1);
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
    blockSync();
    const u32 parts = groupWidth / 64;
    const float share = 1.0f / (float)groupWidth;
    const u32 groupWords = parts * 16, magic = inverseOf(groupWords);
#pragma unroll
    for (int i = 0; i < held; i++) {
      if (i * threads >= words) break;
      const u32 at = threadIdx.x + i * threads, first = quotient(at, groupWords, magic) * parts;
      float squares = 0.0f;
      if (at < words)
#pragma unroll 1
        for (u32 part = 0; part < parts; part++) squares += room.squares[first + part];
      float4 v = times(times(values[i], rsqrtf(fmaf(squares, share, epsilon))), gamma[i]);
      if (!product.isGatedFirst) v = times(v, gates[i]);
      if (at < words) room.x[placeOf(at)] = v;
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
    v = times(v, gamma[i]);
    if (at < words) room.x[placeOf(at)] = v;
  }
  squares = warpSum(squares);
  if (lane == 0) room.squares[warp] = squares;
}

__device__ __forceinline__ float rowScale(const Step &s, const ProductOf &product, const RowRoom &room) {
  if (product.prologue == 0 || s.w[3] != s.w[2]) return 1.0f;
  const u32 lane = threadIdx.x & 31;
  return rsqrtf(warpSum(lane < warps ? room.squares[lane] : 0.0f) / (float)s.w[2] + wordAsFloat(s.w[4]));
}

