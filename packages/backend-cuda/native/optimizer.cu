// The optimiser over many tensors at once (src/fusion/fuse-optimizer.ts): the sums of squares of all gradients, and a step of AdamW
// of all parameters. The tensors' places are the kernels' parameters.
#include "common.cuh"

constexpr int mostTensors = 256, threads = 256, mostBlocks = 512;

struct Squared {
  const float *x;
  float *y;
  u32 count, firstBlock;
};
struct Squares {
  u32 tensors, reserved;
  float *total; // y of the first tensor plus that of the second, and so on, in the order of `order`
  Squared list[mostTensors];
};
// Sums of blocks, between two launches that follow each other.
__device__ double squareParts[mostTensors * mostBlocks];

template <class T> __device__ __forceinline__ u32 tensorOf(const T &s, u32 block) {
  u32 low = 0, high = s.tensors;
  while (high - low > 1) {
    const u32 middle = (low + high) / 2;
    if (s.list[middle].firstBlock <= block) low = middle;
    else high = middle;
  }
  return low;
}

ENTRY __launch_bounds__(threads) squares_of_many(const __grid_constant__ Squares s) {
  __shared__ double room[threads / 32];
  const u32 at = tensorOf(s, blockIdx.x), first = s.list[at].firstBlock;
  const u32 blocks = (at + 1 < s.tensors ? s.list[at + 1].firstBlock : gridDim.x) - first;
  const float *x = s.list[at].x;
  const u32 count = s.list[at].count;
  double sum = 0.0;
  for (u32 i = (blockIdx.x - first) * threads + threadIdx.x; i < count; i += blocks * threads) sum += (double)x[i] * (double)x[i];
#pragma unroll
  for (int offset = 16; offset > 0; offset >>= 1) sum += __shfl_xor_sync(0xffffffffu, sum, offset);
  if ((threadIdx.x & 31) == 0) room[threadIdx.x >> 5] = sum;
  __syncthreads();
  if (threadIdx.x != 0) return;
  for (int warp = 1; warp < threads / 32; warp++) sum += room[warp];
  squareParts[blockIdx.x] = sum;
}
// One block.
ENTRY __launch_bounds__(threads) squares_of_many_join(const __grid_constant__ Squares s, u32 allBlocks) {
  __shared__ float sums[mostTensors];
  const u32 lane = threadIdx.x & 31;
  for (u32 at = threadIdx.x >> 5; at < s.tensors; at += threads / 32) {
    const u32 first = s.list[at].firstBlock, last = at + 1 < s.tensors ? s.list[at + 1].firstBlock : allBlocks;
    double sum = 0.0;
    for (u32 block = first + lane; block < last; block += 32) sum += squareParts[block];
#pragma unroll
    for (int offset = 16; offset > 0; offset >>= 1) sum += __shfl_xor_sync(0xffffffffu, sum, offset);
    if (lane == 0) *s.list[at].y = sums[at] = (float)sum;
  }
  __syncthreads();
  if (threadIdx.x != 0 || !s.total) return;
  float total = sums[0];
  for (u32 at = 1; at < s.tensors; at++) total += sums[at];
  *s.total = total;
}

struct Stepped {
  float *parameter, *first, *second;
  const float *gradient;
  u32 count, firstBlock;
  float decay;
  u32 reserved;
};
struct Steps {
  u32 tensors;
  float beta1, beta2, epsilon;
  const float *numbers; // rate, the two corrections, scale of the gradient
  Stepped list[mostTensors];
};
// As adamw_step of training.cu.
ENTRY __launch_bounds__(threads) adamw_of_many(const __grid_constant__ Steps s) {
  const float rate = s.numbers[0], firstCorrection = s.numbers[1], secondCorrection = s.numbers[2], scale = s.numbers[3];
  if (!isfinite(scale)) return;
  const u32 at = tensorOf(s, blockIdx.x);
  const Stepped &tensor = s.list[at];
  const u32 blocks = (at + 1 < s.tensors ? s.list[at + 1].firstBlock : gridDim.x) - tensor.firstBlock;
  for (u32 i = (blockIdx.x - tensor.firstBlock) * threads + threadIdx.x; i < tensor.count; i += blocks * threads) {
    const float before = tensor.parameter[i], g = scale * tensor.gradient[i];
    const float m = s.beta1 * tensor.first[i] + (1.0f - s.beta1) * g, v = s.beta2 * tensor.second[i] + (1.0f - s.beta2) * g * g;
    const float direction = m * firstCorrection / (sqrtf(v * secondCorrection) + s.epsilon);
    tensor.parameter[i] = before - rate * (direction + tensor.decay * before);
    tensor.first[i] = m;
    tensor.second[i] = v;
  }
}
