import { fileURLToPath } from 'node:url';
import { cpu } from '@hybra/backend-cpu';
import { Runner, type RunnerOptions } from '@hybra/generate';
import { loadModel, type Model } from '@hybra/models';
import type { Device } from '@hybra/spec';
import { folderDirectory } from '@hybra/weights';

/** A golden checkpoint of the zoo on the reference backend: random weights, lively logits. */
export interface FixtureRunner extends AsyncDisposable {
  readonly runner: Runner;
  readonly model: Model;
  readonly device: Device;
}

export type FixtureName = 'nemotron_h' | 'mamba' | 'mamba2' | 'llama';

/** Opens a fixture: `nemotron_h` has every kind of state, constant and growing. */
export async function fixtureRunner(
  name: FixtureName = 'nemotron_h',
  options: RunnerOptions = {},
): Promise<FixtureRunner> {
  const folder = fileURLToPath(new URL(`../../models/test/fixtures/${name}/`, import.meta.url));
  const device = await cpu().open();
  const model = await loadModel(folderDirectory(folder), { device });
  const runner = new Runner(model, options);
  return {
    runner,
    model,
    device,
    async [Symbol.asyncDispose]() {
      runner.dispose();
      model.dispose();
      await device.dispose();
    },
  };
}

/** Token ids that look random and are the same each time. */
export function someTokens(count: number, seed = 1): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % 512;
  });
}

/** The largest absolute difference of two lists of numbers of the same length. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let index = 0; index < a.length; index++) largest = Math.max(largest, Math.abs(a[index]! - b[index]!));
  return largest;
}
