import { describe, expect, test } from 'vitest';
import { requirement, sharedFixture, skipReason } from './index.js';
import { summarise } from './summary.js';

const absent = { name: 'gpu', missing: 'no adapter' };
const present = { name: 'chromium', missing: undefined };

describe('skips', () => {
  test('a missing requirement skips with its reason', () => {
    expect(skipReason([present, absent], '')).toEqual({ kind: 'skip', reason: 'gpu: no adapter' });
  });

  test('HYBRA_REQUIRE turns that skip, and no other, into a failure', () => {
    expect(skipReason([absent], 'chromium, gpu')).toEqual({ kind: 'fail', reason: 'gpu: no adapter' });
    expect(skipReason([absent], 'chromium').kind).toBe('skip');
  });

  test('what is there runs', () => {
    expect(skipReason([present], 'chromium')).toEqual({ kind: 'run' });
  });

  test('a probe that throws is a reason, not a crash', async () => {
    const probed = await requirement('gpu', () => Promise.reject(new Error('driver is gone')));
    expect(probed).toEqual({ name: 'gpu', missing: 'driver is gone' });
  });

  test('a fixture that is not there says how to get it', () => {
    const fixture = sharedFixture('checkpoints/none', '/nowhere');
    expect(fixture.path).toMatch(/nowhere.checkpoints.none$/);
    expect(fixture.missing).toContain('HYBRA_FIXTURES');
  });
});

test('the summary counts everything and groups skips by reason', () => {
  const skip = (name: string, reason: string) => ({ kind: 'skipped', name, reason }) as const;
  const summary = summarise([
    { kind: 'passed' },
    { kind: 'failed' },
    skip('a', 'no gpu'),
    skip('b', 'no gpu'),
    skip('c', 'slow'),
  ]);
  expect(summary).toEqual({
    passed: 1,
    failed: 1,
    skipped: 3,
    skips: [
      { reason: 'no gpu', names: ['a', 'b'] },
      { reason: 'slow', names: ['c'] },
    ],
  });
});
