// A whole run of steps of a model in one launch: every multiprocessor has one block, which walks the list of steps and
// waits for the others only where a step needs what they made. While it waits, the weights of the steps to come keep
// streaming in (weight-ring.cuh), and what a step reads of constants and of states is asked for before the barrier.
// There are no more blocks than multiprocessors and nothing else is at work, so that all of them are; results do not
// depend on timing.
#include "persistent-elements.cuh"
#include "persistent-product.cuh"
#include "persistent-ssd.cuh"

// What the next product will read once and soon: its convolution's and its norm's weights.
__device__ __forceinline__ void prefetchAround(const Step &s, SlotOnce &once, u32 magic) {
  const ProductOf product(s.w[5]);
  const Share share(unitsOf(s.w[1], product.rows), magic);
  const u32 channels = s.w[8];
  for (u32 n = share.first * product.rows + threadIdx.x; n < min(share.end * product.rows, s.w[1]); n += threads) {
    if (n - s.w[7] >= channels) continue;
    const u32 c = n - s.w[7];
    prefetch((const float4 *)s.p[8] + c);
    if ((c & 7) != 0 && threadIdx.x != 0) continue;
    prefetch((const float *)s.p[9] + c);
    const int slot = once.of(s.p[11]);
    if (slot < 0 || (u32)slot >= (s.w[9] & 0x7fffffffu)) continue;
    for (u32 k = 0; k < 3; k++) prefetch((const float *)s.p[10] + ((i64)slot * 3 + k) * channels + c);
  }
  // A block asks for one line of the norm's weight.
  if (threadIdx.x == 0 && product.prologue != 0 && blockIdx.x * 32 < s.w[2]) prefetch((const float *)s.p[7] + blockIdx.x * 32);
}

ENTRY __launch_bounds__(threads, 1) persistent(const __grid_constant__ Steps list) {
#if __CUDA_ARCH__ >= 900
  extern __shared__ __align__(128) char room[];
  const u32 warp = threadIdx.x >> 5, count = list.count, slotsOfAll = warps * list.slotsOfWarp;
  RowRoom row;
  row.x = (float4 *)room, row.fixed = room + rowRoom, row.units = (float2 *)(row.fixed + fixedRoom);
  row.squares = (float *)(row.fixed + fixedRoom + unitsRoom);
  Step *steps = (Step *)(room + rowRoom + fixedRoom + unitsRoom + squaresRoom);
  u64 *bars = (u64 *)(steps + mostSteps);
  char *slots = room + (rowRoom + fixedRoom + unitsRoom + squaresRoom + mostSteps * sizeof(Step) + 8 * slotsOfAll + 127) / 128 * 128;
  // The list is read many times, by its parts: constant memory is slow at both.
  for (u32 at = threadIdx.x; at < count * (sizeof(Step) / 8); at += threads) ((u64 *)steps)[at] = ((const u64 *)list.steps)[at];
  if (threadIdx.x < slotsOfAll) {
    barrierOpen(sharedAddress(bars + threadIdx.x));
    barriersOpened();
  }
  blockSync();
  GridBarrier barrier;
  WeightRing ring;
  const u32 magic = inverseOf(gridDim.x);
  ring.open(list, steps, slots, bars, magic);
  SlotOnce once;
  barrier.open();
  for (u32 i = 0; i < count; i++) {
    const Step &s = steps[i];
    const u32 first = s.w[0], op = first & 0xff;
    const bool isWaiting = i > 0 && (first & waitsForAll) != 0;
    if (isWaiting) barrier.arrive();
    else blockSync();
    if (op == PRODUCT) {
      const ProductOf form(s.w[5]);
      const Share share(unitsOf(s.w[1], form.rows), magic);
      Around around;
      around.ask(s, form.rows, share.first + warp, share.end, once);
      if (threadIdx.x == threads - 1 && i + 1 < count && (steps[i + 1].w[0] & 0xff) == SSD) prefetchStates(steps[i + 1], once, magic);
      if (s.w[6] < count) prefetchAround(steps[s.w[6]], once, magic);
      if (isWaiting) barrier.wait();
      around.askFresh(s);
      stageRow(s, form, row);
      blockSync();
      const Scales scales = {list.codeRoom, list.scaleRoom, s.p[3] != nullptr};
      if (form.kind == W_BF16) productOf<W_BF16>(s, form, row, ring, scales, around, share, once);
      else if (form.kind == W_Q8) productOf<W_Q8>(s, form, row, ring, scales, around, share, once);
      else productOf<W_Q4>(s, form, row, ring, scales, around, share, once);
    } else if (op == SSD) {
      SsdAhead ahead;
      askSsd(s, once, magic, ahead);
      if (isWaiting) barrier.wait();
      runSsd(s, ahead);
    } else {
      if (isWaiting) barrier.wait();
      runElements(s);
    }
  }
  barrier.close();
#endif
}
