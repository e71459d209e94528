// A whole run of steps of a model in one launch: every multiprocessor has one block, which walks the list of steps and
// waits for the others only where a step needs what they made. While it waits, the weights of the steps to come keep
// streaming in (weight-ring.cuh), and what a step reads of constants and of states is asked for before the barrier.
// There are no more blocks than multiprocessors and nothing else is at work, so that all of them are; results do not
// depend on timing.
#include "persistent-elements.cuh"
#include "persistent-product.cuh"
#include "persistent-ssd.cuh"

ENTRY __launch_bounds__(threads, 1) persistent(const __grid_constant__ Steps list) {
#if __CUDA_ARCH__ >= 900
  extern __shared__ __align__(128) char room[];
  __shared__ Cursor cursors[warps];
  __shared__ u64 bars[warps * slots];
  __shared__ float squares[mostColumns / 64];
  __shared__ float sums[mostColumns / 16];
  const u32 warp = threadIdx.x >> 5, count = list.count;
  Step *steps = (Step *)(room + xRoom + warps * slots * slotBytes);
  const ProductRoom product = {(float4 *)room, sums, squares};
  GridBarrier barrier;
  WeightRing ring;
  SlotOnce slot;
  barrier.open();
  // The list is read many times, by its parts: constant memory is slow at both.
  for (u32 at = threadIdx.x; at < count * (sizeof(Step) / 8); at += threads) ((u64 *)steps)[at] = ((const u64 *)list.steps)[at];
  __syncthreads();
  ring.open(steps, count, list.firstProduct, cursors + warp, room + xRoom + warp * slots * slotBytes, bars + warp * slots);
  for (u32 i = 0; i < count; i++) {
    const Step &s = steps[i];
    const u32 first = s.w[0], op = first & 0xff;
    if (op == RIDER) continue;
    const bool isWaiting = i > 0 && (first & waitsForAll) != 0;
    if (isWaiting) barrier.arrive();
    else __syncthreads();
    if (op == PRODUCT) {
      const ProductOf form(s.w[5]);
      Gamma gamma;
      gamma.ask(form.prologue != 0 ? (const float4 *)s.p[7] : nullptr, s.w[2] / 4);
      if (isWaiting) barrier.wait();
      const auto rider = [&] {
        if (i + 1 < count && (steps[i + 1].w[0] & 0xff) == RIDER) runTails(steps[i + 1], slot);
      };
      if (form.kind == W_BF16) productOf<W_BF16>(s, form, product, gamma, ring, rider);
      else if (form.kind == W_Q8) productOf<W_Q8>(s, form, product, gamma, ring, rider);
      else productOf<W_Q4>(s, form, product, gamma, ring, rider);
    } else if (op == SSD) {
      SsdAhead ahead;
      askSsd(s, ring.worker, slot, ahead);
      if (isWaiting) barrier.wait();
      runSsd(s, ahead);
    } else {
      if (isWaiting) barrier.wait();
      if (op == TAILS) runTails(s, slot);
      else runElements(s);
    }
  }
  barrier.close();
#endif
}
