// Mamba-1's recurrence (Gu & Dao 2023, Algorithm 2): h = exp(dt A) h + dt B x; y = C h, for one token or many, with the
// state in registers. Four lanes share one channel's state [N]; a block has 32 channels. dt = 0 leaves the state as it is.
#include "common.cuh"

constexpr int stage = 32, lanes = 4, channels = 32;

struct SelectiveSizes {
  u32 B, T, D, N, slots, reserved;
  i64 xBatch, xTime, dtBatch, dtTime, bBatch, bTime, cBatch, cTime;
};

template <bool F, int PER_LANE>
__device__ __forceinline__ void scan(const In &x, const In &dt, const In &A, const In &B, const In &C, const In &states, const int *slots,
                                     const Out &y, const Out &newStates, const SelectiveSizes &s) {
  constexpr int width = PER_LANE * lanes;
  __shared__ float bs[stage * width], cs[stage * width], xs[stage * channels], ds[stage * channels];
  const int thread = threadIdx.x, row = thread / lanes, lane = thread % lanes;
  const u32 b = blockIdx.y, d0 = blockIdx.x * channels, d = d0 + row;
  const int slot = slots[b];
  const bool isActive = slot >= 0 && (u32)slot < s.slots;
  if (!isActive) {
    for (u32 i = thread; i < s.T * channels; i += blockDim.x) {
      const u32 t = i / channels, c = d0 + i % channels;
      if (c < s.D) store<F>(y, ((i64)b * s.T + t) * s.D + c, 0.0f);
    }
    return;
  }
  const i64 from = ((i64)slot * s.D + d) * s.N;
  float h[PER_LANE], rate[PER_LANE];
#pragma unroll
  for (int i = 0; i < PER_LANE; i++) {
    const u32 n = i * lanes + lane;
    const bool isInside = d < s.D && n < s.N;
    h[i] = isInside ? load<F>(states, from + n) : 0.0f;
    rate[i] = isInside ? load<F>(A, (i64)d * s.N + n) : 0.0f;
  }
  for (u32 t0 = 0; t0 < s.T; t0 += stage) {
    const u32 count = min((u32)stage, s.T - t0);
    for (u32 i = thread; i < count * width; i += blockDim.x) {
      const u32 t = i / width, n = i % width;
      const bool isInside = n < s.N;
      bs[i] = isInside ? load<F>(B, b * s.bBatch + (t0 + t) * s.bTime + n) : 0.0f;
      cs[i] = isInside ? load<F>(C, b * s.cBatch + (t0 + t) * s.cTime + n) : 0.0f;
    }
    for (u32 i = thread; i < count * channels; i += blockDim.x) {
      const u32 t = i / channels, c = d0 + i % channels;
      xs[i] = c < s.D ? load<F>(x, b * s.xBatch + (t0 + t) * s.xTime + c) : 0.0f;
      ds[i] = c < s.D ? load<F>(dt, b * s.dtBatch + (t0 + t) * s.dtTime + c) : 0.0f;
    }
    __syncthreads();
    for (u32 t = 0; t < count; t++) {
      const float now = ds[t * channels + row];
      float sum = 0.0f;
      if (now != 0.0f) {
        const float scaled = now * xs[t * channels + row];
#pragma unroll
        for (int i = 0; i < PER_LANE; i++) h[i] = expf(now * rate[i]) * h[i] + scaled * bs[t * width + i * lanes + lane];
      }
#pragma unroll
      for (int i = 0; i < PER_LANE; i++) sum += cs[t * width + i * lanes + lane] * h[i];
      sum += __shfl_xor_sync(0xffffffffu, sum, 1);
      sum += __shfl_xor_sync(0xffffffffu, sum, 2);
      if (lane == 0 && d < s.D) store<F>(y, ((i64)b * s.T + t0 + t) * s.D + d, sum);
    }
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < PER_LANE; i++) {
    const u32 n = i * lanes + lane;
    if (d < s.D && n < s.N) store<F>(newStates, from + n, h[i]);
  }
}

#define SCAN(suffix, F, PER_LANE)                                                                                                   \
  ENTRY __launch_bounds__(128) selective_scan_##suffix##_##PER_LANE(In x, In dt, In A, In B, In C, In states, const int *slots,     \
                                                                    Out y, Out newStates, SelectiveSizes s) {                       \
    scan<F, PER_LANE>(x, dt, A, B, C, states, slots, y, newStates, s);                                                              \
  }
SCAN(f32, true, 4)
SCAN(f32, true, 16)
SCAN(any, false, 4)
SCAN(any, false, 16)
