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
  const float input = load<F>(x, b * s.xBatch + head * s.P + p);
  float elapsed = load<F>(dt, b * s.dtBatch + head);
  if (around.bias) elapsed = fminf(fmaxf(softplus(elapsed + around.bias[head]), around.low), around.high);
  if (around.valid && !around.valid[b]) elapsed = *around.otherwise;
  const float decay = expf(elapsed * load<F>(A, head)), scaled = elapsed * input;
  const u32 group = (u32)((i64)head * s.G / s.H);
  const i64 bFrom = b * s.bBatch + group * s.N, cFrom = b * s.cBatch + group * s.N;
  const i64 from = (((i64)slot * s.H + head) * s.P + p) * s.N;
  float sum = 0.0f;
  if (F && (s.N & 127) == 0) {
    const float4 *old = (const float4 *)((const float *)states.data + from);
    float4 *next = (float4 *)((float *)newStates.data + from);
    const float *b0 = (const float *)B.data + bFrom, *c0 = (const float *)C.data + cFrom;
    for (u32 n = lane; n < s.N / 4; n += 32) {
      float4 h = old[n];
      if (elapsed != 0.0f) {
        h.x = decay * h.x + scaled * b0[4 * n];
        h.y = decay * h.y + scaled * b0[4 * n + 1];
        h.z = decay * h.z + scaled * b0[4 * n + 2];
        h.w = decay * h.w + scaled * b0[4 * n + 3];
        next[n] = h;
      }
      sum += c0[4 * n] * h.x + c0[4 * n + 1] * h.y + c0[4 * n + 2] * h.z + c0[4 * n + 3] * h.w;
    }
  } else {
    for (u32 n = lane; n < s.N; n += 32) {
      float h = load<F>(states, from + n);
      if (elapsed != 0.0f) {
        h = decay * h + scaled * load<F>(B, bFrom + n);
        store<F>(newStates, from + n, h);
      }
      sum += load<F>(C, cFrom + n) * h;
    }
  }
  sum = warpSum(sum);
  if (lane == 0) store<F>(y, warp, around.skip ? sum + around.skip[head] * input : sum);
}

#define STEP(suffix, F)                                                                                                                 \
  ENTRY ssd_step_##suffix(In x, In dt, In A, In B, In C, In states, const int *slots, Out y, Out newStates, SsdSizes s, SsdAround around) { \
    begin(); step<F>(x, dt, A, B, C, states, slots, y, newStates, s, around);                                                                    \
  }
STEP(f32, true)
STEP(any, false)
