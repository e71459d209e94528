import type { Device } from '@hybra/spec';
import {
  add,
  causalConv1d,
  concat,
  data,
  literal,
  mul,
  selectiveScan,
  selectiveStep,
  slice,
  squeeze,
  ssdChunkScan,
  ssdStep,
  sum,
  type Tensor,
  tensorOn,
  unsqueeze,
} from '@hybra/tensor';
import { expect, it } from 'vitest';
import { gradients } from '../src/index.js';
import { normals } from './central-differences.js';
import { onEachDevice } from './each-device.js';

// A sequence at once, in two pieces, and token by token: the same gradients, of the inputs, of the parameters and
// of the initial state, with gradients arriving at all outputs and at the state left behind.
let device: Device;
await onEachDevice(
  (opened) => {
    device = opened;
  },
  () => {
    const length = 7;
    type Parts = Readonly<Record<string, Tensor>>;
    interface Form {
      readonly parts: Parts;
      /** Inputs along the sequence; the others are the same for each token. */
      readonly sequence: readonly string[];
      readonly state: string;
      readonly many: (parts: Parts) => { y: Tensor; state: Tensor };
      readonly one?: (parts: Parts) => { y: Tensor; state: Tensor };
    }

    function made(
      shape: readonly number[],
      dtype: 'f32' | 'f64',
      make: (z: number) => number = (z) => z,
    ): Tensor {
      const random = normals(shape.length + shape.reduce((a, b) => a + b, 0));
      const elements = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => make(random()));
      return tensorOn(device, dtype === 'f64' ? Float64Array.from(elements) : elements, shape, dtype);
    }

    function ssd(): Form {
      const slots = literal([2, 0], [2], 'i32');
      const inputs = (parts: Parts) => ({
        ...(parts as Record<'x' | 'dt' | 'A' | 'B' | 'C' | 'states', Tensor>),
        slots,
      });
      const result = ({ y, states }: { y: Tensor; states: Tensor }) => ({ y, state: states });
      return {
        parts: {
          x: made([2, length, 4, 3], 'f64'),
          dt: made([2, length, 4], 'f32', (z) => 0.1 * Math.exp(z)),
          A: made([4], 'f32', (z) => -Math.exp(z)),
          B: made([2, length, 2, 5], 'f64'),
          C: made([2, length, 2, 5], 'f64'),
          states: made([3, 4, 3, 5], 'f64'),
        },
        sequence: ['x', 'dt', 'B', 'C'],
        state: 'states',
        many: (parts) => result(ssdChunkScan(inputs(parts), { chunkSize: 3 })),
        one: (parts) => result(ssdStep(inputs(parts))),
      };
    }

    function selective(): Form {
      const slots = literal([1, 0], [2], 'i32');
      const inputs = (parts: Parts) => ({
        ...(parts as Record<'x' | 'dt' | 'A' | 'B' | 'C' | 'states', Tensor>),
        slots,
      });
      const result = ({ y, states }: { y: Tensor; states: Tensor }) => ({ y, state: states });
      return {
        parts: {
          x: made([2, length, 4], 'f64'),
          dt: made([2, length, 4], 'f32', (z) => 0.1 * Math.exp(z)),
          A: made([4, 3], 'f32', (z) => -Math.exp(z)),
          B: made([2, length, 3], 'f64'),
          C: made([2, length, 3], 'f64'),
          states: made([2, 4, 3], 'f64'),
        },
        sequence: ['x', 'dt', 'B', 'C'],
        state: 'states',
        many: (parts) => result(selectiveScan(inputs(parts))),
        one: (parts) => result(selectiveStep(inputs(parts))),
      };
    }

    function convolution(): Form {
      const slots = literal([1, 2], [2], 'i32');
      return {
        parts: {
          x: made([2, length, 5], 'f64'),
          weight: made([5, 4], 'f64'),
          bias: made([5], 'f64'),
          tails: made([3, 3, 5], 'f64'),
        },
        sequence: ['x'],
        state: 'tails',
        many: (parts) => {
          const { x, weight, bias, tails } = parts as Record<'x' | 'weight' | 'bias' | 'tails', Tensor>;
          const time = x.shape[1]!;
          const lengths = literal([time, time], [2], 'i32');
          const { y, tails: state } = causalConv1d(
            { x, weight, bias, tails, slots, lengths },
            { activation: 'silu' },
          );
          return { y, state };
        },
      };
    }

    function gradientsOf(
      { parts, state }: Form,
      run: (parts: Parts) => { y: Tensor; state: Tensor },
    ): Tensor[] {
      const { y, state: final } = run(parts);
      const weighted = (tensor: Tensor): Tensor => {
        const random = normals(11);
        const weights = Array.from({ length: tensor.size }, random);
        return sum(mul(tensor, literal(weights, tensor.shape, 'f64')));
      };
      expect(final.shape).toEqual(parts[state]!.shape);
      return gradients(add(weighted(y), weighted(final)), Object.values(parts));
    }

    function inPieces(form: Form, pieces: readonly (readonly [number, number])[], token: boolean) {
      return (parts: Parts): { y: Tensor; state: Tensor } => {
        let state = parts[form.state]!;
        const ys: Tensor[] = [];
        for (const [from, to] of pieces) {
          const cut = Object.fromEntries(
            Object.entries(parts).map(([name, tensor]) => {
              if (!form.sequence.includes(name)) return [name, tensor];
              const window = slice(tensor, 1, from, to);
              return [name, token ? squeeze(window, 1) : window];
            }),
          );
          const result = (token ? form.one! : form.many)({ ...cut, [form.state]: state });
          ys.push(token ? unsqueeze(result.y, 1) : result.y);
          state = result.state;
        }
        return { y: concat(ys, 1), state };
      };
    }

    async function expectSame(
      got: readonly Tensor[],
      expected: readonly Tensor[],
      names: readonly string[],
    ): Promise<void> {
      for (const [index, tensor] of expected.entries()) {
        const a = Array.from(await data(got[index]!, { device }));
        const b = Array.from(await data(tensor, { device }));
        const size = Math.max(...b.map(Math.abs));
        expect(size, names[index]).toBeGreaterThan(0);
        // float64 throughout, save that the gradients of dt and A are rounded to float32 once per piece.
        const tolerance = (tensor.dtype === 'f32' ? 1e-6 : 1e-12) * size;
        for (const [i, value] of b.entries())
          expect(Math.abs(a[i]! - value), `${names[index]} ${i}`).toBeLessThan(tolerance);
      }
    }

    for (const [name, make] of Object.entries({ ssd, selective, convolution })) {
      it(`${name}: pieces that hand on their state have the gradients of the whole`, async () => {
        const form = make();
        const whole = gradientsOf(form, form.many);
        const cut = gradientsOf(
          form,
          inPieces(
            form,
            [
              [0, 2],
              [2, 3],
              [3, length],
            ],
            false,
          ),
        );
        await expectSame(cut, whole, Object.keys(form.parts));
        if (!form.one) return;
        const tokens = Array.from({ length }, (_, t) => [t, t + 1] as const);
        await expectSame(gradientsOf(form, inPieces(form, tokens, true)), whole, Object.keys(form.parts));
      });
    }
  },
);
