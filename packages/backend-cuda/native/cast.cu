// Any dtype to any other, each value rounded once. x may have any strides, y is contiguous.
#include "layout.cuh"

template <class T> struct Kind { static constexpr bool isFloat = false, isWide = sizeof(T) == 4; };
template <> struct Kind<double> { static constexpr bool isFloat = true, isWide = true; };
template <> struct Kind<float> { static constexpr bool isFloat = true, isWide = false; };
template <> struct Kind<__half> { static constexpr bool isFloat = true, isWide = false; };
template <> struct Kind<__nv_bfloat16> { static constexpr bool isFloat = true, isWide = false; };

struct Truth { uint8_t value; };
template <> struct Kind<Truth> { static constexpr bool isFloat = false, isWide = false; };

template <class T> __device__ __forceinline__ double asDouble(T x) { return (double)x; }
template <> __device__ __forceinline__ double asDouble(__half x) { return (double)__half2float(x); }
template <> __device__ __forceinline__ double asDouble(__nv_bfloat16 x) { return (double)__bfloat162float(x); }
template <> __device__ __forceinline__ double asDouble(Truth x) { return x.value ? 1.0 : 0.0; }
template <class T> __device__ __forceinline__ i64 asInteger(T x) { return (i64)x; }
template <> __device__ __forceinline__ i64 asInteger(Truth x) { return x.value ? 1 : 0; }
template <> __device__ __forceinline__ i64 asInteger(__half x) { return 0; }
template <> __device__ __forceinline__ i64 asInteger(__nv_bfloat16 x) { return 0; }

// bfloat16 from a double with one rounding: to odd in float32, then to nearest even.
__device__ __forceinline__ __nv_bfloat16 bfloatOf(double x) {
  float f = __double2float_rz(x);
  if ((double)f != x && x == x) f = __uint_as_float(__float_as_uint(f) | 1u);
  return __float2bfloat16_rn(f);
}

template <class D> __device__ __forceinline__ D integerOf(double x, double low, double high) {
  if (x != x) return (D)0;
  return (D)(i64)fmin(fmax(x, low), high);
}

template <class D> __device__ __forceinline__ D fromDouble(double x);
template <> __device__ __forceinline__ double fromDouble(double x) { return x; }
template <> __device__ __forceinline__ float fromDouble(double x) { return __double2float_rn(x); }
template <> __device__ __forceinline__ __half fromDouble(double x) { return __double2half(x); }
template <> __device__ __forceinline__ __nv_bfloat16 fromDouble(double x) { return bfloatOf(x); }
template <> __device__ __forceinline__ int fromDouble(double x) { return integerOf<int>(x, -2147483648.0, 2147483647.0); }
template <> __device__ __forceinline__ u32 fromDouble(double x) { return integerOf<u32>(x, 0.0, 4294967295.0); }
template <> __device__ __forceinline__ int8_t fromDouble(double x) { return integerOf<int8_t>(x, -128.0, 127.0); }
template <> __device__ __forceinline__ uint8_t fromDouble(double x) { return integerOf<uint8_t>(x, 0.0, 255.0); }
template <> __device__ __forceinline__ Truth fromDouble(double x) { return Truth{(uint8_t)(x != 0.0 ? 1 : 0)}; }

template <class D> __device__ __forceinline__ D fromInteger(i64 x) { return (D)x; }
template <> __device__ __forceinline__ Truth fromInteger(i64 x) { return Truth{(uint8_t)(x != 0 ? 1 : 0)}; }
template <> __device__ __forceinline__ __half fromInteger(i64 x) { return __double2half((double)x); }
template <> __device__ __forceinline__ __nv_bfloat16 fromInteger(i64 x) { return bfloatOf((double)x); }

template <class S, class D> __device__ __forceinline__ D convert(S x) {
  if (!Kind<S>::isFloat) return fromInteger<D>(asInteger<S>(x));
  return fromDouble<D>(asDouble<S>(x));
}
template <> __device__ __forceinline__ float convert(float x) { return x; }
template <> __device__ __forceinline__ __nv_bfloat16 convert(float x) { return __float2bfloat16_rn(x); }
template <> __device__ __forceinline__ __half convert(float x) { return __float2half_rn(x); }
template <> __device__ __forceinline__ float convert(__nv_bfloat16 x) { return __bfloat162float(x); }
template <> __device__ __forceinline__ float convert(__half x) { return __half2float(x); }

template <class S, class D> __device__ __forceinline__ void castAll(const S *x, D *y, const Layout<1> &layout) {
  FOR_EACH(i, layout.count) {
    i64 at[1];
    locate(layout, i, at);
    y[i] = convert<S, D>(x[at[0]]);
  }
}

#define CAST(s, S, d, D) \
  ENTRY cast_##s##_##d(const S *x, D *y, Layout<1> layout) { castAll<S, D>(x, y, layout); }
#define CAST_FROM(s, S)                                                                                     \
  CAST(s, S, f64, double) CAST(s, S, f32, float) CAST(s, S, f16, __half) CAST(s, S, bf16, __nv_bfloat16)    \
  CAST(s, S, i32, int) CAST(s, S, u32, u32) CAST(s, S, i8, int8_t) CAST(s, S, u8, uint8_t) CAST(s, S, bool, Truth)
CAST_FROM(f64, double)
CAST_FROM(f32, float)
CAST_FROM(f16, __half)
CAST_FROM(bf16, __nv_bfloat16)
CAST_FROM(i32, int)
CAST_FROM(u32, u32)
CAST_FROM(i8, int8_t)
CAST_FROM(u8, uint8_t)
CAST_FROM(bool, Truth)
