import { describe, expect, it } from 'vitest';
import { runsOfSlots } from './checkpoint-ring.js';

describe('runs of slots', () => {
  it('are one where every slot follows the one before it', () => {
    expect(runsOfSlots([3, 4, 5])).toEqual([{ row: 0, slot: 3, count: 3 }]);
  });
  it('end where a slot lies elsewhere, also before', () => {
    expect(runsOfSlots([1, 2, 7, 6, 7])).toEqual([
      { row: 0, slot: 1, count: 2 },
      { row: 2, slot: 7, count: 1 },
      { row: 3, slot: 6, count: 2 },
    ]);
  });
  it('of no rows are none', () => {
    expect(runsOfSlots([])).toEqual([]);
  });
});
