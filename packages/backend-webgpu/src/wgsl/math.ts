/**
 * Elementary functions in float32. WGSL's own may be wrong by many units in the last place (exp: 3 + 2|x|,
 * tanh: an absolute 10⁻⁵, log: an absolute 2⁻²¹), may assume that there is no NaN and no infinity, and has no
 * expm1, log1p, erf. NaN and infinities are recognised by their bits. Polynomials: Moshier's Cephes 2.2
 * (expf, logf, sinf, tanhf) and Juffa's erff.
 */
export const mathFunctions: Readonly<Record<string, string>> = {
  is_nan: `
fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }`,
  // From a variable: WGSL refuses constant expressions that are not finite.
  infinity: `
fn infinity() -> f32 { var bits = 0x7f800000u; return bitcast<f32>(bits); }`,
  not_a_number: `
fn not_a_number() -> f32 { var bits = 0x7fc00000u; return bitcast<f32>(bits); }`,
  exp_tail: `
// (eʳ − 1 − r) / r² for |r| ≤ ½ ln 2.
fn exp_tail(r: f32) -> f32 {
  return ((((1.9875691500e-4 * r + 1.3981999507e-3) * r + 8.3334519073e-3) * r + 4.1665795894e-2) * r
    + 1.6666665459e-1) * r + 5.0000001201e-1;
}`,
  exp_f: `
fn exp_f(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  if (x > 88.72283935546875) { return infinity(); }
  if (x < -104.0) { return 0.0; }
  let n = floor(x * 1.44269504088896341 + 0.5);
  let r = fma(n, 2.12194440e-4, fma(n, -0.693359375, x));
  let y = fma(exp_tail(r), r * r, r) + 1.0;
  // 2ⁿ in two factors: 2¹²⁸ and the subnormal powers are none.
  let half = i32(n) / 2;
  let first = bitcast<f32>(u32(half + 127) << 23u);
  let second = bitcast<f32>(u32(i32(n) - half + 127) << 23u);
  return y * first * second;
}`,
  expm1_f: `
fn expm1_f(x: f32) -> f32 {
  if (abs(x) < 0.34) { return fma(exp_tail(x), x * x, x); }
  return exp_f(x) - 1.0;
}`,
  log_tail: `
// log(1 + r) for √½ − 1 ≤ r ≤ √2 − 1.
fn log_tail(r: f32) -> f32 {
  let z = r * r;
  let y = ((((((((7.0376836292e-2 * r - 1.1514610310e-1) * r + 1.1676998740e-1) * r - 1.2420140846e-1) * r
    + 1.4249322787e-1) * r - 1.6668057665e-1) * r + 2.0000714765e-1) * r - 2.4999993993e-1) * r
    + 3.3333331174e-1) * r * z;
  return r + fma(-0.5, z, y);
}`,
  log_f: `
fn log_f(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  if (is_nan(x)) { return x; }
  if ((bits & 0x7fffffffu) == 0u) { return -infinity(); }
  if (bits >= 0x80000000u) { return not_a_number(); }
  if (bits == 0x7f800000u) { return x; }
  var scaled = bits;
  var exponent = 0;
  if (bits < 0x00800000u) { // subnormal: value · 2²³ is a whole number times 2⁻¹²⁶
    scaled = bitcast<u32>(f32(bits) * 1.1754943508222875e-38);
    exponent = -23;
  }
  exponent += i32(scaled >> 23u) - 126;
  var m = bitcast<f32>((scaled & 0x7fffffu) | 0x3f000000u); // ½ ≤ m < 1
  var r = m - 1.0;
  if (m < 0.70710678118654752440) {
    exponent -= 1;
    r = (m - 0.5) + (m - 0.5);
  }
  let e = f32(exponent);
  return fma(e, 0.693359375, log_tail(r) + e * -2.12194440e-4);
}`,
  log1p_f: `
fn log1p_f(x: f32) -> f32 {
  if (x > -0.29 && x < 0.41) { return log_tail(x); }
  return log_f(1.0 + x);
}`,
  tanh_f: `
fn tanh_f(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  let size = abs(x);
  if (size > 9.1) { return select(1.0, -1.0, x < 0.0); }
  if (size < 0.625) {
    let z = x * x;
    return ((((-5.70498872745e-3 * z + 2.06390887954e-2) * z - 5.37397155531e-2) * z + 1.33314422036e-1) * z
      - 3.33332819422e-1) * z * x + x;
  }
  let y = 1.0 - 2.0 / (exp_f(size + size) + 1.0);
  return select(y, -y, x < 0.0);
}`,
  sine_octants: `
// sin(x + shift · π/2). Cody & Waite reduction by π/4 in three parts: exact up to |x| = 8192.
fn sine_octants(x: f32, shift: u32) -> f32 {
  let size = abs(x);
  if (!(size <= 3.0e38)) { return not_a_number(); }
  var j = u32(min(size * 1.27323954473516, 4.0e9));
  j += j & 1u;
  let n = f32(j);
  let r = fma(n, -3.77489497744594108e-8, fma(n, -2.4187564849853515625e-4, fma(n, -0.78515625, size)));
  // sin is odd: a negative x turns the quadrant around before the shift.
  let quarter = j / 2u;
  let z = r * r;
  let sine = ((-1.9515295891e-4 * z + 8.3321608736e-3) * z - 1.6666654611e-1) * z * r + r;
  let cosine = ((2.443315711809948e-5 * z - 1.388731625493765e-3) * z + 4.166664568298827e-2) * z * z
    - 0.5 * z + 1.0;
  let turn = (quarter + shift) & 3u;
  var y = select(sine, cosine, (turn & 1u) == 1u);
  y = select(y, -y, turn >= 2u);
  // cos is even, sin odd.
  return select(y, -y, shift == 0u && x < 0.0);
}`,
  erf_f: `
fn erf_f(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  let t = min(abs(x), 4.0);
  let s = t * t;
  if (t > 0.927734375) {
    var r = fma(-1.72853470e-5, t, 3.83197126e-4);
    let u = fma(-3.88396438e-3, t, 2.42546219e-2);
    r = fma(r, s, u);
    r = fma(r, t, -1.06777877e-1);
    r = fma(r, t, -6.34846687e-1);
    r = fma(r, t, -1.28717512e-1);
    r = fma(r, t, -t);
    let y = 1.0 - exp_f(r);
    return select(y, -y, x < 0.0);
  }
  var r = -5.96761703e-4;
  r = fma(r, s, 4.99119423e-3);
  r = fma(r, s, -2.67681349e-2);
  r = fma(r, s, 1.12819925e-1);
  r = fma(r, s, -3.76125336e-1);
  r = fma(r, s, 1.28379166e-1);
  return fma(r, x, x);
}`,
  pow_f: `
fn pow_f(a: f32, b: f32) -> f32 {
  if (b == 0.0) { return 1.0; }
  if (is_nan(a) || is_nan(b)) { return not_a_number(); }
  let size = abs(a);
  let isOdd = abs(b) < 16777216.0 && floor(b) == b && (i32(b) & 1) != 0;
  if (a < 0.0 && floor(b) != b && size <= 3.0e38) { return not_a_number(); }
  var y = exp_f(b * log_f(size));
  if (size == 0.0) { y = select(0.0, infinity(), b < 0.0); }
  if (size == 1.0) { y = 1.0; }
  let isNegative = bitcast<u32>(a) >= 0x80000000u;
  return select(y, -y, isNegative && isOdd);
}`,
  sigmoid_f: `
fn sigmoid_f(x: f32) -> f32 {
  let e = exp_f(-abs(x));
  return select(e, 1.0, x >= 0.0) / (1.0 + e);
}`,
  silu_f: `
fn silu_f(x: f32) -> f32 { return x * sigmoid_f(x); }`,
  gelu_f: `
fn gelu_f(x: f32) -> f32 { return 0.5 * x * (1.0 + erf_f(x * 0.70710678118654752440)); }`,
  gelu_tanh_f: `
fn gelu_tanh_f(x: f32) -> f32 {
  return 0.5 * x * (1.0 + tanh_f(0.79788456080286535588 * (x + 0.044715 * x * x * x)));
}`,
  softplus_f: `
fn softplus_f(x: f32) -> f32 { return max(x, 0.0) + log1p_f(exp_f(-abs(x))); }`,
};
