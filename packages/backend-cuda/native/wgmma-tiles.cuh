// Tiles of 64 rows of 64 bfloat16 that warps fill from float operands, cut into pieces, for the tensor cores to multiply.
#pragma once
#include "mma.cuh"
#include "wgmma.cuh"

constexpr int panel = 64 * 128;
constexpr float log2e = 1.4426950408889634f;

// Eight neighbours as float32; zeros outside.
template <bool NARROW> struct Eight;
template <> struct Eight<false> {
  float4 a, b;
  __device__ __forceinline__ void read(const void *data, i64 from, bool isInside) {
    a = b = make_float4(0, 0, 0, 0);
    if (!isInside) return;
    a = *(const float4 *)((const float *)data + from);
    b = *(const float4 *)((const float *)data + from + 4);
  }
  __device__ __forceinline__ void widen(float (&v)[8]) const {
    *(float4 *)v = a;
    *(float4 *)(v + 4) = b;
  }
};
template <> struct Eight<true> {
  uint4 a;
  __device__ __forceinline__ void read(const void *data, i64 from, bool isInside) {
    a = isInside ? *(const uint4 *)((const __nv_bfloat16 *)data + from) : make_uint4(0, 0, 0, 0);
  }
  __device__ __forceinline__ void widen(float (&v)[8]) const {
    const u32 words[4] = {a.x, a.y, a.z, a.w};
#pragma unroll
    for (int e = 0; e < 4; e++) {
      v[e * 2] = __uint_as_float(words[e] << 16);
      v[e * 2 + 1] = __uint_as_float(words[e] & 0xffff0000u);
    }
  }
};

// Eight neighbours into the pieces' tiles, which lie `distance` bytes apart.
template <int PIECES> __device__ __forceinline__ void putEight(u32 to, u32 distance, const float (&v)[8]) {
  u32 words[4][PIECES];
#pragma unroll
  for (int e = 0; e < 4; e++) cut<PIECES>(v[e * 2], v[e * 2 + 1], words[e]);
#pragma unroll
  for (int piece = 0; piece < PIECES; piece++)
    asm volatile("st.shared.v4.b32 [%0], {%1, %2, %3, %4};" ::"r"(to + piece * distance), "r"(words[0][piece]), "r"(words[1][piece]),
                 "r"(words[2][piece]), "r"(words[3][piece])
                 : "memory");
}

// d += a b over the pairs of pieces that matter, the smallest first; both in shared memory.
template <int PIECES, int TA, int TB, int COUNT>
__device__ __forceinline__ void multiplyPieces(float (&d)[COUNT], u64 a, u32 aPiece, u64 b, u32 bPiece, bool adds) {
#pragma unroll
  for (int order = PIECES - 1; order >= 0; order--)
#pragma unroll
    for (int piece = 0; piece <= order; piece++)
      multiply<TA, TB>(d, a + (piece * aPiece >> 4), b + ((order - piece) * bPiece >> 4), adds || order < PIECES - 1 || piece > 0);
}

__device__ __forceinline__ float powerOfTwo(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
