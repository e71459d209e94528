// The list of steps of the persistent kernel, as src/persistent/encode-step.ts lays it out, and what all steps share.
#pragma once
#include "common.cuh"

constexpr int threads = 512, warps = threads / 32;
constexpr int mostPointers = 13, mostWords = 10, mostSteps = 200;

// RIDER: done in passing by idle warps of the product before it.
enum StepOp { PRODUCT = 0, SSD = 1, TAILS = 2, RIDER = 3, ELEMENTS = 4 };
constexpr u32 waitsForAll = 0x100; // of word 0: every block has to have ended the steps before

struct Step {
  const void *p[mostPointers];
  u32 w[mostWords];
};

// As a kernel's parameter it lies in constant memory: nothing has to be uploaded, and a graph keeps it.
struct Steps {
  u32 count, firstProduct;
  Step steps[mostSteps];
};

// Memory that other blocks write goes past the first-level cache, which is not coherent.
__device__ __forceinline__ float fresh(const float *p) { return __ldcg(p); }
__device__ __forceinline__ float4 fresh(const float4 *p) { return __ldcg(p); }

__device__ __forceinline__ float wordAsFloat(u32 word) { return __uint_as_float(word); }

// x / (1 + e^-x), quicker than `silu` of common.cuh, within some 1e-6 of it.
__device__ __forceinline__ float quickSilu(float x) { return __fdividef(x, 1.0f + __expf(-x)); }

// A barrier among all blocks, of which each has a multiprocessor of its own. `arrivals` counts on and on; `epoch` is
// what it stood at when the launch began, kept by block 0 at its end, when everyone has read it.
__device__ u32 arrivals, epoch;

struct GridBarrier {
  u32 target;
  __device__ __forceinline__ void open() {
    if (threadIdx.x == 0) target = *(volatile u32 *)&epoch;
  }
  // What the block has written is there for whoever passes `wait` after it.
  __device__ __forceinline__ void arrive() {
    __syncthreads();
    if (threadIdx.x == 0) {
      target += gridDim.x;
      asm volatile("red.release.gpu.global.add.u32 [%0], 1;" ::"l"(&arrivals) : "memory");
    }
  }
  __device__ __forceinline__ void wait() {
    if (threadIdx.x == 0) {
      u32 seen;
      u32 spins = 0;
      do {
        asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(seen) : "l"(&arrivals) : "memory");
        if (++spins > (1u << 26)) __trap(); // a lost block is an error, not a machine that hangs
      } while ((int)(seen - target) < 0);
    }
    __syncthreads();
  }
  __device__ __forceinline__ void close() {
    arrive();
    wait();
    if (threadIdx.x == 0 && blockIdx.x == 0) *(volatile u32 *)&epoch = target;
  }
};
