import type { Scratch } from '../kernel.js';

/** Scratch over `byteLength` bytes of a buffer; `byteOffset` is a multiple of 8. */
export function scratchOver(buffer: ArrayBufferLike, byteOffset: number, byteLength: number): Scratch {
  const memory = buffer as ArrayBuffer;
  return {
    bytes: new Uint8Array(memory, byteOffset, byteLength),
    words: new Uint32Array(memory, byteOffset, Math.floor(byteLength / 4)),
    floats: new Float32Array(memory, byteOffset, Math.floor(byteLength / 4)),
    doubles: new Float64Array(memory, byteOffset, Math.floor(byteLength / 8)),
  };
}

/** A part of a scratch, from `byteOffset` (a multiple of 8) on. */
export function scratchPart(scratch: Scratch, byteOffset: number, byteLength: number): Scratch {
  return scratchOver(scratch.bytes.buffer, scratch.bytes.byteOffset + byteOffset, byteLength);
}
