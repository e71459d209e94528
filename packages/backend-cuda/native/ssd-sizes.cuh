// Sizes of the Mamba-2 kernels. Symbols of Dao & Gu 2024: H heads of size P, G groups that share B and C of size N.
#pragma once
#include "common.cuh"

struct SsdSizes {
  u32 B, T, H, P, G, N, slots;
  u32 reserved;
  // Strides between rows of the batch and between positions; what lies within a position is contiguous.
  i64 xBatch, xTime, dtBatch, dtTime, bBatch, bTime, cBatch, cTime;
};

// What a Mamba-2 layer does around its recurrence, fused into the step: absent pointers leave a part out.
//   dt = valid ? clamp(softplus(dt + bias)) : otherwise      y = scan + skip * x
struct SsdAround {
  const float *bias;    // [H]
  const uint8_t *valid; // bool[B, T]
  const float *otherwise; // one number
  const float *skip;    // [H]
  float low, high;
};
