// Sizes of attention over a cache in pools [S, C, Hkv, D or Dv], shared by its kernels.
#pragma once
#include "common.cuh"

struct AttentionSizes {
  u32 B, T, Hq, Hkv, D, Dv, S, C;
  u32 window, isRing, splits, reserved;
  float scale;
  u32 reserved2;
  i64 qBatch, qTime, qHead;
};
