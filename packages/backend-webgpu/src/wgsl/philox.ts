/** Philox 4×32-10 (Salmon et al. 2011), with the 64-bit product by 16-bit halves. */
export const philoxFunctions: Readonly<Record<string, string>> = {
  multiply_high: `
fn multiply_high(a: u32, b: u32) -> u32 {
  let al = a & 0xffffu;
  let ah = a >> 16u;
  let bl = b & 0xffffu;
  let bh = b >> 16u;
  let middle = ah * bl + ((al * bl) >> 16u);
  let carry = (middle & 0xffffu) + al * bh;
  return ah * bh + (middle >> 16u) + (carry >> 16u);
}`,
  philox: `
fn philox(key: vec2<u32>, counter: vec4<u32>) -> vec4<u32> {
  var c = counter;
  var k = key;
  for (var round = 0u; round < 10u; round++) {
    c = vec4<u32>(
      multiply_high(0xcd9e8d57u, c.z) ^ c.y ^ k.x,
      0xcd9e8d57u * c.z,
      multiply_high(0xd2511f53u, c.x) ^ c.w ^ k.y,
      0xd2511f53u * c.x,
    );
    k += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}`,
  unit_float: `
// ((bits ≫ 9) + ½) · 2⁻²³, exact.
fn unit_float(word: u32) -> f32 { return (f32(word >> 9u) + 0.5) * 1.1920928955078125e-7; }`,
};
