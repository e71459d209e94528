import type { Device } from '@hybra/spec';
import {
  add,
  compile,
  literal,
  matmul,
  mul,
  readback,
  reshape,
  slice,
  square,
  sum,
  type Tensor,
  tanh,
  tensorOn,
} from '@hybra/tensor';
import { expect, it } from 'vitest';
import { createRecomputation, gradients } from '../src/index.js';
import { onEachDevice } from './each-device.js';

let device: Device;
await onEachDevice(
  (opened) => {
    device = opened;
  },
  () => {
    const width = 64;
    const depth = 12;

    /** A deep net whose layers each compute much more than they hand on. */
    function program(recomputed: boolean) {
      const type = { dtype: 'f32', shape: [width, width] } as const;
      return compile({
        label: 'deep',
        device,
        inputs: { x: type, w: type, s: { dtype: 'f32', shape: [1] } },
        build: ({ inputs: { x, w, s } }) => {
          const recomputation = createRecomputation();
          const shared = mul(w!, s!); // closed over by every layer, and no leaf
          const layer = ([h]: readonly Tensor[]): Tensor[] => {
            let y = matmul(h!, shared);
            for (let i = 0; i < 6; i++) y = tanh(add(y, 0.1));
            return [add(h!, y)];
          };
          let h = x!;
          for (let i = 0; i < depth; i++)
            [h] = (recomputed ? recomputation.record(layer, [h]) : layer([h])) as [Tensor];
          const loss = add(sum(square(h)), sum(shared));
          const [dx, dw, ds, dshared] = gradients(loss, [x!, w!, s!, shared], { recomputation });
          return { outputs: { loss, dx: dx!, dw: dw!, ds: ds!, dshared: dshared! } };
        },
      });
    }

    it('gives the same gradients, also of what a piece closes over, in a fraction of the memory', async () => {
      const inputs = {
        x: Float32Array.from({ length: width * width }, (_, i) => Math.sin(i)),
        w: Float32Array.from({ length: width * width }, (_, i) => Math.cos(i * i) / 16),
        s: Float32Array.of(0.7),
      };
      const kept = await program(false);
      const again = await program(true);
      const expected = kept.run({ inputs }).outputs;
      const got = again.run({ inputs }).outputs;
      for (const name of Object.keys(expected)) {
        const [a, b] = [await readback(got[name]!), await readback(expected[name]!)];
        const size = Math.max(...Array.from(b, Math.abs));
        // The same float32 operations; only the sum over the layers is in another order.
        for (let i = 0; i < b.length; i++) expect(Math.abs(a[i]! - b[i]!), name).toBeLessThan(1e-5 * size);
      }
      // 12 layers of 8 intermediates against 12 results and one layer's intermediates.
      expect(again.ownedBytes).toBeLessThan(kept.ownedBytes / 2);
      kept.dispose();
      again.dispose();
    });

    it('passes on a gradient that arrives at one of several results', async () => {
      const recomputation = createRecomputation();
      const x = tensorOn(device, [1, 2], [2]);
      const [a, b] = recomputation.record(([h]) => [mul(h!, 2), mul(h!, h!)], [x]) as [Tensor, Tensor];
      const [only] = gradients(sum(b), [x], { recomputation });
      const [both] = gradients(sum(add(a, b)), [x], { recomputation });
      const result = await compile({
        label: 'both',
        device,
        build: () => ({ outputs: { only: only!, both: both! } }),
      });
      const { outputs } = result.run();
      expect(Array.from(await readback(outputs.only!))).toEqual([2, 4]);
      expect(Array.from(await readback(outputs.both!))).toEqual([4, 6]);
      result.dispose();
    });

    it('refuses a piece that gives a view or one of its inputs', () => {
      const x = literal([1, 2], [2]);
      const { record } = createRecomputation();
      expect(() => record(([h]) => [h!], [x])).toThrow(/one of its inputs/);
      expect(() => record(([h]) => [slice(mul(h!, 2), 0, 1)], [x])).toThrow(
        expect.objectContaining({ code: 'E_ARGUMENT' }),
      );
      expect(record(([h]) => [reshape(mul(h!, 2), [2, 1])], [x])[0]!.shape).toEqual([2, 1]);
    });
  },
);
