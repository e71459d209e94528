// Ops along contiguous rows: norms, softmax, cross entropy. One block for a row (or for a group of one).
#include "common.cuh"

// x / sqrt(mean(x^2) + epsilon) * weight (Zhang & Sennrich 2019, eq. 4). y may be x.
template <bool F> __device__ __forceinline__ void rmsNorm(const In &x, const In &weight, const Out &y, u32 width, float epsilon) {
  __shared__ float room[32];
  const i64 from = (i64)blockIdx.x * width;
  float squares = 0.0f;
  for (u32 i = threadIdx.x; i < width; i += blockDim.x) {
    const float value = load<F>(x, from + i);
    squares += value * value;
  }
  const float scale = rsqrtf(blockSum(squares, room) / (float)width + epsilon);
  for (u32 i = threadIdx.x; i < width; i += blockDim.x)
    store<F>(y, from + i, load<F>(x, from + i) * scale * load<F>(weight, i));
}
ENTRY rms_norm_f32(In x, In weight, Out y, u32 width, float epsilon) { begin(); rmsNorm<true>(x, weight, y, width, epsilon); }
ENTRY rms_norm_any(In x, In weight, Out y, u32 width, float epsilon) { begin(); rmsNorm<false>(x, weight, y, width, epsilon); }

// Gated RMSNorm of Mamba-2 (Dao & Gu 2024, §7.1): a block for a group of a row.
template <bool F>
__device__ __forceinline__ void gatedRmsNorm(const In &x, const In &gate, const In &weight, const Out &y, u32 width,
                                             u32 groupWidth, float epsilon, u32 isGatedFirst, i64 gateStride) {
  __shared__ float room[32];
  const u32 groups = width / groupWidth, row = blockIdx.x / groups, first = (blockIdx.x - row * groups) * groupWidth;
  const i64 from = (i64)row * width + first, gateFrom = row * gateStride + first;
  float squares = 0.0f;
  for (u32 i = threadIdx.x; i < groupWidth; i += blockDim.x) {
    float value = load<F>(x, from + i);
    if (isGatedFirst) value *= silu(load<F>(gate, gateFrom + i));
    squares += value * value;
  }
  const float scale = rsqrtf(blockSum(squares, room) / (float)groupWidth + epsilon);
  for (u32 i = threadIdx.x; i < groupWidth; i += blockDim.x) {
    const float value = load<F>(x, from + i) * scale * load<F>(weight, first + i);
    store<F>(y, from + i, value * silu(load<F>(gate, gateFrom + i)));
  }
}
ENTRY gated_rms_norm_f32(In x, In gate, In weight, Out y, u32 width, u32 groupWidth, float epsilon, u32 isGatedFirst, i64 gateStride) {
  begin();
  gatedRmsNorm<true>(x, gate, weight, y, width, groupWidth, epsilon, isGatedFirst, gateStride);
}
ENTRY gated_rms_norm_any(In x, In gate, In weight, Out y, u32 width, u32 groupWidth, float epsilon, u32 isGatedFirst, i64 gateStride) {
  begin();
  gatedRmsNorm<false>(x, gate, weight, y, width, groupWidth, epsilon, isGatedFirst, gateStride);
}

// (x - mean) / sqrt(variance + epsilon) * weight + bias (Ba, Kiros & Hinton 2016). y may be x.
ENTRY layer_norm(In x, In weight, In bias, Out y, u32 width, float epsilon, u32 hasBias) {
  begin();
  __shared__ float room[32];
  const i64 from = (i64)blockIdx.x * width;
  float sum = 0.0f;
  for (u32 i = threadIdx.x; i < width; i += blockDim.x) sum += load<false>(x, from + i);
  const float mean = blockSum(sum, room) / (float)width;
  float squares = 0.0f;
  for (u32 i = threadIdx.x; i < width; i += blockDim.x) {
    const float centred = load<false>(x, from + i) - mean;
    squares += centred * centred;
  }
  const float scale = rsqrtf(blockSum(squares, room) / (float)width + epsilon);
  for (u32 i = threadIdx.x; i < width; i += blockDim.x) {
    float value = (load<false>(x, from + i) - mean) * scale * load<false>(weight, i);
    if (hasBias) value += load<false>(bias, i);
    store<false>(y, from + i, value);
  }
}

// e^(x - max) / sum; a row of -inf gives zeros. Or its logarithm. y may be x.
ENTRY softmax_rows(In x, Out y, u32 width, u32 isLog) {
  begin();
  __shared__ float room[32];
  const i64 from = (i64)blockIdx.x * width;
  float largest = -INFINITY;
  for (u32 i = threadIdx.x; i < width; i += blockDim.x) largest = nanMax(largest, load<false>(x, from + i));
  largest = blockMax(largest, room);
  const bool isEmpty = !isLog && largest == -INFINITY;
  float total = 0.0f;
  for (u32 i = threadIdx.x; i < width; i += blockDim.x) total += expf(load<false>(x, from + i) - largest);
  total = blockSum(total, room);
  const float logTotal = logf(total);
  for (u32 i = threadIdx.x; i < width; i += blockDim.x) {
    const float shifted = load<false>(x, from + i) - largest;
    store<false>(y, from + i, isLog ? shifted - logTotal : isEmpty ? 0.0f : expf(shifted) / total);
  }
}

// -log softmax(logits)[target] in nats; 0 for a target outside the vocabulary.
ENTRY cross_entropy(In logits, const int *targets, float *loss, u32 width) {
  begin();
  __shared__ float room[32];
  const i64 from = (i64)blockIdx.x * width;
  const int target = targets[blockIdx.x];
  if (target < 0 || (u32)target >= width) {
    if (threadIdx.x == 0) loss[blockIdx.x] = 0.0f;
    return;
  }
  // Sums of e^(x - largest so far): one pass for both.
  float highest = -INFINITY, total = 0.0f;
  for (u32 i = threadIdx.x; i < width; i += blockDim.x) {
    const float value = load<false>(logits, from + i), before = highest;
    highest = nanMax(highest, value);
    if (highest != before) total *= expf(before - highest);
    if (value != -INFINITY) total += expf(value - highest);
  }
  const float largest = blockMax(highest, room);
  total = blockSum(highest == -INFINITY ? 0.0f : total * expf(highest - largest), room);
  if (threadIdx.x == 0) loss[blockIdx.x] = largest - load<false>(logits, from + target) + logf(total);
}
