import { cpu, standardKernels } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deviceWith } from '../../test/device-with.js';
import { disposeTensor, tensorOn } from '../graph/storage.js';
import type { Tensor } from '../graph/tensor.js';
import { expand, reshape, slice, transpose } from '../graph/views.js';
import { add, exp, fill, iota, literal, mul, neg, scalar, softmax, sub, sum } from '../ops/index.js';
import { lower } from './lower.js';

let device: Device;
beforeAll(async () => {
  device = await cpu().open();
});
afterAll(() => device.dispose());

function opsOf(tensors: readonly Tensor[], on = device): string[] {
  return lower(
    tensors.map((tensor) => ({ tensor, device: on })),
    on,
  ).calls.map(({ op, via }) => [...via, op].join(' › '));
}

/** The CPU device as one whose kernels want everything side by side. */
function packedOnly(): Device {
  return deviceWith(device, {
    supports: (call) => {
      const support = device.supports(call);
      return support.supported && call.op !== 'copy' ? { ...support, acceptsStrided: false } : support;
    },
  });
}

describe('choosing kernels', () => {
  it('names op, types, device and reason where there is neither kernel nor decomposition', async () => {
    const partial = await cpu({ kernels: standardKernels.filter(({ op }) => op !== 'exp') }).open();
    const x = tensorOn(partial, [1, 2], [2]);
    expect(() => opsOf([softmax(exp(x))], partial)).toThrow(
      expect.objectContaining({
        code: 'E_UNSUPPORTED_OP',
        message: expect.stringMatching(
          /^exp\(f32\[2\]\) → f32\[2\]: CPU .* has no kernel \(.+\), and the op is mandatory/,
        ),
        details: expect.objectContaining({ op: 'exp', inputs: ['f32[2]'], device: partial.name }),
      }),
    );
    await partial.dispose();
  });

  it('takes the native kernel where there is one', () => {
    expect(opsOf([softmax(tensorOn(device, [1, 2], [1, 2]))])).toEqual(['softmax']);
  });

  it('decomposes where there is none, and says from what', async () => {
    const partial = await cpu({ kernels: standardKernels.filter(({ op }) => op !== 'softmax') }).open();
    const ops = opsOf([softmax(exp(tensorOn(partial, [1, 2], [1, 2])))], partial);
    expect(ops[0]).toBe('exp');
    expect(ops.length).toBeGreaterThan(2);
    expect(ops.slice(1).every((op) => op.startsWith('softmax › '))).toBe(true);
    await partial.dispose();
  });

  it('copies a strided input only for a kernel that does not take it', () => {
    const on = (target: Device): Tensor => transpose(tensorOn(target, [1, 2, 3, 4, 5, 6], [2, 3]));
    expect(opsOf([neg(on(device))])).toEqual(['neg']);
    expect(opsOf([neg(on(packedOnly()))])).toEqual(['copy', 'neg']);
  });

  it('copies once what two calls want side by side', () => {
    const x = transpose(tensorOn(packedOnly(), [1, 2, 3, 4, 5, 6], [2, 3]));
    expect(opsOf([neg(x), exp(x)])).toEqual(['copy', 'neg', 'exp']);
  });

  it('copies no window that lies side by side', () => {
    const x = tensorOn(packedOnly(), [1, 2, 3, 4, 5, 6], [2, 3]);
    expect(opsOf([neg(slice(x, 0, 1))])).toEqual(['neg']);
  });
});

describe('equal calls', () => {
  it('are lowered once', () => {
    const x = tensorOn(device, [1, 2], [2]);
    expect(opsOf([add(neg(x), neg(x)), neg(x)])).toEqual(['neg', 'add']);
    expect(opsOf([add(scalar(1), scalar(2)), add(scalar(1), scalar(2))])).toEqual(['add']);
  });

  it.each<[string, (x: Tensor) => [Tensor, Tensor]]>([
    ['windows', (x) => [neg(slice(x, 0, 0, 1)), neg(slice(x, 0, 1))]],
    ['shapes', (x) => [neg(x), neg(reshape(x, [1, 2]))]],
    ['order', (x) => [sub(x, neg(x)), sub(neg(x), x)]],
    ['attributes', (x) => [sum(expand(x, [2, 2]), 0), sum(expand(x, [2, 2]), 1)]],
    ['the sign of a zero attribute', () => [fill([2], 0), fill([2], -0)]],
    [
      'an infinite attribute',
      () => [fill([2], Number.POSITIVE_INFINITY), fill([2], Number.NEGATIVE_INFINITY)],
    ],
    ['NaN instead of a number', () => [fill([2], Number.NaN), fill([2], 0)]],
    ['dtypes of the output', () => [iota([2], 0, 'i32'), iota([2], 0, 'u32')]],
    ['constants', (x) => [add(x, scalar(0)), add(x, scalar(-0))]],
  ])('are told from calls that differ in %s', (_, make) => {
    const [first, second] = make(tensorOn(device, [1, 2], [2]));
    const alone = opsOf([first]).length;
    expect(opsOf([first, second]).length).toBeGreaterThan(alone);
  });
});

describe('roots', () => {
  it('are copied where they are only a window or somebody else’s memory', () => {
    const x = tensorOn(device, [1, 2, 3, 4], [2, 2]);
    expect(opsOf([x])).toEqual(['copy']);
    expect(opsOf([transpose(neg(x))])).toEqual(['neg', 'copy']);
    expect(opsOf([literal([1], [1])])).toEqual(['copy']);
    expect(opsOf([reshape(neg(x), [4])])).toEqual(['neg']);
  });

  it('may not stand on memory that is gone', () => {
    const x = tensorOn(device, [1], [1]);
    const y = neg(x);
    disposeTensor(x);
    expect(() => opsOf([y])).toThrow(expect.objectContaining({ code: 'E_DISPOSED' }));
  });
});

describe('deep graphs', () => {
  it('of 20,000 calls are lowered without a deep stack', () => {
    let x = tensorOn(device, [1], [1]);
    for (let depth = 0; depth < 20_000; depth++) x = add(x, depth % 7);
    expect(opsOf([x])).toHaveLength(20_000);
  });

  it('in which every value is used twice are lowered in linear time', () => {
    let x = tensorOn(device, [1], [1]);
    for (let depth = 0; depth < 200; depth++) x = mul(add(x, neg(x)), add(neg(x), x));
    expect(opsOf([x])).toHaveLength(200 * 4);
  });
});
