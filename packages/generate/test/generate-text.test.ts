import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { cpu } from '@hybra/backend-cpu';
import { type GeneratedText, generateText, Runner, StopMatcher } from '@hybra/generate';
import { modelFolder } from '@hybra/model-shakespeare';
import { loadModel } from '@hybra/models';
import { loadTokenizer } from '@hybra/tokenizer';
import { folderDirectory } from '@hybra/weights';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { largestDifference } from './fixture-runner.js';

const device = await cpu().open();
const model = await loadModel(folderDirectory(fileURLToPath(modelFolder)), { device });
const runner = new Runner(model);
const tokenizer = loadTokenizer({
  tokenizerJson: JSON.parse(await readFile(new URL('tokenizer.json', modelFolder), 'utf8')),
});
const golden = JSON.parse(await readFile(new URL('golden.json', modelFolder), 'utf8')) as { greedy: string };

async function write(
  options: Partial<Parameters<typeof generateText>[2]>,
): Promise<GeneratedText & { pieces: string[] }> {
  const text = generateText(runner, tokenizer, {
    prompt: 'ROMEO:\n',
    sampling: { temperature: 0 },
    maxTokens: 60,
    ...options,
  });
  const pieces: string[] = [];
  for (;;) {
    const step = await text.next();
    if (step.done) return { ...step.value, pieces };
    pieces.push(step.value);
  }
}

it('the bundled model continues its prompt as PyTorch did', async () => {
  const { text, pieces, finishReason } = await write({ maxTokens: 120 });
  expect(`ROMEO:\n${text}`).toBe(golden.greedy);
  expect(pieces.join('')).toBe(text);
  expect(finishReason).toBe('length');
});

it('a stop string spanning three tokens leaves the exact state', async () => {
  const free = await write({});
  // Characters from inside the sixth token to inside the eighth.
  const begins = tokenizer.decode(free.ids.slice(0, 5)).length;
  const ends = tokenizer.decode(free.ids.slice(0, 8)).length;
  const stop = free.text.slice(begins + 1, ends - 1);
  expect(free.text.indexOf(stop)).toBe(begins + 1);
  const covered = free.ids.slice(5, 8).map((id) => tokenizer.decode([id]));
  expect(stop.startsWith(covered[0]!.slice(1)) && stop.includes(covered[1]!)).toBe(true);

  const stopped = await write({ stop: [stop], lookahead: 3 });
  expect(stopped.finishReason).toBe('stop');
  expect(stopped.text).toBe(free.text.slice(0, begins + 1));
  expect(stopped.pieces.join('')).toBe(stopped.text);
  expect(stopped.ids).toEqual(free.ids.slice(0, 5));
  const tokens = [...stopped.promptIds, ...stopped.ids];
  expect(stopped.state.positions).toEqual([tokens.length]);
  const continued = await runner.forward([[40]], stopped.state);
  const fresh = await runner.forward([[...tokens, 40]], runner.initialState());
  expect(largestDifference(continued.logits.data, fresh.logits.data)).toBeLessThan(1e-4);
});

it('goes on from a returned state as if it had never stopped', async () => {
  const free = await write({ maxTokens: 40 });
  const first = await write({ maxTokens: 20 });
  const next = free.ids[20]!;
  const second = await write({ prompt: [next], state: first.state, maxTokens: 19 });
  expect([...first.ids, next, ...second.ids]).toEqual(free.ids);
});

it('an abort ends the text like a stop', async () => {
  const controller = new AbortController();
  const text = generateText(runner, tokenizer, { prompt: 'ROMEO:\n', signal: controller.signal });
  await text.next();
  controller.abort();
  let step = await text.next();
  while (!step.done) step = await text.next();
  expect(step.value.finishReason).toBe('aborted');
  expect(step.value.state.positions[0]).toBe(step.value.promptIds.length + step.value.ids.length);
});

it('a caller that stops listening leaves nothing behind', async () => {
  await write({ maxTokens: 3 }).then(({ state }) => state.dispose());
  await device.synchronize();
  const before = device.memoryBytes();
  for await (const _ of generateText(runner, tokenizer, { prompt: 'ROMEO:\n' })) break;
  await device.synchronize();
  expect(device.memoryBytes()).toBe(before);
});

it('an empty prompt is refused', async () => {
  await expect(write({ prompt: '' })).rejects.toMatchObject({ code: 'E_ARGUMENT' });
});

describe('StopMatcher', () => {
  const pieces = fc.array(fc.stringMatching(/^[ab]{0,3}$/), { maxLength: 12 });
  const stops = fc.array(fc.stringMatching(/^[ab]{1,5}$/), { maxLength: 3 });

  it('gives what a search of the whole text would, in whatever pieces it comes', () => {
    fc.assert(
      fc.property(pieces, stops, (parts, strings) => {
        const matcher = new StopMatcher(strings);
        let given = '';
        let seen = '';
        for (const part of parts) {
          const { text, stoppedAt } = matcher.push(part);
          given += text;
          seen += part;
          const found = strings.map((stop) => seen.indexOf(stop)).filter((at) => at >= 0);
          expect(stoppedAt).toBe(found.length > 0 ? Math.min(...found) : undefined);
          if (stoppedAt !== undefined) {
            expect(given).toBe(seen.slice(0, stoppedAt));
            return;
          }
          expect(seen.startsWith(given)).toBe(true);
        }
        expect(given + matcher.end()).toBe(seen);
      }),
    );
  });
});
