// RMSNorm and gated RMSNorm (see rows.cu) of float32 rows whose widths are multiples of 4, read once by 16 bytes a thread and held
// in registers: a warp for a row of up to 512 elements, a block of 256 threads for one of up to 8,192. y in any float.
#include "common.cuh"

constexpr int threads = 256;

struct NormRows {
  u32 rows, width, groups; // rows of y times groups; width of a group
  float epsilon;
  u32 isGatedFirst, reserved;
  i64 gateStride; // from row to row
};

__device__ __forceinline__ float4 scaled(float4 a, float4 b, float factor) {
  return make_float4(a.x * b.x * factor, a.y * b.y * factor, a.z * b.z * factor, a.w * b.w * factor);
}
__device__ __forceinline__ float4 opened(float4 gate) { return make_float4(silu(gate.x), silu(gate.y), silu(gate.z), silu(gate.w)); }
// SHARING: threads that share a row, HELD: words of four that each of them holds.
template <bool GATED, int SHARING, int HELD>
__device__ __forceinline__ void normRows(const float *x, const float *gate, const float *weight, const Out &y, const NormRows &s) {
  __shared__ float room[32];
  const u32 index = blockIdx.x * (threads / SHARING) + threadIdx.x / SHARING, thread = threadIdx.x % SHARING;
  if (SHARING == 32 && index >= s.rows) return;
  const u32 row = index / s.groups, first = (index - row * s.groups) * s.width;
  const i64 from = (i64)index * s.width, gateFrom = row * s.gateStride + first;
  float4 values[HELD], gates[HELD];
  float squares = 0.0f;
#pragma unroll
  for (int k = 0; k < HELD; k++) {
    const u32 i = (thread + k * SHARING) * 4;
    values[k] = gates[k] = make_float4(0, 0, 0, 0);
    if (i >= s.width) continue;
    values[k] = *(const float4 *)(x + from + i);
    if (GATED) gates[k] = *(const float4 *)(gate + gateFrom + i);
  }
#pragma unroll
  for (int k = 0; k < HELD; k++) {
    if (GATED) {
      gates[k] = opened(gates[k]);
      if (s.isGatedFirst) values[k] = scaled(values[k], gates[k], 1.0f);
    }
    squares += values[k].x * values[k].x + values[k].y * values[k].y + values[k].z * values[k].z + values[k].w * values[k].w;
  }
  const float sum = SHARING == 32 ? warpSum(squares) : blockSum(squares, room);
  const float scale = rsqrtf(sum / (float)s.width + s.epsilon);
#pragma unroll
  for (int k = 0; k < HELD; k++) {
    const u32 i = (thread + k * SHARING) * 4;
    if (i >= s.width) continue;
    float4 value = scaled(values[k], *(const float4 *)(weight + first + i), scale);
    if (GATED && !s.isGatedFirst) value = scaled(value, gates[k], 1.0f);
    storeFour(y, from + i, value);
  }
}

#define NORM(name, GATED, SHARING, HELD)                                                                                                \
  ENTRY __launch_bounds__(threads) name##_##SHARING##_##HELD(const float *x, const float *gate, const float *weight, Out y, NormRows s) { \
    begin();                                                                                                                             \
    normRows<GATED, SHARING, HELD>(x, gate, weight, y, s);                                                                               \
  }
#define SIZES(SHARING, HELD) NORM(norm_rows, false, SHARING, HELD) NORM(gated_norm_rows, true, SHARING, HELD)
SIZES(32, 2)
SIZES(32, 4)
SIZES(256, 1)
SIZES(256, 2)
SIZES(256, 3)
SIZES(256, 5)
SIZES(256, 8)
