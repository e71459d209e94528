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
