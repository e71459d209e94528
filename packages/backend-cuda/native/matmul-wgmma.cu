// y[M, N] = a[M, K] b[N, K]^T on Hopper's tensor cores: bfloat16 tiles brought by the copy engine, four to eight stages deep,
// by one thread; two groups of four warps multiply 64 rows each. Blocks stay and walk the tiles of y.
// a and b may be several bfloat16 pieces of one number (native/cut.cu); then the pairs of pieces that matter are summed one
// after the other, the smallest first: three pieces of a float32 give float32 arithmetic.
#include "wgmma.cuh"

[[maybe_unused]] constexpr int BM = 128, BK = 64, consumers = 256, threads = 384;

struct Product {
  Out y;
  const float *residual; // of y's shape, added; or null
  float *parts;          // sums of each split of K, to be added up by matmul_join; or null
  u32 M, N, steps;       // steps: of 64 along K
  u32 pairs, aPieces, bPieces; // which pieces a pair is of: four bits each, the first pair lowest
  u32 batches, aBatches, bBatches; // the latter are 1 or as many
  u32 splits, stepsPerSplit;   // of pairs * steps
  u32 together;                // how many neighbours of a row of y (and of the residual) may be stored at once: 1, 2 or 4
  // The last tiles, fewer than there are multiprocessors: each by several blocks that take parts of K. Or no tiles.
  u32 tailTiles, tailSplits, tailSteps;
  float *tailParts;
};
// How many parts of a tile of the tail are done; zeros between launches.
[[maybe_unused]] __device__ u32 partsDone[256];

template <int BN> struct Stages {
  static constexpr int count = BN == 256 ? 4 : BN == 128 ? 6 : 8;
  static constexpr int aBytes = BM * BK * 2, bBytes = BN * BK * 2, bytes = aBytes + bBytes;
};

// Which tile of y a block works on: eight rows of tiles side by side share columns of b, which then stay in the cache.
struct Item {
  u32 m, n, batch, split, first, last;
  u32 part; // of the tail's parts, or none
};
constexpr u32 noPart = ~0u;
__device__ __forceinline__ Item itemAt(u32 index, u32 rows, u32 columns, const Product &s) {
  constexpr u32 together = 8;
  const u32 tiles = rows * columns, perBatch = tiles * s.splits;
  Item item;
  item.part = noPart;
  const u32 whole = tiles * s.batches - s.tailTiles;
  if (s.tailTiles > 0 && index >= whole) {
    item.part = index - whole;
    index = whole + item.part / s.tailSplits;
  }
  item.batch = index / perBatch;
  const u32 rest = index - item.batch * perBatch;
  item.split = rest / tiles;
  const u32 tile = rest - item.split * tiles, group = tile / (together * columns), from = group * together;
  const u32 size = min(rows - from, together), within = tile - group * together * columns;
  item.m = from + within % size;
  item.n = within / size;
  item.first = item.split * s.stepsPerSplit;
  item.last = min(s.pairs * s.steps, item.first + s.stepsPerSplit);
  if (item.part != noPart) {
    item.first = item.part % s.tailSplits * s.tailSteps;
    item.last = min(s.pairs * s.steps, item.first + s.tailSteps);
  }
  return item;
}

// Eight kilobytes of 64 of k: of 64 rows whose k is contiguous, or, ACROSS, of 64 columns of k where the rows are.
template <int ACROSS, int ROWS>
__device__ __forceinline__ void copySide(u32 to, const TensorMap *map, u32 barrier, u32 step, u32 row, int matrix) {
  if (ACROSS) {
#pragma unroll
    for (int at = 0; at < ROWS / 64; at++) copyTile(to + at * (64 * 128), map, barrier, row + at * 64, step * BK, matrix);
  } else {
    copyTile(to, map, barrier, step * BK, row, matrix);
  }
}

// A warp's 16 rows of y, 32 columns after 32 through shared memory, so that whole lines of memory are written.
constexpr int stagedColumns = 32, stagedRow = stagedColumns + 4, stagedBytes = 16 * stagedRow * 4;
template <int BN> __device__ __forceinline__ void storeRows(const float (&sums)[BN / 2], char *place, u32 m0, u32 n0, i64 from, const Product &s) {
  float(*staged)[stagedRow] = (float(*)[stagedRow])place;
  const int lane = threadIdx.x & 31, row = lane >> 2, pair = (lane & 3) * 2;
#pragma unroll
  for (int slab = 0; slab < BN / stagedColumns; slab++) {
    __syncwarp();
#pragma unroll
    for (int j = 0; j < stagedColumns / 8; j++) {
      const int at = (slab * (stagedColumns / 8) + j) * 4;
      *(float2 *)&staged[row][j * 8 + pair] = make_float2(sums[at], sums[at + 1]);
      *(float2 *)&staged[row + 8][j * 8 + pair] = make_float2(sums[at + 2], sums[at + 3]);
    }
    __syncwarp();
    const u32 n = n0 + slab * stagedColumns + (lane & 7) * 4;
#pragma unroll
    for (int turn = 0; turn < 4; turn++) {
      const u32 within = turn * 4 + (lane >> 3), m = m0 + within;
      if (m >= s.M || n >= s.N) continue;
      float4 value = *(const float4 *)&staged[within][(lane & 7) * 4];
      const i64 at = from + (i64)m * s.N + n;
      if (s.residual) {
        const float4 other = *(const float4 *)(s.residual + at);
        value = make_float4(value.x + other.x, value.y + other.y, value.z + other.z, value.w + other.w);
      }
      storeFour(s.y, at, value);
    }
  }
}

// Leaves the sums of a part of a tile, and gives those of all parts, in their order, to the block that comes last.
template <int COUNT> __device__ __forceinline__ bool joinParts(float (&sums)[COUNT], const Item &item, const Product &s) {
  __shared__ u32 before;
  const u32 tile = item.part / s.tailSplits;
  float *mine = s.tailParts + (i64)item.part * COUNT * consumers + threadIdx.x;
#pragma unroll
  for (int i = 0; i < COUNT; i++) __stcg(mine + i * consumers, sums[i]);
  __threadfence();
  meet<1, consumers>();
  if (threadIdx.x == 0) before = atomicAdd(&partsDone[tile], 1);
  meet<1, consumers>();
  if (before + 1 < s.tailSplits) return false;
  __threadfence();
  if (threadIdx.x == 0) partsDone[tile] = 0;
  const float *from = s.tailParts + (i64)tile * s.tailSplits * COUNT * consumers + threadIdx.x;
#pragma unroll
  for (int i = 0; i < COUNT; i++) sums[i] = __ldcg(from + i * consumers);
  for (u32 split = 1; split < s.tailSplits; split++)
#pragma unroll
    for (int i = 0; i < COUNT; i++) sums[i] += __ldcg(from + ((i64)split * COUNT + i) * consumers);
  return true;
}

// TA, TB: the rows of a (of b) are contiguous rather than k.
template <int BN, int TA, int TB>
__device__ __forceinline__ void multiplyTiles(const TensorMap *a, const TensorMap *b, const Product &s) {
#ifdef HOPPER
  using S = Stages<BN>;
  extern __shared__ char room[];
  __shared__ __align__(8) u64 full[S::count], empty[S::count];
  const u32 base = (addressOf(room) + 1023) & ~1023u, fullAt = addressOf(full), emptyAt = addressOf(empty);
  const u32 rows = (s.M + BM - 1) / BM, columns = (s.N + BN - 1) / BN, items = rows * columns * s.batches * s.splits + s.tailTiles * (s.tailSplits - 1);
  if (threadIdx.x == 0) {
    for (int stage = 0; stage < S::count; stage++) {
      initBarrier(fullAt + stage * 8, 1);
      initBarrier(emptyAt + stage * 8, 2);
    }
    showBarriers();
  }
  __syncthreads();
  u32 stage = 0, parity = 0;
  if (threadIdx.x >= consumers) {
    giveRegisters<40>();
    if (threadIdx.x != consumers) return;
    for (u32 index = blockIdx.x; index < items; index += gridDim.x) {
      const Item item = itemAt(index, rows, columns, s);
      u32 pair = item.first / s.steps, k = item.first - pair * s.steps;
      const u32 aBatch = s.aBatches > 1 ? item.batch : 0, bBatch = s.bBatches > 1 ? item.batch : 0;
#pragma unroll 1
      for (u32 step = item.first; step < item.last; step++) {
        waitFor(emptyAt + stage * 8, parity ^ 1);
        const u32 to = base + stage * S::bytes, barrier = fullAt + stage * 8;
        arriveExpecting(barrier, S::bytes);
        copySide<TA, BM>(to, a, barrier, k, item.m * BM, (s.aPieces >> pair * 4 & 15) * s.aBatches + aBatch);
        copySide<TB, BN>(to + S::aBytes, b, barrier, k, item.n * BN, (s.bPieces >> pair * 4 & 15) * s.bBatches + bBatch);
        if (++stage == S::count) stage = 0, parity ^= 1;
        if (++k == s.steps) k = 0, pair++;
      }
    }
  } else {
    keepRegisters<232>();
    const u32 group = threadIdx.x >> 7, lane = threadIdx.x & 31, warp = (threadIdx.x >> 5) & 3;
    const bool isLeader = (threadIdx.x & 127) == 0;
    for (u32 index = blockIdx.x; index < items; index += gridDim.x) {
      const Item item = itemAt(index, rows, columns, s);
      float sums[BN / 2];
      u32 before = 0;
#pragma unroll 1
      for (u32 step = item.first; step < item.last; step++) {
        waitFor(fullAt + stage * 8, parity);
        const u32 aAt = base + stage * S::bytes + group * (64 * 128), bAt = base + stage * S::bytes + S::aBytes;
        const u64 aTile = TA ? tileAt(aAt, 64 * 128) : tileAt(aAt), bTile = TB ? tileAt(bAt, 64 * 128) : tileAt(bAt);
        beginProducts();
        // 16 of k: 32 bytes of a row, or 16 rows of 128 bytes.
#pragma unroll
        for (int k = 0; k < BK / 16; k++)
          multiply<TA, TB>(sums, aTile + k * (TA ? 128 : 2), bTile + k * (TB ? 128 : 2), k > 0 || step > item.first);
        endProducts();
        waitForProducts<1>();
        if (isLeader && step > item.first) arrive(emptyAt + before * 8);
        before = stage;
        if (++stage == S::count) stage = 0, parity ^= 1;
      }
      waitForProducts<0>();
      settle(sums);
      if (isLeader && item.last > item.first) arrive(emptyAt + before * 8);
      if (item.part != noPart && !joinParts(sums, item, s)) continue;
      const i64 from = (i64)item.batch * s.M * s.N;
      if (s.together == 4 && !s.parts) {
        storeRows<BN>(sums, room + (base - addressOf(room)) + S::count * S::bytes + (threadIdx.x >> 5) * stagedBytes,
                      item.m * BM + group * 64 + warp * 16, item.n * BN, from, s);
        continue;
      }
      const u32 m0 = item.m * BM + group * 64 + warp * 16 + (lane >> 2), n0 = item.n * BN + (lane & 3) * 2;
      float *part = s.parts ? s.parts + (i64)item.split * s.batches * s.M * s.N : nullptr;
#pragma unroll
      for (int half = 0; half < 2; half++) {
        const u32 m = m0 + half * 8;
        if (m >= s.M) continue;
        const i64 row = from + (i64)m * s.N;
#pragma unroll
        for (int j = 0; j < BN / 8; j++) {
          const u32 n = n0 + j * 8;
          if (n >= s.N) continue;
          float2 value = make_float2(sums[j * 4 + half * 2], sums[j * 4 + half * 2 + 1]);
          if (s.together > 1) {
            if (part) {
              *(float2 *)(part + row + n) = value;
              continue;
            }
            if (s.residual) {
              const float2 other = *(const float2 *)(s.residual + row + n);
              value.x += other.x, value.y += other.y;
            }
            if (s.y.dtype == F32) *(float2 *)((float *)s.y.data + row + n) = value;
            else if (s.y.dtype == BF16) *(__nv_bfloat162 *)((__nv_bfloat16 *)s.y.data + row + n) = __floats2bfloat162_rn(value.x, value.y);
            else *(__half2 *)((__half *)s.y.data + row + n) = __floats2half2_rn(value.x, value.y);
            continue;
          }
#pragma unroll
          for (int c = 0; c < 2; c++) {
            if (n + c >= s.N) continue;
            const float one = c ? value.y : value.x;
            if (part) part[row + n + c] = one;
            else store<false>(s.y, row + n + c, s.residual ? s.residual[row + n + c] + one : one);
          }
        }
      }
    }
  }
#endif
}

// A kernel with maps has three parameters: the driver is given each by its address, since it aligns maps to 64 bytes.
#define WGMMA(BN, TA, TB)                                                                                                     \
  ENTRY __launch_bounds__(threads, 1) matmul_wgmma_##BN##_##TA##TB(const __grid_constant__ TensorMap a,                        \
                                                                   const __grid_constant__ TensorMap b,                        \
                                                                   const __grid_constant__ Product s) {                        \
    multiplyTiles<BN, TA, TB>(&a, &b, s);                                                                                      \
  }
#define LAYOUTS(BN) WGMMA(BN, 0, 0) WGMMA(BN, 0, 1) WGMMA(BN, 1, 1)
LAYOUTS(64)
LAYOUTS(128)
LAYOUTS(256)
