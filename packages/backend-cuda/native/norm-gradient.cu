// Gradients of RMSNorm and gated RMSNorm in float32 for rows whose widths are multiples of 4. With r = 1 / sqrt(mean(u^2) + epsilon),
// n = u r and h what arrives at n: du = r (h - n mean(h n)), over each group of a row. Gated: u = x silu(gate), or n is multiplied by
// silu(gate) afterwards. A warp for a group of up to 512 elements, a block for one of up to 4,096: everything is read once and held in
// registers, as are the sums of the weight's gradient; those of blocks are joined by join_parts, in their order.
#include "common.cuh"

constexpr int threads = 256;

struct NormGradient {
  u32 rows, width, groups; // rows times groups; width of a group
  float epsilon;
  u32 isGatedAfter, reserved;
  i64 gateStride; // from row to row
};

__device__ __forceinline__ float4 times(float4 a, float4 b) { return make_float4(a.x * b.x, a.y * b.y, a.z * b.z, a.w * b.w); }
__device__ __forceinline__ float sumOf(float4 a) { return (a.x + a.y) + (a.z + a.w); }
__device__ __forceinline__ float4 plus(float4 a, float4 b) { return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w); }
// a (b - c d)
__device__ __forceinline__ float4 projected(float a, float4 b, float4 c, float d) {
  return make_float4(a * (b.x - c.x * d), a * (b.y - c.y * d), a * (b.z - c.z * d), a * (b.w - c.w * d));
}
__device__ __forceinline__ float4 scaled(float4 a, float b) { return make_float4(a.x * b, a.y * b, a.z * b, a.w * b); }
__device__ __forceinline__ float logistic(float x) { return 1.0f / (1.0f + expf(-x)); }
__device__ __forceinline__ float4 logistic(float4 x) { return make_float4(logistic(x.x), logistic(x.y), logistic(x.z), logistic(x.w)); }
// The derivative of silu at g, opened = logistic(g).
__device__ __forceinline__ float slope(float g, float opened) { return opened * (1.0f + g * (1.0f - opened)); }
__device__ __forceinline__ float4 slope(float4 g, float4 opened) {
  return make_float4(slope(g.x, opened.x), slope(g.y, opened.y), slope(g.z, opened.z), slope(g.w, opened.w));
}

// SHARING: threads that share a group, HELD: words of four that each of them holds. dx has `residual` added, if there is one.
template <bool GATED, int SHARING, int HELD>
__device__ __forceinline__ void normGradient(const float *x, const float *gate, const float *weight, const float *dy, const float *residual,
                                             float *dx, float *dgate, float *parts, const NormGradient &s) {
  extern __shared__ float sums[]; // of a block's warps: [width * groups]
  __shared__ float room[32];
  constexpr int perBlock = threads / SHARING;
  const u32 thread = threadIdx.x % SHARING, worker = blockIdx.x * perBlock + threadIdx.x / SHARING, workers = gridDim.x * perBlock;
  const u32 group = worker % s.groups, first = group * s.width;
  float4 weights[HELD], collected[HELD];
#pragma unroll
  for (int k = 0; k < HELD; k++) {
    const u32 i = (thread + k * SHARING) * 4;
    collected[k] = make_float4(0, 0, 0, 0);
    weights[k] = i < s.width ? *(const float4 *)(weight + first + i) : make_float4(0, 0, 0, 0);
  }
  const float perElement = 1.0f / (float)s.width;
  // The groups of a row go to neighbouring workers: a worker's group stays the same.
  for (u32 index = worker; index < s.rows; index += workers) {
    const u32 row = index / s.groups;
    const i64 from = (i64)index * s.width, gateFrom = row * s.gateStride + first;
    float4 values[HELD], arriving[HELD], gates[HELD];
#pragma unroll
    for (int k = 0; k < HELD; k++) {
      const u32 i = (thread + k * SHARING) * 4;
      const bool isInside = i < s.width;
      values[k] = isInside ? *(const float4 *)(x + from + i) : make_float4(0, 0, 0, 0);
      arriving[k] = isInside ? *(const float4 *)(dy + from + i) : make_float4(0, 0, 0, 0);
      if (GATED) gates[k] = isInside ? *(const float4 *)(gate + gateFrom + i) : make_float4(0, 0, 0, 0);
    }
    float squares = 0.0f, products = 0.0f;
#pragma unroll
    for (int k = 0; k < HELD; k++) {
      const float4 open = GATED ? times(gates[k], logistic(gates[k])) : make_float4(1, 1, 1, 1);
      const float4 u = GATED && !s.isGatedAfter ? times(values[k], open) : values[k];
      float4 h = times(arriving[k], weights[k]);
      if (GATED && s.isGatedAfter) h = times(h, open);
      squares += sumOf(times(u, u));
      products += sumOf(times(h, u));
    }
    if (SHARING == 32) {
      squares = warpSum(squares);
      products = warpSum(products);
    } else {
      squares = blockSum(squares, room);
      products = blockSum(products, room);
    }
    const float r = 1.0f / sqrtf(squares * perElement + s.epsilon), mean = products * r * perElement;
#pragma unroll
    for (int k = 0; k < HELD; k++) {
      const u32 i = (thread + k * SHARING) * 4;
      if (i >= s.width) continue;
      float4 made;
      if (!GATED) {
        const float4 n = scaled(values[k], r);
        made = projected(r, times(arriving[k], weights[k]), n, mean);
        collected[k] = plus(collected[k], times(arriving[k], n));
      } else {
        const float4 opened = logistic(gates[k]), open = times(gates[k], opened), steep = slope(gates[k], opened);
        if (s.isGatedAfter) {
          const float4 n = scaled(values[k], r), h = times(arriving[k], weights[k]);
          made = projected(r, times(h, open), n, mean);
          *(float4 *)(dgate + from + i) = times(times(h, n), steep);
          collected[k] = plus(collected[k], times(times(arriving[k], open), n));
        } else {
          const float4 n = scaled(times(values[k], open), r), du = projected(r, times(arriving[k], weights[k]), n, mean);
          made = times(du, open);
          *(float4 *)(dgate + from + i) = times(times(du, values[k]), steep);
          collected[k] = plus(collected[k], times(arriving[k], n));
        }
      }
      if (residual) made = plus(made, *(const float4 *)(residual + from + i));
      *(float4 *)(dx + from + i) = made;
    }
  }
  if (SHARING == threads) {
    // [blocks / groups][groups][width]
#pragma unroll
    for (int k = 0; k < HELD; k++) {
      const u32 i = (thread + k * SHARING) * 4;
      if (i < s.width) *(float4 *)(parts + (i64)worker * s.width + i) = collected[k];
    }
    return;
  }
  const u32 D = s.width * s.groups;
  for (u32 d = threadIdx.x; d < D; d += threads) sums[d] = 0.0f;
  for (u32 turn = 0; turn < perBlock; turn++) {
    __syncthreads();
    if (threadIdx.x / SHARING != turn) continue;
#pragma unroll
    for (int k = 0; k < HELD; k++) {
      const u32 i = (thread + k * SHARING) * 4;
      if (i < s.width) *(float4 *)(sums + first + i) = plus(*(float4 *)(sums + first + i), collected[k]);
    }
  }
  __syncthreads();
  for (u32 d = threadIdx.x; d < D; d += threads) parts[(i64)blockIdx.x * D + d] = sums[d];
}

#define NORM(name, GATED, SHARING, HELD)                                                                                            \
  ENTRY __launch_bounds__(threads) name##_##SHARING##_##HELD(const float *x, const float *gate, const float *weight, const float *dy, \
                                                             const float *residual, float *dx, float *dgate, float *parts,          \
                                                             NormGradient s) {                                                      \
    normGradient<GATED, SHARING, HELD>(x, gate, weight, dy, residual, dx, dgate, parts, s);                                         \
  }
#define SIZES(SHARING, HELD) NORM(rms_gradient, false, SHARING, HELD) NORM(gated_rms_gradient, true, SHARING, HELD)
SIZES(32, 2)
SIZES(32, 4)
SIZES(256, 2)
SIZES(256, 4)
