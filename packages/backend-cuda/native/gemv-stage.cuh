// What stands before a product of few rows in a block of a model, computed by every block that multiplies:
//   prologue 0: a = x         1: a = rmsNorm(x) * weight         2: a = gated norm of x and gate, in equal groups
#pragma once
#include "common.cuh"

constexpr int threads = 128, warps = threads / 32;

struct Prologue {
  const float *gate;
  const float *normWeight;
  i64 gateStride;
  u32 groupWidth;
  float epsilon;
  u32 isGatedFirst;
};

// Lays row `row` of a, [K], into shared memory. All threads of the block call it; a barrier has to follow.
template <int PROLOGUE>
__device__ __forceinline__ void stage(const float *x, float *as, u32 K, i64 xStride, u32 row, const Prologue &p, float *room) {
  x += row * xStride;
  if (PROLOGUE == 0) {
    for (u32 k = threadIdx.x; k < K; k += threads) as[k] = x[k];
    return;
  }
  if (PROLOGUE == 1) {
    constexpr int most = 8; // numbers a thread holds, all on their way at once
    float squares = 0.0f;
    if (K <= threads * most) {
      float values[most], weights[most];
#pragma unroll
      for (int i = 0; i < most; i++) {
        const u32 k = threadIdx.x + i * threads;
        values[i] = k < K ? x[k] : 0.0f;
        weights[i] = k < K ? p.normWeight[k] : 0.0f;
      }
#pragma unroll
      for (int i = 0; i < most; i++) squares += values[i] * values[i];
      const float scale = rsqrtf(blockSum(squares, room) / (float)K + p.epsilon);
#pragma unroll
      for (int i = 0; i < most; i++) {
        const u32 k = threadIdx.x + i * threads;
        if (k < K) as[k] = values[i] * scale * weights[i];
      }
      return;
    }
#pragma unroll 8
    for (u32 k = threadIdx.x; k < K; k += threads) squares += x[k] * x[k];
    const float scale = rsqrtf(blockSum(squares, room) / (float)K + p.epsilon);
#pragma unroll 8
    for (u32 k = threadIdx.x; k < K; k += threads) as[k] = x[k] * scale * p.normWeight[k];
    return;
  }
  const float *gate = p.gate + row * p.gateStride;
  if (p.groupWidth * warps <= K) {
    // Groups enough for every warp: no barriers within.
    for (u32 first = (threadIdx.x >> 5) * p.groupWidth; first < K; first += warps * p.groupWidth) {
      float squares = 0.0f;
      constexpr int most = 8;
      if (p.groupWidth <= 32 * most) {
        float values[most], factors[most], weights[most];
#pragma unroll
        for (int i = 0; i < most; i++) {
          const u32 rest = (threadIdx.x & 31) + i * 32;
          const bool isInside = rest < p.groupWidth;
          values[i] = isInside ? x[first + rest] : 0.0f;
          factors[i] = isInside ? gate[first + rest] : 0.0f;
          weights[i] = isInside ? p.normWeight[first + rest] : 0.0f;
        }
#pragma unroll
        for (int i = 0; i < most; i++) {
          factors[i] = silu(factors[i]);
          if (p.isGatedFirst) values[i] *= factors[i];
          squares += values[i] * values[i];
        }
        const float scale = rsqrtf(warpSum(squares) / (float)p.groupWidth + p.epsilon);
#pragma unroll
        for (int i = 0; i < most; i++) {
          const u32 rest = (threadIdx.x & 31) + i * 32;
          if (rest < p.groupWidth) as[first + rest] = values[i] * scale * weights[i] * (p.isGatedFirst ? 1.0f : factors[i]);
        }
        continue;
      }
      for (u32 k = first + (threadIdx.x & 31); k < first + p.groupWidth; k += 32) {
        const float factor = silu(gate[k]), value = p.isGatedFirst ? x[k] * factor : x[k];
        as[k] = p.isGatedFirst ? value : factor;
        squares += value * value;
      }
      const float scale = rsqrtf(warpSum(squares) / (float)p.groupWidth + p.epsilon);
      for (u32 k = first + (threadIdx.x & 31); k < first + p.groupWidth; k += 32)
        as[k] = as[k] * (p.isGatedFirst ? scale : x[k] * scale) * p.normWeight[k];
    }
    return;
  }
  for (u32 first = 0; first < K; first += p.groupWidth) {
    float squares = 0.0f;
    for (u32 k = first + threadIdx.x; k < first + p.groupWidth; k += threads) {
      const float factor = silu(gate[k]), value = p.isGatedFirst ? x[k] * factor : x[k];
      as[k] = p.isGatedFirst ? value : factor;
      squares += value * value;
    }
    const float scale = rsqrtf(blockSum(squares, room) / (float)p.groupWidth + p.epsilon);
    for (u32 k = first + threadIdx.x; k < first + p.groupWidth; k += threads)
      as[k] = as[k] * (p.isGatedFirst ? scale : x[k] * scale) * p.normWeight[k];
  }
}
