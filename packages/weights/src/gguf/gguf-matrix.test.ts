import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dequantizeMatrix } from '../quantization/dequantize-matrix.js';
import { blocksOfValues, type GgufBlockType, ggufSchemes, matrixOfBlocks } from './gguf-matrix.js';

/** Blocks and their values by gguf.quants of PyPI's gguf (`generator` in the file). */
const reference = JSON.parse(
  readFileSync(new URL('../../test/fixtures/ggml-blocks.json', import.meta.url), 'utf8'),
) as Record<GgufBlockType, { values: string; blocks: string; dequantized: string }>;

const bytes = (base64: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(base64, 'base64'));
const floats = (base64: string): Float32Array => new Float32Array(bytes(base64).buffer);

function valuesOf(type: GgufBlockType, blocks: Uint8Array): number[] {
  return [...dequantizeMatrix(matrixOfBlocks(type, blocks), ggufSchemes[type])];
}

describe('blocks that the reference wrote', () => {
  it.each(['q8_0', 'q4_0'] as const)('%s are written bit by bit', (type) => {
    const { values, blocks } = reference[type];
    expect(Buffer.from(blocksOfValues(type, floats(values))).toString('base64')).toBe(blocks);
  });

  it.each(['q8_0', 'q4_0', 'q6_k'] as const)('%s are read exactly', (type) => {
    const { blocks, dequantized } = reference[type];
    expect(valuesOf(type, bytes(blocks)).map((value) => value + 0)).toEqual(
      [...floats(dequantized)].map((value) => value + 0),
    );
  });

  it('q4_k are read to the rounding of their zero points', () => {
    const { blocks, dequantized } = reference.q4_k;
    const expected = floats(dequantized);
    const largest = Math.max(...expected.map(Math.abs));
    for (const [index, value] of valuesOf('q4_k', bytes(blocks)).entries()) {
      // Three roundings to float32 of numbers up to the largest.
      expect(Math.abs(value - expected[index]!)).toBeLessThan(3 * 2 ** -24 * largest);
    }
  });
});

describe('blocks made by hand', () => {
  it('q8_0: float16 2, codes −1, 0 … 30', () => {
    const block = Uint8Array.from([0x00, 0x40, 0xff, ...Array.from({ length: 31 }, (_, code) => code)]);
    expect(valuesOf('q8_0', block)).toEqual([-2, ...Array.from({ length: 31 }, (_, code) => 2 * code)]);
    expect([...blocksOfValues('q8_0', new Float32Array(32))]).toEqual(new Array(34).fill(0));
  });

  it('q4_0: float16 −0.5, low halves first, then high halves', () => {
    const block = Uint8Array.from([0x00, 0xb8, 0x0f, ...new Array(15).fill(0x98)]);
    const expected = [-3.5, ...new Array(15).fill(0), 4, ...new Array(15).fill(-0.5)];
    expect(valuesOf('q4_0', block).map((value) => value + 0)).toEqual(expected);
    // 4 is the largest magnitude: scale 4 / −8.
    expect([...blocksOfValues('q4_0', Float32Array.from(expected))]).toEqual([...block]);
  });

  it('q4_k: scales and minima of the second four lie in high bits', () => {
    const block = new Uint8Array(144);
    block.set([0x00, 0x3c, 0x00, 0x3c]); // d = dmin = 1
    block[4 + 1] = 0b10_000011; // scale 1 is 3; high bits of scale 5
    block[4 + 5] = 0b01_000010; // minimum 1 is 2; high bits of minimum 5
    block[4 + 9] = 0b0110_0101; // low bits: scale 5, minimum 5
    block.fill(0x41, 16, 48); // sub-block 0: codes 1, sub-block 1: codes 4
    block.fill(0x70, 80, 112); // sub-block 4: codes 0, sub-block 5: codes 7
    const values = valuesOf('q4_k', block);
    const flat = (sub: number): number[] => [...new Set(values.slice(32 * sub, 32 * sub + 32))];
    expect(flat(0).map((value) => value + 0)).toEqual([0]);
    expect(flat(1)).toEqual([3 * 4 - 2]);
    expect(flat(5)).toEqual([(5 + 32) * 7 - (6 + 16)]);
  });

  it('q6_k: high bits of run 2 are bits 4 and 5', () => {
    const block = new Uint8Array(210);
    block.set([0x00, 0x40], 208); // d = 2
    block.fill(1, 192, 208);
    block[192 + 4] = -3 & 0xff; // elements 64 … 79
    block[0] = 0x5a; // elements 0 (low half, 10) and 64 (high half, 5)
    block[128] = 0b00_11_00_01; // element 0: 1, element 64: 3
    const values = valuesOf('q6_k', block);
    expect(values[0]).toBe(2 * (10 + 16 - 32));
    expect(values[64]).toBe(-6 * (5 + 48 - 32));
    expect(values[65]).toBe(-6 * -32);
    expect(values[255]).toBe(-64);
  });
});
