// y[m, n] = sum over k of a[m, k] w[n, k] for few rows of a: every weight is read once, 16 bytes a lane, the first of
// them before anything else. What stands before and after in a block of a model is done in the same pass:
//   prologue 1: a = rmsNorm(x) * weight         prologue 2: a = gated norm of x and gate, in equal groups
//   residual:   y += residual
// A warp owns ROWS outputs; sums are in float32 in an order that depends on shapes alone.
#include "gemv-stage.cuh"

template <class W> struct Vector;
template <> struct Vector<float> {
  static constexpr int size = 4;
  static __device__ __forceinline__ void widen(uint4 raw, float *out) {
    out[0] = __uint_as_float(raw.x), out[1] = __uint_as_float(raw.y);
    out[2] = __uint_as_float(raw.z), out[3] = __uint_as_float(raw.w);
  }
};
template <> struct Vector<__nv_bfloat16> {
  static constexpr int size = 8;
  static __device__ __forceinline__ void widen(uint4 raw, float *out) {
    const u32 words[4] = {raw.x, raw.y, raw.z, raw.w};
#pragma unroll
    for (int i = 0; i < 4; i++) {
      out[2 * i] = __uint_as_float(words[i] << 16);
      out[2 * i + 1] = __uint_as_float(words[i] & 0xffff0000u);
    }
  }
};
template <> struct Vector<__half> {
  static constexpr int size = 8;
  static __device__ __forceinline__ void widen(uint4 raw, float *out) {
    const u32 words[4] = {raw.x, raw.y, raw.z, raw.w};
#pragma unroll
    for (int i = 0; i < 4; i++) {
      const float2 pair = __half22float2(*(const __half2 *)&words[i]);
      out[2 * i] = pair.x, out[2 * i + 1] = pair.y;
    }
  }
};

template <class W, int M, int ROWS, int PROLOGUE>
__device__ __forceinline__ void gemv(const float *x, const W *w, float *y, const float *residual, u32 N, u32 K, i64 xStride,
                                     i64 wStride, u32 rows, const Prologue &prologue) {
  constexpr int size = Vector<W>::size, step = 32 * size, ahead = 4;
  extern __shared__ float as[]; // [M, K]
  __shared__ float room[32];
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  const u32 n0 = (blockIdx.x * warps + warp) * ROWS;
  uint4 raw[ROWS][ahead];
#pragma unroll
  for (int r = 0; r < ROWS; r++)
#pragma unroll
    for (int s = 0; s < ahead; s++) {
      const u32 k = s * step + lane * size;
      raw[r][s] = (n0 + r < N && k < K) ? __ldcs((const uint4 *)(w + (i64)(n0 + r) * wStride + k)) : make_uint4(0, 0, 0, 0);
    }
  begin(); // the weight is constant; x may come from the kernel before
#pragma unroll
  for (int m = 0; m < M; m++) {
    if (m < (int)rows) stage<PROLOGUE>(x, as + (i64)m * K, K, xStride, m, prologue, room);
    else
      for (u32 k = threadIdx.x; k < K; k += threads) as[(i64)m * K + k] = 0.0f;
  }
  __syncthreads();
  float sums[ROWS][M] = {};
  for (u32 k0 = 0; k0 < K; k0 += ahead * step) {
#pragma unroll
    for (int s = 0; s < ahead; s++) {
      const u32 k = k0 + s * step + lane * size;
      if (k < K) {
        float wide[ROWS][size];
#pragma unroll
        for (int r = 0; r < ROWS; r++) Vector<W>::widen(raw[r][s], wide[r]);
#pragma unroll
        for (int m = 0; m < M; m++)
#pragma unroll
          for (int i = 0; i < size; i += 4) {
            const float4 a = *(const float4 *)&as[(i64)m * K + k + i];
#pragma unroll
            for (int r = 0; r < ROWS; r++)
              sums[r][m] += wide[r][i] * a.x + wide[r][i + 1] * a.y + wide[r][i + 2] * a.z + wide[r][i + 3] * a.w;
          }
      }
#pragma unroll
      for (int r = 0; r < ROWS; r++) {
        const u32 next = k + ahead * step;
        if (n0 + r < N && next < K) raw[r][s] = __ldcs((const uint4 *)(w + (i64)(n0 + r) * wStride + next));
      }
    }
  }
#pragma unroll
  for (int r = 0; r < ROWS; r++)
#pragma unroll
    for (int m = 0; m < M; m++) {
      const float sum = warpSum(sums[r][m]);
      if (lane == 0 && n0 + r < N && m < (int)rows) {
        const i64 at = (i64)m * N + n0 + r;
        y[at] = residual ? residual[at] + sum : sum;
      }
    }
}

#define GEMV(name, W, M, ROWS, PROLOGUE)                                                                             \
  ENTRY __launch_bounds__(threads) gemv_##name##_m##M##_r##ROWS##_p##PROLOGUE(                                       \
      const float *x, const W *w, float *y, const float *residual, u32 N, u32 K, i64 xStride, i64 wStride, u32 rows, \
      Prologue prologue) {                                                                                           \
    gemv<W, M, ROWS, PROLOGUE>(x, w, y, residual, N, K, xStride, wStride, rows, prologue);                           \
  }
#define GEMV_SIZES(name, W, PROLOGUE)                                                     \
  GEMV(name, W, 1, 1, PROLOGUE) GEMV(name, W, 1, 2, PROLOGUE) GEMV(name, W, 1, 4, PROLOGUE) \
  GEMV(name, W, 2, 2, PROLOGUE) GEMV(name, W, 4, 2, PROLOGUE) GEMV(name, W, 8, 2, PROLOGUE)
#define GEMV_OF(name, W) GEMV_SIZES(name, W, 0) GEMV_SIZES(name, W, 1) GEMV_SIZES(name, W, 2)
GEMV_OF(f32, float)
GEMV_OF(bf16, __nv_bfloat16)
GEMV_OF(f16, __half)
