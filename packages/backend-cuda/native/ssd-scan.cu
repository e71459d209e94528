// Mamba-2 over a sequence as its recurrence, in float32, with the state in registers: it never leaves the chip between
// the first and the last position. Four lanes share one row [N] of a head's state; a block has blockDim / 4 rows of one
// head. B, C, x and dt come in stages of `stage` positions through shared memory.
#include "ssd-sizes.cuh"

constexpr int stage = 32, lanes = 4, maxRows = 64;

template <bool F, int PER_LANE>
__device__ __forceinline__ void scan(const In &x, const In &dt, const In &A, const In &B, const In &C, const In &states, const int *slots,
                                     const Out &y, const Out &newStates, const SsdSizes &s, const SsdAround &around) {
  constexpr int width = PER_LANE * lanes; // N, filled up with zeros
  extern __shared__ float4 memory[];
  float *bs = (float *)memory, *cs = bs + stage * width, *xs = cs + stage * width, *ys = xs + stage * maxRows;
  __shared__ float elapsed[stage], decays[stage];
  const int thread = threadIdx.x, rows = blockDim.x / lanes, row = thread / lanes, lane = thread % lanes;
  const u32 head = blockIdx.y, b = blockIdx.z, p0 = blockIdx.x * rows, p = p0 + row;
  const int slot = slots[b];
  if (slot < 0 || (u32)slot >= s.slots) {
    for (u32 i = thread; i < s.T * rows; i += blockDim.x) {
      const u32 t = i / rows, q = p0 + i % rows;
      if (q < s.P) store<F>(y, (((i64)b * s.T + t) * s.H + head) * s.P + q, 0.0f);
    }
    return;
  }
  const u32 group = (u32)((i64)head * s.G / s.H);
  const float rate = load<F>(A, head), skip = around.skip ? around.skip[head] : 0.0f;
  const i64 from = (((i64)slot * s.H + head) * s.P + p) * s.N;
  float h[PER_LANE];
#pragma unroll
  for (int i = 0; i < PER_LANE; i++) {
    const u32 n = (i / 4 * lanes + lane) * 4 + i % 4;
    h[i] = p < s.P && n < s.N ? load<F>(states, from + n) : 0.0f;
  }
  for (u32 t0 = 0; t0 < s.T; t0 += stage) {
    const u32 count = min((u32)stage, s.T - t0);
    for (u32 i = thread; i < count * width; i += blockDim.x) {
      const u32 t = i / width, n = i % width;
      const bool isInside = n < s.N;
      bs[i] = isInside ? load<F>(B, b * s.bBatch + (t0 + t) * s.bTime + group * s.N + n) : 0.0f;
      cs[i] = isInside ? load<F>(C, b * s.cBatch + (t0 + t) * s.cTime + group * s.N + n) : 0.0f;
    }
    for (u32 i = thread; i < count * rows; i += blockDim.x) {
      const u32 t = i / rows, q = p0 + i % rows;
      xs[i] = q < s.P ? load<F>(x, b * s.xBatch + (t0 + t) * s.xTime + head * s.P + q) : 0.0f;
    }
    if (thread < (int)count) {
      float value = load<F>(dt, b * s.dtBatch + (t0 + thread) * s.dtTime + head);
      if (around.bias) value = fminf(fmaxf(softplus(value + around.bias[head]), around.low), around.high);
      if (around.valid && !around.valid[b * s.T + t0 + thread]) value = *around.otherwise;
      elapsed[thread] = value;
      decays[thread] = expf(value * rate);
    }
    __syncthreads();
    for (u32 t = 0; t < count; t++) {
      const float now = elapsed[t], decay = decays[t], value = xs[t * rows + row];
      const float4 *bt = (const float4 *)(bs + t * width), *ct = (const float4 *)(cs + t * width);
      float sum = 0.0f;
      if (now != 0.0f) {
        const float scaled = now * value;
#pragma unroll
        for (int i = 0; i < PER_LANE / 4; i++) {
          const float4 q = bt[i * lanes + lane];
          h[4 * i] = decay * h[4 * i] + scaled * q.x;
          h[4 * i + 1] = decay * h[4 * i + 1] + scaled * q.y;
          h[4 * i + 2] = decay * h[4 * i + 2] + scaled * q.z;
          h[4 * i + 3] = decay * h[4 * i + 3] + scaled * q.w;
        }
      }
#pragma unroll
      for (int i = 0; i < PER_LANE / 4; i++) {
        const float4 q = ct[i * lanes + lane];
        sum += q.x * h[4 * i] + q.y * h[4 * i + 1] + q.z * h[4 * i + 2] + q.w * h[4 * i + 3];
      }
      sum += __shfl_xor_sync(0xffffffffu, sum, 1);
      sum += __shfl_xor_sync(0xffffffffu, sum, 2);
      if (lane == 0) ys[t * rows + row] = sum + skip * value;
    }
    __syncthreads();
    for (u32 i = thread; i < count * rows; i += blockDim.x) {
      const u32 t = i / rows, q = p0 + i % rows;
      if (q < s.P) store<F>(y, (((i64)b * s.T + t0 + t) * s.H + head) * s.P + q, ys[i]);
    }
    // The next stage writes bs, cs, xs, elapsed, which were read before the barrier; ys only after the next one.
  }
#pragma unroll
  for (int i = 0; i < PER_LANE; i++) {
    const u32 n = (i / 4 * lanes + lane) * 4 + i % 4;
    if (p < s.P && n < s.N) store<F>(newStates, from + n, h[i]);
  }
}

#define SCAN(suffix, F, PER_LANE)                                                                                                     \
  ENTRY __launch_bounds__(256) ssd_scan_##suffix##_##PER_LANE(In x, In dt, In A, In B, In C, In states, const int *slots, Out y,      \
                                                              Out newStates, SsdSizes s, SsdAround around) {                          \
    scan<F, PER_LANE>(x, dt, A, B, C, states, slots, y, newStates, s, around);                                                        \
  }
#define SCANS(suffix, F) SCAN(suffix, F, 4) SCAN(suffix, F, 8) SCAN(suffix, F, 16) SCAN(suffix, F, 32) SCAN(suffix, F, 64)
SCANS(f32, true)
SCANS(any, false)
