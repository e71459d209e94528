import { describeWith, requirement } from '@hybra/testing';
import { expect, it } from 'vitest';
import { loadAddon } from '../addon/load-addon.js';
import { outputWith, random } from '../testing.js';

const loaded = loadAddon();
const addon = await requirement('native', () => (loaded.addon ? undefined : loaded.reason));
const isas = loaded.addon?.isas() ?? [];

// The cases of the op have 3 states a channel; those of models, 16 and 32, run with lanes along the states.
describeWith(addon, 'a step of Mamba-1', () => {
  const D = 71;
  const slots = [2, -1, 0];
  const rows = slots.length;

  it.each(isas.flatMap((isa) => [16, 32].map((N) => ({ isa, N }))))(
    'equals a scan of one position: $isa, $N states',
    async ({ isa, N }) => {
      const dt = random(rows * D, 0.001, 0.5);
      dt.fill(0, 5, 9);
      const values = [
        random(rows * D, -1, 1),
        dt,
        random(D * N, -8, -0.5),
        random(rows * N, -1, 1),
        random(rows * N, -1, 1),
        random(3 * D * N, -1, 1),
      ];
      // The state of a channel with dt = 0 stays, whatever x is.
      values[0]![6] = Number.POSITIVE_INFINITY;
      const outputsOf = async (op: string, time: readonly number[]): Promise<Float32Array[]> => {
        const shapes = [
          [rows, ...time, D],
          [rows, ...time, D],
          [D, N],
          [rows, ...time, N],
          [rows, ...time, N],
        ];
        const pool = { shape: [3, D, N] };
        const bytes = await outputWith(
          { isa },
          op,
          {},
          [
            ...shapes.map((shape, index) => ({ shape, values: values[index]! })),
            { ...pool, values: values[5]! },
            { dtype: 'i32', shape: [rows], values: Int32Array.from(slots) },
          ],
          [{ shape: [rows, ...time, D] }, pool],
        );
        return bytes.map(({ buffer }) => new Float32Array(buffer));
      };
      const [y, states] = await outputsOf('selectiveStep', []);
      const [expectedY, expectedStates] = await outputsOf('selectiveScan', [1]);
      // One multiply-add for each state; y sums N of them, of size 1, in another order.
      const worst = (a: Float32Array, b: Float32Array): number =>
        a.reduce((most, value, index) => Math.max(most, Math.abs(value - b[index]!)), 0);
      expect(worst(states!, expectedStates!)).toBeLessThan(1e-6);
      expect(worst(y!, expectedY!)).toBeLessThan(N * 1e-6);
      expect([...y!.subarray(D, 2 * D)]).toEqual(Array(D).fill(0));
      expect([...states!.subarray(2 * D * N + 5 * N, 2 * D * N + 9 * N)]).toEqual([
        ...values[5]!.subarray(2 * D * N + 5 * N, 2 * D * N + 9 * N),
      ]);
    },
  );
});
