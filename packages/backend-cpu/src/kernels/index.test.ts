import { mandatoryOps, opSignatures } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import { mandatoryKernels, standardKernels } from './index.js';

describe('standardKernels', () => {
  it('has exactly one kernel for every op of the contract', () => {
    expect(standardKernels.map((kernel) => kernel.op).sort()).toEqual(Object.keys(opSignatures).sort());
  });

  it('gives every kernel a name of its own', () => {
    expect(new Set(standardKernels.map((kernel) => kernel.name)).size).toBe(standardKernels.length);
  });

  it('has the mandatory ops, and only these, in mandatoryKernels', () => {
    expect(mandatoryKernels.map((kernel) => kernel.op).sort()).toEqual([...mandatoryOps].sort());
  });
});
