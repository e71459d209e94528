// Ops of one element: y = f(x), computed in float32 and rounded once. x may have any strides, y is contiguous.
#include "layout.cuh"

template <class F> __device__ __forceinline__ void unary(const In &x, const Out &y, const Layout<1> &layout) {
  const F f;
  const bool isDense = layout.rank == 1 && layout.strides[0][0] == 1;
  if (isDense && x.dtype == F32) {
    const float *from = (const float *)x.data;
    if (layout.count % 4 == 0 && (((u64)from | (u64)y.data) & 15) == 0) {
      FOR_EACH(i, layout.count / 4) {
        const float4 x4 = ((const float4 *)from)[i];
        storeFour(y, (i64)i * 4, make_float4(f(x4.x), f(x4.y), f(x4.z), f(x4.w)));
      }
    } else if (y.dtype == F32) {
      float *to = (float *)y.data;
      FOR_EACH(i, layout.count) to[i] = f(from[i]);
    } else {
      FOR_EACH(i, layout.count) store<false>(y, i, f(from[i]));
    }
    return;
  }
  FOR_EACH(i, layout.count) {
    i64 at[1];
    locate(layout, i, at);
    store<false>(y, i, f(load<false>(x, at[0])));
  }
}

#define UNARY(name, expression)                                                             \
  struct Unary_##name {                                                                     \
    __device__ __forceinline__ float operator()(float x) const { return expression; }       \
  };                                                                                        \
  ENTRY unary_##name(In x, Out y, Layout<1> layout) {                                  \
    begin();                                                                               \
    unary<Unary_##name>(x, y, layout);                                                     \
  }

UNARY(neg, -x)
UNARY(abs, fabsf(x))
UNARY(exp, expf(x))
UNARY(expm1, expm1f(x))
UNARY(log, logf(x))
UNARY(log1p, log1pf(x))
UNARY(sin, sinf(x))
UNARY(cos, cosf(x))
UNARY(tanh, tanhf(x))
UNARY(erf, erff(x))
UNARY(sqrt, sqrtf(x))
UNARY(reciprocal, 1.0f / x)
UNARY(floor, floorf(x))
UNARY(silu, silu(x))
UNARY(softplus, softplus(x))
// erfc keeps its precision where 1 + erf would cancel.
UNARY(gelu, 0.5f * x * erfcf(-x * 0.70710678118654752f))
UNARY(gelu_tanh, 0.5f * x * (1.0f + tanhf(0.79788456080286536f * (x + 0.044715f * x * x * x))))

#define UNARY_OF(name, T, expression)                                       \
  ENTRY unary_##name(const T *from, T *y, Layout<1> layout) {               \
    begin();                                                                \
    FOR_EACH(i, layout.count) {                                             \
      i64 at[1];                                                            \
      locate(layout, i, at);                                                \
      const T x = from[at[0]];                                              \
      y[i] = expression;                                                    \
    }                                                                       \
  }
UNARY_OF(neg_i32, int, (int)(0u - (u32)x))
UNARY_OF(abs_i32, int, x < 0 ? (int)(0u - (u32)x) : x)
UNARY_OF(not, uint8_t, x ? 0 : 1)
