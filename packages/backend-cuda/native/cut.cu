// Matrices as the copy engine takes them to the tensor cores: to[piece][batch][rows][width] in bfloat16, k contiguous and padded
// to whole 16-byte words with zeros, from float operands of any strides. A float32 is cut into up to three pieces that add up
// to it (Henry, Tang & Heinecke 2019), a float16 into two; one piece rounds.
#include "mma.cuh"

struct Cut {
  u32 rows, K, width, batches;
  i64 rowStride, kStride;
  u32 rank, shape[4];
  i64 strides[4];
};

__device__ __forceinline__ i64 batchAt(const Cut &s, u32 batch) {
  i64 at = 0;
  for (int axis = (int)s.rank - 1; axis >= 0; axis--) {
    at += (i64)(batch % s.shape[axis]) * s.strides[axis];
    batch /= s.shape[axis];
  }
  return at;
}

// k is contiguous: eight neighbours a thread.
template <int PIECES> __device__ __forceinline__ void cutRows(const In &x, __nv_bfloat16 *to, const Cut &s, bool isAligned) {
  const u32 words = s.width / 8;
  const i64 perBatch = (i64)s.rows * words, all = perBatch * s.batches;
  const bool isSmall = all < (1ll << 31);
  for (i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x; i < all; i += (i64)gridDim.x * blockDim.x) {
    // Divisions of 64 bits take longer than all else here.
    const u32 batch = s.batches == 1 ? 0 : isSmall ? (u32)i / (u32)perBatch : (u32)(i / perBatch);
    const u32 within = (u32)(i - batch * perBatch), row = within / words, k = (within - row * words) * 8;
    const i64 from = (s.batches == 1 ? 0 : batchAt(s, batch)) + row * s.rowStride + k;
    float values[8];
    if (isAligned && x.dtype == F32 && k + 8 <= s.K) {
      *(float4 *)values = *(const float4 *)((const float *)x.data + from);
      *(float4 *)(values + 4) = *(const float4 *)((const float *)x.data + from + 4);
    } else {
#pragma unroll
      for (int e = 0; e < 8; e++) values[e] = k + e < s.K ? load<false>(x, from + e) : 0.0f;
    }
    u32 words4[4][PIECES];
#pragma unroll
    for (int e = 0; e < 4; e++) cut<PIECES>(values[e * 2], values[e * 2 + 1], words4[e]);
#pragma unroll
    for (int piece = 0; piece < PIECES; piece++)
      *(uint4 *)(to + piece * all * 8 + i * 8) = make_uint4(words4[0][piece], words4[1][piece], words4[2][piece], words4[3][piece]);
  }
}

// Any strides, as where rows are contiguous: 64 x 64 elements through shared memory.
template <int PIECES> __device__ __forceinline__ void cutColumns(const In &x, __nv_bfloat16 *to, const Cut &s) {
  constexpr int side = 64;
  __shared__ float tile[side][side + 1];
  const u32 row0 = blockIdx.x * side, k0 = blockIdx.y * side, batch = blockIdx.z;
  const i64 from = batchAt(s, batch);
  for (u32 i = threadIdx.x; i < side * side; i += blockDim.x) {
    const u32 k = i / side, row = i % side;
    tile[k][row] = row0 + row < s.rows && k0 + k < s.K ? load<false>(x, from + (row0 + row) * s.rowStride + (k0 + k) * s.kStride) : 0.0f;
  }
  __syncthreads();
  const i64 all = (i64)s.batches * s.rows * s.width;
  for (u32 i = threadIdx.x; i < side * side / 2; i += blockDim.x) {
    const u32 row = i / (side / 2), k = i % (side / 2) * 2;
    if (row0 + row >= s.rows || k0 + k >= s.width) continue;
    u32 pieces[PIECES];
    cut<PIECES>(tile[k][row], tile[k + 1][row], pieces);
#pragma unroll
    for (int piece = 0; piece < PIECES; piece++)
      *(u32 *)(to + piece * all + ((i64)batch * s.rows + row0 + row) * s.width + k0 + k) = pieces[piece];
  }
}

#define CUT(PIECES)                                                                                       \
  ENTRY cut_rows_##PIECES(In x, __nv_bfloat16 *to, Cut s, u32 isAligned) { cutRows<PIECES>(x, to, s, isAligned); } \
  ENTRY cut_columns_##PIECES(In x, __nv_bfloat16 *to, Cut s) { cutColumns<PIECES>(x, to, s); }
CUT(1)
CUT(2)
CUT(3)
