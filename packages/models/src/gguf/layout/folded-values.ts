import { HybraError } from '@hybra/spec';
import type { Fold } from '../../config/parameter-spec.js';

/**
 * Values as GGUF stores them, folded, from those of a parameter, in place.
 * @throws E_CONFIG for a recurrence, which no architecture of GGUF has
 */
export function foldValues(fold: Fold, values: Float32Array): void {
  for (let index = 0; index < values.length; index++) values[index] = folded(fold, values[index]!);
}

function folded(fold: Fold, value: number): number {
  switch (fold) {
    case 'decay':
      return -Math.exp(value);
    case 'addOne':
      return value + 1;
    case 'logRecurrence':
      throw new HybraError('E_CONFIG', 'GGUF: has no place for the decay of an RG-LRU.', { fold });
  }
}

/** The way back, in place. @throws E_FORMAT for decay rates that are not negative */
export function unfoldValues(fold: Fold, values: Float32Array, tensor: string): void {
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (fold === 'decay' && !(value < 0)) {
      throw new HybraError('E_FORMAT', `${tensor}: a decay rate is not negative. The file is damaged.`, {
        tensor,
        index,
      });
    }
    values[index] = fold === 'decay' ? Math.log(-value) : value - 1;
  }
}
