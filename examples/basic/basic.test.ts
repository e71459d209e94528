import { expect, it, vi } from 'vitest';

it('prints a softmax, a running total and the plan', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  await import('./basic.js');
  const printed = log.mock.calls.map(([first]) => first as unknown);
  log.mockRestore();
  expect(printed).toHaveLength(3);
  // Rows of mass 1, to a few roundings of float32.
  expect([...(printed[0] as Float32Array)].reduce((sum, each) => sum + each, 0)).toBeCloseTo(3, 5);
  expect(printed[1]).toEqual(Float32Array.of(2.5, 23));
  expect(printed[2]).toContain('[cpu/matmul]');
});
