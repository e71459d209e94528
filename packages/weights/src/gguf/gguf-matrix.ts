import type { QuantScheme } from '@hybra/spec';
import { float16Bits, widenFloat16 } from '../casts/half-floats.js';
import { allocateBytes } from '../platform/allocate-bytes.js';
import type { QuantizedMatrix } from '../quantization/quantize-matrix.js';
import type { GgmlTypeName } from './ggml-type.js';

/** The quantised types of GGUF. */
export type GgufBlockType = Extract<GgmlTypeName, 'q8_0' | 'q4_0' | 'q4_k' | 'q6_k'>;

/** What the blocks of a type are among the schemes of hybra: the same numbers, laid out otherwise. */
export const ggufSchemes = {
  q8_0: scheme('q8', 8, 32, 'f16', false),
  q4_0: scheme('q4', 4, 32, 'f16', false),
  q4_k: scheme('q4-k', 4, 32, 'f32', true),
  q6_k: scheme('q6-k', 8, 16, 'f32', false),
} as const satisfies Record<GgufBlockType, QuantScheme>;

/** Whether a type is stored in blocks with scales. */
export function isBlockType(name: GgmlTypeName): name is GgufBlockType {
  return Object.hasOwn(ggufSchemes, name);
}

function scheme(
  name: string,
  bits: 4 | 8,
  blockSize: number,
  scaleDtype: 'f32' | 'f16',
  hasZeroPoints: boolean,
): QuantScheme {
  const codeLayout = bits === 8 ? 'i8' : 'u4-low-first';
  return Object.freeze({ name, bits, blockSize, codeLayout, scaleDtype, hasZeroPoints });
}

/**
 * The blocks of a tensor as codes and scales, in the scheme that {@link ggufSchemes} names. Nothing is rounded,
 * except that Q4_K's minima become zero points of float32.
 * @param blocks a whole number of blocks
 * @throws E_OUT_OF_MEMORY
 */
export function matrixOfBlocks(type: GgufBlockType, blocks: Uint8Array): QuantizedMatrix {
  switch (type) {
    case 'q8_0':
      return readQ8(blocks);
    case 'q4_0':
      return readQ4(blocks);
    case 'q4_k':
      return readQ4K(blocks);
    case 'q6_k':
      return readQ6K(blocks);
  }
}

/** 34 bytes: scale (float16), 32 signed codes. */
function readQ8(blocks: Uint8Array): QuantizedMatrix {
  const count = blocks.length / 34;
  const codes = allocateBytes(count * 32, 'reading Q8_0');
  const scales = allocateBytes(count * 2, 'reading Q8_0');
  for (let block = 0; block < count; block++) {
    const from = block * 34;
    scales.set(blocks.subarray(from, from + 2), block * 2);
    codes.set(blocks.subarray(from + 2, from + 34), block * 32);
  }
  return { codes, scales };
}

/** 18 bytes: scale (float16), 16 bytes whose low halves are elements 0 … 15 and high halves 16 … 31; code − 8. */
function readQ4(blocks: Uint8Array): QuantizedMatrix {
  const count = blocks.length / 18;
  const codes = allocateBytes(count * 16, 'reading Q4_0');
  const scales = allocateBytes(count * 2, 'reading Q4_0');
  for (let block = 0; block < count; block++) {
    const from = block * 18;
    scales.set(blocks.subarray(from, from + 2), block * 2);
    pairNibbles(blocks, from + 2, 16, codes, block * 16);
  }
  return { codes, scales };
}

/** Puts `half` low halves, then their high halves, into neighbours: two codes a byte, the first low. */
function pairNibbles(source: Uint8Array, from: number, half: number, target: Uint8Array, to: number): void {
  for (let pair = 0; pair < half / 2; pair++) {
    const first = source[from + 2 * pair]!;
    const second = source[from + 2 * pair + 1]!;
    target[to + pair] = (first & 15) | ((second & 15) << 4);
    target[to + half / 2 + pair] = (first >> 4) | (second & 0xf0);
  }
}

/**
 * 144 bytes for 256 elements: d and dmin (float16), 8 pairs (s, m) of 6 bits in 12 bytes, and 128 bytes of codes:
 * in each run of 32 bytes the low halves are one sub-block, the high halves the next. w = d·s·code − dmin·m.
 */
function readQ4K(blocks: Uint8Array): QuantizedMatrix {
  const count = blocks.length / 144;
  const codes = allocateBytes(count * 128, 'reading Q4_K');
  const scales = new Float32Array(count * 8);
  const zeros = new Float32Array(count * 8);
  for (let block = 0; block < count; block++) {
    const from = block * 144;
    const d = halfAt(blocks, from);
    const dmin = halfAt(blocks, from + 2);
    for (let sub = 0; sub < 8; sub++) {
      const [s, m] = sixBitPair(blocks, from + 4, sub);
      const at = block * 8 + sub;
      const scale = Math.fround(d * s);
      const minimum = Math.fround(dmin * m);
      if (scale === 0) {
        // All codes mean −minimum: with scale = minimum and zero − code = 1 for code 0, to which they are set below.
        scales[at] = minimum;
        zeros[at] = 1;
      } else {
        scales[at] = scale;
        zeros[at] = minimum / scale;
      }
    }
    for (let run = 0; run < 4; run++) {
      pairNibbles(blocks, from + 16 + 32 * run, 32, codes, block * 128 + 32 * run);
    }
    for (let sub = 0; sub < 8; sub++) {
      const isFlat = Math.fround(d * sixBitPair(blocks, from + 4, sub)[0]) === 0;
      if (isFlat) codes.fill(0, block * 128 + sub * 16, block * 128 + sub * 16 + 16);
    }
  }
  return { codes, scales: bytesOf(scales), zeros: bytesOf(zeros) };
}

/** Pair `sub` of 8 pairs of 6-bit numbers in 12 bytes: four whole ones, then low and high bits of the others. */
function sixBitPair(bytes: Uint8Array, at: number, sub: number): readonly [scale: number, minimum: number] {
  if (sub < 4) return [bytes[at + sub]! & 63, bytes[at + sub + 4]! & 63];
  const low = bytes[at + sub + 4]!;
  return [(low & 15) | ((bytes[at + sub - 4]! >> 6) << 4), (low >> 4) | ((bytes[at + sub]! >> 6) << 4)];
}

/**
 * 210 bytes for 256 elements: 128 bytes of low 4 bits, 64 bytes of high 2 bits, 16 signed scales, d (float16).
 * Each half of 128 elements is four runs of 32: low halves of 64 bytes, then their high halves; the high bits of
 * run r are bits 2r and 2r + 1 of 32 bytes. w = d · scale · (code − 32), 16 elements a scale.
 */
function readQ6K(blocks: Uint8Array): QuantizedMatrix {
  const count = blocks.length / 210;
  const codes = allocateBytes(count * 256, 'reading Q6_K');
  const scales = new Float32Array(count * 16);
  for (let block = 0; block < count; block++) {
    const from = block * 210;
    const d = halfAt(blocks, from + 208);
    for (let sub = 0; sub < 16; sub++) {
      scales[block * 16 + sub] = d * ((blocks[from + 192 + sub]! << 24) >> 24);
    }
    for (let half = 0; half < 2; half++) {
      for (let element = 0; element < 128; element++) {
        const run = element >> 5;
        const place = element & 31;
        const low = blocks[from + 64 * half + 32 * (run & 1) + place]! >> (run < 2 ? 0 : 4);
        const high = blocks[from + 128 + 32 * half + place]! >> (2 * run);
        codes[block * 256 + 128 * half + element] = ((low & 15) | ((high & 3) << 4)) - 32;
      }
    }
  }
  return { codes, scales: bytesOf(scales) };
}

function bytesOf(values: Float32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(values.buffer);
}

function halfAt(bytes: Uint8Array, at: number): number {
  const value = new Float32Array(1);
  widenFloat16(Uint16Array.of(bytes[at]! | (bytes[at + 1]! << 8)), value);
  return value[0]!;
}

/**
 * Quantises elements into Q8_0 or Q4_0 blocks as the format's reference does, bit by bit: the scale is the largest
 * magnitude / 127, or the element of the largest magnitude / −8; codes are chosen for the scale before it is rounded
 * to float16.
 * @param values a multiple of 32
 */
export function blocksOfValues(type: 'q8_0' | 'q4_0', values: Float32Array): Uint8Array<ArrayBuffer> {
  const count = values.length / 32;
  const size = type === 'q8_0' ? 34 : 18;
  const blocks = allocateBytes(count * size, `writing ${type}`);
  const scale = new Float32Array(1);
  const bits = new Uint32Array(scale.buffer);
  for (let block = 0; block < count; block++) {
    const part = values.subarray(block * 32, block * 32 + 32);
    let extreme = 0;
    for (const value of part) if (Math.abs(value) > Math.abs(extreme)) extreme = value;
    scale[0] = type === 'q8_0' ? Math.abs(extreme) / 127 : extreme / -8;
    const inverse = scale[0] === 0 ? 0 : Math.fround(1 / scale[0]!);
    const half = float16Bits(bits[0]!);
    const at = block * size;
    blocks[at] = half & 0xff;
    blocks[at + 1] = half >> 8;
    for (let index = 0; index < 32; index++) {
      const scaled = Math.fround(part[index]! * inverse);
      if (type === 'q8_0') blocks[at + 2 + index] = roundAway(scaled);
      else {
        const code = Math.min(15, Math.trunc(Math.fround(scaled + 8.5)));
        blocks[at + 2 + (index & 15)]! |= index < 16 ? code : code << 4;
      }
    }
  }
  return blocks;
}

/** C's `roundf`: halves away from zero. */
function roundAway(value: number): number {
  return Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
}
