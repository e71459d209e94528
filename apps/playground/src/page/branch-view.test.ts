import { expect, test } from 'vitest';
import type { Look, WriteEvent } from '../engine/protocol.js';
import { applyEvent, emptyBranch, forkedBranch } from './branch-view.js';

const figures = { prefillTokens: 2, prefillSeconds: 1, decodeTokens: 0, decodeSeconds: 0, memoryBytes: 1 };
const token = (id: number) => ({ id, text: `t${id}` });
const look = (position: number): Look => ({ position, norms: [] });

function written(...events: readonly WriteEvent[]) {
  const branch = emptyBranch(0, 'Main');
  for (const event of events) applyEvent(branch, event);
  return branch;
}

const prompt: WriteEvent = { kind: 'prompt', kept: 0, tokens: [token(1), token(2)] };
const more: readonly WriteEvent[] = [
  { kind: 'look', look: look(2), figures },
  { kind: 'token', token: token(3) },
  { kind: 'token', token: token(4) },
  { kind: 'look', look: look(4), figures },
];

test('a prompt that shares its beginning keeps what was seen of it', () => {
  const branch = written(prompt, ...more, { kind: 'prompt', kept: 3, tokens: [token(9)] });
  expect(branch.tokens.map(({ id }) => id)).toEqual([1, 2, 3, 9]);
  expect(branch.looks.map(({ position }) => position)).toEqual([2]);
  expect(branch.promptLength).toBe(4);
});

test('going on leaves the prompt what it was, and a second look at one place is one', () => {
  const branch = written(prompt, ...more, { kind: 'prompt', kept: 4, tokens: [] }, more[3]!);
  expect(branch.promptLength).toBe(2);
  expect(branch.looks.map(({ position }) => position)).toEqual([2, 4]);
});

test('a fork has its own tokens', () => {
  const branch = written(prompt, ...more);
  const fork = forkedBranch(branch, 3, 1, 'Branch 1');
  applyEvent(fork, { kind: 'token', token: token(7) });
  expect(fork.tokens.map(({ id }) => id)).toEqual([1, 2, 3, 7]);
  expect(fork.looks.map(({ position }) => position)).toEqual([2]);
  expect(branch.tokens.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
});
