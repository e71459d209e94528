// What the persistent kernel says to the machine in PTX: bulk copies and their barriers in shared memory, flags in global
// memory, prefetches.
#pragma once
#include "common.cuh"

__device__ __forceinline__ u32 sharedAddress(const void *p) { return (u32)__cvta_generic_to_shared(p); }

__device__ __forceinline__ void barrierOpen(u32 bar) { asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(bar) : "memory"); }
__device__ __forceinline__ void barriersOpened() {
  asm volatile("fence.mbarrier_init.release.cluster;\nfence.proxy.async.shared::cta;" ::: "memory");
}
__device__ __forceinline__ void barrierExpect(u32 bar, u32 bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(bar), "r"(bytes) : "memory");
}
// Whether the phase of this parity has ended; waits for it a while.
__device__ __forceinline__ bool barrierTry(u32 bar, u32 parity) {
  u32 isDone;
  asm volatile("{\n.reg .pred p;\nmbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\nselp.u32 %0, 1, 0, p;\n}"
               : "=r"(isDone)
               : "r"(bar), "r"(parity)
               : "memory");
  return isDone != 0;
}
// Global to shared memory; bytes and addresses are multiples of 16. What is read once does not stay in the second-level cache.
__device__ __forceinline__ void bulkCopy(u32 to, const char *from, u32 bytes, u32 bar) {
  asm volatile(
      "{\n.reg .b64 policy;\n"
      "createpolicy.fractional.L2::evict_first.b64 policy, 1.0;\n"
      "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint [%0], [%1], %2, [%3], policy;\n}"
      ::"r"(to), "l"(from), "r"(bytes), "r"(bar)
      : "memory");
}
__device__ __forceinline__ void bulkPrefetch(const void *from, u32 bytes) {
  asm volatile("cp.async.bulk.prefetch.L2.global [%0], %1;" ::"l"(from), "r"(bytes) : "memory");
}
__device__ __forceinline__ void prefetch(const void *p) { asm volatile("prefetch.global.L2 [%0];" ::"l"(p)); }

__device__ __forceinline__ void addRelease(u32 *p, u32 value) {
  asm volatile("red.release.gpu.global.add.u32 [%0], %1;" ::"l"(p), "r"(value) : "memory");
}
__device__ __forceinline__ u32 loadAcquire(const u32 *p) {
  u32 v;
  asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(v) : "l"(p) : "memory");
  return v;
}

// A barrier of the first `count` threads of the block.
template <int COUNT> __device__ __forceinline__ void syncThreads() { asm volatile("bar.sync 1, %0;" ::"n"(COUNT) : "memory"); }

// a0 b0 + a1 b1 + a2 b2 + a3 b3 + c, of signed bytes.
__device__ __forceinline__ int dotBytes(u32 a, u32 b, int c) { return __dp4a((int)a, (int)b, c); }
