// Sums down columns, and rows added at indices: what gradients of weights, biases and embeddings are made of.
#include "layout.cuh"

// x[rows, width], rows `stride` apart; parts[split][width] in doubles. 32 columns and 8 rows at a time.
ENTRY columns_parts(In x, double *parts, u32 rows, u32 width, i64 stride, u32 rowsPerSplit) {
  __shared__ double room[8][33];
  const u32 lane = threadIdx.x & 31, warp = threadIdx.x >> 5, column = blockIdx.x * 32 + lane;
  const u32 first = blockIdx.y * rowsPerSplit, last = min(rows, first + rowsPerSplit);
  double sum = 0.0;
  if (column < width)
    for (u32 row = first + warp; row < last; row += 8) sum += (double)load<false>(x, row * stride + column);
  room[warp][lane] = sum;
  __syncthreads();
  if (warp != 0 || column >= width) return;
  for (int w = 1; w < 8; w++) sum += room[w][lane];
  parts[(i64)blockIdx.y * width + column] = sum;
}
ENTRY columns_join(const double *parts, Out y, u32 width, u32 splits) {
  for (u32 i = blockIdx.x * blockDim.x + threadIdx.x; i < width; i += gridDim.x * blockDim.x) {
    double sum = 0.0;
    for (u32 split = 0; split < splits; split++) sum += parts[(i64)split * width + i];
    store<false>(y, i, (float)sum);
  }
}

// Few long sums over any axes: a block for a part of one of them. parts[split][outputs].
struct Spans {
  Layout<1> kept;
  Layout<1> reduced;
  u32 perSplit, reserved;
};
ENTRY spans_parts(In x, double *parts, Spans s) {
  __shared__ double room[8];
  const u32 output = blockIdx.x, first = blockIdx.y * s.perSplit, last = min(s.reduced.count, first + s.perSplit);
  i64 base[1];
  locate(s.kept, output, base);
  double sum = 0.0;
  for (u32 j = first + threadIdx.x; j < last; j += blockDim.x) {
    i64 at[1];
    locate(s.reduced, j, at);
    sum += (double)load<false>(x, base[0] + at[0]);
  }
#pragma unroll
  for (int offset = 16; offset > 0; offset >>= 1) sum += __shfl_xor_sync(0xffffffffu, sum, offset);
  if ((threadIdx.x & 31) == 0) room[threadIdx.x >> 5] = sum;
  __syncthreads();
  if (threadIdx.x != 0) return;
  for (int warp = 1; warp < 8; warp++) sum += room[warp];
  parts[(i64)blockIdx.y * gridDim.x + output] = sum;
}

// parts[split][H]: for each head the sum over some rows of a b, rows of [H, P] that lie strides apart. P / 4 divides 128.
ENTRY head_products_parts(const float *a, const float *b, float *parts, u32 rows, u32 H, u32 P, u32 perSplit, i64 aStride, i64 bStride) {
  __shared__ double room[128];
  const u32 at = (blockIdx.x * 128 + threadIdx.x) * 4, first = blockIdx.y * perSplit, last = min(rows, first + perSplit);
  double sum = 0.0;
  if (at < H * P) {
#pragma unroll 4
    for (u32 row = first; row < last; row++) {
      const float4 x = *(const float4 *)(a + row * aStride + at), y = *(const float4 *)(b + row * bStride + at);
      sum += (double)(x.x * y.x + x.y * y.y + (x.z * y.z + x.w * y.w));
    }
  }
  room[threadIdx.x] = sum;
  __syncthreads();
  const u32 perHead = P / 4;
  if (at >= H * P || threadIdx.x % perHead != 0) return;
  for (u32 i = 1; i < perHead; i++) sum += room[threadIdx.x + i];
  parts[(i64)blockIdx.y * H + at / P] = (float)sum;
}

// A block for a row of y looks for its indices 256 at a time and adds what it finds in their order.
ENTRY scatter_add_rows(const int *indices, const float *source, float *y, u32 width, u32 n) {
  __shared__ u32 found[8];
  const u32 row = blockIdx.x, lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  float *to = y + (i64)row * width;
  for (u32 from = 0; from < n; from += 256) {
    const u32 i = from + threadIdx.x;
    const u32 mask = __ballot_sync(0xffffffffu, i < n && indices[i] == (int)row);
    if (lane == 0) found[warp] = mask;
    if (!__syncthreads_or(mask != 0)) continue;
    for (u32 column = threadIdx.x; column < width; column += 256) {
      float sum = to[column];
      for (u32 w = 0; w < 8; w++)
        for (u32 rest = found[w]; rest != 0; rest &= rest - 1)
          sum += source[(i64)(from + w * 32 + __ffs(rest) - 1) * width + column];
      to[column] = sum;
    }
    __syncthreads();
  }
}
