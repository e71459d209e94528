import type { DType } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import { cpu } from '../../backend.js';
import { layOut, runCall, tensor } from '../../testing.js';

const attributes = { bits: 4, blockSize: 2 };

describe('quantizedMatmul', () => {
  it.each([
    ['codes of the other width', ['f32', 'i8', 'f16'], 'i8[1, 1]'],
    ['f64', ['f64', 'u8', 'f16'], 'f64[1, 2]'],
    ['bf16 scales', ['f32', 'u8', 'bf16'], 'bf16[1, 1]'],
  ] as const)('refuses %s and says why', async (_, [x, codes, scales], reason) => {
    const device = await cpu().open();
    const input = (dtype: DType, shape: readonly number[]) => layOut(tensor(dtype, shape, [])).type;
    const call = {
      op: 'quantizedMatmul',
      inputs: [input(x, [1, 2]), input(codes, [1, 1]), input(scales, [1, 1])],
      outputs: [{ dtype: x, shape: [1, 1] }],
      attributes,
    };
    expect(device.supports(call)).toMatchObject({
      supported: false,
      reason: expect.stringContaining(reason),
    });
  });

  // Small integers and powers of two: every product and sum is exact.
  it('unpacks the low half first and takes 8 for zero', async () => {
    const device = await cpu().open();
    const [y] = await runCall(device, {
      op: 'quantizedMatmul',
      inputs: [
        tensor('f32', [2, 4], [1, 10, 100, 1000, 0, 0, 0, 1]),
        tensor('u8', [2, 2], [0x98, 0x7f, 0x88, 0x08]),
        tensor('f16', [2, 2], [1, 0.5, 2, 4]),
      ],
      outputs: [{ dtype: 'f32', shape: [2, 2] }],
      attributes,
    });
    // Rows: 1 · (0, 1), 0.5 · (7, −1) and 2 · (0, 0), 4 · (0, −8).
    expect(y).toEqual([10 + 350 - 500, -32000, -0.5, -32]);
  });

  it('takes signed bytes with zero points of their own', async () => {
    const device = await cpu().open();
    const [y] = await runCall(device, {
      op: 'quantizedMatmul',
      inputs: [
        tensor('f16', [1, 4], [1, 2, 3, 4]),
        tensor('i8', [2, 4], [-127, 127, 0, 1, 5, 5, 5, 5]),
        tensor('f32', [2, 2], [0.25, 2, 1, 1]),
        tensor('f32', [2, 2], [1, -0.5, 5, 6]),
      ],
      outputs: [{ dtype: 'f16', shape: [1, 2] }],
      attributes: { bits: 8, blockSize: 2 },
    });
    expect(y).toEqual([0.25 * (-128 + 2 * 126) + 2 * (3 * 0.5 + 4 * 1.5), -7]);
  });
});
