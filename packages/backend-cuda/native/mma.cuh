// Tensor core instructions on bfloat16 with float32 sums, and the cutting of float32 into bfloat16 pieces.
#pragma once
#include "common.cuh"

__device__ __forceinline__ u32 sharedAddress(const void *p) { return (u32)__cvta_generic_to_shared(p); }
__device__ __forceinline__ void loadMatrices(u32 (&r)[4], u32 address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address));
}
__device__ __forceinline__ void loadTransposed(u32 (&r)[4], u32 address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address));
}
__device__ __forceinline__ void multiplyAdd(float (&c)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Pieces of two numbers, packed: x - high is exact, so the pieces add up to x (but for what the last one rounds).
template <int PIECES> __device__ __forceinline__ void cut(float x, float y, u32 (&pieces)[PIECES]) {
#pragma unroll
  for (int piece = 0; piece < PIECES; piece++) {
    const __nv_bfloat162 pair = __floats2bfloat162_rn(x, y);
    pieces[piece] = *(const u32 *)&pair;
    const float hx = __low2float(pair), hy = __high2float(pair);
    // An infinity has no rest.
    x = isinf(hx) ? 0.0f : x - hx;
    y = isinf(hy) ? 0.0f : y - hy;
  }
}
