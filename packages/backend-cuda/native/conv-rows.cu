// The outputs of a depthwise causal convolution over many positions, float32, up to four taps: a thread takes four channels
// and sixteen positions, whose inputs pass through its registers once. y as in causal-conv.cu.
#include "common.cuh"

constexpr int positions = 16;

struct ConvRows {
  u32 B, T, C, slots, isSilu, reserved;
  i64 batchStride, timeStride;
};

__device__ __forceinline__ float4 add4(float4 sum, float4 w, float4 x) {
  return make_float4(fmaf(w.x, x.x, sum.x), fmaf(w.y, x.y, sum.y), fmaf(w.z, x.z, sum.z), fmaf(w.w, x.w, sum.w));
}

template <int K>
__device__ __forceinline__ void convRows(const float *x, const float *weight, const float *bias, const float *tails, const int *slots, const Out &y,
                                         const ConvRows &s) {
  const u32 c = (blockIdx.x * blockDim.x + threadIdx.x) * 4, t0 = blockIdx.y * positions, b = blockIdx.z;
  if (c >= s.C) return;
  const int slot = slots[b];
  const i64 to = ((i64)b * s.T + t0) * s.C + c;
  const int count = min((int)(s.T - t0), positions);
  if (slot < 0 || (u32)slot >= s.slots) {
    for (int i = 0; i < count; i++) storeFour(y, to + (i64)i * s.C, make_float4(0, 0, 0, 0));
    return;
  }
  float4 w[K], seen[K + positions - 1];
#pragma unroll
  for (int k = 0; k < K; k++) w[k] = make_float4(weight[c * K + k], weight[(c + 1) * K + k], weight[(c + 2) * K + k], weight[(c + 3) * K + k]);
  const float4 offset = *(const float4 *)(bias + c);
#pragma unroll
  for (int i = 0; i < K + positions - 1; i++) {
    const int t = (int)t0 + i - (K - 1);
    seen[i] = make_float4(0, 0, 0, 0);
    if (t >= (int)s.T) continue;
    seen[i] = t >= 0 ? *(const float4 *)(x + b * s.batchStride + t * s.timeStride + c)
                     : *(const float4 *)(tails + ((i64)slot * (K - 1) + t + K - 1) * s.C + c);
  }
#pragma unroll
  for (int i = 0; i < positions; i++) {
    if (i >= count) break;
    float4 sum = offset;
#pragma unroll
    for (int k = 0; k < K; k++) sum = add4(sum, w[k], seen[i + k]);
    if (s.isSilu) sum = make_float4(silu(sum.x), silu(sum.y), silu(sum.z), silu(sum.w));
    storeFour(y, to + (i64)i * s.C, sum);
  }
}

#define CONV_ROWS(K)                                                                                                                    \
  ENTRY __launch_bounds__(128) conv_rows_##K(const float *x, const float *weight, const float *bias, const float *tails, const int *slots, \
                                             Out y, ConvRows s) {                                                                    \
    convRows<K>(x, weight, bias, tails, slots, y, s);                                                                                   \
  }
CONV_ROWS(2)
CONV_ROWS(3)
CONV_ROWS(4)
