import { describe, expect, it } from 'vitest';
import { noise } from '../test/tensors.js';
import { linear } from './linear.js';
import { mamba2Mixer } from './mamba2-mixer.js';

describe('mamba2Mixer', () => {
  it('refuses projections and groups that do not fit', () => {
    const parts = {
      inProjection: linear(noise([12, 4])),
      convolutionWeight: noise([8, 4]),
      timeStepBias: noise([2]),
      decay: noise([2]),
      skip: noise([2]),
      outProjection: linear(noise([4, 4])),
    };
    const options = { heads: 2, headSize: 2, stateSize: 2, groups: 1, chunkSize: 4, normEpsilon: 1e-5 };
    expect(() => mamba2Mixer(parts, options)).toThrow(/gives 12 values, expected 4 \+ 8 \+ 2/);
    expect(() => mamba2Mixer(parts, { ...options, heads: 3, groups: 2 })).toThrow(
      expect.objectContaining({ code: 'E_CONFIG' }),
    );
  });
});
