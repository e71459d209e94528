// Each warp streams the weights of all its products, from the first step to the last, through a ring of its own in shared
// memory (bulk copies, Hopper and newer): weights are constant, so they do not wait for barriers, and what a step needs
// has mostly arrived when the step begins. A slot holds a segment of a row, or two rows where they fit, with their scales.
#pragma once
#include "step.cuh"

enum WeightKind { W_BF16 = 0, W_Q8 = 1, W_Q4 = 2 };

constexpr u32 lineBytes = 512; // what a warp reads at a time

// A product's step. p: x, codes, scales, zeros, y, residual, gate, normWeight, and of a convolution of some outputs
// weight, bias, tails, slots, lengths; w: op, N, K, groupWidth, epsilon, form, the next product's step, the convolution's
// first output, its channels, its slots (| silu << 31).
struct ProductOf {
  u32 kind, rows, prologue, isGatedFirst, parts;
  __device__ __forceinline__ explicit ProductOf(u32 form)
      : kind(form & 3), rows((form >> 4) & 3), prologue((form >> 8) & 3), isGatedFirst((form >> 12) & 1), parts(form >> 16) {}
};

__device__ __forceinline__ u32 rowBytesOf(u32 kind, u32 K) { return kind == W_BF16 ? 2 * K : kind == W_Q8 ? K : K / 2; }
// Blocks of 32 share two bytes of scale: 32 bytes of codes, or 16.
__device__ __forceinline__ u32 scaleShiftOf(u32 kind) { return kind == W_Q8 ? 4 : 3; }
// A unit is what a warp computes at a time: a row, or two.
__device__ __forceinline__ u32 unitsOf(u32 N, u32 rows) { return (N + rows - 1) >> (rows - 1); }
// Of a row in several parts: whole lines.
__device__ __forceinline__ u32 segmentOf(u32 rowBytes, u32 parts) {
  return ((rowBytes + lineBytes - 1) / lineBytes + parts - 1) / parts * lineBytes;
}

struct WeightRing {
  const Step *steps; // in shared memory
  const char *codes, *scales, *zeros; // of the product that is asked for
  char *room;
  u32 bars, count, magic;
  u32 slots, slotBytes, codeRoom, scaleRoom;
  u32 turn, parity; // the slot that is next, and the parity of its barrier
  u32 next;         // the product after
  u32 unit, end, begin, unitBytes, segment, matrixBytes, shift; // begin: the byte of the unit's rows

  __device__ __forceinline__ void open(const Steps &list, const Step *itsSteps, char *rooms, u64 *itsBars, u32 itsMagic) {
    const u32 warp = threadIdx.x >> 5;
    steps = itsSteps, count = list.count, magic = itsMagic;
    slots = list.slotsOfWarp, slotBytes = list.slotBytes, codeRoom = list.codeRoom, scaleRoom = list.scaleRoom;
    room = rooms + warp * slots * slotBytes, bars = sharedAddress(itsBars + warp * slots);
    next = list.firstProduct, turn = parity = 0, unit = end = 0;
    findProduct();
    for (u32 i = 0; i < slots; i++) ask(i);
  }

  // The first product from `next` on that has a unit for this warp.
  __device__ __forceinline__ void findProduct() {
    while (unit >= end && next < count) {
      const Step &s = steps[next];
      const ProductOf product(s.w[5]);
      const Share share(unitsOf(s.w[1], product.rows), magic);
      next = s.w[6];
      unit = share.first + (threadIdx.x >> 5), end = share.end, begin = 0;
      const u32 rowBytes = rowBytesOf(product.kind, s.w[2]);
      unitBytes = rowBytes * product.rows, matrixBytes = rowBytes * s.w[1];
      segment = product.parts == 1 ? unitBytes : segmentOf(rowBytes, product.parts);
      codes = (const char *)s.p[1], scales = (const char *)s.p[2], zeros = (const char *)s.p[3];
      shift = scaleShiftOf(product.kind);
    }
  }

  // Fills a slot, if anything is left to stream.
  __device__ __forceinline__ void ask(u32 slot) {
    if (unit >= end) return;
    // Below 4 GiB: a matrix has fewer than 2^31 elements.
    const u32 from = unit * unitBytes + begin, bytes = min(min(segment, unitBytes - begin), matrixBytes - from), scaleBytes = bytes >> shift;
    if ((threadIdx.x & 31) == 0) {
      const u32 bar = bars + 8 * slot, to = sharedAddress(room) + slot * slotBytes;
      barrierExpect(bar, bytes + (scales != nullptr ? scaleBytes : 0) + (zeros != nullptr ? scaleBytes : 0));
      bulkCopy(to, codes + from, bytes, bar);
      if (scales != nullptr) bulkCopy(to + codeRoom, scales + (from >> shift), scaleBytes, bar);
      if (zeros != nullptr) bulkCopy(to + codeRoom + scaleRoom, zeros + (from >> shift), scaleBytes, bar);
    }
    begin += segment;
    if (begin < unitBytes) return;
    begin = 0, unit += warps;
    if (unit >= end) findProduct();
  }

  // The slot that is next in order, when its bytes are there.
  __device__ __forceinline__ const char *take() const {
    u32 spins = 0;
    while (!barrierTry(bars + 8 * turn, parity))
      if (++spins > (1u << 26)) __trap();
    return room + turn * slotBytes;
  }
  // Every lane is done with the slot it took.
  __device__ __forceinline__ void give() {
    __syncwarp();
    ask(turn);
    if (++turn == slots) turn = 0, parity ^= 1;
  }
};
