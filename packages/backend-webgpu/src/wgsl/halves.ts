/**
 * Conversions between binary32 and the bits of the 16-bit floats, in integer arithmetic: WGSL leaves open how
 * `pack2x16float` rounds and what it makes of numbers out of range, and drivers may flush subnormals.
 */
export const halfFunctions: Readonly<Record<string, string>> = {
  decode_f16: `
fn decode_f16(h: u32) -> f32 {
  let sign = (h & 0x8000u) << 16u;
  let exponent = (h >> 10u) & 0x1fu;
  let fraction = h & 0x3ffu;
  if (exponent == 0u) {
    // A subnormal is fraction · 2⁻²⁴, which is a normal binary32.
    return bitcast<f32>(bitcast<u32>(f32(fraction) * 5.9604644775390625e-8) | sign);
  }
  if (exponent == 31u) { return bitcast<f32>(sign | 0x7f800000u | (fraction << 13u)); }
  return bitcast<f32>(sign | ((exponent + 112u) << 23u) | (fraction << 13u));
}`,
  encode_f16: `
fn encode_f16(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let sign = (bits >> 16u) & 0x8000u;
  let size = bits & 0x7fffffffu;
  if (size > 0x7f800000u) { return 0x7e00u; }
  // From 65520 on, halfway to the step after the largest, it is infinity.
  if (size >= 0x477ff000u) { return sign | 0x7c00u; }
  if (size >= 0x38800000u) {
    let rebased = size - 0x38000000u;
    return sign | ((rebased + 0xfffu + ((rebased >> 13u) & 1u)) >> 13u);
  }
  if (size < 0x33000000u) { return sign; }
  // A subnormal: the significand with its leading one, shifted so that the last bit stands for 2⁻²⁴.
  let significand = (size & 0x7fffffu) | 0x800000u;
  let shift = 126u - (size >> 23u);
  let rest = significand & ((1u << shift) - 1u);
  let half = 1u << (shift - 1u);
  let low = significand >> shift;
  return sign | (low + select(0u, 1u, rest > half || (rest == half && (low & 1u) == 1u)));
}`,
  four_bf16: `
fn four_bf16(w: vec2<u32>) -> vec4<f32> {
  return vec4<f32>(bitcast<f32>(w.x << 16u), bitcast<f32>(w.x & 0xffff0000u),
                   bitcast<f32>(w.y << 16u), bitcast<f32>(w.y & 0xffff0000u));
}`,
  // The hardware's own conversion, which every driver has exact for normal numbers.
  four_f16: `
fn four_f16(w: vec2<u32>) -> vec4<f32> { return vec4<f32>(unpack2x16float(w.x), unpack2x16float(w.y)); }`,
  // Codes as the low bits of 2²³, from which arithmetic in float32 takes them exactly.
  four_u4: `
fn four_u4(w: u32) -> vec4<f32> {
  let codes = (vec4<u32>(w, w >> 4u, w >> 8u, w >> 12u) & vec4<u32>(15u)) | vec4<u32>(0x4b000000u);
  return bitcast<vec4<f32>>(codes) - 8388608.0;
}`,
  four_i8: `
fn four_i8(w: u32) -> vec4<f32> {
  let shifted = w ^ 0x80808080u;
  let codes = (vec4<u32>(shifted, shifted >> 8u, shifted >> 16u, shifted >> 24u) & vec4<u32>(255u)) | vec4<u32>(0x4b000000u);
  return bitcast<vec4<f32>>(codes) - 8388736.0;
}`,
  placed_u4: `
fn placed_u4(w: u32) -> vec4<f32> {
  return bitcast<vec4<f32>>((vec4<u32>(w) & vec4<u32>(15u, 240u, 3840u, 61440u)) | vec4<u32>(0x4b000000u));
}`,
  placed_i8: `
fn placed_i8(w: u32) -> vec4<f32> {
  let biased = w ^ 0x80808080u;
  let high = biased >> 16u;
  let codes = vec4<u32>(biased, biased, high, high) & vec4<u32>(255u, 65280u, 255u, 65280u);
  return bitcast<vec4<f32>>(codes | vec4<u32>(0x4b000000u));
}`,
  encode_bf16: `
fn encode_bf16(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return 0x7fc0u; }
  return (bits + 0x7fffu + ((bits >> 16u) & 1u)) >> 16u;
}`,
};
