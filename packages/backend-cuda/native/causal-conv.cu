// Depthwise causal convolution whose past is a tail of K - 1 inputs kept in a pool. x may have any stride between
// positions and rows. With few positions a thread owns a channel and does everything; else one kernel computes y from
// the old tails and a second one replaces them.
#include "common.cuh"

constexpr int maxTaps = 16;

struct ConvSizes {
  u32 B, T, C, K, slots;
  u32 isSilu;
  i64 batchStride, timeStride;
};

template <bool F>
__device__ __forceinline__ float convolve(const In &x, const In &weight, const In &bias, const In &tails, const ConvSizes &s, i64 xFrom,
                                          i64 tailFrom, u32 t, u32 c) {
  float sum = load<F>(bias, c);
  for (u32 k = 0; k < s.K; k++) {
    const int position = (int)(t + k) - (int)(s.K - 1);
    const float value = position >= 0 ? load<F>(x, xFrom + position * s.timeStride + c)
                                      : load<F>(tails, tailFrom + (i64)(position + (int)s.K - 1) * s.C + c);
    sum = fmaf(load<F>(weight, (i64)c * s.K + k), value, sum);
  }
  return s.isSilu ? silu(sum) : sum;
}

// The last K - 1 inputs before `length`, oldest first; some may be of the past still.
template <bool F>
__device__ __forceinline__ void keepTail(const In &x, const In &tails, const Out &newTails, const ConvSizes &s, i64 xFrom, i64 tailFrom,
                                         int length, u32 c) {
  float kept[maxTaps];
#pragma unroll
  for (int i = 0; i < maxTaps; i++) {
    if (i >= (int)s.K - 1) break;
    const int position = length - (int)(s.K - 1) + i;
    kept[i] = position >= 0 ? load<F>(x, xFrom + position * s.timeStride + c)
                            : load<F>(tails, tailFrom + (i64)(position + (int)s.K - 1) * s.C + c);
  }
#pragma unroll
  for (int i = 0; i < maxTaps; i++) {
    if (i >= (int)s.K - 1) break;
    store<F>(newTails, tailFrom + (i64)i * s.C + c, kept[i]);
  }
}

template <bool F>
__device__ __forceinline__ void convOutputs(const In &x, const In &weight, const In &bias, const In &tails, const int *slots, const Out &y,
                                            const ConvSizes &s) {
  const i64 count = (i64)s.B * s.T * s.C;
  for (i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += (i64)gridDim.x * blockDim.x) {
    const u32 c = i % s.C, t = (i / s.C) % s.T, b = i / s.C / s.T;
    const int slot = slots[b];
    float value = 0.0f;
    if (slot >= 0 && (u32)slot < s.slots)
      value = convolve<F>(x, weight, bias, tails, s, b * s.batchStride, (i64)slot * (s.K - 1) * s.C, t, c);
    store<F>(y, i, value);
  }
}

template <bool F>
__device__ __forceinline__ void convTails(const In &x, const In &tails, const int *slots, const int *lengths, const Out &newTails,
                                          const ConvSizes &s) {
  for (u32 i = blockIdx.x * blockDim.x + threadIdx.x; i < s.B * s.C; i += gridDim.x * blockDim.x) {
    const u32 c = i % s.C, b = i / s.C;
    const int slot = slots[b], length = min(max(lengths[b], 0), (int)s.T);
    if (slot >= 0 && (u32)slot < s.slots)
      keepTail<F>(x, tails, newTails, s, b * s.batchStride, (i64)slot * (s.K - 1) * s.C, length, c);
  }
}

template <bool F>
__device__ __forceinline__ void convStep(const In &x, const In &weight, const In &bias, const In &tails, const int *slots,
                                         const int *lengths, const Out &y, const Out &newTails, const ConvSizes &s) {
  for (u32 i = blockIdx.x * blockDim.x + threadIdx.x; i < s.B * s.C; i += gridDim.x * blockDim.x) {
    const u32 c = i % s.C, b = i / s.C;
    const int slot = slots[b], length = min(max(lengths[b], 0), (int)s.T);
    const bool isActive = slot >= 0 && (u32)slot < s.slots;
    const i64 xFrom = b * s.batchStride, tailFrom = (i64)slot * (s.K - 1) * s.C;
    for (u32 t = 0; t < s.T; t++)
      store<F>(y, ((i64)b * s.T + t) * s.C + c, isActive ? convolve<F>(x, weight, bias, tails, s, xFrom, tailFrom, t, c) : 0.0f);
    if (isActive) keepTail<F>(x, tails, newTails, s, xFrom, tailFrom, length, c);
  }
}

// One position, up to four taps, all float32: what decoding does. Every load is on its way before the first is used.
ENTRY conv_one_f32(const float *x, const float *weight, const float *bias, const float *tails, const int *slots, const int *lengths,
                   float *y, float *newTails, ConvSizes s) {
  const u32 i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= s.B * s.C) {
    begin();
    return;
  }
  const u32 c = i % s.C, b = i / s.C;
  constexpr int taps = 4;
  begin();
  const int past = (int)s.K - 1, slot = slots[b], length = lengths[b];
  const bool isActive = slot >= 0 && (u32)slot < s.slots;
  const i64 tailFrom = (i64)(isActive ? slot : 0) * past * s.C + c;
  float w[taps], old[taps - 1];
#pragma unroll
  for (int k = 0; k < taps; k++) w[k] = k < (int)s.K ? weight[(i64)c * s.K + k] : 0.0f;
#pragma unroll
  for (int k = 0; k < taps - 1; k++) old[k] = isActive && k < past ? tails[tailFrom + (i64)k * s.C] : 0.0f;
  const float now = x[b * s.batchStride + c];
  float sum = bias[c];
#pragma unroll
  for (int k = 0; k < taps; k++)
    if (k < (int)s.K) sum = fmaf(w[k], k < past ? old[k < taps - 1 ? k : 0] : now, sum);
  y[i] = isActive ? (s.isSilu ? silu(sum) : sum) : 0.0f;
  if (!isActive || length <= 0) return;
#pragma unroll
  for (int k = 0; k < taps - 1; k++)
    if (k < past) newTails[tailFrom + (i64)k * s.C] = k + 1 < past ? old[k + 1 < taps - 1 ? k + 1 : 0] : now;
}

#define CONV(suffix, F)                                                                                                              \
  ENTRY conv_outputs_##suffix(In x, In weight, In bias, In tails, const int *slots, Out y, ConvSizes s) {                            \
    begin(); convOutputs<F>(x, weight, bias, tails, slots, y, s);                                                                             \
  }                                                                                                                                  \
  ENTRY conv_tails_##suffix(In x, In tails, const int *slots, const int *lengths, Out newTails, ConvSizes s) {                       \
    begin(); convTails<F>(x, tails, slots, lengths, newTails, s);                                                                             \
  }                                                                                                                                  \
  ENTRY conv_step_##suffix(In x, In weight, In bias, In tails, const int *slots, const int *lengths, Out y, Out newTails, ConvSizes s) { \
    begin(); convStep<F>(x, weight, bias, tails, slots, lengths, y, newTails, s);                                                             \
  }
CONV(f32, true)
CONV(any, false)
