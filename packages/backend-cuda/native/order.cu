// Orders: argmax, stable sort and top-k along contiguous rows. NaN counts as larger than +inf, -0 as equal to 0.
#include "common.cuh"

// Larger keys for larger values.
__device__ __forceinline__ u32 keyOf(float x) {
  if (x != x) return 0xffffffffu;
  if (x == 0.0f) x = 0.0f;
  const u32 bits = __float_as_uint(x);
  return (bits & 0x80000000u) ? ~bits : bits | 0x80000000u;
}

ENTRY argmax_rows(In x, int *y, u32 width) {
  __shared__ unsigned long long room[32];
  const i64 from = (i64)blockIdx.x * width;
  // The largest value, and of equals the smallest index.
  unsigned long long best = 0;
  for (u32 i = threadIdx.x; i < width; i += blockDim.x) {
    const unsigned long long key = ((unsigned long long)keyOf(load<false>(x, from + i)) << 32) | (0xffffffffu - i);
    best = max(best, key);
  }
#pragma unroll
  for (int offset = 16; offset > 0; offset >>= 1) best = max(best, __shfl_xor_sync(0xffffffffu, best, offset));
  if ((threadIdx.x & 31) == 0) room[threadIdx.x >> 5] = best;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int warp = 1; warp < (int)(blockDim.x >> 5); warp++) best = max(best, room[warp]);
    y[blockIdx.x] = (int)(0xffffffffu - (u32)best);
  }
}

// Bitonic sort of unique keys (value, index), hence stable. `padded` is a power of two. One block for a row.
__device__ __forceinline__ void bitonic(unsigned long long *keys, u32 padded) {
  for (u32 size = 2; size <= padded; size <<= 1) {
    for (u32 stride = size >> 1; stride > 0; stride >>= 1) {
      __syncthreads();
      for (u32 pair = threadIdx.x; pair < padded / 2; pair += blockDim.x) {
        const u32 i = 2 * stride * (pair / stride) + pair % stride, j = i + stride;
        const bool isUp = (i & size) == 0;
        const unsigned long long a = keys[i], b = keys[j];
        if ((a > b) == isUp) {
          keys[i] = b;
          keys[j] = a;
        }
      }
    }
  }
  __syncthreads();
}

// The first `kept` of a sorted row. Keys lie in shared memory if `inShared`, else in scratch.
ENTRY sort_rows(In x, Out values, int *indices, unsigned long long *scratch, u32 width, u32 padded, u32 kept,
                u32 isDescending, u32 inShared) {
  extern __shared__ unsigned long long shared[];
  unsigned long long *keys = inShared ? shared : scratch + (i64)blockIdx.x * padded;
  const i64 from = (i64)blockIdx.x * width, to = (i64)blockIdx.x * kept;
  for (u32 i = threadIdx.x; i < padded; i += blockDim.x) {
    u32 key = 0xffffffffu;
    if (i < width) {
      key = keyOf(load<false>(x, from + i));
      if (isDescending) key = ~key;
    }
    // Padding has the largest index of all, so that it comes last even beside the largest key.
    keys[i] = ((unsigned long long)key << 32) | i;
  }
  bitonic(keys, padded);
  for (u32 i = threadIdx.x; i < kept; i += blockDim.x) {
    const u32 index = (u32)keys[i];
    if (values.dtype == F32) ((u32 *)values.data)[to + i] = ((const u32 *)x.data)[from + index];
    else ((uint16_t *)values.data)[to + i] = ((const uint16_t *)x.data)[from + index];
    indices[to + i] = (int)index;
  }
}
