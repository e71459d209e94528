// Ops that move elements as they are, by the size of an element or of the largest word that divides a row.
#include "layout.cuh"

template <class T> __device__ __forceinline__ void moveAll(const T *x, T *y, const Layout<2> &layout) {
  FOR_EACH(i, layout.count) {
    i64 at[2];
    locate(layout, i, at);
    y[at[1]] = x[at[0]];
  }
}

// Float32 to bfloat16, one or four neighbours at a time.
ENTRY narrow_1(const float *x, __nv_bfloat16 *y, Layout<2> layout) {
  begin();
  FOR_EACH(i, layout.count) {
    i64 at[2];
    locate(layout, i, at);
    y[at[1]] = __float2bfloat16_rn(x[at[0]]);
  }
}
ENTRY narrow_4(const float4 *x, uint2 *y, Layout<2> layout) {
  begin();
  FOR_EACH(i, layout.count) {
    i64 at[2];
    locate(layout, i, at);
    const float4 value = x[at[0]];
    const __nv_bfloat162 pairs[2] = {__floats2bfloat162_rn(value.x, value.y), __floats2bfloat162_rn(value.z, value.w)};
    y[at[1]] = *(const uint2 *)pairs;
  }
}

template <class T>
__device__ __forceinline__ void selectAll(const uint8_t *condition, const T *a, const T *b, T *y, const Layout<3> &layout) {
  FOR_EACH(i, layout.count) {
    i64 at[3];
    locate(layout, i, at);
    y[i] = condition[at[0]] ? a[at[1]] : b[at[2]];
  }
}

template <class T> __device__ __forceinline__ T wordFrom(i64 low, i64 high);
template <> __device__ __forceinline__ uint8_t wordFrom(i64 low, i64) { return (uint8_t)low; }
template <> __device__ __forceinline__ uint16_t wordFrom(i64 low, i64) { return (uint16_t)low; }
template <> __device__ __forceinline__ u32 wordFrom(i64 low, i64) { return (u32)low; }
template <> __device__ __forceinline__ i64 wordFrom(i64 low, i64) { return low; }

// Rows of `width` words: y[i] = table[indices[i]], zeros for an index outside.
template <class T>
__device__ __forceinline__ void gatherAll(const T *table, const int *indices, T *y, u32 rows, u32 width, u32 count) {
  FOR_EACH(i, count) {
    const u32 row = i / width;
    const int from = indices[row];
    T value = {};
    if (from >= 0 && (u32)from < rows) value = table[(i64)from * width + (i - row * width)];
    y[i] = value;
  }
}

template <class T>
__device__ __forceinline__ void writeAll(const int *indices, const T *source, T *y, u32 rows, u32 width, u32 count) {
  FOR_EACH(i, count) {
    const u32 row = i / width;
    const int to = indices[row];
    if (to >= 0 && (u32)to < rows) y[(i64)to * width + (i - row * width)] = source[i];
  }
}

#define MOVE(bytes, T)                                                                                          \
  ENTRY move_##bytes(const T *x, T *y, Layout<2> layout) { begin(); moveAll<T>(x, y, layout); }                          \
  ENTRY select_##bytes(const uint8_t *condition, const T *a, const T *b, T *y, Layout<3> layout) {              \
    begin(); selectAll<T>(condition, a, b, y, layout);                                                                   \
  }                                                                                                             \
  ENTRY fill_##bytes(T *y, i64 bits, u32 count) { begin(); FOR_EACH(i, count) y[i] = wordFrom<T>(bits, 0); }

ENTRY move_16(const uint4 *x, uint4 *y, Layout<2> layout) { begin(); moveAll<uint4>(x, y, layout); }

// Numbers from anywhere, side by side: one block.
struct Gathered {
  u32 count, reserved;
  const u32 *from[256];
};
ENTRY gather_numbers(u32 *y, const __grid_constant__ Gathered s) {
  begin();
  if (threadIdx.x < s.count) y[threadIdx.x] = *s.from[threadIdx.x];
}

#define ROWS(bytes, T)                                                                                          \
  ENTRY gather_##bytes(const T *table, const int *indices, T *y, u32 rows, u32 width, u32 count) {              \
    begin(); gatherAll<T>(table, indices, y, rows, width, count);                                                        \
  }                                                                                                             \
  ENTRY write_##bytes(const int *indices, const T *source, T *y, u32 rows, u32 width, u32 count) {              \
    begin(); writeAll<T>(indices, source, y, rows, width, count);                                                        \
  }

MOVE(1, uint8_t)
MOVE(2, uint16_t)
MOVE(4, u32)
MOVE(8, i64)
ROWS(1, uint8_t)
ROWS(2, uint16_t)
ROWS(4, u32)
ROWS(8, i64)
ROWS(16, uint4)

// Adds in the order of the indices: a thread owns a column, so sums are the same in every run.
template <class T>
__device__ __forceinline__ void scatterAddAll(const int *indices, const T *source, T *y, u32 rows, u32 width, u32 n) {
  FOR_EACH(column, width) {
    for (u32 i = 0; i < n; i++) {
      const int to = indices[i];
      if (to >= 0 && (u32)to < rows) y[(i64)to * width + column] += source[(i64)i * width + column];
    }
  }
}
ENTRY scatter_add_f32(const int *indices, const float *source, float *y, u32 rows, u32 width, u32 n) {
  begin();
  scatterAddAll<float>(indices, source, y, rows, width, n);
}
ENTRY scatter_add_i32(const int *indices, const u32 *source, u32 *y, u32 rows, u32 width, u32 n) {
  begin();
  scatterAddAll<u32>(indices, source, y, rows, width, n);
}
ENTRY scatter_add_f64(const int *indices, const double *source, double *y, u32 rows, u32 width, u32 n) {
  begin();
  scatterAddAll<double>(indices, source, y, rows, width, n);
}

template <class T> __device__ __forceinline__ void iotaAll(T *y, u32 extent, u32 inner, u32 count) {
  FOR_EACH(i, count) y[i] = (T)((i / inner) % extent);
}
ENTRY iota_f32(float *y, u32 extent, u32 inner, u32 count) { begin(); iotaAll<float>(y, extent, inner, count); }
ENTRY iota_i32(int *y, u32 extent, u32 inner, u32 count) { begin(); iotaAll<int>(y, extent, inner, count); }
ENTRY iota_u32(u32 *y, u32 extent, u32 inner, u32 count) { begin(); iotaAll<u32>(y, extent, inner, count); }
ENTRY iota_f64(double *y, u32 extent, u32 inner, u32 count) { begin(); iotaAll<double>(y, extent, inner, count); }

// Rows of words from Philox; a float output lies strictly between 0 and 1.
ENTRY random_words(const u32 *stream, u32 *y, u32 width, u32 count, u32 isFloat) {
  begin();
  FOR_EACH(i, count) {
    const u32 row = i / width, j = i - row * width;
    const u32 *key = stream + row * 5;
    const uint4 block = philox(key[0], key[1], make_uint4(j >> 2, key[3], key[2], key[4]));
    const u32 word = wordOf(block, j & 3);
    y[i] = isFloat ? __float_as_uint(((float)(word >> 9) + 0.5f) * 1.1920928955078125e-7f) : word;
  }
}
