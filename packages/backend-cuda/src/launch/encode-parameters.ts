import type { Parameter, Place } from './launch.js';

/** A kernel's parameters as one block of bytes, with the addresses that are still to be written into it. */
export interface EncodedParameters {
  readonly bytes: Uint8Array;
  readonly pointers: readonly { readonly at: number; readonly place: Place }[];
}

/**
 * Lays parameters out as the driver expects them: each at the next multiple of its size.
 * @param byteLength bytes at least; what is not given is zero
 */
export function encodeParameters(parameters: readonly Parameter[], byteLength = 0): EncodedParameters {
  const bytes = new Uint8Array(Math.max(parameters.length * 8 + 8, byteLength));
  const view = new DataView(bytes.buffer);
  const pointers: { at: number; place: Place }[] = [];
  let at = 0;
  for (const parameter of parameters) {
    const size = parameter.kind === 'pointer' || parameter.kind === 'i64' ? 8 : 4;
    at = Math.ceil(at / size) * size;
    switch (parameter.kind) {
      case 'pointer':
        if (parameter.place) pointers.push({ at, place: parameter.place });
        break;
      case 'i64':
        view.setBigInt64(at, BigInt(parameter.value), true);
        break;
      case 'i32':
        view.setInt32(at, parameter.value, true);
        break;
      case 'u32':
        view.setUint32(at, parameter.value, true);
        break;
      case 'f32':
        view.setFloat32(at, parameter.value, true);
        break;
    }
    at += size;
  }
  return { bytes: bytes.slice(0, Math.max(at, byteLength)), pointers };
}
