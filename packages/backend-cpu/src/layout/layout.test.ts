import { describe, expect, it } from 'vitest';
import { collapse } from './collapse.js';
import { rowWalk } from './walk.js';

describe('collapse', () => {
  it('makes one axis of operands that are contiguous, whatever their rank', () => {
    expect(collapse([2, 1, 3], [[3, 9, 1]])).toEqual({ shape: [6], strides: [[1]] });
    expect(collapse([], [[], []])).toEqual({ shape: [1], strides: [[1], [1]] });
  });

  it('merges only where every operand agrees', () => {
    expect(
      collapse(
        [2, 3, 4],
        [
          [12, 4, 1],
          [0, 4, 1],
        ],
      ),
    ).toEqual({
      shape: [2, 12],
      strides: [
        [12, 1],
        [0, 1],
      ],
    });
  });
});

describe('rowWalk', () => {
  it('visits rows in order, and starts anew each time', () => {
    const walk = rowWalk({
      shape: [2, 3, 5],
      strides: [
        [15, 5, 1],
        [0, 7, 1],
      ],
    });
    for (let repeat = 0; repeat < 2; repeat++) {
      const seen: number[][] = [];
      walk((starts) => seen.push([...starts]));
      expect(seen).toEqual([
        [0, 0],
        [5, 7],
        [10, 14],
        [15, 0],
        [20, 7],
        [25, 14],
      ]);
    }
  });

  it('visits nothing where an extent is 0', () => {
    let visits = 0;
    rowWalk({ shape: [2, 0], strides: [[0, 1]] })(() => visits++);
    rowWalk({ shape: [0, 2], strides: [[2, 1]] })(() => visits++);
    expect(visits).toBe(0);
  });
});
