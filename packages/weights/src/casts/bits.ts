/** A window on the bits of one float32: write one view, read the other. */
export interface FloatBits {
  readonly float: Float32Array;
  readonly bits: Uint32Array;
}

/** A window of its own for one conversion, so that nothing is shared between calls. */
export function floatBits(): FloatBits {
  const buffer = new ArrayBuffer(4);
  return { float: new Float32Array(buffer), bits: new Uint32Array(buffer) };
}

/** The bits of float32 elements, in place. */
export function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}
