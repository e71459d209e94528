/*
 * Elementary functions on vectors, to about two units in the last place: argument reduction and polynomials as
 * in Cephes (Moshier, 1984–1992); erf after N. Juffa's single-precision fit.
 */
#pragma once
#include "vector.hpp"

namespace hybra::HYBRA_ISA {
namespace {

constexpr float infinity = __builtin_inff();

/** x · 2^n for whole n, in two steps so that neither factor overflows before the result does. */
HYBRA_INLINE vf scaleByPower(vf x, vf n) {
#if defined(__AVX512F__)
  return (vf)_mm512_scalef_ps((__m512)x, (__m512)n);
#else
  const vi whole = __builtin_convertvector(n, vi);
  const vi first = whole >> 1, second = whole - first;
  return x * floatsOf((first + 127) << 23) * floatsOf((second + 127) << 23);
#endif
}

HYBRA_INLINE vf exp(vf x) {
  x = x > 89.0f ? splat(89.0f) : x; // comparisons that leave NaN in place
  x = x < -104.0f ? splat(-104.0f) : x;
  const float magic = 12582912.0f; // 1.5 · 2^23: adding it rounds to a whole number
  const vf shifted = x * 1.44269504088896341f + magic;
  const vf n = shifted - magic;
  const vf r = x - n * 0.693359375f - n * -2.12194440e-4f;
  vf p = splat(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return scaleByPower(p * (r * r) + r + 1.0f, n);
}

HYBRA_INLINE vf expm1(vf x) {
  // Taylor's series where e^x − 1 would cancel; its ninth term is below 2^-26 of the first there.
  vf p = splat(2.7557319e-6f);
  p = p * x + 2.4801587e-5f;
  p = p * x + 1.9841270e-4f;
  p = p * x + 1.3888889e-3f;
  p = p * x + 8.3333333e-3f;
  p = p * x + 4.1666667e-2f;
  p = p * x + 1.6666667e-1f;
  p = p * x + 0.5f;
  const vf small = p * (x * x) + x;
  return absolute(x) < 0.5f ? small : exp(x) - 1.0f;
}

HYBRA_INLINE vf log(vf x) {
  const vi isTiny = x < 1.17549435e-38f;
  const vf normal = isTiny ? x * 8388608.0f : x;
  const vi bits = bitsOf(normal);
  vi exponent = ((bits >> 23) & 255) - 126;
  exponent = isTiny ? exponent - 23 : exponent;
  vf m = floatsOf((bits & 0x7fffff) | 0x3f000000); // ½ … 1
  const vi isLow = m < 0.707106781f;
  m = isLow ? m + m : m;
  const vf e = __builtin_convertvector(isLow ? exponent - 1 : exponent, vf);
  // log((1 + s) / (1 − s)) = 2 (s + s³/3 + s⁵/5 + …)
  const vf f = m - 1.0f;
  const vf s = f / (f + 2.0f);
  const vf z = s * s;
  vf p = splat(0.222222222f);
  p = p * z + 0.285714286f;
  p = p * z + 0.4f;
  p = p * z + 0.666666667f;
  vf y = e * 0.693359375f + (2.0f * s + (s * z * p + e * -2.12194440e-4f));
  y = x == infinity ? x : y;
  y = x == 0.0f ? splat(-infinity) : y;
  return x >= 0.0f ? y : splat(__builtin_nanf(""));
}

HYBRA_INLINE vf log1p(vf x) {
  const vf u = x + 1.0f;
  // What the addition lost comes back to first order (Goldberg 1991, theorem 4, in another form).
  const vf y = log(u) + (x - (u - 1.0f)) / u;
  return ((absolute(x) == infinity) | (u == 0.0f)) ? log(u) : y;
}

HYBRA_INLINE vf tanh(vf x) {
  vf magnitude = absolute(x);
  magnitude = magnitude > 10.0f ? splat(10.0f) : magnitude;
  const vf t = expm1(magnitude + magnitude);
  return withSignOf(t / (t + 2.0f), x);
}

HYBRA_INLINE vf erf(vf x) {
  const vf t = absolute(x), s = x * x;
  vf far = -1.72853470e-5f * t + 3.83197126e-4f;
  far = far * s + (-3.88396438e-3f * t + 2.42546219e-2f);
  far = far * t + -1.06777877e-1f;
  far = far * t + -6.34846687e-1f;
  far = far * t + -1.28717512e-1f;
  far = far * t - t;
  far = withSignOf(1.0f - exp(far), x);
  vf near = splat(-5.96761703e-4f);
  near = near * s + 4.99119423e-3f;
  near = near * s + -2.67681349e-2f;
  near = near * s + 1.12819925e-1f;
  near = near * s + -3.76125336e-1f;
  near = near * s + 1.28379166e-1f;
  near = near * x + x;
  return t > 0.921875f ? far : near;
}

/** x · σ(x), written so that e^−x = ∞ gives −0 instead of NaN. */
HYBRA_INLINE vf silu(vf x) { return x / (exp(-x) + 1.0f); }

/** log(1 + eˣ), which neither overflows nor loses small values. */
HYBRA_INLINE vf softplus(vf x) { return (x < 0.0f ? vf{} : x) + log1p(exp(-absolute(x))); }

HYBRA_INLINE vf geluErf(vf x) { return 0.5f * x * (erf(x * 0.707106781186547524f) + 1.0f); }

/** ½ (1 + tanh u) = 1 / (1 + e^−2u), which does not cancel for negative u. */
HYBRA_INLINE vf geluTanh(vf x) {
  const vf u = 0.797884560802865356f * (x + 0.044715f * (x * x * x));
  return x / (exp(-2.0f * u) + 1.0f);
}

}  // namespace
}  // namespace hybra::HYBRA_ISA
