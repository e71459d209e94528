import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  arrayTokens,
  documentBatches,
  evaluationBatches,
  fileTokens,
  permutation,
  readTokens,
  schedule,
  streamBatches,
} from '../src/index.js';

const counting = (length: number): Int32Array => Int32Array.from({ length }, (_, i) => i);
const letters = { encode: (text: string) => [...text].map((letter) => letter.charCodeAt(0)), eosIds: [0] };

describe('data refuses', () => {
  it('too little of it', () => {
    const few = arrayTokens(counting(8));
    expect(() => streamBatches(few, { rows: 1, time: 8, seed: 1 })).toThrow(/8 tokens give no window of 9/);
    expect(() => documentBatches(few, [1, 2], { rows: 1, time: 8, seed: 1 })).toThrow(/none of 2 documents/);
  });

  it('files that are not what their name says, naming file and line', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hybra-data-'));
    const odd = join(folder, 'odd.u16');
    await writeFile(odd, new Uint8Array(5));
    expect(() => fileTokens(odd, 'u16')).toThrow(expect.objectContaining({ code: 'E_FORMAT' }));
    const bad = join(folder, 'bad.jsonl');
    await writeFile(bad, '{"text":"a"}\n\n{"txt":"b"}\n');
    await expect(readTokens(bad, letters)).rejects.toThrow(/bad\.jsonl, line 3/);
    await expect(readTokens(join(folder, 'none.txt'), letters)).rejects.toMatchObject({ code: 'E_IO' });
  });

  it('schedules that make no sense', () => {
    expect(() => schedule({ kind: 'cosine', peak: 0, steps: 10 })).toThrow(
      expect.objectContaining({ code: 'E_ARGUMENT' }),
    );
    expect(() => schedule({ kind: 'cosine', peak: 1, steps: 10, floor: 2 })).toThrow(/floor 2/);
  });
});

it('permutes: every number once, another order for another seed or epoch', () => {
  for (const size of [1, 2, 7, 64, 1000]) {
    const order = Array.from({ length: size }, (_, i) => permutation(size, 5, 0)(i));
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from(counting(size)));
  }
  const of = (seed: number, epoch: number): string =>
    String(Array.from({ length: 50 }, (_, i) => permutation(50, seed, epoch)(i)));
  expect(new Set([of(1, 0), of(2, 0), of(1, 1), String(Array.from(counting(50)))]).size).toBe(4);
});

it('gives every window once per epoch, predicts the next token, and is a function of the number alone', () => {
  const data = streamBatches(arrayTokens(counting(101)), { rows: 2, time: 10, seed: 4 });
  expect(data.perEpoch).toBe(5);
  const starts = [0, 1, 2, 3, 4].flatMap((index) => {
    const { ids, targets } = data.at(index);
    expect(Array.from(targets)).toEqual(Array.from(ids, (id) => id + 1));
    return [ids[0]!, ids[10]!];
  });
  expect(starts.sort((a, b) => a - b)).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
  expect(data.at(3)).toEqual(data.at(3));
  expect(data.at(5)).not.toEqual(data.at(0));
});

it('spreads evaluation over all of its range', () => {
  const batches = evaluationBatches(
    arrayTokens(counting(1001)),
    { rows: 3, time: 10, range: [500, 1001] },
    2,
  );
  const starts = batches.flatMap(({ ids }) => [ids[0], ids[10], ids[20]]);
  expect(starts).toEqual([500, 580, 660, 750, 830, 910]);
  const short = evaluationBatches(arrayTokens(counting(21)), { rows: 3, time: 10 }, 9);
  expect(Array.from(short[0]!.targets.subarray(20))).toEqual(new Array(10).fill(-1));
});

it('never crosses the end of a document', () => {
  const ends = [3, 4, 20];
  const data = documentBatches(arrayTokens(counting(20)), ends, { rows: 4, time: 6, seed: 1 });
  const pairs = new Set<string>();
  const { ids, targets } = data.at(0);
  for (const [place, target] of targets.entries()) {
    if (target < 0) continue;
    expect(target).toBe(ids[place]! + 1);
    pairs.add(`${ids[place]}`);
  }
  // 0 → 1, 1 → 2; the document of one token has nothing to predict; 4 → 5 … 18 → 19.
  expect(pairs).toEqual(new Set(['0', '1', ...Array.from({ length: 15 }, (_, i) => `${i + 4}`)]));
});

it('reads text, documents with their ends, and tokens in place', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hybra-data-'));
  await writeFile(join(folder, 'a.txt'), 'abc');
  const text = await readTokens(join(folder, 'a.txt'), letters);
  expect(text).toMatchObject({ tokens: { length: 3 } });
  await writeFile(join(folder, 'b.jsonl'), '{"text":"ab"}\n{"text":"c"}\n');
  expect(await readTokens(join(folder, 'b.jsonl'), letters)).toMatchObject({
    tokens: { length: 5 },
    documentEnds: [3, 5],
  });
  await writeFile(join(folder, 'c.u16'), new Uint8Array(Uint16Array.of(1, 2, 65_535).buffer));
  const { tokens } = await readTokens(join(folder, 'c.u16'), letters);
  const into = new Int32Array(3);
  tokens.read(1, 2, into, 1);
  tokens.close();
  expect(Array.from(into)).toEqual([0, 2, 65_535]);
});

it('schedules: warm-up, peak, floor', () => {
  const options = { peak: 1, steps: 110, warmup: 10, floor: 0.1 } as const;
  for (const kind of ['cosine', 'linear', 'wsd'] as const) {
    const rate = schedule({ ...options, kind });
    expect(rate(5)).toBe(0.5);
    expect(rate(10)).toBe(1);
    expect(rate(110)).toBeCloseTo(0.1, 12);
  }
  expect(schedule({ ...options, kind: 'cosine' })(60)).toBeCloseTo(0.55, 12);
  expect(schedule({ ...options, kind: 'linear' })(60)).toBeCloseTo(0.55, 12);
  expect(schedule({ ...options, kind: 'wsd' })(90)).toBeCloseTo(1, 12);
  expect(schedule({ ...options, kind: 'wsd' })(100)).toBeCloseTo(0.55, 12);
  expect(schedule({ ...options, kind: 'constant' })(110)).toBe(1);
});
