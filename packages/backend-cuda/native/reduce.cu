// Sums and maxima over any axes of any strided input. One block for each output; sums are of doubles, in an order
// that depends on shapes alone.
#include "layout.cuh"

struct Reduction {
  Layout<1> kept;
  Layout<1> reduced;
};

template <class T> __device__ __forceinline__ double numberAt(const void *x, i64 at) { return (double)((const T *)x)[at]; }
__device__ __forceinline__ double numberOf(const In &x, i64 at) {
  return x.dtype == F64 ? ((const double *)x.data)[at] : (double)load<false>(x, at);
}
__device__ __forceinline__ void storeNumber(const Out &y, i64 at, double value) {
  if (y.dtype == F64) ((double *)y.data)[at] = value;
  else store<false>(y, at, (float)value);
}
__device__ __forceinline__ double nanMaxOf(double a, double b) { return (a != a) ? a : (b != b) ? b : fmax(a, b); }

template <bool IS_SUM> __device__ __forceinline__ double fold(double a, double b) {
  return IS_SUM ? a + b : nanMaxOf(a, b);
}

template <bool IS_SUM> __device__ __forceinline__ double foldBlock(double value) {
  __shared__ double room[32];
#pragma unroll
  for (int offset = 16; offset > 0; offset >>= 1) value = fold<IS_SUM>(value, __shfl_xor_sync(0xffffffffu, value, offset));
  if ((threadIdx.x & 31) == 0) room[threadIdx.x >> 5] = value;
  __syncthreads();
  if (threadIdx.x == 0)
    for (int warp = 1; warp < (int)(blockDim.x >> 5); warp++) value = fold<IS_SUM>(value, room[warp]);
  return value;
}

template <bool IS_SUM> __device__ __forceinline__ void reduceFloat(const In &x, const Out &y, const Reduction &sizes) {
  const double start = IS_SUM ? 0.0 : -INFINITY;
  if (sizes.reduced.count <= 32) {
    // Short sums: a thread for each output.
    FOR_EACH(i, sizes.kept.count) {
      i64 base[1];
      locate(sizes.kept, i, base);
      double value = start;
      for (u32 j = 0; j < sizes.reduced.count; j++) {
        i64 at[1];
        locate(sizes.reduced, j, at);
        value = fold<IS_SUM>(value, numberOf(x, base[0] + at[0]));
      }
      storeNumber(y, i, value);
    }
    return;
  }
  i64 base[1];
  locate(sizes.kept, blockIdx.x, base);
  double value = start;
  for (u32 j = threadIdx.x; j < sizes.reduced.count; j += blockDim.x) {
    i64 at[1];
    locate(sizes.reduced, j, at);
    value = fold<IS_SUM>(value, numberOf(x, base[0] + at[0]));
  }
  value = foldBlock<IS_SUM>(value);
  if (threadIdx.x == 0) storeNumber(y, blockIdx.x, value);
}

ENTRY reduce_sum(In x, Out y, Reduction sizes) { reduceFloat<true>(x, y, sizes); }
ENTRY reduce_max(In x, Out y, Reduction sizes) { reduceFloat<false>(x, y, sizes); }

template <bool IS_SUM> __device__ __forceinline__ int foldInteger(int a, int b) {
  return IS_SUM ? (int)((u32)a + (u32)b) : max(a, b);
}
template <bool IS_SUM> __device__ __forceinline__ void reduceInteger(const int *x, int *y, const Reduction &sizes) {
  FOR_EACH(i, sizes.kept.count) {
    i64 base[1];
    locate(sizes.kept, i, base);
    int value = IS_SUM ? 0 : INT32_MIN;
    for (u32 j = 0; j < sizes.reduced.count; j++) {
      i64 at[1];
      locate(sizes.reduced, j, at);
      value = foldInteger<IS_SUM>(value, x[base[0] + at[0]]);
    }
    y[i] = value;
  }
}
ENTRY reduce_sum_i32(const int *x, int *y, Reduction sizes) { reduceInteger<true>(x, y, sizes); }
ENTRY reduce_max_i32(const int *x, int *y, Reduction sizes) { reduceInteger<false>(x, y, sizes); }

// Running sums along one axis of a contiguous input; a thread for each lane.
ENTRY cumulative_sum(In x, Out y, u32 extent, u32 inner, u32 lanes, u32 isReverse) {
  FOR_EACH(lane, lanes) {
    const i64 first = (i64)(lane / inner) * extent * inner + lane % inner;
    double sum = 0.0;
    for (u32 t = 0; t < extent; t++) {
      const i64 at = first + (i64)(isReverse ? extent - 1 - t : t) * inner;
      sum += numberOf(x, at);
      storeNumber(y, at, sum);
    }
  }
}
ENTRY cumulative_sum_i32(const u32 *x, u32 *y, u32 extent, u32 inner, u32 lanes, u32 isReverse) {
  FOR_EACH(lane, lanes) {
    const i64 first = (i64)(lane / inner) * extent * inner + lane % inner;
    u32 sum = 0;
    for (u32 t = 0; t < extent; t++) {
      const i64 at = first + (i64)(isReverse ? extent - 1 - t : t) * inner;
      sum += x[at];
      y[at] = sum;
    }
  }
}
