import { decayFromLog } from '@hybra/layers';
import type { Fold } from '@hybra/models';
import { add, mul, softplus, type Tensor } from '@hybra/tensor';

/** A stored parameter as its layer uses it: what loading does once, as operations that gradients go through. */
export function fold(kind: Fold | undefined, stored: Tensor): Tensor {
  switch (kind) {
    case undefined:
      return stored;
    case 'decay':
      return decayFromLog(stored);
    case 'addOne':
      return add(stored, 1);
    case 'logRecurrence':
      return mul(softplus(stored), -8);
  }
}
