// One step of Mamba-2's recurrence (Dao & Gu 2024, eq. 16): h = exp(dt A) h + dt x B; y = h C. A warp owns one row of a
// head's state, [N], which is read and written once. dt = 0 leaves the state as it is, to the bit.
#include "ssd-sizes.cuh"

template <bool F>
__device__ __forceinline__ void step(const In &x, const In &dt, const In &A, const In &B, const In &C, const In &states, const int *slots,
                                     const Out &y, const Out &newStates, const SsdSizes &s, const SsdAround &around) {
  const u32 warp = blockIdx.x * (blockDim.x >> 5) + (threadIdx.x >> 5), lane = threadIdx.x & 31;
  if (warp >= s.B * s.H * s.P) return;
  const u32 p = warp % s.P, head = (warp / s.P) % s.H, b = warp / s.P / s.H;
  const int slot = slots[b];
  if (slot < 0 || (u32)slot >= s.slots) {
    if (lane == 0) store<F>(y, warp, 0.0f);
    return;
  }
  const u32 group = (u32)((i64)head * s.G / s.H);
  const i64 bFrom = b * s.bBatch + group * s.N, cFrom = b * s.cBatch + group * s.N;
  const i64 from = (((i64)slot * s.H + head) * s.P + p) * s.N;
  // The state is what takes long to come: ask for it before anything is computed.
  const bool isWide = F && (s.N & 127) == 0;
  float4 h = make_float4(0, 0, 0, 0), mapB = h, mapC = h;
  if (isWide) {
    h = ((const float4 *)((const float *)states.data + from))[lane];
    const float *b0 = (const float *)B.data + bFrom + 4 * lane, *c0 = (const float *)C.data + cFrom + 4 * lane;
    mapB = make_float4(b0[0], b0[1], b0[2], b0[3]);
    mapC = make_float4(c0[0], c0[1], c0[2], c0[3]);
  }
  const float input = load<F>(x, b * s.xBatch + head * s.P + p), rate = load<F>(A, head);
  const float skip = around.skip ? around.skip[head] : 0.0f, bias = around.bias ? around.bias[head] : 0.0f;
  const bool isValid = !around.valid || around.valid[b];
  const float otherwise = around.otherwise ? *around.otherwise : 0.0f;
  float elapsed = load<F>(dt, b * s.dtBatch + head);
  if (around.bias) elapsed = fminf(fmaxf(softplus(elapsed + bias), around.low), around.high);
  if (!isValid) elapsed = otherwise;
  const float decay = expf(elapsed * rate), scaled = elapsed * input;
  float sum = 0.0f;
  if (isWide) {
    const float4 *old = (const float4 *)((const float *)states.data + from);
    float4 *next = (float4 *)((float *)newStates.data + from);
    const float *b0 = (const float *)B.data + bFrom, *c0 = (const float *)C.data + cFrom;
    for (u32 n = lane; n < s.N / 4; n += 32) {
      if (n >= 32) {
        h = old[n];
        mapB = make_float4(b0[4 * n], b0[4 * n + 1], b0[4 * n + 2], b0[4 * n + 3]);
        mapC = make_float4(c0[4 * n], c0[4 * n + 1], c0[4 * n + 2], c0[4 * n + 3]);
      }
      if (elapsed != 0.0f) {
        h.x = decay * h.x + scaled * mapB.x;
        h.y = decay * h.y + scaled * mapB.y;
        h.z = decay * h.z + scaled * mapB.z;
        h.w = decay * h.w + scaled * mapB.w;
        next[n] = h;
      }
      sum += mapC.x * h.x + mapC.y * h.y + mapC.z * h.z + mapC.w * h.w;
    }
  } else {
    for (u32 n = lane; n < s.N; n += 32) {
      float value = load<F>(states, from + n);
      if (elapsed != 0.0f) {
        value = decay * value + scaled * load<F>(B, bFrom + n);
        store<F>(newStates, from + n, value);
      }
      sum += load<F>(C, cFrom + n) * value;
    }
  }
  sum = warpSum(sum);
  if (lane == 0) store<F>(y, warp, around.skip ? sum + skip * input : sum);
}

#define STEP(suffix, F)                                                                                                                 \
  ENTRY ssd_step_##suffix(In x, In dt, In A, In B, In C, In states, const int *slots, Out y, Out newStates, SsdSizes s, SsdAround around) { \
    begin(); step<F>(x, dt, A, B, C, states, slots, y, newStates, s, around);                                                                    \
  }
STEP(f32, true)
STEP(any, false)

// The same for many rows of 128: a warp owns 8 rows of a head, asks for all of them at once and reads B and C once.
constexpr int rowsOfWarp = 8, wideState = 128;

struct StateF32 {
  static __device__ __forceinline__ float4 load(const void *states, i64 at) { return __ldcs((const float4 *)((const float *)states + at)); }
  static __device__ __forceinline__ void store(void *states, i64 at, float4 h) { __stcs((float4 *)((float *)states + at), h); }
};
struct StateBf16 {
  static __device__ __forceinline__ float4 load(const void *states, i64 at) {
    const uint2 raw = __ldcs((const uint2 *)((const __nv_bfloat16 *)states + at));
    return make_float4(__uint_as_float(raw.x << 16), __uint_as_float(raw.x & 0xffff0000u), __uint_as_float(raw.y << 16),
                       __uint_as_float(raw.y & 0xffff0000u));
  }
  static __device__ __forceinline__ void store(void *states, i64 at, float4 h) {
    const __nv_bfloat162 low = __floats2bfloat162_rn(h.x, h.y), high = __floats2bfloat162_rn(h.z, h.w);
    __stcs((uint2 *)((__nv_bfloat16 *)states + at), make_uint2(*(const u32 *)&low, *(const u32 *)&high));
  }
};

template <class S>
__device__ __forceinline__ void stepRows(const float *x, const float *dt, const float *A, const float *B, const float *C, const void *states,
                                         const int *slots, float *y, void *newStates, const SsdSizes &s, const SsdAround &around) {
  const u32 lane = threadIdx.x & 31, row = (blockIdx.x * (blockDim.x >> 5) + (threadIdx.x >> 5)) * rowsOfWarp;
  if (row >= s.B * s.H * s.P) return;
  const u32 p = row % s.P, head = (row / s.P) % s.H, b = row / s.P / s.H;
  const int slot = slots[b];
  if (slot < 0 || (u32)slot >= s.slots) {
    if (lane < rowsOfWarp) y[row + lane] = 0.0f;
    return;
  }
  const u32 group = (u32)((i64)head * s.G / s.H);
  const i64 from = (((i64)slot * s.H + head) * s.P + p) * wideState + 4 * lane;
  float4 h[rowsOfWarp];
#pragma unroll
  for (int r = 0; r < rowsOfWarp; r++) h[r] = S::load(states, from + r * wideState);
  const float *b0 = B + b * s.bBatch + group * wideState + 4 * lane, *c0 = C + b * s.cBatch + group * wideState + 4 * lane;
  const float4 mapB = make_float4(b0[0], b0[1], b0[2], b0[3]), mapC = make_float4(c0[0], c0[1], c0[2], c0[3]);
  const float input = lane < rowsOfWarp ? x[b * s.xBatch + head * s.P + p + lane] : 0.0f, rate = A[head];
  const float skip = around.skip ? around.skip[head] : 0.0f, bias = around.bias ? around.bias[head] : 0.0f;
  float elapsed = dt[b * s.dtBatch + head];
  if (around.bias) elapsed = fminf(fmaxf(softplus(elapsed + bias), around.low), around.high);
  if (around.valid && !around.valid[b]) elapsed = *around.otherwise;
  const float decay = expf(elapsed * rate);
  float mine = 0.0f;
#pragma unroll
  for (int r = 0; r < rowsOfWarp; r++) {
    const float scaled = elapsed * __shfl_sync(0xffffffffu, input, r);
    if (elapsed != 0.0f) {
      h[r].x = decay * h[r].x + scaled * mapB.x;
      h[r].y = decay * h[r].y + scaled * mapB.y;
      h[r].z = decay * h[r].z + scaled * mapB.z;
      h[r].w = decay * h[r].w + scaled * mapB.w;
      S::store(newStates, from + r * wideState, h[r]);
    }
    const float sum = warpSum(mapC.x * h[r].x + mapC.y * h[r].y + mapC.z * h[r].z + mapC.w * h[r].w);
    if ((int)lane == r) mine = sum;
  }
  if (lane < rowsOfWarp) y[row + lane] = around.skip ? mine + skip * input : mine;
}

#define STEP_ROWS(suffix, S)                                                                                                             \
  ENTRY __launch_bounds__(256) ssd_step_rows_##suffix(In x, In dt, In A, In B, In C, In states, const int *slots, Out y, Out newStates,   \
                                                      SsdSizes s, SsdAround around) {                                                     \
    begin();                                                                                                                             \
    stepRows<S>((const float *)x.data, (const float *)dt.data, (const float *)A.data, (const float *)B.data, (const float *)C.data,       \
                states.data, slots, (float *)y.data, newStates.data, s, around);                                                         \
  }
STEP_ROWS(f32, StateF32)
STEP_ROWS(bf16, StateBf16)
