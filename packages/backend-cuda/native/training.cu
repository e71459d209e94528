// Gradients of fused ops and the optimiser's step (packages/spec/src/signatures/gradient.ts), in float32. Sums over rows are
// kept by each block for itself and joined by a second kernel in the order of blocks: the same in every run.
#include "common.cuh"

constexpr int rowWarps = 8;

// The sum over parts of parts[part][i], in doubles: 32 of i and 8 parts at a time. In the warp of the first parts.
__device__ __forceinline__ double sumOfParts(const float *parts, u32 i, u32 count, u32 partCount) {
  __shared__ double room[rowWarps][33];
  const u32 lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  double sum = 0.0;
  if (i < count)
    for (u32 part = warp; part < partCount; part += rowWarps) sum += (double)parts[(i64)part * count + i];
  room[warp][lane] = sum;
  __syncthreads();
  if (warp == 0)
    for (int w = 1; w < rowWarps; w++) sum += room[w][lane];
  return sum;
}
// 256 threads for 32 of y.
ENTRY join_parts(const float *parts, float *y, u32 count, u32 partCount) {
  const u32 i = blockIdx.x * 32 + (threadIdx.x & 31);
  const double sum = sumOfParts(parts, i, count, partCount);
  if (threadIdx.x < 32 && i < count) y[i] = (float)sum;
}

// Loshchilov & Hutter 2019, Algorithm 2. numbers: rate, the two corrections, scale of the gradient.
ENTRY adamw_step(const float *parameter, const float *first, const float *second, const float *gradient, const float *numbers, float *y,
                 float *newFirst, float *newSecond, u32 count, float beta1, float beta2, float epsilon, float decay) {
  const float rate = numbers[0], firstCorrection = numbers[1], secondCorrection = numbers[2], scale = numbers[3];
  const bool isSound = isfinite(scale);
  for (u32 i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) {
    const float before = parameter[i], m0 = first[i], v0 = second[i], g = scale * gradient[i];
    const float m = beta1 * m0 + (1.0f - beta1) * g, v = beta2 * v0 + (1.0f - beta2) * g * g;
    const float direction = m * firstCorrection / (sqrtf(v * secondCorrection) + epsilon);
    y[i] = isSound ? before - rate * (direction + decay * before) : before;
    newFirst[i] = isSound ? m : m0;
    newSecond[i] = isSound ? v : v0;
  }
}

__device__ __forceinline__ double blockSumOfDoubles(double value) {
  __shared__ double room[32];
#pragma unroll
  for (int offset = 16; offset > 0; offset >>= 1) value += __shfl_xor_sync(0xffffffffu, value, offset);
  if ((threadIdx.x & 31) == 0) room[threadIdx.x >> 5] = value;
  __syncthreads();
  if (threadIdx.x == 0)
    for (u32 warp = 1; warp < blockDim.x >> 5; warp++) value += room[warp];
  return value;
}
ENTRY squares_parts(const float *x, double *parts, u32 count) {
  double sum = 0.0;
  for (u32 i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) sum += (double)x[i] * (double)x[i];
  sum = blockSumOfDoubles(sum);
  if (threadIdx.x == 0) parts[blockIdx.x] = sum;
}
ENTRY squares_join(const double *parts, float *y, u32 partCount) {
  double sum = 0.0;
  for (u32 i = threadIdx.x; i < partCount; i += blockDim.x) sum += parts[i];
  sum = blockSumOfDoubles(sum);
  if (threadIdx.x == 0) *y = (float)sum;
}

// dlogits = dloss (softmax(logits) - one-hot of the target). A block for a row.
ENTRY cross_entropy_gradient(const float *logits, const int *targets, const float *dloss, Out y, u32 V) {
  __shared__ float room[32];
  const i64 from = (i64)blockIdx.x * V;
  const float *x = logits + from;
  const int target = targets[blockIdx.x];
  if (target < 0 || (u32)target >= V) {
    for (u32 v = threadIdx.x; v < V; v += blockDim.x) store<false>(y, from + v, 0.0f);
    return;
  }
  // Sums of e^(x - largest so far): one pass for both.
  float largest = -INFINITY, total = 0.0f;
  for (u32 v = threadIdx.x; v < V; v += blockDim.x) {
    const float value = x[v], before = largest;
    largest = nanMax(largest, value);
    if (largest != before) total *= expf(before - largest);
    if (value != -INFINITY) total += expf(value - largest);
  }
  const float all = blockMax(largest, room);
  total = blockSum(largest == -INFINITY ? 0.0f : total * expf(largest - all), room);
  const float factor = dloss[blockIdx.x], inverse = 1.0f / total;
  for (u32 v = threadIdx.x; v < V; v += blockDim.x)
    store<false>(y, from + v, factor * (expf(x[v] - all) * inverse - (v == (u32)target ? 1.0f : 0.0f)));
}

// With r = 1 / sqrt(mean(u^2) + epsilon), n = u r, h = what arrives at n: du = r (h - n mean(h n)), over each of `groups`.
// GATED: u = x silu(gate), or n is multiplied by silu(gate) afterwards. A warp for a row; parts: dweight by block.
struct NormGradient {
  u32 rows, D, groups;
  float epsilon;
  u32 isGatedAfter, reserved;
};
template <bool GATED>
__device__ __forceinline__ void normGradient(const float *x, const float *gate, const float *weight, const float *dy, float *dx, float *dgate,
                                             float *parts, const NormGradient &s) {
  extern __shared__ float sums[]; // [rowWarps][D]
  const u32 lane = threadIdx.x & 31, warp = threadIdx.x >> 5, width = s.D / s.groups;
  float *mine = sums + warp * s.D;
  for (u32 d = lane; d < s.D; d += 32) mine[d] = 0.0f;
  for (u32 row = blockIdx.x * rowWarps + warp; row < s.rows; row += gridDim.x * rowWarps) {
    const i64 from = (i64)row * s.D;
    for (u32 group = 0; group < s.groups; group++) {
      const u32 first = group * width, last = first + width;
      float squares = 0.0f, products = 0.0f;
      for (u32 d = first + lane; d < last; d += 32) {
        const float open = GATED ? silu(gate[from + d]) : 1.0f;
        const float u = GATED && !s.isGatedAfter ? x[from + d] * open : x[from + d];
        const float h = dy[from + d] * weight[d] * (GATED && s.isGatedAfter ? open : 1.0f);
        squares = fmaf(u, u, squares);
        products = fmaf(h, u, products);
      }
      squares = warpSum(squares);
      products = warpSum(products);
      const float r = 1.0f / sqrtf(squares / (float)width + s.epsilon), mean = products * r / (float)width;
      for (u32 d = first + lane; d < last; d += 32) {
        const float given = x[from + d], arriving = dy[from + d];
        if (!GATED) {
          const float n = given * r;
          dx[from + d] = r * (arriving * weight[d] - n * mean);
          mine[d] = fmaf(arriving, n, mine[d]);
          continue;
        }
        const float g = gate[from + d], opened = 1.0f / (1.0f + expf(-g)), open = g * opened, slope = opened * (1.0f + g * (1.0f - opened));
        if (s.isGatedAfter) {
          const float n = given * r, h = arriving * weight[d];
          dx[from + d] = r * (h * open - n * mean);
          dgate[from + d] = h * n * slope;
          mine[d] = fmaf(arriving * open, n, mine[d]);
        } else {
          const float n = given * open * r, du = r * (arriving * weight[d] - n * mean);
          dx[from + d] = du * open;
          dgate[from + d] = du * given * slope;
          mine[d] = fmaf(arriving, n, mine[d]);
        }
      }
    }
  }
  __syncthreads();
  for (u32 d = threadIdx.x; d < s.D; d += blockDim.x) {
    float sum = 0.0f;
    for (int w = 0; w < rowWarps; w++) sum += sums[w * s.D + d];
    parts[(i64)blockIdx.x * s.D + d] = sum;
  }
}
ENTRY rms_norm_gradient(const float *x, const float *gate, const float *weight, const float *dy, float *dx, float *dgate, float *parts,
                        NormGradient s) {
  normGradient<false>(x, gate, weight, dy, dx, dgate, parts, s);
}
ENTRY gated_rms_norm_gradient(const float *x, const float *gate, const float *weight, const float *dy, float *dx, float *dgate, float *parts,
                              NormGradient s) {
  normGradient<true>(x, gate, weight, dy, dx, dgate, parts, s);
}

// A thread for a channel of a row of the batch walks its positions. With full = tail, then x, and a_t what arrives before the
// activation: dfull[j] = sum over taps of w[tap] a[j - tap]. parts: [B][C * K of dweight, then C of dbias].
struct ConvGradient {
  u32 B, T, C, slots, isSilu, reserved;
  i64 xBatch, xTime, dyBatch, dyTime;
};
template <int K>
__device__ __forceinline__ void convGradient(const float *x, const float *weight, const float *bias, const float *tails, const int *slots,
                                             const int *lengths, const float *dy, const float *dtails, float *dx, float *parts, float *newTails,
                                             const ConvGradient &s) {
  const u32 c = blockIdx.x * blockDim.x + threadIdx.x, b = blockIdx.y;
  if (c >= s.C) return;
  const int slot = slots[b], length = lengths[b];
  const bool isActive = slot >= 0 && (u32)slot < s.slots;
  float w[K], dw[K], full[K], a[K];
#pragma unroll
  for (int tap = 0; tap < K; tap++) {
    w[tap] = weight[c * K + tap];
    dw[tap] = 0.0f;
    a[tap] = 0.0f; // a[i]: at position t - i
    full[tap] = tap < K - 1 && isActive ? tails[((i64)slot * (K - 1) + tap) * s.C + c] : 0.0f;
  }
  float db = 0.0f;
  const float offset = bias[c];
  for (u32 t = 0; t < s.T + K - 1; t++) {
    float here = 0.0f;
    if (t < s.T) {
      full[K - 1] = x[b * s.xBatch + t * s.xTime + c];
      here = isActive ? dy[b * s.dyBatch + t * s.dyTime + c] : 0.0f;
      if (s.isSilu) {
        float total = offset;
#pragma unroll
        for (int tap = 0; tap < K; tap++) total = fmaf(full[tap], w[tap], total);
        const float opened = 1.0f / (1.0f + expf(-total));
        here *= opened * (1.0f + total * (1.0f - opened));
      }
      db += here;
#pragma unroll
      for (int tap = 0; tap < K; tap++) dw[tap] = fmaf(here, full[tap], dw[tap]);
    }
#pragma unroll
    for (int i = K - 1; i > 0; i--) a[i] = a[i - 1];
    a[0] = here;
    float arrived = 0.0f;
#pragma unroll
    for (int tap = 0; tap < K; tap++) arrived = fmaf(w[tap], a[tap], arrived);
    // The last K - 1 inputs before the length became the new tail.
    const int kept = (int)t - length;
    if (dtails && isActive && kept >= 0 && kept < K - 1) arrived += dtails[((i64)slot * (K - 1) + kept) * s.C + c];
    if (t >= K - 1) dx[((i64)b * s.T + t - (K - 1)) * s.C + c] = arrived;
    else if (isActive) newTails[((i64)slot * (K - 1) + t) * s.C + c] = arrived;
#pragma unroll
    for (int tap = 0; tap < K - 1; tap++) full[tap] = full[tap + 1];
  }
  float *part = parts + (i64)b * s.C * (K + 1);
#pragma unroll
  for (int tap = 0; tap < K; tap++) part[c * K + tap] = dw[tap];
  part[s.C * K + c] = db;
}
#define CONV(K)                                                                                                                          \
  ENTRY conv_gradient_##K(const float *x, const float *weight, const float *bias, const float *tails, const int *slots, const int *lengths, \
                          const float *dy, const float *dtails, float *dx, float *parts, float *newTails, ConvGradient s) {              \
    convGradient<K>(x, weight, bias, tails, slots, lengths, dy, dtails, dx, parts, newTails, s);                                         \
  }
CONV(2)
CONV(3)
CONV(4)
// The same for four taps, four channels and `segment` positions a thread; its sums go to parts[row of the batch * segments + segment].
constexpr int segment = 32;
__device__ __forceinline__ float4 fma4(float4 a, float4 b, float4 c) {
  return make_float4(fmaf(a.x, b.x, c.x), fmaf(a.y, b.y, c.y), fmaf(a.z, b.z, c.z), fmaf(a.w, b.w, c.w));
}
__device__ __forceinline__ float siluSlope(float total) {
  const float opened = 1.0f / (1.0f + expf(-total));
  return opened * (1.0f + total * (1.0f - opened));
}
ENTRY __launch_bounds__(64) conv_gradient_rows_4(const float *x, const float *weight, const float *bias, const float *tails, const int *slots,
                                                 const int *lengths, const float *dy, const float *dtails, float *dx, float *parts,
                                                 float *newTails, ConvGradient s) {
  constexpr int K = 4;
  const u32 c = (blockIdx.x * blockDim.x + threadIdx.x) * 4, b = blockIdx.z, segments = gridDim.y;
  if (c >= s.C) return;
  const int t0 = blockIdx.y * segment, T = s.T, slot = slots[b], length = lengths[b];
  const bool isActive = slot >= 0 && (u32)slot < s.slots;
  const float4 none = make_float4(0, 0, 0, 0);
  float4 w[K], dw[K], full[K], a[K], db = none;
#pragma unroll
  for (int tap = 0; tap < K; tap++) {
    w[tap] = make_float4(weight[c * K + tap], weight[(c + 1) * K + tap], weight[(c + 2) * K + tap], weight[(c + 3) * K + tap]);
    dw[tap] = a[tap] = full[tap] = none;
    if (tap == K - 1) continue;
    const int t = t0 - (K - 1) + tap;
    if (t >= 0) full[tap] = *(const float4 *)(x + b * s.xBatch + t * s.xTime + c);
    else if (isActive) full[tap] = *(const float4 *)(tails + ((i64)slot * (K - 1) + t + K - 1) * s.C + c);
  }
  const float4 offset = *(const float4 *)(bias + c);
  constexpr int ahead = 5; // divides segment + 3
#pragma unroll 1
  for (int from = t0; from < t0 + segment + K - 1 && from < T + K - 1; from += ahead) {
    float4 inputs[ahead], arriving[ahead];
#pragma unroll
    for (int i = 0; i < ahead; i++) {
      const int t = from + i;
      const bool isInside = t < T && t < t0 + segment + K - 1;
      inputs[i] = isInside ? *(const float4 *)(x + b * s.xBatch + t * s.xTime + c) : none;
      arriving[i] = isInside && isActive ? *(const float4 *)(dy + b * s.dyBatch + t * s.dyTime + c) : none;
    }
#pragma unroll
    for (int i = 0; i < ahead; i++) {
      const int t = from + i;
      if (t >= t0 + segment + K - 1 || t >= T + K - 1) break;
      full[K - 1] = inputs[i];
      float4 here = arriving[i];
      if (s.isSilu) {
        float4 total = offset;
#pragma unroll
        for (int tap = 0; tap < K; tap++) total = fma4(full[tap], w[tap], total);
        here = make_float4(here.x * siluSlope(total.x), here.y * siluSlope(total.y), here.z * siluSlope(total.z), here.w * siluSlope(total.w));
      }
      if (t >= T) here = none;
      if (t < t0 + segment) {
        db = make_float4(db.x + here.x, db.y + here.y, db.z + here.z, db.w + here.w);
#pragma unroll
        for (int tap = 0; tap < K; tap++) dw[tap] = fma4(here, full[tap], dw[tap]);
      }
#pragma unroll
      for (int older = K - 1; older > 0; older--) a[older] = a[older - 1];
      a[0] = here;
      float4 arrived = none;
#pragma unroll
      for (int tap = 0; tap < K; tap++) arrived = fma4(w[tap], a[tap], arrived);
      const int kept = t - length;
      if (dtails && isActive && kept >= 0 && kept < K - 1) {
        const float4 tail = *(const float4 *)(dtails + ((i64)slot * (K - 1) + kept) * s.C + c);
        arrived = make_float4(arrived.x + tail.x, arrived.y + tail.y, arrived.z + tail.z, arrived.w + tail.w);
      }
      const int position = t - (K - 1);
      if (position >= t0) *(float4 *)(dx + ((i64)b * T + position) * s.C + c) = arrived;
      else if (position < 0 && isActive) *(float4 *)(newTails + ((i64)slot * (K - 1) + t) * s.C + c) = arrived;
#pragma unroll
      for (int tap = 0; tap < K - 1; tap++) full[tap] = full[tap + 1];
    }
  }
  float *part = parts + ((i64)b * segments + blockIdx.y) * s.C * (K + 1);
  float4 *to = (float4 *)(part + c * K);
  to[0] = make_float4(dw[0].x, dw[1].x, dw[2].x, dw[3].x);
  to[1] = make_float4(dw[0].y, dw[1].y, dw[2].y, dw[3].y);
  to[2] = make_float4(dw[0].z, dw[1].z, dw[2].z, dw[3].z);
  to[3] = make_float4(dw[0].w, dw[1].w, dw[2].w, dw[3].w);
  *(float4 *)(part + s.C * K + c) = db;
}
// The sums over the batch of what conv_gradient left. 256 threads for 32 of them.
ENTRY conv_gradient_join(const float *parts, float *dweight, float *dbias, u32 C, u32 K, u32 B) {
  const u32 count = C * (K + 1), i = blockIdx.x * 32 + (threadIdx.x & 31);
  const double sum = sumOfParts(parts, i, count, B);
  if (threadIdx.x >= 32 || i >= count) return;
  if (i < C * K) dweight[i] = (float)sum;
  else dbias[i - C * K] = (float)sum;
}
