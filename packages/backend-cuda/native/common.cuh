// What every kernel file shares: element types by code, loads and stores that widen and round, warp and block sums.
#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <stdint.h>

#define ENTRY extern "C" __global__ void

// Programmatic dependent launch (Hopper and newer): a kernel may be started before the one before it has ended. Until
// `waitForPrevious` it may touch nothing but constants; what comes after it in the stream starts from `letNextBegin` on,
// so that there are never more than two kernels at work.
__device__ __forceinline__ void waitForPrevious() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}
__device__ __forceinline__ void letNextBegin() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;");
#endif
}
// The first statement of a kernel whose launches are marked `overlaps`.
__device__ __forceinline__ void begin() {
  waitForPrevious();
  letNextBegin();
}

typedef long long i64;
typedef uint32_t u32;
typedef unsigned long long u64;

// Codes of dtypes, as in src/launch/dtype-code.ts.
enum DType { F64 = 0, F32 = 1, F16 = 2, BF16 = 3, I32 = 4, U32 = 5, I8 = 6, U8 = 7, BOOL = 8 };

__device__ __forceinline__ float toFloat(float x) { return x; }
__device__ __forceinline__ float toFloat(__half x) { return __half2float(x); }
__device__ __forceinline__ float toFloat(__nv_bfloat16 x) { return __bfloat162float(x); }

template <class T> __device__ __forceinline__ T fromFloat(float x);
template <> __device__ __forceinline__ float fromFloat<float>(float x) { return x; }
template <> __device__ __forceinline__ __half fromFloat<__half>(float x) { return __float2half_rn(x); }
template <> __device__ __forceinline__ __nv_bfloat16 fromFloat<__nv_bfloat16>(float x) { return __float2bfloat16_rn(x); }

// An operand whose float dtype is known only at run time. The branch is the same for a whole grid.
struct In {
  const void *data;
  i64 dtype;
};
struct Out {
  void *data;
  i64 dtype;
};

// Reads element `at` as float32. ALL_F32: the kernel was chosen for float32 operands.
template <bool ALL_F32> __device__ __forceinline__ float load(const In &x, i64 at) {
  if (ALL_F32 || x.dtype == F32) return ((const float *)x.data)[at];
  if (x.dtype == BF16) return __bfloat162float(((const __nv_bfloat16 *)x.data)[at]);
  return __half2float(((const __half *)x.data)[at]);
}

template <bool ALL_F32> __device__ __forceinline__ void store(const Out &y, i64 at, float value) {
  if (ALL_F32 || y.dtype == F32) ((float *)y.data)[at] = value;
  else if (y.dtype == BF16) ((__nv_bfloat16 *)y.data)[at] = __float2bfloat16_rn(value);
  else ((__half *)y.data)[at] = __float2half_rn(value);
}

// Four neighbours at a multiple of four elements.
__device__ __forceinline__ void storeFour(const Out &y, i64 at, float4 value) {
  if (y.dtype == F32) {
    *(float4 *)((float *)y.data + at) = value;
  } else if (y.dtype == BF16) {
    const __nv_bfloat162 pairs[2] = {__floats2bfloat162_rn(value.x, value.y), __floats2bfloat162_rn(value.z, value.w)};
    *(uint2 *)((__nv_bfloat16 *)y.data + at) = *(const uint2 *)pairs;
  } else {
    const __half2 pairs[2] = {__floats2half2_rn(value.x, value.y), __floats2half2_rn(value.z, value.w)};
    *(uint2 *)((__half *)y.data + at) = *(const uint2 *)pairs;
  }
}

__device__ __forceinline__ float silu(float x) { return x / (1.0f + expf(-x)); }
__device__ __forceinline__ float softplus(float x) { return fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x))); }

__device__ __forceinline__ float warpSum(float x) {
#pragma unroll
  for (int offset = 16; offset > 0; offset >>= 1) x += __shfl_xor_sync(0xffffffffu, x, offset);
  return x;
}

// The larger, or NaN if either is NaN.
__device__ __forceinline__ float nanMax(float a, float b) {
  return (a != a) ? a : (b != b) ? b : fmaxf(a, b);
}

__device__ __forceinline__ float warpMax(float x) {
#pragma unroll
  for (int offset = 16; offset > 0; offset >>= 1) x = nanMax(x, __shfl_xor_sync(0xffffffffu, x, offset));
  return x;
}

// Sum over a block of at most 1024 threads, given to every thread. `room` is 32 floats of shared memory.
__device__ __forceinline__ float blockSum(float x, float *room) {
  x = warpSum(x);
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = (blockDim.x + 31) >> 5;
  __syncthreads();
  if (lane == 0) room[warp] = x;
  __syncthreads();
  return warpSum(lane < warps ? room[lane] : 0.0f);
}

__device__ __forceinline__ float blockMax(float x, float *room) {
  x = warpMax(x);
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = (blockDim.x + 31) >> 5;
  __syncthreads();
  if (lane == 0) room[warp] = x;
  __syncthreads();
  return warpMax(lane < warps ? room[lane] : -INFINITY);
}

// Philox 4x32-10 (Salmon et al. 2011, §3.3): one block of four words.
__device__ __forceinline__ uint4 philox(u32 key0, u32 key1, uint4 c) {
#pragma unroll
  for (int round = 0; round < 10; round++) {
    const u32 high0 = __umulhi(0xd2511f53u, c.x), low0 = 0xd2511f53u * c.x;
    const u32 high1 = __umulhi(0xcd9e8d57u, c.z), low1 = 0xcd9e8d57u * c.z;
    c = make_uint4(high1 ^ c.y ^ key0, low1, high0 ^ c.w ^ key1, low0);
    key0 += 0x9e3779b9u;
    key1 += 0xbb67ae85u;
  }
  return c;
}
__device__ __forceinline__ u32 wordOf(uint4 block, int index) {
  return index == 0 ? block.x : index == 1 ? block.y : index == 2 ? block.z : block.w;
}
