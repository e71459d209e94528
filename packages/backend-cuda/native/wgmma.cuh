// What Hopper's tensor cores need besides products: barriers, tiles that the copy engine brings, order between proxies.
// Everything here is for compute capability 9.0a alone: kernels have bodies where HOPPER is defined.
#pragma once
#include "wgmma-shapes.cuh"

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define HOPPER 1
#endif

__device__ __forceinline__ u32 addressOf(const void *p) { return (u32)__cvta_generic_to_shared(p); }

// A tile of rows of 128 bytes whose 16-byte chunks are swizzled by the row (chunk ^ row % 8), 8 rows after 8 rows.
// `panel`: bytes from one panel of 64 rows (columns) to the next where these are contiguous rather than k.
__device__ __forceinline__ u64 tileAt(u32 address, u32 panel = 16) {
  return (u64)((address & 0x3ffff) >> 4) | (u64)(panel >> 4) << 16 | (u64)(1024 >> 4) << 32 | (u64)1 << 62;
}
// Byte offset of element `column` (of 64) of a row in such a tile.
__device__ __forceinline__ u32 swizzled(u32 row, u32 column) {
  return row * 128 + ((((column >> 3) ^ row) & 7) << 4) + (column & 7) * 2;
}

__device__ __forceinline__ void beginProducts() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void endProducts() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
// Waits until at most PENDING groups of products are unfinished.
template <int PENDING> __device__ __forceinline__ void waitForProducts() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(PENDING) : "memory");
}
// Keeps the compiler from moving reads of sums above the wait for them.
template <int COUNT> __device__ __forceinline__ void settle(float (&sums)[COUNT]) {
#pragma unroll
  for (int i = 0; i < COUNT; i++) asm volatile("" : "+f"(sums[i])::"memory");
}
// Makes stores to shared memory visible to the tensor cores and the copy engine.
__device__ __forceinline__ void showToTensorCores() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
template <int COUNT> __device__ __forceinline__ void keepRegisters() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(COUNT));
}
template <int COUNT> __device__ __forceinline__ void giveRegisters() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(COUNT));
}

__device__ __forceinline__ void initBarrier(u32 barrier, u32 arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals));
}
__device__ __forceinline__ void showBarriers() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }
__device__ __forceinline__ void arrive(u32 barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}
__device__ __forceinline__ void arriveExpecting(u32 barrier, u32 bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}
__device__ __forceinline__ void waitFor(u32 barrier, u32 parity) {
  asm volatile("{\n.reg .pred done;\nWAIT:\nmbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n@!done bra WAIT;\n}\n" ::"r"(barrier),
               "r"(parity)
               : "memory");
}
// A barrier of some of a block's warps.
template <int ID, int THREADS> __device__ __forceinline__ void meet() {
  asm volatile("bar.sync %0, %1;" ::"n"(ID), "n"(THREADS) : "memory");
}

// The driver's CUtensorMap: what the copy engine knows of a matrix in device memory.
struct alignas(64) TensorMap {
  u64 words[16];
};
__device__ __forceinline__ void copyTile(u32 to, const TensorMap *map, u32 barrier, int x, int y, int z) {
  asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5}], [%2];" ::"r"(to),
               "l"(map), "r"(barrier), "r"(x), "r"(y), "r"(z)
               : "memory");
}
