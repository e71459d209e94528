// Mamba-2 over a sequence as the chunked algorithm (Dao & Gu 2024, §6 and Listing 1) on the tensor cores. One block walks
// the chunks of 64 positions of one head (or 64 rows of it); the state stays in its registers, and nothing but x, dt, B, C
// and y touches device memory. Per chunk, with cum the running sum of dt A from its start, summed in doubles:
//   S = C B^T                                    [Q, Q], lower triangle
//   W[i, j] = S[i, j] exp(cum_i - cum_j) dt_j    for j <= i
//   y = exp(cum_i) C h^T + W x                   [Q, P]
//   h = exp(cum_last) h + (exp(cum_last - cum_j) dt_j x_j)^T B
// Operands are cut into PIECES = 3 bfloat16 pieces, which together are the float32 number; of the nine products of two
// numbers' pieces the six largest are summed, the smallest first, so that what is lost is below float32's rounding.
// (Two pieces and three products were tried: 2^-17 per operand is too much for models that amplify it.)
// Positions with dt = 0 add nothing, even where x is not finite.
#include "mma.cuh"
#include "ssd-sizes.cuh"

constexpr int Q = 64, PW = 64, threads = 256;

__device__ __forceinline__ u32 at(int row, int chunk, int rowBytes) { return row * rowBytes + ((chunk ^ (row & 7)) << 4); }

template <int PIECES, int N> struct Tiles {
  static constexpr int mapBytes = Q * N * 2, xBytes = Q * PW * 2, stateBytes = PW * N * 2;
  static constexpr int c = 0, b = c + PIECES * mapBytes, x = b + PIECES * mapBytes, xw = x + PIECES * xBytes,
                       h = xw + PIECES * xBytes, bytes = h + PIECES * stateBytes;
};

template <int PIECES> __device__ __forceinline__ void put(char *tile, int pieceBytes, u32 offset, float a, float b) {
  u32 pieces[PIECES];
  cut<PIECES>(a, b, pieces);
#pragma unroll
  for (int piece = 0; piece < PIECES; piece++) *(u32 *)(tile + piece * pieceBytes + offset) = pieces[piece];
}

// c += a b over the pairs of pieces that matter.
template <int PIECES>
__device__ __forceinline__ void multiplyPieces(float (&c)[4], const u32 (&a)[PIECES][4], const u32 (&b)[PIECES][4], int half) {
#pragma unroll
  for (int order = PIECES - 1; order >= 0; order--)
#pragma unroll
    for (int piece = 0; piece <= order; piece++)
      multiplyAdd(c, a[piece], b[order - piece][half * 2], b[order - piece][half * 2 + 1]);
}

// Two neighbours; `inside` says how many of them exist.
template <bool F> __device__ __forceinline__ float2 loadPair(const In &x, i64 from, int inside) {
  if (inside <= 0) return make_float2(0.0f, 0.0f);
  if (F) return *(const float2 *)((const float *)x.data + from);
  return make_float2(load<false>(x, from), inside > 1 ? load<false>(x, from + 1) : 0.0f);
}

template <bool F, int PIECES, int N>
__device__ __forceinline__ void chunks(const In &x, const In &dt, const In &A, const In &B, const In &C, const In &states, const int *slots,
                                       const Out &y, const Out &newStates, const SsdSizes &s, const SsdAround &around) {
  using T = Tiles<PIECES, N>;
  extern __shared__ __align__(1024) char tiles[];
  __shared__ double cum[Q];
  __shared__ float steps[Q], fromStart[Q], toEnd[Q];
  const int thread = threadIdx.x, lane = thread & 31, warp = thread >> 5, wm = warp >> 1, wn = warp & 1;
  const u32 head = blockIdx.y, b = blockIdx.z, p0 = blockIdx.x * PW;
  const int slot = slots[b];
  if (slot < 0 || (u32)slot >= s.slots) {
    for (u32 i = thread; i < s.T * PW; i += threads) {
      const u32 t = i / PW, p = p0 + i % PW;
      if (p < s.P) store<F>(y, (((i64)b * s.T + t) * s.H + head) * s.P + p, 0.0f);
    }
    return;
  }
  const u32 group = (u32)((i64)head * s.G / s.H);
  const float rate = load<F>(A, head), skip = around.skip ? around.skip[head] : 0.0f;
  const i64 stateFrom = ((i64)slot * s.H + head) * s.P * s.N;
  const u32 base = sharedAddress(tiles);

  // This warp's part of the state: rows wm * 16 …, columns wn * N / 2 …, as the tensor cores hold sums.
  constexpr int NT = N / 16;
  float h[NT][4];
#pragma unroll
  for (int j = 0; j < NT; j++)
#pragma unroll
    for (int c = 0; c < 4; c++) {
      const u32 p = p0 + wm * 16 + (lane >> 2) + (c >> 1) * 8, n = wn * (N / 2) + j * 8 + (lane & 3) * 2 + (c & 1);
      h[j][c] = p < s.P && n < s.N ? load<F>(states, stateFrom + (i64)p * s.N + n) : 0.0f;
    }

  for (u32 t0 = 0; t0 < s.T; t0 += Q) {
    // 1. Step sizes and their running sums: two positions a lane of the first warp.
    if (warp == 0) {
      double sums[2];
      float value[2];
#pragma unroll
      for (int i = 0; i < 2; i++) {
        const u32 t = t0 + lane * 2 + i;
        value[i] = 0.0f;
        if (t < s.T) {
          value[i] = load<F>(dt, b * s.dtBatch + t * s.dtTime + head);
          if (around.bias) value[i] = fminf(fmaxf(softplus(value[i] + around.bias[head]), around.low), around.high);
          if (around.valid && !around.valid[b * s.T + t]) value[i] = *around.otherwise;
        }
        sums[i] = (double)value[i] * (double)rate;
      }
      double total = sums[0] + sums[1];
#pragma unroll
      for (int offset = 1; offset < 32; offset <<= 1) {
        const double other = __shfl_up_sync(0xffffffffu, total, offset);
        if (lane >= offset) total += other;
      }
      const double last = __shfl_sync(0xffffffffu, total, 31);
      const double here[2] = {total - sums[1], total};
#pragma unroll
      for (int i = 0; i < 2; i++) {
        const int q = lane * 2 + i;
        steps[q] = value[i];
        cum[q] = here[i];
        fromStart[q] = expf((float)here[i]);
        toEnd[q] = value[i] == 0.0f ? 0.0f : expf((float)(last - here[i])) * value[i];
      }
    }
    __syncthreads();
    // 2. Tiles in pieces. Two neighbours a thread.
    constexpr int batch = 8; // loads on their way at once
#pragma unroll 1
    for (int from = thread; from < Q * N / 2; from += threads * batch) {
      float2 maps[batch], others[batch];
#pragma unroll
      for (int l = 0; l < batch; l++) {
        const int i = from + l * threads, q = i / (N / 2), n = i % (N / 2) * 2;
        const u32 t = t0 + q;
        const int inside = t < s.T ? (int)s.N - n : 0;
        maps[l] = loadPair<F>(B, b * s.bBatch + t * s.bTime + group * s.N + n, inside);
        others[l] = loadPair<F>(C, b * s.cBatch + t * s.cTime + group * s.N + n, inside);
      }
#pragma unroll
      for (int l = 0; l < batch; l++) {
        const int i = from + l * threads, q = i / (N / 2), n = i % (N / 2) * 2;
        const u32 offset = at(q, n >> 3, N * 2) + (n & 7) * 2;
        put<PIECES>(tiles + T::b, T::mapBytes, offset, maps[l].x, maps[l].y);
        put<PIECES>(tiles + T::c, T::mapBytes, offset, others[l].x, others[l].y);
      }
    }
    {
      float2 inputs[batch];
      static_assert(Q * PW / 2 == threads * batch, "one batch");
#pragma unroll
      for (int l = 0; l < batch; l++) {
        const int i = thread + l * threads, q = i / (PW / 2), p = i % (PW / 2) * 2;
        const u32 t = t0 + q;
        const int inside = t < s.T && steps[q] != 0.0f ? (int)s.P - (int)p0 - p : 0;
        inputs[l] = loadPair<F>(x, b * s.xBatch + t * s.xTime + head * s.P + p0 + p, inside);
      }
#pragma unroll
      for (int l = 0; l < batch; l++) {
        const int i = thread + l * threads, q = i / (PW / 2), p = i % (PW / 2) * 2;
        const u32 offset = at(q, p >> 3, PW * 2) + (p & 7) * 2;
        put<PIECES>(tiles + T::x, T::xBytes, offset, inputs[l].x, inputs[l].y);
        put<PIECES>(tiles + T::xw, T::xBytes, offset, inputs[l].x * toEnd[q], inputs[l].y * toEnd[q]);
      }
    }
#pragma unroll
    for (int j = 0; j < NT; j++)
#pragma unroll
      for (int c = 0; c < 4; c += 2) {
        const int p = wm * 16 + (lane >> 2) + (c >> 1) * 8, n = wn * (N / 2) + j * 8 + (lane & 3) * 2;
        put<PIECES>(tiles + T::h, T::stateBytes, at(p, n >> 3, N * 2) + (n & 7) * 2, h[j][c], h[j][c + 1]);
      }
    __syncthreads();
    // 3. From the state: C h^T for 32 columns of y, and S for all columns that the rows see.
    float sums[4][4] = {}, S[8][4] = {};
#pragma unroll
    for (int k = 0; k < N / 16; k++) {
      u32 a[PIECES][4];
#pragma unroll
      for (int piece = 0; piece < PIECES; piece++)
        loadMatrices(a[piece], base + T::c + piece * T::mapBytes + at(wm * 16 + (lane & 15), k * 2 + (lane >> 4), N * 2));
#pragma unroll
      for (int pair = 0; pair < 2; pair++) {
        u32 f[PIECES][4];
        const int row = wn * 32 + pair * 16 + (lane & 7) + ((lane >> 4) << 3);
#pragma unroll
        for (int piece = 0; piece < PIECES; piece++)
          loadMatrices(f[piece], base + T::h + piece * T::stateBytes + at(row, k * 2 + ((lane >> 3) & 1), N * 2));
        multiplyPieces<PIECES>(sums[pair * 2], a, f, 0);
        multiplyPieces<PIECES>(sums[pair * 2 + 1], a, f, 1);
      }
#pragma unroll
      for (int pair = 0; pair < 4; pair++) {
        if (pair > wm) continue;
        u32 f[PIECES][4];
        const int row = pair * 16 + (lane & 7) + ((lane >> 4) << 3);
#pragma unroll
        for (int piece = 0; piece < PIECES; piece++)
          loadMatrices(f[piece], base + T::b + piece * T::mapBytes + at(row, k * 2 + ((lane >> 3) & 1), N * 2));
        multiplyPieces<PIECES>(S[pair * 2], a, f, 0);
        multiplyPieces<PIECES>(S[pair * 2 + 1], a, f, 1);
      }
    }
    const int i0 = wm * 16 + (lane >> 2);
#pragma unroll
    for (int j = 0; j < 4; j++)
#pragma unroll
      for (int c = 0; c < 4; c++) sums[j][c] *= fromStart[i0 + (c >> 1) * 8];
    // 4. Within the chunk: W x, W straight from registers.
#pragma unroll
    for (int pair = 0; pair < 4; pair++) {
      if (pair > wm) continue;
      u32 a[PIECES][4];
#pragma unroll
      for (int half = 0; half < 2; half++)
#pragma unroll
        for (int c = 0; c < 4; c += 2) {
          const int i = i0 + (c >> 1) * 8, j = (pair * 2 + half) * 8 + (lane & 3) * 2;
          const double from = cum[i];
          const float first = j <= i ? S[pair * 2 + half][c] * expf((float)(from - cum[j])) * steps[j] : 0.0f;
          const float second = j + 1 <= i ? S[pair * 2 + half][c + 1] * expf((float)(from - cum[j + 1])) * steps[j + 1] : 0.0f;
          u32 pieces[PIECES];
          cut<PIECES>(first, second, pieces);
#pragma unroll
          for (int piece = 0; piece < PIECES; piece++) a[piece][half * 2 + (c >> 1)] = pieces[piece];
        }
#pragma unroll
      for (int part = 0; part < 2; part++) {
        u32 f[PIECES][4];
        const int row = pair * 16 + (lane & 15), chunk = wn * 4 + part * 2 + (lane >> 4);
#pragma unroll
        for (int piece = 0; piece < PIECES; piece++) loadTransposed(f[piece], base + T::x + piece * T::xBytes + at(row, chunk, PW * 2));
        multiplyPieces<PIECES>(sums[part * 2], a, f, 0);
        multiplyPieces<PIECES>(sums[part * 2 + 1], a, f, 1);
      }
    }
    // 5. The state at the chunk's end.
    const float through = expf((float)cum[Q - 1]);
#pragma unroll
    for (int j = 0; j < NT; j++)
#pragma unroll
      for (int c = 0; c < 4; c++) h[j][c] *= through;
#pragma unroll
    for (int k = 0; k < Q / 16; k++) {
      u32 a[PIECES][4];
#pragma unroll
      for (int piece = 0; piece < PIECES; piece++) {
        const int row = k * 16 + (lane & 7) + ((lane >> 4) << 3);
        loadTransposed(a[piece], base + T::xw + piece * T::xBytes + at(row, wm * 2 + ((lane >> 3) & 1), PW * 2));
      }
#pragma unroll
      for (int pair = 0; pair < NT / 2; pair++) {
        u32 f[PIECES][4];
        const int row = k * 16 + (lane & 15), chunk = wn * (N / 16) + pair * 2 + (lane >> 4);
#pragma unroll
        for (int piece = 0; piece < PIECES; piece++) loadTransposed(f[piece], base + T::b + piece * T::mapBytes + at(row, chunk, N * 2));
        multiplyPieces<PIECES>(h[pair * 2], a, f, 0);
        multiplyPieces<PIECES>(h[pair * 2 + 1], a, f, 1);
      }
    }
    // 6. Outputs.
#pragma unroll
    for (int j = 0; j < 4; j++)
#pragma unroll
      for (int c = 0; c < 4; c++) {
        const u32 t = t0 + i0 + (c >> 1) * 8, p = p0 + wn * 32 + j * 8 + (lane & 3) * 2 + (c & 1);
        if (t >= s.T || p >= s.P) continue;
        float value = sums[j][c];
        if (around.skip) value += skip * load<F>(x, b * s.xBatch + t * s.xTime + head * s.P + p);
        store<F>(y, (((i64)b * s.T + t) * s.H + head) * s.P + p, value);
      }
    __syncthreads();
  }
#pragma unroll
  for (int j = 0; j < NT; j++)
#pragma unroll
    for (int c = 0; c < 4; c++) {
      const u32 p = p0 + wm * 16 + (lane >> 2) + (c >> 1) * 8, n = wn * (N / 2) + j * 8 + (lane & 3) * 2 + (c & 1);
      if (p < s.P && n < s.N) store<F>(newStates, stateFrom + (i64)p * s.N + n, h[j][c]);
    }
}

#define CHUNKS(suffix, F, PIECES, N)                                                                                                   \
  ENTRY __launch_bounds__(threads) ssd_chunks_##suffix##_##PIECES##_##N(In x, In dt, In A, In B, In C, In states, const int *slots,    \
                                                                      Out y, Out newStates, SsdSizes s, SsdAround around) {            \
    chunks<F, PIECES, N>(x, dt, A, B, C, states, slots, y, newStates, s, around);                                                      \
  }
CHUNKS(f32, true, 3, 64)
CHUNKS(f32, true, 3, 128)
CHUNKS(any, false, 3, 64)
CHUNKS(any, false, 3, 128)
