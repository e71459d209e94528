// The gradient of state-space duality (Dao & Gu 2024, §6; the terms are those of ssd-gradient.cu) on the tensor cores, with operands
// of products rounded to bfloat16 and sums, decays and states in float32. Chunks of 64 positions, two kernels:
// 1. ssd_gradient_walks: a block for a head of a row of the batch and a direction. Forward it leaves the state h at each chunk's
//    entry, backward l, the gradient of the state at each chunk's end: both are X^T M summed along the chunks, h with X = dt_j end_j x
//    and M = B, l with X = start_i dy and M = C.
// 2. ssd_gradient_chunks: a block for a chunk and some of the heads of a group. With h and l there, chunks do not wait for each other;
//    the sums dB and dC over heads stay in registers. dx has skip dy added, if there is a skip, and may lie where dy does.
#include "mma.cuh"

constexpr int Q = 64, pad = 8;
constexpr float log2e = 1.4426950408889634f;

struct SsdGradient {
  u32 B, T, H, P, G, N, slots, chunks, splits, reserved;
  i64 xBatch, xTime, dtBatch, dtTime, bBatch, bTime, cBatch, cTime, dyBatch, dyTime;
};

__device__ __forceinline__ float powerOfTwo(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
__device__ __forceinline__ u32 packed(float x, float y) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(x, y);
  return *(const u32 *)&pair;
}

// sums[t] += the products of 16 rows from m0 and of TILES times 8 columns from n0. a is [m][k], TA: [k][m]; b is [n][k], TB: [k][n];
// rows lie STRIDE elements apart.
template <bool TA, bool TB, int K, int A_STRIDE, int B_STRIDE, int TILES>
__device__ __forceinline__ void product(float (&sums)[TILES][4], const __nv_bfloat16 *a, int m0, const __nv_bfloat16 *b, int n0) {
  const int lane = threadIdx.x & 31, low = lane & 7, second = lane >> 3 & 1, third = lane >> 4;
  const u32 aAt = sharedAddress(TA ? a + (low + third * 8) * A_STRIDE + m0 + second * 8 : a + (m0 + low + second * 8) * A_STRIDE + third * 8);
  const u32 bAt = sharedAddress(TB ? b + (low + second * 8) * B_STRIDE + n0 + third * 8 : b + (n0 + low + third * 8) * B_STRIDE + second * 8);
#pragma unroll
  for (int k = 0; k < K; k += 16) {
    u32 left[4];
    if (TA) loadTransposed(left, aAt + k * A_STRIDE * 2);
    else loadMatrices(left, aAt + k * 2);
#pragma unroll
    for (int tile = 0; tile < TILES; tile += 2) {
      u32 right[4];
      if (TB) loadTransposed(right, bAt + (k * B_STRIDE + tile * 8) * 2);
      else loadMatrices(right, bAt + (tile * 8 * B_STRIDE + k) * 2);
      multiplyAdd(sums[tile], left, right[0], right[1]);
      multiplyAdd(sums[tile + 1], left, right[2], right[3]);
    }
  }
}

// What a chunk's step sizes give; by the first warp, two positions a lane.
struct Steps {
  float dt[Q], cumLog2[Q], start[Q], end[Q];
};
__device__ __forceinline__ void loadSteps(Steps &steps, const float *dt, const SsdGradient &s, u32 b, u32 head, u32 t0, float rate) {
  const int lane = threadIdx.x;
  float value[2];
#pragma unroll
  for (int i = 0; i < 2; i++) {
    const u32 t = t0 + lane * 2 + i;
    value[i] = t < s.T ? dt[b * s.dtBatch + t * s.dtTime + head] : 0.0f;
  }
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
    steps.dt[q] = value[i];
    steps.cumLog2[q] = (float)(here[i] * (double)log2e);
    steps.start[q] = expf((float)here[i]);
    steps.end[q] = expf((float)(last - here[i]));
  }
}

// Rows of a chunk in registers, by fours, on their way to shared memory.
template <int WIDTH, int THREADS> struct Rows {
  static constexpr int count = Q * WIDTH / 4 / THREADS;
  float4 values[count];
  __device__ __forceinline__ void read(const float *from, i64 stride, u32 t0, u32 T, u32 width) {
#pragma unroll
    for (int l = 0; l < count; l++) {
      const u32 i = threadIdx.x + l * THREADS, q = i / (WIDTH / 4), at = i % (WIDTH / 4) * 4, t = t0 + q;
      values[l] = t < T && at < width ? *(const float4 *)(from + t * stride + at) : make_float4(0, 0, 0, 0);
    }
  }
  // Each row times a factor, if there are factors.
  __device__ __forceinline__ void write(__nv_bfloat16 *to, const float *first, const float *second) const {
#pragma unroll
    for (int l = 0; l < count; l++) {
      const u32 i = threadIdx.x + l * THREADS, q = i / (WIDTH / 4), at = i % (WIDTH / 4) * 4;
      const float factor = (first ? first[q] : 1.0f) * (second ? second[q] : 1.0f);
      const float4 v = values[l];
      *(uint2 *)(to + q * (WIDTH + pad) + at) = make_uint2(packed(v.x * factor, v.y * factor), packed(v.z * factor, v.w * factor));
    }
  }
};

constexpr int walkers = 256;
template <int P, int N> struct WalkRoom {
  Steps steps;
  __nv_bfloat16 x[Q][P + pad], map[Q][N + pad];
};

// entries: [2][B][H][chunks][P][N], h then l. 8 warps: P / 16 rows of them.
template <int P, int N>
__device__ __forceinline__ void walks(const float *x, const float *dt, const float *A, const float *B, const float *C, const float *states,
                                      const int *slots, const float *dy, const float *dstates, float *newStates, __nv_bfloat16 *entries,
                                      const SsdGradient &s) {
  extern __shared__ char memory[];
  WalkRoom<P, N> &room = *(WalkRoom<P, N> *)memory;
  constexpr int columnWarps = 8 / (P / 16), tiles = N / 8 / columnWarps;
  const u32 head = blockIdx.x, b = blockIdx.y, group = (u32)((i64)head * s.G / s.H);
  const bool isBackward = blockIdx.z == 1;
  const int slot = slots[b], lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  if (slot < 0 || (u32)slot >= s.slots) return;
  const float rate = A[head];
  const float *rows = isBackward ? dy + b * s.dyBatch + head * s.P : x + b * s.xBatch + head * s.P;
  const float *maps = isBackward ? C + b * s.cBatch + group * s.N : B + b * s.bBatch + group * s.N;
  const i64 rowStride = isBackward ? s.dyTime : s.xTime, mapStride = isBackward ? s.cTime : s.bTime;
  const float *initial = isBackward ? dstates : states;
  const i64 stateFrom = ((i64)slot * s.H + head) * s.P * s.N;
  __nv_bfloat16 *mine = entries + (((i64)blockIdx.z * s.B + b) * s.H + head) * s.chunks * P * N;
  const int m0 = warp / columnWarps * 16, n0 = warp % columnWarps * tiles * 8, p0 = m0 + (lane >> 2), first = n0 + (lane & 3) * 2;
  float state[tiles][4];
#pragma unroll
  for (int tile = 0; tile < tiles; tile++)
#pragma unroll
    for (int e = 0; e < 4; e++) {
      const u32 p = p0 + (e >> 1) * 8, n = first + tile * 8 + (e & 1);
      state[tile][e] = initial && p < s.P && n < s.N ? initial[stateFrom + (i64)p * s.N + n] : 0.0f;
    }
  Rows<P, walkers> nextRows;
  Rows<N, walkers> nextMaps;
  const u32 begun = isBackward ? s.chunks - 1 : 0;
  nextRows.read(rows, rowStride, begun * Q, s.T, s.P);
  nextMaps.read(maps, mapStride, begun * Q, s.T, s.N);
  for (u32 step = 0; step < s.chunks; step++) {
    const u32 chunk = isBackward ? s.chunks - 1 - step : step;
#pragma unroll
    for (int tile = 0; tile < tiles; tile++)
#pragma unroll
      for (int half = 0; half < 2; half++)
        *(u32 *)(mine + ((i64)chunk * P + p0 + half * 8) * N + first + tile * 8) = packed(state[tile][half * 2], state[tile][half * 2 + 1]);
    // The forward walk does not need the state at the end, which the scan itself has left.
    if (!isBackward && step + 1 == s.chunks) break;
    if (warp == 0) loadSteps(room.steps, dt, s, b, head, chunk * Q, rate);
    __syncthreads();
    nextRows.write(&room.x[0][0], isBackward ? room.steps.start : room.steps.end, isBackward ? nullptr : room.steps.dt);
    nextMaps.write(&room.map[0][0], nullptr, nullptr);
    const float through = room.steps.start[Q - 1];
    __syncthreads();
    if (step + 1 < s.chunks) {
      const u32 next = isBackward ? chunk - 1 : chunk + 1;
      nextRows.read(rows, rowStride, next * Q, s.T, s.P);
      nextMaps.read(maps, mapStride, next * Q, s.T, s.N);
    }
#pragma unroll
    for (int tile = 0; tile < tiles; tile++)
#pragma unroll
      for (int e = 0; e < 4; e++) state[tile][e] *= through;
    product<true, true, Q, P + pad, N + pad>(state, &room.x[0][0], m0, &room.map[0][0], n0);
    __syncthreads();
  }
  if (!isBackward) return;
#pragma unroll
  for (int tile = 0; tile < tiles; tile++)
#pragma unroll
    for (int e = 0; e < 4; e++) {
      const u32 p = p0 + (e >> 1) * 8, n = first + tile * 8 + (e & 1);
      if (p < s.P && n < s.N) newStates[stateFrom + (i64)p * s.N + n] = state[tile][e];
    }
}

template <int P> struct Warps {
  static constexpr int columns = P / 16, threads = 4 * columns * 32;
};
template <int P, int N> struct ChunkRoom {
  // Sums of rows by the warps side by side, of columns by the warps below each other; of two heads in turn.
  struct Parts {
    Steps steps;
    float rows[P / 16][Q], r[P / 16][Q], q[P / 16][Q], columns[4][Q], direct[4][Q], z[4 * P / 16];
  };
  Parts parts[2];
  __nv_bfloat16 b[Q][N + pad], c[Q][N + pad], x[Q][P + pad], dy[Q][P + pad], h[P][N + pad], l[P][N + pad], W[Q][Q + pad], D[Q][Q + pad];
};

// The sums of the four lanes that hold a row, or of the eight that hold a column.
__device__ __forceinline__ float sumOfRow(float value) {
  value += __shfl_xor_sync(0xffffffffu, value, 1);
  return value + __shfl_xor_sync(0xffffffffu, value, 2);
}
__device__ __forceinline__ float sumOfColumn(float value) {
  value += __shfl_xor_sync(0xffffffffu, value, 4);
  value += __shfl_xor_sync(0xffffffffu, value, 8);
  return value + __shfl_xor_sync(0xffffffffu, value, 16);
}

// dt's gradient at a chunk's positions and the chunk's share of A's, by one warp, two positions a lane.
template <class Parts, int COLUMN_WARPS>
__device__ __forceinline__ void finishSteps(const Parts &parts, float *ddt, float *dA, const SsdGradient &s, u32 t0, float rate) {
  const int lane = threadIdx.x & 31;
  float z = 0.0f;
#pragma unroll
  for (int w = 0; w < 4 * COLUMN_WARPS; w++) z += parts.z[w];
  z *= parts.steps.start[Q - 1];
  float step[2], direct[2], r[2], later[2], left[2];
#pragma unroll
  for (int i = 0; i < 2; i++) {
    const int k = lane * 2 + i;
    float rows = 0.0f, columns = 0.0f, q = 0.0f;
    direct[i] = r[i] = 0.0f;
#pragma unroll
    for (int w = 0; w < COLUMN_WARPS; w++) rows += parts.rows[w][k], r[i] += parts.r[w][k], q += parts.q[w][k];
#pragma unroll
    for (int w = 0; w < 4; w++) columns += parts.columns[w][k], direct[i] += parts.direct[w][k];
    step[i] = parts.steps.dt[k];
    later[i] = q + rows - columns; // goes to every a up to k
    left[i] = step[i] * r[i];      // goes to every a after k
  }
  // Sums over k' >= k, and over k' < k.
  float after = later[0] + later[1], before = left[0] + left[1];
  const float pair = before;
#pragma unroll
  for (int offset = 1; offset < 32; offset <<= 1) {
    const float behind = __shfl_down_sync(0xffffffffu, after, offset), ahead = __shfl_up_sync(0xffffffffu, before, offset);
    if (lane + offset < 32) after += behind;
    if (lane >= offset) before += ahead;
  }
  before -= pair;
  const float da[2] = {after + before + z, after - later[0] + before + left[0] + z};
  float dRate = 0.0f;
#pragma unroll
  for (int i = 0; i < 2; i++) {
    const u32 t = t0 + lane * 2 + i;
    if (t < s.T) ddt[(i64)t * s.H] = direct[i] + r[i] + rate * da[i];
    dRate = fmaf(step[i], da[i], dRate);
  }
  dRate = warpSum(dRate);
  if (lane == 0) *dA = dRate;
}

// dA: [B * chunks][H]; dB and dC: [splits][B][T][G][N].
template <int P, int N>
__device__ __forceinline__ void chunks(const float *x, const float *dt, const float *A, const float *B, const float *C, const int *slots,
                                       const float *dy, const float *skip, const __nv_bfloat16 *entries, float *dx, float *ddt, float *dB,
                                       float *dC, float *dA, const SsdGradient &s) {
  extern __shared__ char memory[];
  using Room = ChunkRoom<P, N>;
  Room &room = *(Room *)memory;
  constexpr int W = Warps<P>::columns, threads = Warps<P>::threads, squareTiles = Q / 8 / W, mapTiles = N / 8 / W, stateWords = P * N / 8;
  const u32 chunk = blockIdx.x % s.chunks, split = blockIdx.x / s.chunks, group = blockIdx.y, b = blockIdx.z, t0 = chunk * Q;
  const u32 shared = s.H / s.G, perSplit = (shared + s.splits - 1) / s.splits;
  const u32 firstHead = group * shared + split * perSplit, lastHead = min(group * shared + shared, firstHead + perSplit);
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, m0 = warp / W * 16, across = warp % W;
  const int row = m0 + (lane >> 2), pair = (lane & 3) * 2;
  const int slot = slots[b];
  const bool isActive = slot >= 0 && (u32)slot < s.slots;
  float dBs[mapTiles][4] = {}, dCs[mapTiles][4] = {};
  if (isActive) {
    float S[squareTiles][4] = {};
    Rows<P, threads> nextX, nextDy;
    {
      Rows<N, threads> rows;
      rows.read(B + b * s.bBatch + group * s.N, s.bTime, t0, s.T, s.N);
      rows.write(&room.b[0][0], nullptr, nullptr);
      rows.read(C + b * s.cBatch + group * s.N, s.cTime, t0, s.T, s.N);
      rows.write(&room.c[0][0], nullptr, nullptr);
      nextX.read(x + b * s.xBatch + firstHead * s.P, s.xTime, t0, s.T, s.P);
      nextDy.read(dy + b * s.dyBatch + firstHead * s.P, s.dyTime, t0, s.T, s.P);
      __syncthreads();
      product<false, false, N, N + pad, N + pad>(S, &room.c[0][0], m0, &room.b[0][0], across * squareTiles * 8);
    }
    for (u32 head = firstHead; head < lastHead; head++) {
      const float rate = A[head];
      typename Room::Parts &parts = room.parts[head & 1];
      nextX.write(&room.x[0][0], nullptr, nullptr);
      nextDy.write(&room.dy[0][0], nullptr, nullptr);
      const i64 stateAt = (((i64)b * s.H + head) * s.chunks + chunk) * P * N, distance = (i64)s.B * s.H * s.chunks * P * N;
#pragma unroll
      for (int l = 0; l < stateWords / threads; l++) {
        const int i = threadIdx.x + l * threads, p = i / (N / 8), n = i % (N / 8) * 8;
        *(uint4 *)&room.h[p][n] = *(const uint4 *)(entries + stateAt + i * 8);
        *(uint4 *)&room.l[p][n] = *(const uint4 *)(entries + distance + stateAt + i * 8);
      }
      if (warp == 0) loadSteps(parts.steps, dt, s, b, head, t0, rate);
      __syncthreads();
      if (head + 1 < lastHead) {
        nextX.read(x + b * s.xBatch + (head + 1) * s.P, s.xTime, t0, s.T, s.P);
        nextDy.read(dy + b * s.dyBatch + (head + 1) * s.P, s.dyTime, t0, s.T, s.P);
      }
      // The share of the head before, whose sums are complete.
      if (warp == threads / 32 - 1 && head > firstHead)
        finishSteps<typename Room::Parts, W>(room.parts[head - 1 & 1], ddt + (i64)b * s.T * s.H + head - 1,
                                             dA + ((i64)b * s.chunks + chunk) * s.H + head - 1, s, t0, A[head - 1]);
      const Steps &steps = parts.steps;
      {
        float given[squareTiles][4] = {};
        product<false, false, P, P + pad, P + pad>(given, &room.dy[0][0], m0, &room.x[0][0], across * squareTiles * 8);
        float rows[2] = {};
#pragma unroll
        for (int tile = 0; tile < squareTiles; tile++) {
          const int j = (across * squareTiles + tile) * 8 + pair;
          float columns[2] = {}, direct[2] = {};
#pragma unroll
          for (int half = 0; half < 2; half++) {
            const int i = row + half * 8;
            float w[2], d[2];
#pragma unroll
            for (int e = 0; e < 2; e++) {
              const float L = j + e <= i ? powerOfTwo(steps.cumLog2[i] - steps.cumLog2[j + e]) : 0.0f;
              const float similar = S[tile][half * 2 + e] * L, arriving = given[tile][half * 2 + e];
              w[e] = similar * steps.dt[j + e];
              d[e] = arriving * L * steps.dt[j + e];
              const float both = arriving * similar;
              direct[e] += both;
              if (j + e < i) {
                rows[half] = fmaf(both, steps.dt[j + e], rows[half]);
                columns[e] = fmaf(both, steps.dt[j + e], columns[e]);
              }
            }
            *(u32 *)&room.W[i][j] = packed(w[0], w[1]);
            *(u32 *)&room.D[i][j] = packed(d[0], d[1]);
          }
#pragma unroll
          for (int e = 0; e < 2; e++) {
            const float column = sumOfColumn(columns[e]), all = sumOfColumn(direct[e]);
            if (lane < 4) parts.columns[warp / W][j + e] = column, parts.direct[warp / W][j + e] = all;
          }
        }
#pragma unroll
        for (int half = 0; half < 2; half++) {
          const float sum = sumOfRow(rows[half]);
          if ((lane & 3) == 0) parts.rows[across][row + half * 8] = sum;
        }
      }
      __syncthreads();
      {
        // dx, and r_j = x_j . (B l^T)_j end_j. Here rows are j, and a warp has 16 columns.
        float U[2][4] = {};
        const int n0 = across * 16;
        product<false, false, N, N + pad, N + pad>(U, &room.b[0][0], m0, &room.l[0][0], n0);
#pragma unroll
        for (int half = 0; half < 2; half++) {
          const int j = row + half * 8;
          const float end = steps.end[j], step = steps.dt[j];
          float r = 0.0f;
#pragma unroll
          for (int tile = 0; tile < 2; tile++) {
            const __nv_bfloat162 here = *(const __nv_bfloat162 *)&room.x[j][n0 + tile * 8 + pair];
            float &first = U[tile][half * 2], &second = U[tile][half * 2 + 1];
            first *= end, second *= end;
            r = fmaf(__low2float(here), first, r);
            r = fmaf(__high2float(here), second, r);
            first *= step, second *= step;
          }
          r = sumOfRow(r);
          if ((lane & 3) == 0) parts.r[across][j] = r;
        }
        product<true, true, Q, Q + pad, P + pad>(U, &room.W[0][0], m0, &room.dy[0][0], n0);
#pragma unroll
        for (int half = 0; half < 2; half++) {
          const u32 t = t0 + row + half * 8;
          if (t >= s.T) continue;
          float *to = dx + (((i64)b * s.T + t) * s.H + head) * s.P;
#pragma unroll
          for (int tile = 0; tile < 2; tile++) {
            const u32 p = n0 + tile * 8 + pair;
            if (p >= s.P) continue;
            float2 value = make_float2(U[tile][half * 2], U[tile][half * 2 + 1]);
            if (skip) {
              const float2 arriving = *(const float2 *)(dy + b * s.dyBatch + t * s.dyTime + head * s.P + p);
              value = make_float2(fmaf(skip[head], arriving.x, value.x), fmaf(skip[head], arriving.y, value.y));
            }
            *(float2 *)(to + p) = value;
          }
        }
      }
      const int n0 = across * mapTiles * 8;
      {
        // dC, and q_i = C_i . (dy h)_i start_i.
        float V[mapTiles][4] = {};
        product<false, true, P, P + pad, N + pad>(V, &room.dy[0][0], m0, &room.h[0][0], n0);
#pragma unroll
        for (int half = 0; half < 2; half++) {
          const int i = row + half * 8;
          const float start = steps.start[i];
          float q = 0.0f;
#pragma unroll
          for (int tile = 0; tile < mapTiles; tile++) {
            const __nv_bfloat162 here = *(const __nv_bfloat162 *)&room.c[i][n0 + tile * 8 + pair];
            const float first = V[tile][half * 2] * start, second = V[tile][half * 2 + 1] * start;
            q = fmaf(__low2float(here), first, q);
            q = fmaf(__high2float(here), second, q);
            dCs[tile][half * 2] += first;
            dCs[tile][half * 2 + 1] += second;
          }
          q = sumOfRow(q);
          if ((lane & 3) == 0) parts.q[across][i] = q;
        }
        product<false, true, Q, Q + pad, N + pad>(dCs, &room.D[0][0], m0, &room.b[0][0], n0);
      }
      {
        float V[mapTiles][4] = {};
        product<false, true, P, P + pad, N + pad>(V, &room.x[0][0], m0, &room.l[0][0], n0);
#pragma unroll
        for (int half = 0; half < 2; half++) {
          const int j = row + half * 8;
          const float factor = steps.dt[j] * steps.end[j];
#pragma unroll
          for (int tile = 0; tile < mapTiles; tile++)
#pragma unroll
            for (int e = 0; e < 2; e++) dBs[tile][half * 2 + e] = fmaf(factor, V[tile][half * 2 + e], dBs[tile][half * 2 + e]);
        }
        product<true, true, Q, Q + pad, N + pad>(dBs, &room.D[0][0], m0, &room.c[0][0], n0);
      }
      {
        // h . l, which every a of the chunk scales.
        float z = 0.0f;
#pragma unroll
        for (int l = 0; l < stateWords / threads; l++) {
          const int i = threadIdx.x + l * threads, p = i / (N / 8), n = i % (N / 8) * 8;
#pragma unroll
          for (int e = 0; e < 8; e += 2) {
            const __nv_bfloat162 one = *(const __nv_bfloat162 *)&room.h[p][n + e], other = *(const __nv_bfloat162 *)&room.l[p][n + e];
            z = fmaf(__low2float(one), __low2float(other), z);
            z = fmaf(__high2float(one), __high2float(other), z);
          }
        }
        z = warpSum(z);
        if (lane == 0) parts.z[warp] = z;
      }
      __syncthreads();
    }
    if (warp == 0 && lastHead > firstHead)
      finishSteps<typename Room::Parts, W>(room.parts[lastHead - 1 & 1], ddt + (i64)b * s.T * s.H + lastHead - 1,
                                           dA + ((i64)b * s.chunks + chunk) * s.H + lastHead - 1, s, t0, A[lastHead - 1]);
  } else {
    for (u32 head = firstHead; head < lastHead; head++) {
      for (u32 i = threadIdx.x; i < Q * s.P; i += threads) {
        const u32 t = t0 + i / s.P;
        if (t >= s.T) continue;
        const float arriving = skip ? dy[b * s.dyBatch + t * s.dyTime + head * s.P + i % s.P] : 0.0f;
        dx[(((i64)b * s.T + t) * s.H + head) * s.P + i % s.P] = skip ? skip[head] * arriving : 0.0f;
      }
      for (u32 q = threadIdx.x; q < Q; q += threads)
        if (t0 + q < s.T) ddt[((i64)b * s.T + t0 + q) * s.H + head] = 0.0f;
      if (threadIdx.x == 0) dA[((i64)b * s.chunks + chunk) * s.H + head] = 0.0f;
    }
  }
#pragma unroll
  for (int half = 0; half < 2; half++) {
    const u32 t = t0 + row + half * 8;
    if (t >= s.T) continue;
    const i64 to = ((((i64)split * s.B + b) * s.T + t) * s.G + group) * s.N;
#pragma unroll
    for (int tile = 0; tile < mapTiles; tile++) {
      const u32 n = (across * mapTiles + tile) * 8 + pair;
      if (n >= s.N) continue;
      *(float2 *)(dB + to + n) = make_float2(dBs[tile][half * 2], dBs[tile][half * 2 + 1]);
      *(float2 *)(dC + to + n) = make_float2(dCs[tile][half * 2], dCs[tile][half * 2 + 1]);
    }
  }
}

#define GRADIENT(P, N)                                                                                                                 \
  ENTRY __launch_bounds__(walkers) ssd_gradient_walks_##P##_##N(                                                                       \
      const float *x, const float *dt, const float *A, const float *B, const float *C, const float *states, const int *slots,          \
      const float *dy, const float *dstates, float *newStates, __nv_bfloat16 *entries, SsdGradient s) {                                \
    walks<P, N>(x, dt, A, B, C, states, slots, dy, dstates, newStates, entries, s);                                                    \
  }                                                                                                                                    \
  ENTRY __launch_bounds__(Warps<P>::threads) ssd_gradient_chunks_##P##_##N(                                                            \
      const float *x, const float *dt, const float *A, const float *B, const float *C, const int *slots, const float *dy,              \
      const float *skip, const __nv_bfloat16 *entries, float *dx, float *ddt, float *dB, float *dC, float *dA, SsdGradient s) {        \
    chunks<P, N>(x, dt, A, B, C, slots, dy, skip, entries, dx, ddt, dB, dC, dA, s);                                                    \
  }
GRADIENT(32, 64)
GRADIENT(64, 64)
GRADIENT(64, 128)

// y = the sum over parts, by fours.
ENTRY ssd_gradient_join(const float4 *parts, float4 *y, u32 count, u32 partCount) {
  for (u32 i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) {
    float4 sum = parts[i];
    for (u32 part = 1; part < partCount; part++) {
      const float4 other = parts[(i64)part * count + i];
      sum = make_float4(sum.x + other.x, sum.y + other.y, sum.z + other.z, sum.w + other.w);
    }
    y[i] = sum;
  }
}
