import { HybraError } from '@hybra/spec';
import { quoteName } from '../platform/quote-name.js';

/** Whether a tensor came with as many bytes as its shape needs. @throws E_ARGUMENT */
export function checkTensorBytes(
  tensor: { readonly name: string; readonly dtype: string; readonly shape: readonly number[] },
  byteLength: number,
  expected: number,
): void {
  if (byteLength === expected) return;
  throw new HybraError(
    'E_ARGUMENT',
    `writing tensor ${quoteName(tensor.name)}: got ${byteLength} bytes. Expected ${expected} for ${tensor.dtype}[${tensor.shape.join(', ')}].`,
    { tensor: tensor.name, byteLength, expected },
  );
}
