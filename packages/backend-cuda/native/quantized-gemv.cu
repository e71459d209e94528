// y[m, n] = sum over k of a[m, k] scale[n, b] (code[n, k] - zero[n, b]), b = k / blockSize, for few rows of a and codes of
// 8 or 4 bits: every code is read once, 16 bytes a lane, all of one block. Norms before and residuals after as in gemv.cu.
// A warp owns two outputs; sums are in float32 in an order that depends on shapes alone.
#include "gemv-stage.cuh"

constexpr int outputs = 2, ahead = 2;

// A code of 16 bytes as float32: 8 bits are signed, 4 bits are unsigned, the even column in the low half.
template <int BITS> __device__ __forceinline__ float codeAt(const uint4 &raw, int index) {
  const u32 words[4] = {raw.x, raw.y, raw.z, raw.w};
  if (BITS == 8) return (float)(int8_t)(words[index / 4] >> (8 * (index % 4)));
  return (float)((words[index / 8] >> (4 * (index % 8))) & 15u);
}

template <int BITS, int M, int PROLOGUE>
__device__ __forceinline__ void quantizedGemv(const float *x, const uint8_t *codes, const __half *scales, const __half *zeros, float *y,
                                              const float *residual, u32 N, u32 K, u32 blockSize, i64 xStride, u32 rows,
                                              const Prologue &prologue) {
  constexpr int size = 128 / BITS;
  extern __shared__ float as[]; // [M, K]
  __shared__ float room[32];
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  const u32 n0 = (blockIdx.x * warps + warp) * outputs, chunks = K / size, blocks = K / blockSize;
  uint4 raw[outputs][ahead];
  const bool isAligned = ((u64)codes & 15) == 0;
  const auto fetch = [&](int r, u32 chunk) {
    uint4 word = make_uint4(0, 0, 0, 0);
    if (n0 + r >= N || chunk >= chunks) return word;
    const i64 at = (i64)(n0 + r) * chunks + chunk;
    if (isAligned) return __ldcs((const uint4 *)codes + at);
    for (int i = 0; i < 16; i++) ((uint8_t *)&word)[i] = codes[at * 16 + i];
    return word;
  };
#pragma unroll
  for (int r = 0; r < outputs; r++)
#pragma unroll
    for (int s = 0; s < ahead; s++) raw[r][s] = fetch(r, s * 32 + lane);
  begin(); // the weight is constant; x may come from the kernel before
#pragma unroll
  for (int m = 0; m < M; m++) {
    if (m < (int)rows) stage<PROLOGUE>(x, as + (i64)m * K, K, xStride, m, prologue, room);
    else
      for (u32 k = threadIdx.x; k < K; k += threads) as[(i64)m * K + k] = 0.0f;
  }
  __syncthreads();
  float sums[outputs][M] = {};
  for (u32 c0 = 0; c0 < chunks; c0 += ahead * 32) {
#pragma unroll
    for (int s = 0; s < ahead; s++) {
      const u32 chunk = c0 + s * 32 + lane;
      if (chunk < chunks) {
        const u32 block = chunk * size / blockSize;
#pragma unroll
        for (int r = 0; r < outputs; r++) {
          const i64 at = (i64)min(n0 + r, N - 1) * blocks + block;
          const float scale = __half2float(scales[at]);
          const float zero = zeros ? __half2float(zeros[at]) : BITS == 8 ? 0.0f : 8.0f;
          float parts[M] = {};
#pragma unroll
          for (int i = 0; i < size; i += 4) {
            float wide[4];
#pragma unroll
            for (int j = 0; j < 4; j++) wide[j] = codeAt<BITS>(raw[r][s], i + j) - zero;
#pragma unroll
            for (int m = 0; m < M; m++) {
              const float4 a = *(const float4 *)&as[(i64)m * K + chunk * size + i];
              parts[m] += wide[0] * a.x + wide[1] * a.y + wide[2] * a.z + wide[3] * a.w;
            }
          }
#pragma unroll
          for (int m = 0; m < M; m++) sums[r][m] += scale * parts[m];
        }
      }
#pragma unroll
      for (int r = 0; r < outputs; r++) raw[r][s] = fetch(r, chunk + ahead * 32);
    }
  }
#pragma unroll
  for (int r = 0; r < outputs; r++)
#pragma unroll
    for (int m = 0; m < M; m++) {
      const float sum = warpSum(sums[r][m]);
      if (lane == 0 && n0 + r < N && m < (int)rows) {
        const i64 at = (i64)m * N + n0 + r;
        y[at] = residual ? residual[at] + sum : sum;
      }
    }
}

#define QUANTIZED(BITS, M, PROLOGUE)                                                                                              \
  ENTRY __launch_bounds__(threads) quantized_gemv_b##BITS##_m##M##_p##PROLOGUE(                                                   \
      const float *x, const uint8_t *codes, const __half *scales, const __half *zeros, float *y, const float *residual, u32 N,    \
      u32 K, u32 blockSize, i64 xStride, u32 rows, Prologue prologue) {                                                           \
    quantizedGemv<BITS, M, PROLOGUE>(x, codes, scales, zeros, y, residual, N, K, blockSize, xStride, rows, prologue);             \
  }
#define QUANTIZED_SIZES(BITS, PROLOGUE) \
  QUANTIZED(BITS, 1, PROLOGUE) QUANTIZED(BITS, 2, PROLOGUE) QUANTIZED(BITS, 4, PROLOGUE) QUANTIZED(BITS, 8, PROLOGUE)
QUANTIZED_SIZES(8, 0) QUANTIZED_SIZES(8, 1) QUANTIZED_SIZES(8, 2)
QUANTIZED_SIZES(4, 0) QUANTIZED_SIZES(4, 1) QUANTIZED_SIZES(4, 2)
