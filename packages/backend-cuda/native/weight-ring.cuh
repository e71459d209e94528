// Each warp streams the weights of all its products, from the first step to the last, through a ring of its own in shared
// memory (bulk copies, Hopper and newer): weights are constant, so they do not wait for barriers, and what a step needs
// has mostly arrived when the step begins. A slot holds a segment of a row, or two rows where they fit, with their scales.
#pragma once
#include "step.cuh"

constexpr u32 slots = 3, codeRoom = 2560, scaleRoom = 320;
constexpr u32 zerosAt = codeRoom + scaleRoom, slotBytes = zerosAt + scaleRoom;

enum WeightKind { W_BF16 = 0, W_Q8 = 1, W_Q4 = 2 };

// A product's step. p: x, codes, scales, zeros, y, residual, gate, normWeight; w: op, N, K, groupWidth, epsilon, form,
// the next product's step, units, bytes of a segment. A unit is what a warp computes at a time: a row, or two.
struct ProductOf {
  u32 kind, rows, prologue, isGatedFirst;
  __device__ __forceinline__ explicit ProductOf(u32 form)
      : kind(form & 3), rows((form >> 4) & 3), prologue((form >> 8) & 3), isGatedFirst((form >> 12) & 1) {}
};

__device__ __forceinline__ u32 rowBytesOf(u32 kind, u32 K) { return kind == W_BF16 ? 2 * K : kind == W_Q8 ? K : K / 2; }
// Blocks of 32 share two bytes of scale: 32 bytes of codes, or 16.
__device__ __forceinline__ u32 scaleShiftOf(u32 kind) { return kind == W_Q8 ? 4 : 3; }
__device__ __forceinline__ u32 sharedAddress(const void *p) { return (u32)__cvta_generic_to_shared(p); }

// What a warp will ask for next. It lies in shared memory, for its first lane: registers are short.
struct __align__(16) Cursor {
  const char *codes, *scales;
  const char *zeros;
  u32 unit, begin; // and the byte of its row
  u32 units, unitBytes, segmentBytes, matrixBytes;
  u32 step, scaleShift, reserved[2];
};

// The first product from `step` on that has a unit for this warp.
__device__ __forceinline__ void findProduct(const Step *steps, u32 step, u32 count, u32 worker, Cursor &c) {
  while (step < count && worker >= steps[step].w[7]) step = steps[step].w[6];
  c.step = step;
  if (step >= count) return;
  const Step &s = steps[step];
  const ProductOf product(s.w[5]);
  const u32 rowBytes = rowBytesOf(product.kind, s.w[2]);
  c.codes = (const char *)s.p[1], c.scales = (const char *)s.p[2], c.zeros = (const char *)s.p[3];
  c.unit = worker, c.begin = 0, c.units = s.w[7], c.unitBytes = rowBytes * product.rows, c.segmentBytes = s.w[8];
  c.matrixBytes = rowBytes * s.w[1], c.scaleShift = scaleShiftOf(product.kind);
}

__device__ __forceinline__ void bulkCopy(u32 to, const char *from, u32 bytes, u32 bar) {
  asm volatile(
      "{\n.reg .b64 policy;\n"
      "createpolicy.fractional.L2::evict_first.b64 policy, 1.0;\n"
      "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint [%0], [%1], %2, [%3], policy;\n}"
      ::"r"(to), "l"(from), "r"(bytes), "r"(bar)
      : "memory");
}

struct WeightRing {
  const Step *steps; // in shared memory
  Cursor *cursor;
  char *room; // slots * slotBytes, this warp's
  u32 bars;   // slots barriers, this warp's
  u32 count;  // of steps
  u32 turn, parity; // the slot that is next, and the parity of its barrier
  u32 worker, workers;

  __device__ __forceinline__ void open(const Step *itsSteps, u32 itsCount, u32 firstProduct, Cursor *itsCursor, char *itsRoom, u64 *itsBars) {
    steps = itsSteps, count = itsCount, cursor = itsCursor, room = itsRoom, bars = sharedAddress(itsBars);
    worker = (threadIdx.x >> 5) * gridDim.x + blockIdx.x, workers = warps * gridDim.x;
    turn = parity = 0;
    if ((threadIdx.x & 31) == 0) {
      for (u32 i = 0; i < slots; i++) asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(bars + 8 * i) : "memory");
      asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
      asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
      findProduct(steps, firstProduct, count, worker, *cursor);
      for (u32 i = 0; i < slots; i++) ask(i);
    }
    __syncwarp();
  }

  // Fills a slot, if anything is left to stream. One lane calls it.
  __device__ __forceinline__ void ask(u32 slot) {
    const Cursor c = *cursor;
    if (c.step >= count) return;
    const u32 bar = bars + 8 * slot, to = sharedAddress(room) + slot * slotBytes;
    // Below 4 GiB: a matrix has fewer than 2^31 elements.
    const u32 from = c.unit * c.unitBytes + c.begin;
    const u32 bytes = min(min(c.segmentBytes, c.unitBytes - c.begin), c.matrixBytes - from), scaleBytes = bytes >> c.scaleShift;
    const u32 total = bytes + (c.scales != nullptr ? scaleBytes : 0) + (c.zeros != nullptr ? scaleBytes : 0);
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(bar), "r"(total) : "memory");
    bulkCopy(to, c.codes + from, bytes, bar);
    if (c.scales != nullptr) bulkCopy(to + codeRoom, c.scales + (from >> c.scaleShift), scaleBytes, bar);
    if (c.zeros != nullptr) bulkCopy(to + zerosAt, c.zeros + (from >> c.scaleShift), scaleBytes, bar);
    if (c.begin + c.segmentBytes < c.unitBytes) cursor->begin = c.begin + c.segmentBytes;
    else if (c.unit + workers < c.units) cursor->begin = 0, cursor->unit = c.unit + workers;
    else findProduct(steps, steps[c.step].w[6], count, worker, *cursor);
  }

  // The slot that is next in order, when its bytes are there.
  __device__ __forceinline__ const char *take() {
    const u32 bar = bars + 8 * turn;
    u32 isDone;
    u32 spins = 0;
    do {
      asm volatile("{\n.reg .pred p;\nmbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\nselp.u32 %0, 1, 0, p;\n}"
                   : "=r"(isDone)
                   : "r"(bar), "r"(parity)
                   : "memory");
      if (++spins > (1u << 26)) __trap();
    } while (!isDone);
    return room + turn * slotBytes;
  }

  // Every lane is done with the slot it took.
  __device__ __forceinline__ void give() {
    __syncwarp();
    if ((threadIdx.x & 31) == 0) ask(turn);
    if (++turn == slots) turn = 0, parity ^= 1;
  }
};
