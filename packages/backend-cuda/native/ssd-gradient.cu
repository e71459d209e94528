// The gradient of state-space duality (Dao & Gu 2024, §6) in float32, a block for one head of one row of the batch. A first walk
// leaves the state at the entry of each chunk of 32 positions; a second one goes back through them with l, the gradient of the
// state at the chunk's end. With cum the running sum of a = dt A from the chunk's start, L[i, j] = exp(cum_i - cum_j) for j <= i:
//   E = (dy x^T) (C B^T) L                       what arrives at W = (C B^T) L dt_j, times W, but for dt
//   dx = W^T dy + dt_j end_j (B l^T)             end_j = exp(cum_last - cum_j), start_i = exp(cum_i)
//   dC = D B + start_i (dy h)                    D = (dy x^T) L dt_j
//   dB = D^T C + dt_j end_j (x l)
//   l' = exp(cum_last) l + (start dy)^T C
// Every decay is e to a sum of a's, so that its gradient times itself goes to each a of that sum: sums without differences.
#include "common.cuh"

constexpr int Q = 32, side = 16, threads = 256;

struct SsdGradient {
  u32 B, T, H, P, G, N, slots, chunks;
  i64 xBatch, xTime, dtBatch, dtTime, bBatch, bTime, cBatch, cTime, dyBatch, dyTime;
};

// sums[i][j] += sum over k of a(row, k) b(k, column), for rows y + 16 i and columns x + 16 j of a thread (x, y).
template <int R, int S, class A, class B> __device__ __forceinline__ void accumulate(float (&sums)[R][S], int K, A a, B b) {
  const int x = threadIdx.x % side, y = threadIdx.x / side;
#pragma unroll 4
  for (int k = 0; k < K; k++) {
    float left[R], right[S];
#pragma unroll
    for (int i = 0; i < R; i++) left[i] = a(y + side * i, k);
#pragma unroll
    for (int j = 0; j < S; j++) right[j] = b(k, x + side * j);
#pragma unroll
    for (int i = 0; i < R; i++)
#pragma unroll
      for (int j = 0; j < S; j++) sums[i][j] = fmaf(left[i], right[j], sums[i][j]);
  }
}

// Sums over the 16 threads of a row.
__device__ __forceinline__ float rowSum(float value) {
#pragma unroll
  for (int offset = side / 2; offset > 0; offset >>= 1) value += __shfl_xor_sync(0xffffffffu, value, offset);
  return value;
}
template <class T> __device__ __forceinline__ T inclusive(T value, int lane) {
#pragma unroll
  for (int offset = 1; offset < 32; offset <<= 1) {
    const T other = __shfl_up_sync(0xffffffffu, value, offset);
    if (lane >= offset) value += other;
  }
  return value;
}

template <int P, int N> struct Room {
  // Running sums in doubles: where dt is large, decays are e to small differences of large numbers.
  double cum[Q];
  float x[Q][P + 1], dy[Q][P + 1], b[Q][N + 1], c[Q][N + 1], h[P][N + 1], l[P][N + 1];
  float W[Q][Q + 1], D[Q][Q + 1], E[Q][Q + 1];
  float dt[Q], start[Q], end[Q], r[Q], q[Q], columns[8][Q], crossing[8][Q], z[8];
};

template <int WIDTH> __device__ __forceinline__ void loadRows(float (*to)[WIDTH + 1], const float *from, i64 stride, u32 t0, u32 T, u32 width) {
  for (int i = threadIdx.x; i < Q * WIDTH; i += threads) {
    const u32 q = i / WIDTH, at = i % WIDTH, t = t0 + q;
    to[q][at] = t < T && at < width ? from[t * stride + at] : 0.0f;
  }
}

// Step sizes and decays of a chunk, by the first warp.
template <int P, int N>
__device__ __forceinline__ void loadSteps(Room<P, N> &room, const float *dt, const SsdGradient &s, u32 b, u32 head, u32 t0, float rate) {
  if (threadIdx.x >= 32) return;
  const int lane = threadIdx.x;
  const float value = t0 + lane < s.T ? dt[b * s.dtBatch + (t0 + lane) * s.dtTime + head] : 0.0f;
  const double cum = inclusive((double)value * (double)rate, lane), last = __shfl_sync(0xffffffffu, cum, 31);
  room.dt[lane] = value;
  room.cum[lane] = cum;
  room.start[lane] = expf((float)cum);
  room.end[lane] = expf((float)(last - cum));
}

template <int P, int N>
__device__ __forceinline__ void gradient(const float *x, const float *dt, const float *A, const float *B, const float *C, const float *states,
                                         const int *slots, const float *dy, const float *dstates, float *dx, float *ddt, float *dB, float *dC,
                                         float *newStates, float *entries, float *dA, const SsdGradient &s) {
  extern __shared__ char memory[];
  Room<P, N> &room = *(Room<P, N> *)memory;
  constexpr int RP = P / side, SN = N / side, RQ = Q / side;
  const u32 head = blockIdx.x, b = blockIdx.y, group = (u32)((i64)head * s.G / s.H);
  const int slot = slots[b], tx = threadIdx.x % side, ty = threadIdx.x / side, lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  const float rate = A[head];
  const float *xs = x + b * s.xBatch + head * s.P, *dys = dy + b * s.dyBatch + head * s.P;
  const float *Bs = B + b * s.bBatch + group * s.N, *Cs = C + b * s.cBatch + group * s.N;
  const i64 row = (i64)b * s.T * s.H + head; // of [B, T, H] at t = 0
  if (slot < 0 || (u32)slot >= s.slots) {
    for (u32 t = 0; t < s.T; t++) {
      const i64 at = row + (i64)t * s.H;
      for (u32 i = threadIdx.x; i < s.P; i += threads) dx[at * s.P + i] = 0.0f;
      for (u32 i = threadIdx.x; i < s.N; i += threads) dB[at * s.N + i] = dC[at * s.N + i] = 0.0f;
      if (threadIdx.x == 0) ddt[at] = 0.0f;
    }
    if (threadIdx.x == 0) dA[b * s.H + head] = 0.0f;
    return;
  }
  const i64 stateFrom = ((i64)slot * s.H + head) * s.P * s.N;
  float *mine = entries + ((i64)b * s.H + head) * s.chunks * P * N;
  for (int i = threadIdx.x; i < P * N; i += threads) {
    const u32 p = i / N, n = i % N;
    const bool isInside = p < s.P && n < s.N;
    room.h[p][n] = isInside ? states[stateFrom + (i64)p * s.N + n] : 0.0f;
    room.l[p][n] = isInside && dstates ? dstates[stateFrom + (i64)p * s.N + n] : 0.0f;
  }
  __syncthreads();
  for (u32 chunk = 0; chunk + 1 < s.chunks; chunk++) {
    for (int i = threadIdx.x; i < P * N; i += threads) mine[(i64)chunk * P * N + i] = room.h[i / N][i % N];
    loadRows<P>(room.x, xs, s.xTime, chunk * Q, s.T, s.P);
    loadRows<N>(room.b, Bs, s.bTime, chunk * Q, s.T, s.N);
    loadSteps(room, dt, s, b, head, chunk * Q, rate);
    __syncthreads();
    float sums[RP][SN];
    const float through = room.start[Q - 1];
#pragma unroll
    for (int i = 0; i < RP; i++)
#pragma unroll
      for (int j = 0; j < SN; j++) sums[i][j] = through * room.h[ty + side * i][tx + side * j];
    accumulate(
        sums, Q, [&](int p, int q) { return room.x[q][p] * (room.end[q] * room.dt[q]); }, [&](int q, int n) { return room.b[q][n]; });
    __syncthreads();
#pragma unroll
    for (int i = 0; i < RP; i++)
#pragma unroll
      for (int j = 0; j < SN; j++) room.h[ty + side * i][tx + side * j] = sums[i][j];
    __syncthreads();
  }
  float dRate = 0.0f;
  for (int chunk = (int)s.chunks - 1; chunk >= 0; chunk--) {
    const u32 t0 = chunk * Q;
    loadRows<P>(room.x, xs, s.xTime, t0, s.T, s.P);
    loadRows<P>(room.dy, dys, s.dyTime, t0, s.T, s.P);
    loadRows<N>(room.b, Bs, s.bTime, t0, s.T, s.N);
    loadRows<N>(room.c, Cs, s.cTime, t0, s.T, s.N);
    loadSteps(room, dt, s, b, head, t0, rate);
    // The last chunk's entry is still there.
    if (chunk + 1 < (int)s.chunks)
      for (int i = threadIdx.x; i < P * N; i += threads) room.h[i / N][i % N] = mine[(i64)chunk * P * N + i];
    __syncthreads();
    {
      float S[RQ][RQ] = {}, given[RQ][RQ] = {};
      accumulate(S, N, [&](int i, int n) { return room.c[i][n]; }, [&](int n, int j) { return room.b[j][n]; });
      accumulate(given, P, [&](int i, int p) { return room.dy[i][p]; }, [&](int p, int j) { return room.x[j][p]; });
#pragma unroll
      for (int u = 0; u < RQ; u++)
#pragma unroll
        for (int v = 0; v < RQ; v++) {
          const int i = ty + side * u, j = tx + side * v;
          const float L = j <= i ? expf((float)(room.cum[i] - room.cum[j])) : 0.0f;
          room.W[i][j] = j <= i ? S[u][v] * L * room.dt[j] : 0.0f;
          room.D[i][j] = j <= i ? given[u][v] * L * room.dt[j] : 0.0f;
          room.E[i][j] = j <= i ? given[u][v] * S[u][v] * L : 0.0f;
        }
    }
    __syncthreads();
    {
      // dx, and r_j = x_j . (B l^T)_j end_j.
      float direct[RQ][RP] = {}, U[RQ][RP] = {};
      accumulate(direct, Q, [&](int j, int i) { return room.W[i][j]; }, [&](int i, int p) { return room.dy[i][p]; });
      accumulate(U, N, [&](int j, int n) { return room.b[j][n]; }, [&](int n, int p) { return room.l[p][n]; });
#pragma unroll
      for (int u = 0; u < RQ; u++) {
        const int j = ty + side * u;
        float r = 0.0f;
#pragma unroll
        for (int v = 0; v < RP; v++) {
          const int p = tx + side * v;
          U[u][v] *= room.end[j];
          r = fmaf(room.x[j][p], U[u][v], r);
          if (t0 + j < s.T && p < (int)s.P) dx[(row + (i64)(t0 + j) * s.H) * s.P + p] = fmaf(room.dt[j], U[u][v], direct[u][v]);
        }
        r = rowSum(r);
        if (tx == 0) room.r[j] = r;
      }
    }
    {
      // dC, and q_i = C_i . (dy h)_i start_i.
      float direct[RQ][SN] = {}, V[RQ][SN] = {};
      accumulate(direct, Q, [&](int i, int j) { return room.D[i][j]; }, [&](int j, int n) { return room.b[j][n]; });
      accumulate(V, P, [&](int i, int p) { return room.dy[i][p]; }, [&](int p, int n) { return room.h[p][n]; });
#pragma unroll
      for (int u = 0; u < RQ; u++) {
        const int i = ty + side * u;
        float q = 0.0f;
#pragma unroll
        for (int v = 0; v < SN; v++) {
          const int n = tx + side * v;
          V[u][v] *= room.start[i];
          q = fmaf(room.c[i][n], V[u][v], q);
          if (t0 + i < s.T && n < (int)s.N) dC[(row + (i64)(t0 + i) * s.H) * s.N + n] = direct[u][v] + V[u][v];
        }
        q = rowSum(q);
        if (tx == 0) room.q[i] = q;
      }
    }
    {
      float direct[RQ][SN] = {}, V[RQ][SN] = {};
      accumulate(direct, Q, [&](int j, int i) { return room.D[i][j]; }, [&](int i, int n) { return room.c[i][n]; });
      accumulate(V, P, [&](int j, int p) { return room.x[j][p]; }, [&](int p, int n) { return room.l[p][n]; });
#pragma unroll
      for (int u = 0; u < RQ; u++)
#pragma unroll
        for (int v = 0; v < SN; v++) {
          const int j = ty + side * u, n = tx + side * v;
          if (t0 + j < s.T && n < (int)s.N)
            dB[(row + (i64)(t0 + j) * s.H) * s.N + n] = fmaf(room.dt[j] * room.end[j], V[u][v], direct[u][v]);
        }
    }
    // Of E: sums down the columns, and for each k the sum over i >= k, j < k of E dt_j. Four rows a warp.
    {
      float column = 0.0f, crossing = 0.0f;
#pragma unroll
      for (int u = 0; u < 4; u++) {
        const int i = warp * 4 + u;
        const float e = room.E[i][lane];
        column += e;
        const float scaled = e * room.dt[lane], before = inclusive(scaled, lane) - scaled;
        if (lane <= i) crossing += before;
      }
      room.columns[warp][lane] = column;
      room.crossing[warp][lane] = crossing;
    }
    // l at the chunk's start.
    float z = 0.0f, next[RP][SN];
    const float through = room.start[Q - 1];
#pragma unroll
    for (int i = 0; i < RP; i++)
#pragma unroll
      for (int j = 0; j < SN; j++) {
        const int p = ty + side * i, n = tx + side * j;
        next[i][j] = through * room.l[p][n];
        z = fmaf(next[i][j], room.h[p][n], z);
      }
    accumulate(
        next, Q, [&](int p, int i) { return room.dy[i][p] * room.start[i]; }, [&](int i, int n) { return room.c[i][n]; });
    z = warpSum(z);
    if (lane == 0) room.z[warp] = z;
    __syncthreads();
#pragma unroll
    for (int i = 0; i < RP; i++)
#pragma unroll
      for (int j = 0; j < SN; j++) room.l[ty + side * i][tx + side * j] = next[i][j];
    if (warp == 0) {
      float da = 0.0f, column = 0.0f;
#pragma unroll
      for (int w = 0; w < 8; w++) {
        da += room.crossing[w][lane] + room.z[w];
        column += room.columns[w][lane];
      }
      const float step = room.dt[lane], r = room.r[lane], left = step * r;
      // q_i goes to every a up to i, what is left of j to every a after j.
      float later = room.q[lane];
#pragma unroll
      for (int offset = 1; offset < 32; offset <<= 1) {
        const float other = __shfl_down_sync(0xffffffffu, later, offset);
        if (lane + offset < 32) later += other;
      }
      const float sum = inclusive(left, lane), before = __shfl_up_sync(0xffffffffu, sum, 1);
      da += later + (lane > 0 ? before : 0.0f);
      if (t0 + lane < s.T) {
        ddt[row + (i64)(t0 + lane) * s.H] = column + r + rate * da;
        dRate = fmaf(step, da, dRate);
      }
    }
    __syncthreads();
  }
  if (warp == 0) {
    dRate = warpSum(dRate);
    if (lane == 0) dA[b * s.H + head] = dRate;
  }
  for (int i = threadIdx.x; i < P * N; i += threads) {
    const u32 p = i / N, n = i % N;
    if (p < s.P && n < s.N) newStates[stateFrom + (i64)p * s.N + n] = room.l[p][n];
  }
}

#define GRADIENT(P, N)                                                                                                                   \
  ENTRY __launch_bounds__(threads) ssd_gradient_##P##_##N(                                                                               \
      const float *x, const float *dt, const float *A, const float *B, const float *C, const float *states, const int *slots,            \
      const float *dy, const float *dstates, float *dx, float *ddt, float *dB, float *dC, float *newStates, float *entries, float *dA,   \
      SsdGradient s) {                                                                                                                   \
    gradient<P, N>(x, dt, A, B, C, states, slots, dy, dstates, dx, ddt, dB, dC, newStates, entries, dA, s);                              \
  }
GRADIENT(32, 64)
GRADIENT(64, 64)
GRADIENT(64, 128)

// The gradients of B and C of a group are the sums of its heads': parts[rows, H, N] to y[rows, G, N].
ENTRY ssd_gradient_groups(const float *parts, float *y, u32 rows, u32 H, u32 G, u32 N) {
  const u32 count = rows * G * N, shared = H / G;
  for (u32 i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) {
    const u32 n = i % N, group = i / N % G, row = i / N / G;
    const float *from = parts + ((i64)row * H + group * shared) * N + n;
    float sum = 0.0f;
    for (u32 head = 0; head < shared; head++) sum += from[(i64)head * N];
    y[i] = sum;
  }
}
