import type { Device } from '@hybra/spec';
import {
  abs,
  add,
  cast,
  compile,
  crossEntropy,
  data,
  gatherRows,
  iota,
  literal,
  logSoftmax,
  max,
  maximum,
  mul,
  readback,
  reshape,
  sum,
  type Tensor,
  tensorOn,
} from '@hybra/tensor';
import { expect, it } from 'vitest';
import { gradients } from '../src/index.js';
import { onEachDevice } from './each-device.js';

let device: Device;
await onEachDevice(
  (opened) => {
    device = opened;
  },
  () => {
    async function numbers(tensor: Tensor): Promise<number[]> {
      return Array.from(await data(tensor, { device }));
    }

    it('refuses windows, integers and seeds of another type, and says so', () => {
      const x = tensorOn(device, [1, 2, 3, 4], [2, 2]);
      const ids = tensorOn(device, [1], [1], 'i32');
      const column = literal([1, 2], [2]);
      expect(() => gradients(sum(x), [ids])).toThrow(expect.objectContaining({ code: 'E_DTYPE' }));
      expect(() => gradients(sum(x), [gatherRows(x, ids), ids])).toThrow(/wrt\[1\] is i32\[1\]/);
      expect(() => gradients(x, [x], { cotangent: column })).toThrow(
        expect.objectContaining({ code: 'E_SHAPE' }),
      );
      expect(() => gradients(x, [{} as Tensor])).toThrow(expect.objectContaining({ code: 'E_ARGUMENT' }));
    });

    it('gives zeros for what the loss does not depend on, of its type', async () => {
      const x = tensorOn(device, [1, 2], [2]);
      const y = tensorOn(device, Float64Array.of(3), [1], 'f64');
      const [dx, dy] = gradients(sum(x), [x, y]);
      expect(await numbers(dx!)).toEqual([1, 1]);
      expect(dy!.dtype).toBe('f64');
      expect(await numbers(dy!)).toEqual([0]);
    });

    it('sums over all paths, also when one of the targets lies on a path to another', async () => {
      const x = tensorOn(device, [3], [1]);
      const h = mul(x, x);
      const [dx, dh] = gradients(sum(add(mul(h, x), h)), [x, h]); // x³ + x²
      expect(await numbers(dx!)).toEqual([27 + 6]);
      expect(await numbers(dh!)).toEqual([3 + 1]);
    });

    it('differentiates a gradient', async () => {
      const x = tensorOn(device, [3], [1]);
      const [first] = gradients(sum(mul(mul(x, x), x)), [x]);
      const [second] = gradients(sum(first!), [x]);
      expect(await numbers(second!)).toEqual([18]);
    });

    it('takes the documented side at kinks, and shares the maximum of an axis among equals', async () => {
      const x = tensorOn(device, [0, 2, 2], [3]);
      const [relu] = gradients(sum(maximum(x, 0)), [x]);
      expect(await numbers(relu!)).toEqual([0, 1, 1]);
      const [absolute] = gradients(sum(abs(x)), [x]);
      expect(await numbers(absolute!)).toEqual([0, 1, 1]);
      const [largest] = gradients(max(x), [x]);
      expect(await numbers(largest!)).toEqual([0, 0.5, 0.5]);
    });

    it('passes through casts between floats in the dtype of each side, and stops at integers', async () => {
      const x = tensorOn(device, [1, 2], [2]);
      const [dx] = gradients(sum(mul(cast(x, 'bf16'), cast(x, 'bf16'))), [x]);
      expect(dx!.dtype).toBe('f32');
      expect(await numbers(dx!)).toEqual([2, 4]);
      const [none] = gradients(sum(cast(cast(x, 'i32'), 'f32')), [x]);
      expect(await numbers(none!)).toEqual([0, 0]);
    });

    it('gives crossEntropy the gradient of −logSoftmax at the target, zero for masked rows', async () => {
      const logits = tensorOn(
        device,
        Float64Array.from({ length: 15 }, (_, i) => Math.sin(3 * i) * 4),
        [3, 5],
        'f64',
      );
      const targets = literal([4, -1, 2], [3], 'i32');
      const weights = literal([1, 2, 0.5], [3]);
      const [got] = gradients(crossEntropy(logits, targets), [logits], { cotangent: weights });
      const picked = gatherRows(reshape(logSoftmax(logits), [15]), add(mul(iota([3]), 5), targets));
      // Row 1 has no target; its index 4 is another row's element and gets weight 0.
      const masked = literal([-1, 0, -0.5], [3], 'f64');
      const [expected] = gradients(sum(mul(picked, masked)), [logits]);
      const [a, b] = [await numbers(got!), await numbers(expected!)];
      for (const [i, value] of b.entries()) expect(a[i]).toBeCloseTo(value, 12);
      expect(a.slice(5, 10)).toEqual([0, 0, 0, 0, 0]);
    });

    it('compiles into one program with the computation', async () => {
      const type = { dtype: 'f32', shape: [2] } as const;
      const program = await compile({
        label: 'step',
        device,
        states: { w: type },
        inputs: { x: type },
        build: ({ inputs, states }) => {
          const loss = sum(mul(states.w!, mul(inputs.x!, inputs.x!)));
          const [dw] = gradients(loss, [states.w!]);
          return { outputs: { loss }, states: { w: add(states.w!, mul(dw!, -0.5)) } };
        },
      });
      const { outputs, states } = program.run({
        inputs: { x: Float32Array.of(1, 2) },
        states: { w: tensorOn(device, [10, 20], [2]) },
      });
      expect(Array.from(await readback(outputs.loss!))).toEqual([90]);
      expect(Array.from(await readback(states.w!))).toEqual([9.5, 18]);
      program.dispose();
    });
  },
);
