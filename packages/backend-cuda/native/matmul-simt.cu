// Batched matrix product in float32 arithmetic (no TF32) on any strided operands: tiles of 64 x 64, a thread has 4 x 4.
#include "common.cuh"

constexpr int tile = 64, depth = 16, pad = 4;

struct MatmulPlan {
  u32 M, N, K;
  u32 aM, aK, bK, bN; // strides in elements
  u32 batchRank;
  u32 batch[4];
  u32 aBatch[4];
  u32 bBatch[4];
};

template <class A, class B>
__device__ __forceinline__ void multiply(const A *a, const B *b, A *y, const MatmulPlan &plan) {
  __shared__ float as[depth][tile + pad];
  __shared__ float bs[depth][tile + pad];
  i64 aFrom = 0, bFrom = 0;
  u32 index = blockIdx.z;
  for (int axis = (int)plan.batchRank - 1; axis >= 0; axis--) {
    const u32 rest = index % plan.batch[axis];
    index /= plan.batch[axis];
    aFrom += (i64)rest * plan.aBatch[axis];
    bFrom += (i64)rest * plan.bBatch[axis];
  }
  const u32 row0 = blockIdx.y * tile, column0 = blockIdx.x * tile;
  const int thread = threadIdx.x, tx = thread & 15, ty = thread >> 4;
  float sums[4][4] = {};
  // Neighbouring threads load along the axis whose elements are neighbours.
  const bool aAlongK = plan.aK == 1, bAlongK = plan.bK == 1;
  for (u32 k0 = 0; k0 < plan.K; k0 += depth) {
#pragma unroll
    for (int part = 0; part < 4; part++) {
      const int i = thread + part * 256;
      const u32 k = aAlongK ? i % depth : i / tile, m = aAlongK ? i / depth : i % tile;
      const bool isInside = row0 + m < plan.M && k0 + k < plan.K;
      as[k][m] = isInside ? toFloat(a[aFrom + (i64)(row0 + m) * plan.aM + (i64)(k0 + k) * plan.aK]) : 0.0f;
    }
#pragma unroll
    for (int part = 0; part < 4; part++) {
      const int i = thread + part * 256;
      const u32 k = bAlongK ? i % depth : i / tile, n = bAlongK ? i / depth : i % tile;
      const bool isInside = column0 + n < plan.N && k0 + k < plan.K;
      bs[k][n] = isInside ? toFloat(b[bFrom + (i64)(k0 + k) * plan.bK + (i64)(column0 + n) * plan.bN]) : 0.0f;
    }
    __syncthreads();
#pragma unroll
    for (int k = 0; k < depth; k++) {
      const float4 p = *(const float4 *)&as[k][ty * 4], q = *(const float4 *)&bs[k][tx * 4];
      const float rows[4] = {p.x, p.y, p.z, p.w}, columns[4] = {q.x, q.y, q.z, q.w};
#pragma unroll
      for (int i = 0; i < 4; i++)
#pragma unroll
        for (int j = 0; j < 4; j++) sums[i][j] = fmaf(rows[i], columns[j], sums[i][j]);
    }
    __syncthreads();
  }
  const i64 to = (i64)blockIdx.z * plan.M * plan.N;
#pragma unroll
  for (int i = 0; i < 4; i++) {
    const u32 m = row0 + ty * 4 + i;
    if (m >= plan.M) continue;
#pragma unroll
    for (int j = 0; j < 4; j++) {
      const u32 n = column0 + tx * 4 + j;
      if (n < plan.N) y[to + (i64)m * plan.N + n] = fromFloat<A>(sums[i][j]);
    }
  }
}

#define MATMUL(name, A, B)                                                                          \
  ENTRY __launch_bounds__(256) matmul_##name(const A *a, const B *b, A *y, MatmulPlan plan) {       \
    multiply<A, B>(a, b, y, plan);                                                                  \
  }
MATMUL(f32_f32, float, float)
MATMUL(f32_f16, float, __half)
MATMUL(f32_bf16, float, __nv_bfloat16)
MATMUL(f16_f16, __half, __half)
MATMUL(bf16_bf16, __nv_bfloat16, __nv_bfloat16)
