// The list of steps of the persistent kernel, as src/persistent/encode-step.ts lays it out, and what all steps share.
#pragma once
#include "machine.cuh"

constexpr int warps = 8, threads = warps * 32;
constexpr int mostPointers = 13, mostWords = 10, mostSteps = 200;

enum StepOp { PRODUCT = 0, SSD = 1, ELEMENTS = 2 };
constexpr u32 waitsForAll = 0x100; // of word 0: every block has to have ended the steps before

struct Step {
  const void *p[mostPointers];
  u32 w[mostWords];
};

// As a kernel's parameter it lies in constant memory: nothing has to be uploaded, and a graph keeps it.
// `codeRoom` and `scaleRoom`: bytes of a slot of the ring (weight-ring.cuh) for codes, and for scales or zero points.
struct Steps {
  u32 count, firstProduct, slotsOfWarp, slotBytes, codeRoom, scaleRoom;
  Step steps[mostSteps];
};

// Memory that other blocks write goes past the first-level cache, which is not coherent.
__device__ __forceinline__ float fresh(const float *p) { return __ldcg(p); }
__device__ __forceinline__ float4 fresh(const float4 *p) { return __ldcg(p); }

__device__ __forceinline__ float wordAsFloat(u32 word) { return __uint_as_float(word); }

// x / (1 + e^-x), quicker than `silu` of common.cuh, within some 1e-6 of it.
__device__ __forceinline__ float quickSilu(float x) { return __fdividef(x, 1.0f + __expf(-x)); }

// The slot of the row, read once for all layers.
struct SlotOnce {
  const void *from = nullptr;
  int slot = -1;
  __device__ __forceinline__ int of(const void *p) {
    if (p != from) from = p, slot = __ldcg((const int *)p);
    return slot;
  }
};

// Of the warps that compute.
__device__ __forceinline__ void blockSync() { syncThreads<threads>(); }

// count / by, of a count and divisor below 2^31: `magic` is `inverseOf(by)`.
__device__ __forceinline__ u32 inverseOf(u32 by) { return 0xffffffffu / by; }
__device__ __forceinline__ u32 quotient(u32 count, u32 by, u32 magic) {
  const u32 least = __umulhi(count, magic);
  return least + (count - least * by >= by ? 1 : 0);
}

// The part of `count` that is this block's: from `first` on to before `end`. Parts differ by one at most.
struct Share {
  u32 first, end;
  __device__ __forceinline__ Share(u32 count, u32 magic) {
    const u32 least = quotient(count, gridDim.x, magic), more = count - least * gridDim.x;
    first = blockIdx.x * least + min(blockIdx.x, more);
    end = first + least + (blockIdx.x < more ? 1 : 0);
  }
};

// A barrier among all blocks, of which each has a multiprocessor of its own. `arrivals` counts on and on, from launch to
// launch; `passed` is how many barriers a block has passed, and the same of all blocks between launches.
constexpr u32 mostBlocks = 1024;
__device__ u32 arrivals, passed[mostBlocks];

struct GridBarrier {
  u32 target; // of thread 0
  __device__ __forceinline__ void open() { target = threadIdx.x == 0 ? passed[blockIdx.x] : 0; }
  // What the block has written is there for whoever passes `wait` after it.
  __device__ __forceinline__ void arrive() {
    blockSync();
    target += 1;
    if (threadIdx.x == 0 && gridDim.x > 1) addRelease(&arrivals, 1);
  }
  __device__ __forceinline__ void wait() {
    if (threadIdx.x == 0 && gridDim.x > 1) {
      u32 spins = 0;
      while ((int)(loadAcquire(&arrivals) - target * gridDim.x) < 0)
        if (++spins > (1u << 26)) __trap(); // a lost block is an error, not a machine that hangs
    }
    blockSync();
  }
  __device__ __forceinline__ void close() {
    if (threadIdx.x == 0 && gridDim.x > 1) passed[blockIdx.x] = target;
  }
};
