// Mamba-2 over a sequence as the chunked algorithm (Dao & Gu 2024, §6 and Listing 1) on Hopper's tensor cores. One block walks
// the chunks of 64 positions of 64 rows of one head. Four warps multiply, with the state and all sums in their registers; eight
// others load x, dt, B and C, cut them into bfloat16 pieces and lay them out in shared memory, up to three chunks ahead.
// Per chunk, with cum the running sum of dt A from its start:
//   S = C B^T                                    [Q, Q], lower triangle
//   W[i, j] = S[i, j] exp(cum_i - cum_j) dt_j    for j <= i
//   y = exp(cum_i) C h^T + W x                   [Q, P]
//   h = exp(cum_last) h + (exp(cum_last - cum_j) dt_j x_j)^T B
// With three pieces the products are float32 arithmetic (see ssd-chunks.cu); with one, operands are rounded to bfloat16 and
// sums, decays and the state stay float32, as in the paper's own kernels.
// Where dt = 0, x that is not finite adds nothing.
#include "ssd-sizes.cuh"
#include "wgmma-tiles.cuh"

[[maybe_unused]] constexpr int Q = 64, PW = 64, multipliers = 128, loaders = 256, threads = 384;

// Shared memory: stages of C, B, x and x weighted by what is left of it at the chunk's end, then the state.
template <int PIECES, int N> struct Room {
  static constexpr int stages = PIECES == 1 ? 3 : 1;
  static constexpr int map = panel * (N / 64), c = 0, b = PIECES * map, x = 2 * PIECES * map, xw = x + PIECES * panel,
                       stage = xw + PIECES * panel, h = stages * stage, bytes = h + PIECES * map;
};

// What the multiplying warps need of a chunk's step sizes.
struct StepTable {
  double cum[Q];
  float cumLog2[Q], steps[Q], fromStart[Q], toEnd[Q];
};

template <bool EXACT> __device__ __forceinline__ float decay(const StepTable &table, int i, int j) {
  if (EXACT) return expf((float)(table.cum[i] - table.cum[j]));
  return powerOfTwo(table.cumLog2[i] - table.cumLog2[j]);
}

template <bool NARROW, int PIECES, int N>
__device__ __forceinline__ void load(const In &x, const In &dt, const In &A, const In &B, const In &C, const SsdSizes &s,
                                     const SsdAround &around, char *room, StepTable *tables, u32 full, u32 empty) {
  using R = Room<PIECES, N>;
  constexpr int perMap = Q * N / 8 / loaders, perX = Q * PW / 8 / loaders;
  const int thread = threadIdx.x - multipliers, lane = thread & 31;
  const u32 head = blockIdx.y, b = blockIdx.z, p0 = blockIdx.x * PW, group = (u32)((i64)head * s.G / s.H);
  const float rate = ::load<false>(A, head), bias = around.bias ? around.bias[head] : 0.0f;
  u32 stage = 0, parity = 0;
  for (u32 t0 = 0; t0 < s.T; t0 += Q) {
    // Everything is asked for before the place for it is free.
    Eight<NARROW> maps[perMap], others[perMap], inputs[perX];
#pragma unroll
    for (int l = 0; l < perMap; l++) {
      const u32 i = thread + l * loaders, t = t0 + i / (N / 8), n = i % (N / 8) * 8;
      const bool isInside = t < s.T && n < s.N;
      maps[l].read(B.data, b * s.bBatch + t * s.bTime + group * s.N + n, isInside);
      others[l].read(C.data, b * s.cBatch + t * s.cTime + group * s.N + n, isInside);
    }
#pragma unroll
    for (int l = 0; l < perX; l++) {
      const u32 i = thread + l * loaders, t = t0 + i / (PW / 8), p = p0 + i % (PW / 8) * 8;
      inputs[l].read(x.data, b * s.xBatch + t * s.xTime + head * s.P + p, t < s.T && p < s.P);
    }
    float value[2] = {0.0f, 0.0f};
    if (thread < 32) {
#pragma unroll
      for (int i = 0; i < 2; i++) {
        const u32 t = t0 + lane * 2 + i;
        if (t >= s.T) continue;
        value[i] = ::load<false>(dt, b * s.dtBatch + t * s.dtTime + head);
        if (around.bias) value[i] = fminf(fmaxf(softplus(value[i] + bias), around.low), around.high);
        if (around.valid && !around.valid[b * s.T + t]) value[i] = *around.otherwise;
      }
    }
    waitFor(empty + stage * 8, parity ^ 1);
    StepTable &table = tables[stage];
    // Step sizes and their running sums: two positions a lane of the first warp.
    if (thread < 32) {
      const double parts[2] = {(double)value[0] * (double)rate, (double)value[1] * (double)rate};
      double total = parts[0] + parts[1];
#pragma unroll
      for (int offset = 1; offset < 32; offset <<= 1) {
        const double other = __shfl_up_sync(0xffffffffu, total, offset);
        if (lane >= offset) total += other;
      }
      const double last = __shfl_sync(0xffffffffu, total, 31), here[2] = {total - parts[1], total};
#pragma unroll
      for (int i = 0; i < 2; i++) {
        const int q = lane * 2 + i;
        table.steps[q] = value[i];
        table.cum[q] = here[i];
        table.cumLog2[q] = (float)(here[i] * (double)log2e);
        table.fromStart[q] = expf((float)here[i]);
        table.toEnd[q] = value[i] == 0.0f ? 0.0f : expf((float)(last - here[i])) * value[i];
      }
    }
    const u32 base = addressOf(room) + stage * R::stage;
#pragma unroll
    for (int l = 0; l < perMap; l++) {
      const u32 i = thread + l * loaders, q = i / (N / 8), n = i % (N / 8) * 8;
      const u32 offset = n / 64 * panel + swizzled(q, n % 64);
      float v[8];
      maps[l].widen(v);
      putEight<PIECES>(base + R::b + offset, R::map, v);
      others[l].widen(v);
      putEight<PIECES>(base + R::c + offset, R::map, v);
    }
    meet<2, loaders>();
#pragma unroll
    for (int l = 0; l < perX; l++) {
      const u32 i = thread + l * loaders, q = i / (PW / 8), offset = swizzled(q, i % (PW / 8) * 8);
      const float left = table.toEnd[q];
      const bool isSkipped = table.steps[q] == 0.0f;
      float v[8];
      inputs[l].widen(v);
#pragma unroll
      for (int e = 0; e < 8; e++)
        if (isSkipped && !isfinite(v[e])) v[e] = 0.0f;
      putEight<PIECES>(base + R::x + offset, panel, v);
#pragma unroll
      for (int e = 0; e < 8; e++) v[e] *= left;
      putEight<PIECES>(base + R::xw + offset, panel, v);
    }
    showToTensorCores();
    arrive(full + stage * 8);
    if (++stage == R::stages) stage = 0, parity ^= 1;
  }
}

template <bool NARROW, int PIECES, int N>
__device__ __forceinline__ void multiplyChunks(const In &x, const In &states, int slot, const Out &y, const Out &newStates, const SsdSizes &s,
                                               const SsdAround &around, char *room, StepTable *tables, u32 full, u32 empty) {
  using R = Room<PIECES, N>;
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  const u32 head = blockIdx.y, b = blockIdx.z, p0 = blockIdx.x * PW;
  const int i0 = warp * 16 + (lane >> 2), n0 = (lane & 3) * 2;
  const i64 stateFrom = ((i64)slot * s.H + head) * s.P * s.N;
  const float skip = around.skip ? around.skip[head] : 0.0f;
  const u32 hBase = addressOf(room) + R::h;
  // The state's rows i0, i0 + 8 and columns n0 + 8 j, as the tensor cores hold sums.
  float h[N / 2];
#pragma unroll
  for (int at = 0; at < N / 2; at++) {
    const u32 p = p0 + i0 + (at >> 1 & 1) * 8, n = n0 + (at >> 2) * 8 + (at & 1);
    h[at] = p < s.P && n < s.N ? ::load<false>(states, stateFrom + (i64)p * s.N + n) : 0.0f;
  }
  u32 stage = 0, parity = 0;
  for (u32 t0 = 0; t0 < s.T; t0 += Q) {
#pragma unroll
    for (int at = 0; at < N / 2; at += 2) {
      const u32 row = i0 + (at >> 1 & 1) * 8, n = n0 + (at >> 2) * 8;
      u32 pieces[PIECES];
      cut<PIECES>(h[at], h[at + 1], pieces);
#pragma unroll
      for (int piece = 0; piece < PIECES; piece++)
        asm volatile("st.shared.b32 [%0], %1;" ::"r"(hBase + piece * R::map + n / 64 * panel + swizzled(row, n % 64)), "r"(pieces[piece])
                     : "memory");
    }
    showToTensorCores();
    meet<1, multipliers>();
    waitFor(full + stage * 8, parity);
    const StepTable &table = tables[stage];
    const u32 base = addressOf(room) + stage * R::stage;
    // S = C B^T and C h^T.
    float S[32], sums[32];
    beginProducts();
#pragma unroll
    for (int k = 0; k < N / 16; k++) {
      const u32 offset = k / 4 * panel + k % 4 * 32;
      multiplyPieces<PIECES, 0, 0>(S, tileAt(base + R::c + offset), R::map, tileAt(base + R::b + offset), R::map, k > 0);
    }
    endProducts();
#pragma unroll
    for (int k = 0; k < N / 16; k++) {
      const u32 offset = k / 4 * panel + k % 4 * 32;
      multiplyPieces<PIECES, 0, 0>(sums, tileAt(base + R::c + offset), R::map, tileAt(hBase + offset), R::map, k > 0);
    }
    endProducts();
    waitForProducts<1>();
    settle(S);
    // W, as rows of a product's left side.
    u32 W[4][PIECES][4];
#pragma unroll
    for (int j = 0; j < 8; j++)
#pragma unroll
      for (int half = 0; half < 2; half++) {
        const int row = i0 + half * 8, column = j * 8 + n0;
        const float first = column <= row ? S[j * 4 + half * 2] * decay<PIECES == 3>(table, row, column) * table.steps[column] : 0.0f;
        const float second =
            column + 1 <= row ? S[j * 4 + half * 2 + 1] * decay<PIECES == 3>(table, row, column + 1) * table.steps[column + 1] : 0.0f;
        u32 pieces[PIECES];
        cut<PIECES>(first, second, pieces);
#pragma unroll
        for (int piece = 0; piece < PIECES; piece++) W[j / 2][piece][(j & 1) * 2 + half] = pieces[piece];
      }
    const float through = table.fromStart[Q - 1], startHere[2] = {table.fromStart[i0], table.fromStart[i0 + 8]};
    waitForProducts<0>();
    settle(sums);
#pragma unroll
    for (int at = 0; at < 32; at++) sums[at] *= startHere[at >> 1 & 1];
#pragma unroll
    for (int at = 0; at < N / 2; at++) h[at] *= through;
    settle(sums);
    settle(h);
    // W x, then the state at the chunk's end.
    beginProducts();
#pragma unroll
    for (int k = 0; k < 4; k++)
#pragma unroll
      for (int order = PIECES - 1; order >= 0; order--)
#pragma unroll
        for (int piece = 0; piece <= order; piece++)
          multiply<1>(sums, W[k][piece], tileAt(base + R::x + (order - piece) * panel + k * 2048), true);
    endProducts();
#pragma unroll
    for (int k = 0; k < 4; k++)
      multiplyPieces<PIECES, 1, 1>(h, tileAt(base + R::xw + k * 2048), panel, tileAt(base + R::b + k * 2048, panel), R::map, true);
    endProducts();
    waitForProducts<1>();
    settle(sums);
#pragma unroll
    for (int half = 0; half < 2; half++) {
      const u32 row = i0 + half * 8, t = t0 + row;
      if (t >= s.T) continue;
      const i64 to = (((i64)b * s.T + t) * s.H + head) * s.P + p0 + n0;
#pragma unroll
      for (int j = 0; j < 8; j++) {
        if (p0 + j * 8 >= s.P) continue;
        float2 value = make_float2(sums[j * 4 + half * 2], sums[j * 4 + half * 2 + 1]);
        if (around.skip) {
#pragma unroll
          for (int piece = PIECES - 1; piece >= 0; piece--) {
            const __nv_bfloat162 pair =
                *(const __nv_bfloat162 *)(room + stage * R::stage + R::x + piece * panel + swizzled(row, j * 8 + n0));
            value.x = fmaf(skip, __low2float(pair), value.x);
            value.y = fmaf(skip, __high2float(pair), value.y);
          }
        }
        if (y.dtype == F32) *(float2 *)((float *)y.data + to + j * 8) = value;
        else if (y.dtype == BF16) *(__nv_bfloat162 *)((__nv_bfloat16 *)y.data + to + j * 8) = __floats2bfloat162_rn(value.x, value.y);
        else *(__half2 *)((__half *)y.data + to + j * 8) = __floats2half2_rn(value.x, value.y);
      }
    }
    waitForProducts<0>();
    settle(h);
    meet<1, multipliers>();
    if (threadIdx.x == 0) arrive(empty + stage * 8);
    if (++stage == R::stages) stage = 0, parity ^= 1;
  }
#pragma unroll
  for (int at = 0; at < N / 2; at++) {
    const u32 p = p0 + i0 + (at >> 1 & 1) * 8, n = n0 + (at >> 2) * 8 + (at & 1);
    if (p < s.P && n < s.N) store<false>(newStates, stateFrom + (i64)p * s.N + n, h[at]);
  }
}

template <bool NARROW, int PIECES, int N>
__device__ __forceinline__ void scan(const In &x, const In &dt, const In &A, const In &B, const In &C, const In &states, const int *slots,
                                     const Out &y, const Out &newStates, const SsdSizes &s, const SsdAround &around) {
#ifdef HOPPER
  using R = Room<PIECES, N>;
  extern __shared__ char memory[];
  __shared__ __align__(8) u64 full[R::stages], empty[R::stages];
  __shared__ StepTable tables[R::stages];
  const u32 b = blockIdx.z;
  const int slot = slots[b];
  if (slot < 0 || (u32)slot >= s.slots) {
    for (u32 i = threadIdx.x; i < s.T * PW; i += threads) {
      const u32 t = i / PW, p = blockIdx.x * PW + i % PW;
      if (p < s.P) store<false>(y, (((i64)b * s.T + t) * s.H + blockIdx.y) * s.P + p, 0.0f);
    }
    return;
  }
  char *room = memory + (-addressOf(memory) & 1023u);
  if (threadIdx.x == 0) {
    for (int stage = 0; stage < R::stages; stage++) {
      initBarrier(addressOf(full) + stage * 8, loaders);
      initBarrier(addressOf(empty) + stage * 8, 1);
    }
    showBarriers();
  }
  __syncthreads();
  if (threadIdx.x < multipliers) {
    keepRegisters<232>();
    multiplyChunks<NARROW, PIECES, N>(x, states, slot, y, newStates, s, around, room, tables, addressOf(full), addressOf(empty));
  } else {
    giveRegisters<136>();
    load<NARROW, PIECES, N>(x, dt, A, B, C, s, around, room, tables, addressOf(full), addressOf(empty));
  }
#endif
}

#define SCAN(suffix, NARROW, PIECES, N)                                                                                              \
  ENTRY __launch_bounds__(threads, 1) ssd_wgmma_##suffix##_##PIECES##_##N(In x, In dt, In A, In B, In C, In states, const int *slots, \
                                                                         Out y, Out newStates, SsdSizes s, SsdAround around) {       \
    scan<NARROW, PIECES, N>(x, dt, A, B, C, states, slots, y, newStates, s, around);                                                 \
  }
SCAN(f32, false, 1, 64)
SCAN(f32, false, 1, 128)
SCAN(f32, false, 3, 64)
SCAN(f32, false, 3, 128)
SCAN(bf16, true, 1, 64)
SCAN(bf16, true, 1, 128)
