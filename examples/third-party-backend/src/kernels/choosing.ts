import type { Elements } from '../elements.js';
import type { Run } from './kernel.js';

export const copy: Run = ([x], [y]) => {
  for (let index = 0; index < y!.count; index++) y!.set(index, x!.get(index));
};

export const select: Run = ([condition, a, b], [y]) => {
  for (let index = 0; index < y!.count; index++) {
    y!.set(index, condition!.get(index) !== 0 ? a!.get(index) : b!.get(index));
  }
};

/** Floats saturate on their way to integers, integers wrap: only the first needs help. */
export const cast: Run = ([x], [y]) => {
  const convert = converter(x!, y!);
  for (let index = 0; index < y!.count; index++) y!.set(index, convert(x!.get(index)));
};

function converter({ dtype: from }: Elements, { dtype: to }: Elements): (value: number) => number {
  if (to === 'bool') return (value) => (value !== 0 ? 1 : 0);
  if (from !== 'f32' || to === 'f32') return (value) => value;
  const [low, high] = to === 'i32' ? [-(2 ** 31), 2 ** 31 - 1] : [0, 2 ** 32 - 1];
  return (value) => (Number.isNaN(value) ? 0 : Math.min(Math.max(Math.trunc(value), low), high));
}
