import { cpu } from '@hybra/backend-cpu';
import { type Device, elementCount, isFloat, type OpName } from '@hybra/spec';
import {
  data,
  literal,
  mul,
  type OpCase,
  opCases,
  opDefinitions,
  record,
  sum,
  tensorOn,
} from '@hybra/tensor';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { gradients } from '../src/index.js';
import { normals } from './central-differences.js';
import { onEachDevice } from './each-device.js';

// Differences need float64, and fused kernels of a fast backend compute in float32: their gradients are held to the
// reference's, which are held to differences.
const fused: readonly OpName[] = [
  'rmsNorm',
  'gatedRmsNorm',
  'crossEntropy',
  'causalConv1d',
  'selectiveScan',
  'ssdChunkScan',
  'attention',
];

let device: Device;
let reference: Device;
beforeAll(async () => {
  reference = await cpu().open();
});
afterAll(() => reference.dispose());

await onEachDevice(
  (opened) => {
    device = opened;
  },
  () => {
    it.each(fused)('%s has the gradients of the reference in float32, states and all', async (op) => {
      let checked = 0;
      for (const opCase of opCases[op]) {
        if (!isPlain(opCase)) continue;
        const expected = await gradientsOn(reference, op, opCase);
        for (const [index, got] of (await gradientsOn(device, op, opCase)).entries()) {
          const size = Math.max(1, ...expected[index]!.map(Math.abs));
          for (const [i, value] of expected[index]!.entries()) {
            // Sums of some hundred terms in float32, in another order (2⁻²⁴ · √n), through e^x where there are decays.
            expect(Math.abs(got[i]! - value), `${opCase.name}, gradient ${index}, ${i}`).toBeLessThan(
              1e-4 * size,
            );
          }
          checked++;
        }
      }
      expect(checked).toBeGreaterThan(0);
    });
  },
);

function isPlain({ inputs }: OpCase): boolean {
  const areFinite = inputs.every(
    ({ values }) => values.kind !== 'list' || values.values.every((value) => Number.isFinite(value)),
  );
  return (
    areFinite &&
    inputs.every(
      ({ dtype, layout }) =>
        dtype !== 'f64' && dtype !== 'f16' && dtype !== 'bf16' && (layout ?? 'contiguous') === 'contiguous',
    )
  );
}

/** Gradients of all float inputs for a weighted sum of all float outputs. */
async function gradientsOn(on: Device, op: OpName, opCase: OpCase): Promise<number[][]> {
  const random = normals(op.length + opCase.name.length);
  const inputs = opCase.inputs.map(({ dtype, shape, values }) => {
    const elements = Array.from({ length: elementCount(shape) }, (_, i) => {
      if (values.kind === 'list') return values.values[i % values.values.length]!;
      if (values.kind === 'normal') return (values.mean ?? 0) + random() * (values.scale ?? 1);
      return values.low + (0.5 + Math.atan(random()) / Math.PI) * (values.high - values.low);
    });
    return tensorOn(on, elements, shape, dtype);
  });
  const losses = record(opDefinitions[op], inputs, opCase.attributes, opCase.declared)
    .filter(({ dtype }) => isFloat(dtype))
    .map((output) => {
      const weights = Array.from({ length: output.size }, random);
      return sum(mul(output, literal(weights, output.shape)));
    });
  const [first, ...others] = losses;
  const also = others.map((tensor) => ({ tensor, cotangent: literal([1], []) }));
  const found = gradients(
    first!,
    inputs.filter(({ dtype }) => isFloat(dtype)),
    { also },
  );
  const read: number[][] = [];
  for (const gradient of found) read.push(Array.from(await data(gradient, { device: on })));
  return read;
}
