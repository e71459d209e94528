// y[M, N] = a[M, K] w[N, K]^T on the tensor cores, w in bfloat16, sums in float32.
// A float32 a is cut into bfloat16 pieces, a = high + middle + low: three products of which each term is exact give
// float32 arithmetic; one piece rounds a to bfloat16. (Henry, Tang & Heinecke 2019: "Leveraging the bfloat16
// Artificial Intelligence Datatype For Higher-Precision Computations".)
#include "mma.cuh"

constexpr int depth = 32;

__device__ __forceinline__ void copyAsync(u32 to, const void *from, bool isInside) {
  const int bytes = isInside ? 16 : 0; // the rest is zeros
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(bytes));
}
// Byte offset of 16-byte chunk `chunk` of row `row` in a tile of rows of 64 bytes, without bank conflicts.
__device__ __forceinline__ u32 swizzled(int row, int chunk) { return row * 64 + ((chunk ^ ((row >> 1) & 3)) << 4); }

// BM x BN outputs by WM x WN warps. A is float (PIECES 1 or 3) or bfloat16 (1).
template <class A, int PIECES, int BM, int BN, int WM, int WN>
__device__ __forceinline__ void multiply(const A *a, const __nv_bfloat16 *w, A *y, const float *residual, u32 M, u32 N, u32 K,
                                         i64 aStride, i64 wStride, u32 stepsPerSplit, float *parts) {
  constexpr int threads = WM * WN * 32, TM = BM / WM / 16, TN = BN / WN / 8;
  constexpr int aBytes = BM * 64, bBytes = BN * 64, stageBytes = PIECES * aBytes + bBytes;
  // Where rows are few, memory is the limit, and more of it has to be on its way.
  constexpr int stages = BM <= 64 ? 4 : 3;
  constexpr int aChunks = BM * 4 / threads, bChunks = BN * 4 / threads;
  static_assert(aChunks * threads == BM * 4 && bChunks * threads == BN * 4, "tiles divide among threads");
  extern __shared__ __align__(128) char tiles[];
  const int thread = threadIdx.x, lane = thread & 31, warp = thread >> 5, wm = warp / WN, wn = warp % WN;
  // Neighbouring blocks share columns of w, which then stay in the cache.
  const u32 row0 = blockIdx.x * BM, column0 = blockIdx.y * BN;
  // With several splits of K, each writes its part of the sums.
  const int all = (K + depth - 1) / depth, first = blockIdx.z * stepsPerSplit, steps = min(all - first, (int)stepsPerSplit);
  float sums[TM][TN][4] = {};
  float4 held[aChunks][2];

  auto loadA = [&](int step) {
#pragma unroll
    for (int part = 0; part < aChunks; part++) {
      const int chunk = thread + part * threads, row = chunk >> 2, k = (first + step) * depth + (chunk & 3) * 8;
      const bool isInside = row0 + row < M && k < (int)K;
      const A *from = a + (i64)(isInside ? row0 + row : 0) * aStride + (isInside ? k : 0);
      if constexpr (sizeof(A) == 4) {
        held[part][0] = isInside ? *(const float4 *)from : make_float4(0, 0, 0, 0);
        held[part][1] = isInside ? *(const float4 *)(from + 4) : make_float4(0, 0, 0, 0);
      } else {
        copyAsync(sharedAddress(tiles) + (step % stages) * stageBytes + swizzled(row, chunk & 3), from, isInside);
      }
    }
  };
  auto storeA = [&](int step) {
    if constexpr (sizeof(A) == 4) {
#pragma unroll
      for (int part = 0; part < aChunks; part++) {
        const int chunk = thread + part * threads, row = chunk >> 2;
        u32 words[4][PIECES];
        cut<PIECES>(held[part][0].x, held[part][0].y, words[0]);
        cut<PIECES>(held[part][0].z, held[part][0].w, words[1]);
        cut<PIECES>(held[part][1].x, held[part][1].y, words[2]);
        cut<PIECES>(held[part][1].z, held[part][1].w, words[3]);
#pragma unroll
        for (int piece = 0; piece < PIECES; piece++)
          *(uint4 *)(tiles + (step % stages) * stageBytes + piece * aBytes + swizzled(row, chunk & 3)) =
              make_uint4(words[0][piece], words[1][piece], words[2][piece], words[3][piece]);
      }
    }
  };
  auto loadB = [&](int step) {
#pragma unroll
    for (int part = 0; part < bChunks; part++) {
      const int chunk = thread + part * threads, row = chunk >> 2, k = (first + step) * depth + (chunk & 3) * 8;
      const bool isInside = column0 + row < N && k < (int)K;
      const __nv_bfloat16 *from = w + (i64)(isInside ? column0 + row : 0) * wStride + (isInside ? k : 0);
      copyAsync(sharedAddress(tiles) + (step % stages) * stageBytes + PIECES * aBytes + swizzled(row, chunk & 3), from, isInside);
    }
  };

  // All stages but one are on their way when the loop begins; a float a goes through registers one step ahead.
#pragma unroll
  for (int step = 0; step < stages - 1; step++) {
    if (step < steps) {
      loadA(step);
      loadB(step);
      storeA(step);
    }
    asm volatile("cp.async.commit_group;");
  }
  for (int step = 0; step < steps; step++) {
    asm volatile("cp.async.wait_group %0;" ::"n"(stages - 2));
    __syncthreads();
    const int next = step + stages - 1;
    if (next < steps) {
      loadA(next);
      loadB(next);
    }
    asm volatile("cp.async.commit_group;");
    const u32 base = sharedAddress(tiles) + (step % stages) * stageBytes;
#pragma unroll
    for (int half = 0; half < 2; half++) {
      u32 b[TN / 2 > 0 ? TN / 2 : 1][4];
#pragma unroll
      for (int j = 0; j < TN / 2; j++) {
        const int row = wn * (BN / WN) + j * 16 + (lane & 7) + ((lane >> 4) << 3);
        loadMatrices(b[j], base + PIECES * aBytes + swizzled(row, half * 2 + ((lane >> 3) & 1)));
      }
#pragma unroll
      for (int piece = PIECES - 1; piece >= 0; piece--) {
#pragma unroll
        for (int i = 0; i < TM; i++) {
          u32 af[4];
          const int row = wm * (BM / WM) + i * 16 + (lane & 15);
          loadMatrices(af, base + piece * aBytes + swizzled(row, half * 2 + (lane >> 4)));
#pragma unroll
          for (int j = 0; j < TN; j++) multiplyAdd(sums[i][j], af, b[j / 2][(j & 1) * 2], b[j / 2][(j & 1) * 2 + 1]);
        }
      }
    }
    if (next < steps) storeA(next);
  }
  asm volatile("cp.async.wait_group 0;");
#pragma unroll
  for (int i = 0; i < TM; i++)
#pragma unroll
    for (int j = 0; j < TN; j++)
#pragma unroll
      for (int c = 0; c < 4; c++) {
        const u32 m = row0 + wm * (BM / WM) + i * 16 + (lane >> 2) + (c >> 1) * 8;
        const u32 n = column0 + wn * (BN / WN) + j * 8 + (lane & 3) * 2 + (c & 1);
        if (m < M && n < N) {
          const i64 at = (i64)m * N + n;
          if (parts) {
            parts[(i64)blockIdx.z * M * N + at] = sums[i][j][c];
            continue;
          }
          y[at] = fromFloat<A>(residual ? residual[at] + sums[i][j][c] : sums[i][j][c]);
        }
      }
}

#define TENSOR(name, A, PIECES, BM, BN, WM, WN)                                                                              \
  ENTRY __launch_bounds__(WM *WN * 32) matmul_tensor_##name##_##PIECES##_##BM##x##BN(                                        \
      const A *a, const __nv_bfloat16 *w, A *y, const float *residual, u32 M, u32 N, u32 K, i64 aStride, i64 wStride,        \
      u32 stepsPerSplit, float *parts) {                                                                                     \
    multiply<A, PIECES, BM, BN, WM, WN>(a, w, y, residual, M, N, K, aStride, wStride, stepsPerSplit, parts);                 \
  }
#define TENSOR_TILES(name, A, PIECES)                                                      \
  TENSOR(name, A, PIECES, 128, 128, 2, 4) TENSOR(name, A, PIECES, 64, 64, 2, 2) TENSOR(name, A, PIECES, 32, 32, 2, 2)      \
  TENSOR(name, A, PIECES, 16, 64, 1, 2) TENSOR(name, A, PIECES, 32, 128, 1, 4) TENSOR(name, A, PIECES, 64, 128, 2, 4)
TENSOR_TILES(f32, float, 1)
TENSOR_TILES(f32, float, 3)
TENSOR_TILES(bf16, __nv_bfloat16, 1)

// Adds the splits' parts in order.
ENTRY matmul_join(const float *parts, Out y, const float *residual, u32 count, u32 splits) {
  for (u32 i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) {
    float sum = residual ? residual[i] : 0.0f;
    for (u32 split = 0; split < splits; split++) sum += parts[(i64)split * count + i];
    store<false>(y, i, sum);
  }
}
