import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { makeCase } from './make-case.js';
import { mutateJson } from './mutate-json.js';
import { seededRandom } from './random.js';
import { updateRecord } from './record.js';
import { runCases } from './run-cases.js';
import { isTypedError } from './verdict.js';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('cases', () => {
  const seeds = [encode('{"a": [1, 2, {"b": "text"}]}'), encode('plain'), new Uint8Array(0)];

  test('are the same for the same seed and differ otherwise', () => {
    const cases = Array.from({ length: 200 }, (_, index) => makeCase(seeds, 'name', 1, index));
    expect(cases).toEqual(Array.from({ length: 200 }, (_, index) => makeCase(seeds, 'name', 1, index)));
    expect(new Set(cases.map(String)).size).toBeGreaterThan(100);
    expect(makeCase(seeds, 'name', 2, 5)).not.toEqual(cases[5]);
  });

  test('a length before the JSON stays right', () => {
    const json = encode('{"weight": {"shape": [2, 3]}}');
    const bytes = new Uint8Array(8 + json.length + 4);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
    bytes.set(json, 8);
    for (let index = 0; index < 50; index++) {
      const mutated = mutateJson(bytes, seededRandom(index))!;
      const length = Number(new DataView(mutated.buffer).getBigUint64(0, true));
      expect(length).toBe(mutated.length - 8 - 4);
    }
    expect(mutateJson(encode('not json'), seededRandom(0))).toBeUndefined();
  });
});

test('typed errors are those with the marker or a code', () => {
  const marked = Object.assign(new Error(), { [Symbol.for('hybra.error')]: true });
  expect(isTypedError(marked)).toBe(true);
  expect(isTypedError(Object.assign(new Error(), { code: 'E_FORMAT' }))).toBe(true);
  expect(isTypedError(Object.assign(new Error(), { code: 'ENOENT' }))).toBe(false);
  expect(isTypedError(new RangeError('Maximum call stack size exceeded'))).toBe(false);
  expect(isTypedError('text')).toBe(false);
});

test('a record keeps the rows of other parsers', () => {
  const outcome = { seed: 1, cases: 10, accepted: 4, refused: 6, failed: 0 };
  const first = updateRecord('', [{ target: 'b', ...outcome }], '2026-01-01', '20.19.0');
  const rows = updateRecord(first, [{ target: 'a', ...outcome }], '2026-01-02', '20.19.0').match(
    /^\| `.*$/gm,
  );
  expect(rows).toEqual([
    '| `a` | 2026-01-02 | 20.19.0 | 1 | 10 | 4 | 6 | 0 |',
    '| `b` | 2026-01-01 | 20.19.0 | 1 | 10 | 4 | 6 | 0 |',
  ]);
});

describe('bad parsers are caught', () => {
  const module = fileURLToPath(new URL('./bad-parsers.ts', import.meta.url));
  // Only the hanging one has to reach its limit; the others get time enough for a loaded machine.
  const run = (target: string) => {
    const milliseconds = target === 'hanging' ? 500 : 15_000;
    return runCases({ module, target, seed: 1, from: 0, to: 3 }, { milliseconds, megabytes: 300 });
  };

  test('good one', async () => {
    expect(await run('good')).toEqual({ accepted: 0, refused: 3, failures: [] });
  });

  test.each([
    ['untyped', 'untyped error'],
    ['hanging', 'hang'],
    ['crashing', 'crash'],
    ['greedy', 'memory'],
  ])('%s', async (target, kind) => {
    const { failures } = await run(target);
    expect(failures.map((each) => each.kind)).toEqual([kind, kind, kind]);
    expect(failures.map((each) => each.index)).toEqual([0, 1, 2]);
  });
});
