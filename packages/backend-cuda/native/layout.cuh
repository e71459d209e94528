// Index arithmetic over strided operands, as src/launch/collapse.ts lays it out.
#pragma once
#include "common.cuh"

constexpr int maxRank = 8;

// N operands over one index space. Axes are in row-major order; rank 1 with stride 1 everywhere is "dense".
template <int N> struct Layout {
  u32 count;
  u32 rank;
  u32 shape[maxRank];
  int strides[N][maxRank];
};

template <int N> __device__ __forceinline__ void locate(const Layout<N> &layout, u32 index, i64 (&at)[N]) {
#pragma unroll
  for (int operand = 0; operand < N; operand++) at[operand] = 0;
  for (int axis = (int)layout.rank - 1; axis > 0; axis--) {
    const u32 extent = layout.shape[axis], quotient = index / extent, rest = index - quotient * extent;
#pragma unroll
    for (int operand = 0; operand < N; operand++) at[operand] += (i64)rest * layout.strides[operand][axis];
    index = quotient;
  }
#pragma unroll
  for (int operand = 0; operand < N; operand++) at[operand] += (i64)index * layout.strides[operand][0];
}

#define FOR_EACH(index, count) \
  for (u32 index = blockIdx.x * blockDim.x + threadIdx.x; index < (count); index += gridDim.x * blockDim.x)
