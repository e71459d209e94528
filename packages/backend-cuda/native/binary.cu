// Ops of two elements. Inputs may have any strides, the output is contiguous.
#include "layout.cuh"

template <class F>
__device__ __forceinline__ void binary(const In &a, const In &b, const Out &y, const Layout<2> &layout) {
  const F f;
  const bool isDense = layout.rank == 1 && layout.strides[0][0] == 1 && layout.strides[1][0] == 1;
  if (isDense && a.dtype == F32) {
    const float *p = (const float *)a.data, *q = (const float *)b.data;
    if (y.dtype == F32 && layout.count % 4 == 0 && (((u64)p | (u64)q | (u64)y.data) & 15) == 0) {
      FOR_EACH(i, layout.count / 4) {
        const float4 one = ((const float4 *)p)[i], other = ((const float4 *)q)[i];
        ((float4 *)y.data)[i] = make_float4(f(one.x, other.x), f(one.y, other.y), f(one.z, other.z), f(one.w, other.w));
      }
    } else if (y.dtype == F32) {
      float *to = (float *)y.data;
      FOR_EACH(i, layout.count) to[i] = f(p[i], q[i]);
    } else {
      FOR_EACH(i, layout.count) store<false>(y, i, f(p[i], q[i]));
    }
    return;
  }
  FOR_EACH(i, layout.count) {
    i64 at[2];
    locate(layout, i, at);
    store<false>(y, i, f(load<false>(a, at[0]), load<false>(b, at[1])));
  }
}

#define BINARY(name, expression)                                                                  \
  struct Binary_##name {                                                                          \
    __device__ __forceinline__ float operator()(float a, float b) const { return expression; }    \
  };                                                                                              \
  ENTRY binary_##name(In a, In b, Out y, Layout<2> layout) {                            \
    begin();                                                                                     \
    binary<Binary_##name>(a, b, y, layout);                                                      \
  }

BINARY(add, a + b)
BINARY(sub, a - b)
BINARY(mul, a * b)
BINARY(div, a / b)
BINARY(minimum, (a != a) ? a : (b != b) ? b : fminf(a, b))
BINARY(maximum, nanMax(a, b))
BINARY(pow, powf(a, b))
BINARY(swiglu, silu(a) * b)

template <class T, class R, class F>
__device__ __forceinline__ void binaryOf(const T *a, const T *b, R *y, const Layout<2> &layout) {
  const F f;
  FOR_EACH(i, layout.count) {
    i64 at[2];
    locate(layout, i, at);
    y[i] = f(a[at[0]], b[at[1]]);
  }
}

#define BINARY_OF(name, T, R, expression)                                                   \
  struct BinaryOf_##name {                                                                  \
    __device__ __forceinline__ R operator()(T a, T b) const { return expression; }          \
  };                                                                                        \
  ENTRY binary_##name(const T *a, const T *b, R *y, Layout<2> layout) {                     \
    begin();                                                                                \
    binaryOf<T, R, BinaryOf_##name>(a, b, y, layout);                                       \
  }

// i32 arithmetic wraps, so it is done on unsigned words where signs do not matter.
BINARY_OF(add_word, u32, u32, a + b)
BINARY_OF(sub_word, u32, u32, a - b)
BINARY_OF(mul_word, u32, u32, a *b)
BINARY_OF(div_i32, int, int, b == 0 ? 0 : b == -1 ? (int)(0u - (u32)a) : a / b)
BINARY_OF(div_u32, u32, u32, b == 0 ? 0 : a / b)
BINARY_OF(minimum_i32, int, int, a < b ? a : b)
BINARY_OF(maximum_i32, int, int, a > b ? a : b)
BINARY_OF(minimum_u32, u32, u32, a < b ? a : b)
BINARY_OF(maximum_u32, u32, u32, a > b ? a : b)
BINARY_OF(bitAnd_word, u32, u32, a &b)
BINARY_OF(bitOr_word, u32, u32, a | b)
BINARY_OF(bitXor_word, u32, u32, a ^ b)
BINARY_OF(shiftLeft_word, u32, u32, a << (b & 31u))
BINARY_OF(shiftRight_i32, int, int, a >> (b & 31))
BINARY_OF(shiftRight_u32, u32, u32, a >> (b & 31u))
BINARY_OF(and, uint8_t, uint8_t, (a && b) ? 1 : 0)
BINARY_OF(or, uint8_t, uint8_t, (a || b) ? 1 : 0)

__device__ __forceinline__ float comparable(__half x) { return __half2float(x); }
__device__ __forceinline__ float comparable(__nv_bfloat16 x) { return __bfloat162float(x); }
template <class T> __device__ __forceinline__ T comparable(T x) { return x; }

#define COMPARISONS(suffix, T)                                                        \
  BINARY_OF(less_##suffix, T, uint8_t, comparable(a) < comparable(b) ? 1 : 0)         \
  BINARY_OF(equal_##suffix, T, uint8_t, comparable(a) == comparable(b) ? 1 : 0)
COMPARISONS(f64, double)
COMPARISONS(f32, float)
COMPARISONS(f16, __half)
COMPARISONS(bf16, __nv_bfloat16)
COMPARISONS(i32, int)
COMPARISONS(u32, u32)
COMPARISONS(i8, int8_t)
COMPARISONS(u8, uint8_t)
