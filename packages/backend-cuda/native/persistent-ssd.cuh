// Mamba-2's convolution and recurrence of one position of one row in the persistent kernel; see causal-conv.cu and
// ssd-step.cu for what they compute. A warp owns up to 4 rows of a head's state, [4, 128], which it asks for before the
// barrier, and convolves the channels that it needs by itself. The tails move on in a later step (TAILS).
#pragma once
#include "step.cuh"

constexpr int stateSize = 128, mostRows = 4, taps = 4, past = taps - 1;

// p: x (z | xBC of the input projection, from xBC on), conv weight, conv bias, tails, slots, dt bias, A, skip, states,
// valid, otherwise, y, dt. w: op, H, P, G, channels, slots, low, high, -, flags (1 silu, 2 bf16 states, rows << 8).
struct SsdAhead {
  float4 h[mostRows];
  float4 partB, partC, lastB, lastC; // of the convolution: what the past gives, and the weight of the present
  float partX, lastX, rate, bias, skip;
  u32 row, head;
  bool isActive, isMine;
  i64 stateAt;
};

__device__ __forceinline__ float4 axpy(float4 a, float4 x, float4 y) {
  return make_float4(fmaf(a.x, x.x, y.x), fmaf(a.y, x.y, y.y), fmaf(a.z, x.z, y.z), fmaf(a.w, x.w, y.w));
}

// What is read of 4 channels and their past, all of it on its way at once.
struct Channels {
  float4 weight[4], bias, tail[past]; // weight[c]: the taps of channel c
  __device__ __forceinline__ void ask(const float *weights, const float *biases, const float *tails, u32 channels, u32 channel) {
#pragma unroll
    for (int c = 0; c < 4; c++) weight[c] = __ldg((const float4 *)weights + channel + c);
    bias = __ldg((const float4 *)(biases + channel));
#pragma unroll
    for (int k = 0; k < past; k++) tail[k] = fresh((const float4 *)(tails + (i64)k * channels + channel));
  }
  __device__ __forceinline__ float4 last() const { return make_float4(weight[0].w, weight[1].w, weight[2].w, weight[3].w); }
  __device__ __forceinline__ float4 part() const {
    float4 sum = axpy(make_float4(weight[0].x, weight[1].x, weight[2].x, weight[3].x), tail[0], bias);
    sum = axpy(make_float4(weight[0].y, weight[1].y, weight[2].y, weight[3].y), tail[1], sum);
    return axpy(make_float4(weight[0].z, weight[1].z, weight[2].z, weight[3].z), tail[2], sum);
  }
};

__device__ __forceinline__ float4 loadState(const void *states, i64 at, bool isHalf) {
  if (!isHalf) return __ldcg((const float4 *)((const float *)states + at));
  const uint2 raw = __ldcg((const uint2 *)((const __nv_bfloat16 *)states + at));
  return make_float4(__uint_as_float(raw.x << 16), __uint_as_float(raw.x & 0xffff0000u), __uint_as_float(raw.y << 16),
                     __uint_as_float(raw.y & 0xffff0000u));
}

__device__ __forceinline__ void storeState(void *states, i64 at, bool isHalf, float4 h) {
  if (!isHalf) {
    *(float4 *)((float *)states + at) = h;
    return;
  }
  const __nv_bfloat162 low = __floats2bfloat162_rn(h.x, h.y), high = __floats2bfloat162_rn(h.z, h.w);
  *(uint2 *)((__nv_bfloat16 *)states + at) = make_uint2(*(const u32 *)&low, *(const u32 *)&high);
}

// The slot of the row, read once for all layers.
struct SlotOnce {
  const void *from = nullptr;
  int slot = -1;
  __device__ __forceinline__ int of(const void *p) {
    if (p != from) from = p, slot = __ldcg((const int *)p);
    return slot;
  }
};

__device__ __forceinline__ void askSsd(const Step &s, u32 worker, SlotOnce &once, SsdAhead &a) {
  const u32 H = s.w[1], P = s.w[2], G = s.w[3], channels = s.w[4], rows = s.w[9] >> 8, lane = threadIdx.x & 31;
  a.row = worker * rows;
  a.isMine = a.row < H * P;
  if (!a.isMine) return;
  a.head = a.row / P;
  const u32 group = a.head * G / H, inner = H * P;
  const int slot = once.of(s.p[4]);
  a.isActive = slot >= 0 && (u32)slot < s.w[5];
  const u32 place = a.isActive ? slot : 0; // some row, to be forgotten
  a.stateAt = ((i64)place * inner + a.row) * stateSize + 4 * lane;
#pragma unroll
  for (int r = 0; r < mostRows; r++)
    a.h[r] = r < (int)rows ? loadState(s.p[8], a.stateAt + r * stateSize, (s.w[9] & 2) != 0) : make_float4(0, 0, 0, 0);
  const float *weight = (const float *)s.p[1], *bias = (const float *)s.p[2];
  const float *tails = (const float *)s.p[3] + (i64)place * past * channels;
  const u32 b = inner + group * stateSize + 4 * lane, c = a.row + min(lane, rows - 1);
  Channels ofB, ofC;
  ofB.ask(weight, bias, tails, channels, b);
  ofC.ask(weight, bias, tails, channels, b + G * stateSize);
  const float4 own = __ldg((const float4 *)weight + c);
  const float ownBias = __ldg(bias + c), t0 = fresh(tails + c), t1 = fresh(tails + channels + c), t2 = fresh(tails + 2 * channels + c);
  a.rate = __ldg((const float *)s.p[6] + a.head);
  a.bias = s.p[5] ? __ldg((const float *)s.p[5] + a.head) : 0.0f;
  a.skip = s.p[7] ? __ldg((const float *)s.p[7] + a.head) : 0.0f;
  a.partB = ofB.part(), a.lastB = ofB.last(), a.partC = ofC.part(), a.lastC = ofC.last();
  a.partX = fmaf(own.z, t2, fmaf(own.y, t1, fmaf(own.x, t0, ownBias)));
  a.lastX = own.w;
}

__device__ __forceinline__ void runSsd(const Step &s, SsdAhead &a) {
  if (!a.isMine) return;
  const u32 H = s.w[1], P = s.w[2], G = s.w[3], rows = s.w[9] >> 8, lane = threadIdx.x & 31;
  float *y = (float *)s.p[11];
  if (!a.isActive) {
    if (lane < rows) __stcg(y + a.row + lane, 0.0f);
    return;
  }
  const u32 group = a.head * G / H, inner = H * P, b = inner + group * stateSize + 4 * lane;
  const float *x = (const float *)s.p[0];
  const float4 nowB = fresh((const float4 *)(x + b)), nowC = fresh((const float4 *)(x + b + G * stateSize));
  const float nowX = fresh(x + a.row + min(lane, rows - 1));
  float elapsed = fresh((const float *)s.p[12] + a.head);
  const u32 isValid = s.p[9] ? __ldcg((const uint8_t *)s.p[9]) : 1;
  const float otherwise = s.p[10] ? __ldcg((const float *)s.p[10]) : 0.0f;
  float4 B = axpy(a.lastB, nowB, a.partB), C = axpy(a.lastC, nowC, a.partC);
  float input = fmaf(a.lastX, nowX, a.partX);
  if (s.w[9] & 1) {
    B = make_float4(quickSilu(B.x), quickSilu(B.y), quickSilu(B.z), quickSilu(B.w));
    C = make_float4(quickSilu(C.x), quickSilu(C.y), quickSilu(C.z), quickSilu(C.w));
    input = quickSilu(input);
  }
  if (s.p[5]) elapsed = fminf(fmaxf(softplus(elapsed + a.bias), wordAsFloat(s.w[6])), wordAsFloat(s.w[7]));
  if (!isValid) elapsed = otherwise;
  const float decay = expf(elapsed * a.rate);
  float mine = 0.0f;
#pragma unroll
  for (int r = 0; r < mostRows; r++) {
    if (r >= (int)rows) break;
    const float scaled = elapsed * __shfl_sync(0xffffffffu, input, r);
    float4 h = a.h[r];
    if (elapsed != 0.0f) {
      h.x = decay * h.x + scaled * B.x;
      h.y = decay * h.y + scaled * B.y;
      h.z = decay * h.z + scaled * B.z;
      h.w = decay * h.w + scaled * B.w;
      storeState((void *)s.p[8], a.stateAt + r * stateSize, (s.w[9] & 2) != 0, h);
    }
    const float sum = warpSum(C.x * h.x + C.y * h.y + C.z * h.z + C.w * h.w);
    if ((int)lane == r) mine = sum;
  }
  if (lane < rows) __stcg(y + a.row + lane, mine + a.skip * input);
}

// The tails move on by one position. p: x, tails, slots, lengths. w: op, channels, -, slots.
__device__ __forceinline__ void runTails(const Step &s, SlotOnce &once) {
  const u32 channels = s.w[1];
  // The last warps first: they have the least of a product's rows.
  for (u32 c = (threads - 1 - threadIdx.x) * gridDim.x + blockIdx.x; c < channels; c += gridDim.x * threads) {
    const int slot = once.of(s.p[2]);
    if (slot < 0 || (u32)slot >= s.w[3]) return;
    float *tails = (float *)s.p[1] + (i64)slot * past * channels + c;
    const int length = __ldcg((const int *)s.p[3]);
    const float t1 = fresh(tails + channels), t2 = fresh(tails + 2 * channels), now = fresh((const float *)s.p[0] + c);
    if (length <= 0) return;
    __stcg(tails, t1), __stcg(tails + channels, t2), __stcg(tails + 2 * channels, now);
  }
}
