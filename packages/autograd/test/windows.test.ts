import type { Device } from '@hybra/spec';
import {
  add,
  concat,
  expand,
  mul,
  permute,
  reshape,
  slice,
  split,
  sum,
  Tensor,
  tensorOn,
  transpose,
  unsqueeze,
} from '@hybra/tensor';
import { expect, it } from 'vitest';
import { gradients } from '../src/index.js';
import { compareWithDifferences, normals } from './central-differences.js';
import { onEachDevice } from './each-device.js';

let device: Device;
await onEachDevice(
  (opened) => {
    device = opened;
  },
  () => {
    const views: Readonly<Record<string, (x: Tensor) => Tensor>> = {
      'a reshape': (x) => reshape(x, [6, 20]),
      'a permutation': (x) => permute(x, [2, 0, 1]),
      'a slice in the middle': (x) => slice(x, 1, 1, 4),
      'a slice of each axis': (x) => slice(slice(slice(x, 0, 1), 1, 2, 4), 2, 3, 5),
      'every other element': (x) => slice(x, 2, 1, undefined, 2),
      'steps that do not divide the axis': (x) => slice(slice(x, 1, 1, undefined, 3), 2, 0, undefined, 4),
      'steps along two axes': (x) => slice(slice(x, 0, 0, undefined, 3), 2, 1, undefined, 2),
      'one element': (x) => slice(slice(slice(x, 0, 2, 3), 1, 4, 5), 2, 5, 6),
      nothing: (x) => slice(x, 1, 2, 2),
      'a repeated axis': (x) => expand(slice(x, 1, 2, 3), [4, 7, 6]),
      'a new axis, repeated': (x) => expand(unsqueeze(x, 1), [4, 3, 5, 6]),
      'a repeated slice, turned': (x) => transpose(expand(slice(x, 2, 1, 2), [4, 5, 3])),
      'a permuted slice with steps': (x) => permute(slice(slice(x, 1, 0, 4, 2), 2, 2), [2, 1, 0]),
      'a slice of a flattened value': (x) => slice(reshape(x, [120]), 0, 7, 103, 5),
    };

    for (const [name, view] of Object.entries(views)) {
      it(`puts the gradient of ${name} back in its place`, async () => {
        const random = normals(3);
        const elements = Float64Array.from({ length: 120 }, random);
        // A square, so that each element's gradient is its own.
        const [comparison] = await compareWithDifferences(
          device,
          [{ dtype: 'f64', shape: [4, 5, 6], elements }],
          ([x]) => [mul(view(x!), view(x!))],
        );
        // Of a quadratic, central differences err by rounding alone.
        expect(Math.abs(comparison!.gradient - comparison!.difference)).toBeLessThan(
          1e-8 * (comparison!.scale + 1),
        );
      });
    }

    it('lays the parts of a split side by side: no padding, no addition', () => {
      const x = tensorOn(
        device,
        Array.from({ length: 12 }, (_, i) => i),
        [2, 6],
      );
      const y = mul(x, 1);
      const [a, b, c] = split(y, [1, 3, 2]) as [Tensor, Tensor, Tensor];
      const [gradient] = gradients(sum(concat([mul(a, 2), mul(b, 3), mul(c, 4)], 1)), [y]);
      expect(opsOf(gradient!)).not.toContain('pad');
      expect(opsOf(gradient!)).not.toContain('add');
    });

    it('adds parts that overlap, and leaves zeros where no part is', async () => {
      const random = normals(5);
      const elements = Float64Array.from({ length: 30 }, random);
      const [comparison] = await compareWithDifferences(
        device,
        [{ dtype: 'f64', shape: [3, 10], elements }],
        ([x]) => {
          const overlapping = add(slice(x!, 1, 0, 4), slice(x!, 1, 2, 6));
          const apart = mul(slice(x!, 1, 1, 3), slice(x!, 1, 7, 9));
          return [mul(overlapping, overlapping), apart];
        },
      );
      expect(Math.abs(comparison!.gradient - comparison!.difference)).toBeLessThan(
        1e-8 * (comparison!.scale + 1),
      );
    });

    it('refuses a window that reads elements twice along two axes', () => {
      const x = tensorOn(device, [1, 2, 3, 4], [4]);
      const sliding = new Tensor(x.value, { shape: [3, 2], strides: [1, 1], offset: 0 });
      expect(() => gradients(sum(sliding), [x])).toThrow(expect.objectContaining({ code: 'E_ARGUMENT' }));
    });

    function opsOf(tensor: Tensor, found = new Set<string>()): string[] {
      if (tensor.value.kind !== 'call') return [...found];
      found.add(tensor.value.node.op);
      for (const input of tensor.value.node.inputs) opsOf(input, found);
      return [...found];
    }
  },
);
