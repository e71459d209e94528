import { describe, expect, it } from 'vitest';
import { spanOf } from './operand.js';

describe('spanOf', () => {
  it('reaches from the first to the last element', () => {
    expect(spanOf({ shape: [2, 3], strides: [10, 2] })).toBe(15);
    expect(spanOf({ shape: [7], strides: [0] })).toBe(1);
    expect(spanOf({ shape: [], strides: [] })).toBe(1);
    expect(spanOf({ shape: [3, 0], strides: [5, 1] })).toBe(0);
  });
});
