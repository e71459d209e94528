import { add, compile, fill, readback, tensorOn } from '@hybra/tensor';
import { expect, it } from 'vitest';
import { nullBackend } from './null-backend.js';

it('refuses what its options forbid', async () => {
  const device = await nullBackend({
    capabilities: { largestBinding: 64 },
    supports: ({ op }) => (op === 'add' ? { supported: false, reason: 'no adding today' } : undefined),
  }).open();
  expect(() => device.allocate(65)).toThrow(expect.objectContaining({ code: 'E_OUT_OF_MEMORY' }));
  const build = () => ({ outputs: { y: add(fill([2], 1), 1) } });
  await expect(compile({ label: 'sum', device, build })).rejects.toMatchObject({
    code: 'E_UNSUPPORTED_OP',
    message: expect.stringContaining('no adding today'),
  });
});

it('remembers programs, writes, copies and runs, and reads zeros', async () => {
  const device = await nullBackend().open();
  const x = tensorOn(device, [1, 2], [2]);
  const program = await compile({ label: 'sum', device, build: () => ({ outputs: { y: add(x, x) } }) });
  const { outputs } = program.run();
  expect(await readback(outputs.y!)).toEqual(new Float32Array(2));
  expect(device.record.programs.map(({ label }) => label)).toEqual(['sum']);
  expect(device.record.programs[0]!.calls.map(({ kernel }) => kernel)).toEqual(['null/add']);
  expect(device.record.events.map(({ kind }) => kind)).toEqual(['write', 'run']);
});

it('counts bytes until they are disposed of', async () => {
  const device = await nullBackend().open();
  const buffer = device.allocate(100);
  expect(device.memoryBytes()).toBe(100);
  buffer.dispose();
  buffer.dispose();
  expect(device.memoryBytes()).toBe(0);
  expect(device.record.allocations).toBe(1);
});
