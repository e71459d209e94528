import { cpu, standardKernels } from '@hybra/backend-cpu';
import { expect, it } from 'vitest';
import { compile } from '../compile/compile.js';
import { tensorOn } from '../graph/storage.js';
import { slice, transpose } from '../graph/views.js';
import { add, cumulativeSum, matmul, neg, silu } from '../ops/index.js';
import { formatBytes } from './explain.js';

it('prints memory, bindings and every call with kernel, decomposition, shapes and bytes', async () => {
  const device = await cpu({ kernels: standardKernels.filter(({ op }) => op !== 'silu') }).open();
  const weight = tensorOn(device, new Float32Array(64 * 32), [64, 32]);
  const program = await compile({
    label: 'example',
    device,
    inputs: { x: { dtype: 'f32', shape: [2, 32] } },
    states: { s: { dtype: 'f32', shape: [64, 2] } },
    build: ({ inputs, states }) => {
      const hidden = silu(matmul(inputs.x!, weight, { transposeB: true }));
      const s = add(states.s!, transpose(hidden));
      return { outputs: { y: cumulativeSum(slice(neg(hidden), 1, 3, 35)) }, states: { s } };
    },
  });
  expect(program.explain()).toMatchSnapshot();
  program.dispose();
  await device.dispose();
});

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1.5 * 2 ** 20, '1.5 MiB'],
  [5 * 2 ** 40, '5.0 TiB'],
  [5000 * 2 ** 40, '5000.0 TiB'],
])('writes %d bytes as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
