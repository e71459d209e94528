import { cpu } from '@hybra/backend-cpu';
import { data, literal } from '@hybra/tensor';
import { afterAll, expect, it } from 'vitest';
import { type RoutingOptions, routeTokens } from './route-tokens.js';

const device = await cpu().open();
afterAll(() => device.dispose());

async function route(logits: number[], options: Partial<RoutingOptions>, correction?: number[]) {
  const { ids, weights } = routeTokens(
    literal(Float32Array.from(logits), [1, logits.length], 'f32'),
    correction && literal(Float32Array.from(correction), [correction.length], 'f32'),
    { chosen: 2, scores: 'softmax', isNormalized: false, scale: 1, ...options },
  );
  return {
    ids: [...(await data(ids, { device }))],
    weights: [...(await data(weights, { device }))] as number[],
  };
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

it('takes the largest scores, of all experts or of the chosen', async () => {
  const [a, b] = [Math.exp(2), Math.exp(1)];
  const all = a + b + 1 + Math.exp(-1);
  const plain = await route([0, 2, -1, 1], {});
  expect(plain.ids).toEqual([1, 3]);
  expect(plain.weights[0]).toBeCloseTo(a / all, 6);
  expect(plain.weights[1]).toBeCloseTo(b / all, 6);
  const normalized = await route([0, 2, -1, 1], { isNormalized: true, scale: 2.5 });
  expect(normalized.weights[0]).toBeCloseTo((2.5 * a) / (a + b), 5);
});

it('chooses by corrected scores and weighs by the scores themselves', async () => {
  const { ids, weights } = await route([0, 2, -1, 1], { scores: 'sigmoid' }, [0, -5, 3, 0]);
  expect(ids).toEqual([2, 3]);
  expect(weights[0]).toBeCloseTo(sigmoid(-1), 6);
  expect(weights[1]).toBeCloseTo(sigmoid(1), 6);
});

it('looks only at the groups whose two best add up to the most', async () => {
  // The best expert stands in the second group; the first two together are better.
  const { ids } = await route([1, 1, 3, -9], { scores: 'sigmoid', groups: { count: 2, chosen: 1 } });
  expect(ids).toEqual([0, 1]);
});
