import { cpu } from '@hybra/backend-cpu';
import type { Device, QuantScheme } from '@hybra/spec';
import { data, literal, type QuantizedWeight, quantizedWeight, type Tensor, tensorOn } from '@hybra/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { embedding } from './embedding.js';
import { linear } from './linear.js';

let device: Device;
beforeAll(async () => {
  device = await cpu().open();
});
afterAll(() => device.dispose());

const numbers = async (tensor: Tensor): Promise<number[]> => [...(await data(tensor, { device }))];

// [[1, 2, −3, 4], [0, 5, −4, 0.5], [7, −7, 7, 0]] exactly: scale · (code − zero), blocks of two columns.
const matrix = [1, 2, -3, 4, 0, 5, -4, 0.5, 7, -7, 7, 0];
const half = 0x3800;
const one = 0x3c00;

function scheme(bits: 4 | 8, hasZeroPoints: boolean): QuantScheme {
  const codeLayout = bits === 8 ? 'i8' : 'u4-low-first';
  return { name: `q${bits}`, bits, blockSize: 2, codeLayout, scaleDtype: 'f16', hasZeroPoints };
}

function nibbles(): QuantizedWeight {
  const codes = Uint8Array.of(0xa9, 0xc5, 0xd8, 0x90, 0x1f, 0x8f);
  const scales = Uint16Array.of(one, one, one, half, one, one);
  return quantizedWeight(scheme(4, false), {
    codes: tensorOn(device, codes, [3, 2], 'u8'),
    scales: tensorOn(device, scales, [3, 2], 'f16'),
  });
}

function bytes(): QuantizedWeight {
  const codes = Int8Array.of(2, 3, -6, 8, 0, 5, -8, 1, 7, -7, 7, 0);
  const scales = Uint16Array.of(one, half, one, half, one, one);
  const zeros = Uint16Array.of(one, 0, 0, 0, 0, 0);
  return quantizedWeight(scheme(8, true), {
    codes: tensorOn(device, codes, [3, 4], 'i8'),
    scales: tensorOn(device, scales, [3, 2], 'f16'),
    zeros: tensorOn(device, zeros, [3, 2], 'f16'),
  });
}

describe.each([
  ['nibbles', nibbles],
  ['bytes with zero points', bytes],
] as const)('a table of %s', (name, make) => {
  it('gives rows, zeros outside, in the shape of the ids', async () => {
    const rows = embedding(make()).forward(literal([2, 0, -1, 3], [2, 2], 'i32'));
    expect(rows.shape).toEqual([2, 2, 4]);
    const zero = [0, 0, 0, 0];
    expect((await numbers(rows)).map((value) => value + 0)).toEqual([
      ...matrix.slice(8),
      ...matrix.slice(0, 4),
      ...zero,
      ...zero,
    ]);
  });

  it('multiplies as the tied head and as a linear map do', async () => {
    const hidden = literal([1, 10, 100, 1000], [1, 1, 4], 'f32');
    const products = [0, 1, 2].map((row) =>
      [1, 10, 100, 1000].reduce((sum, factor, column) => sum + factor * matrix[4 * row + column]!, 0),
    );
    expect(await numbers(embedding(make()).logits(hidden))).toEqual(products);
    const shifted = linear(make(), literal([1, 2, 3], [3], 'f32')).forward(hidden);
    expect(await numbers(shifted)).toEqual(products.map((value, index) => value + index + 1));
  });

  it('names its parts', () => {
    const names = ['weight.codes', 'weight.scales', ...(name === 'nibbles' ? [] : ['weight.zeros'])];
    expect(Object.keys(embedding(make()).parameters())).toEqual(names);
    expect(Object.keys(linear(make()).parameters())).toEqual(names);
  });
});
