import {
  add,
  type CausalConv1dInputs,
  type CausalConv1dOptions,
  causalConv1d,
  greaterEqual,
  mul,
  pad,
  select,
  silu,
  slice,
  squeeze,
  type Tensor,
  unsqueeze,
} from '@hybra/tensor';
import type { PackedDocuments } from './packed-documents.js';
import type { StepContext } from './step-context.js';

/**
 * {@link causalConv1d} that never reaches back over the beginning of a packed document.
 * @returns y as `x`, and the tails left behind; packed rows leave them as they were
 * @throws E_SHAPE, E_DTYPE, E_ARGUMENT
 */
export function convolveTokens(
  inputs: Omit<CausalConv1dInputs, 'slots' | 'lengths'>,
  { slots, lengths, packed }: StepContext,
  options: CausalConv1dOptions = {},
): { readonly y: Tensor; readonly tails: Tensor } {
  if (!packed) return causalConv1d({ ...inputs, slots, lengths }, options);
  const y = withinDocuments(inputs, packed);
  return { y: options.activation === 'silu' ? silu(y) : y, tails: inputs.tails };
}

/** bias + Σⱼ weight[K − 1 − j] · x[t − j] over those j that lie in the document of t. */
function withinDocuments(
  { x, weight, bias }: Pick<CausalConv1dInputs, 'x' | 'weight' | 'bias'>,
  { places }: PackedDocuments,
): Tensor {
  const [time, taps] = [x.shape[1]!, weight.shape[1]!];
  const full = pad(x, [0, taps - 1, 0], [0, 0, 0]); // [B, K − 1 + T, C]
  let total = bias;
  for (let back = 0; back < taps; back++) {
    const first = taps - 1 - back;
    const shifted = slice(full, 1, first, first + time); // x[t − back]
    const seen = back === 0 ? shifted : select(unsqueeze(greaterEqual(places, back), 2), shifted, 0);
    total = add(total, mul(seen, squeeze(slice(weight, 1, first, first + 1), 1)));
  }
  return total;
}
