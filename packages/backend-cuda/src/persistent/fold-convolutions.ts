import { isUnneeded, overlap, type ProgramMemory } from '@hybra/spec';
import type { ConvStep, ProductStep } from '../launch/step.js';
import { convolvedFrom } from './encode-step.js';
import type { PlannedCall } from './plan-persistent.js';

/** A convolution that the product before it computes in its epilogue. */
export interface Fold {
  /** Index of the product's call. */
  readonly product: number;
  readonly convolution: ConvStep;
}

/**
 * By call of a recurrence that convolves what it reads: the product that may convolve for it, in place. Nothing is
 * launched between the two, and nobody else reads what the product would have made.
 */
export function foldConvolutions(
  memory: ProgramMemory,
  planned: readonly PlannedCall[],
): ReadonlyMap<number, Fold> {
  const folds = new Map<number, Fold>();
  let before = -1;
  for (const [index, call] of planned.entries()) {
    if (call.launches.length === 0) continue;
    const convolution = convolutionOf(call);
    const product = convolution && productOf(planned[before]);
    if (product && canConvolve(memory, planned, { product: before, convolution }, product, index)) {
      folds.set(index, { product: before, convolution });
    }
    before = index;
  }
  return folds;
}

/** Of a call that is a convolution and the recurrence that reads it, and nothing else. */
function convolutionOf({ launches }: PlannedCall): ConvStep | undefined {
  const [first, second] = launches.map((launch) => (launch.kind === 'kernel' ? launch.step : undefined));
  const isPair = launches.length === 2 && first?.op === 'conv' && second?.op === 'ssd';
  return isPair && second.convolution === first ? first : undefined;
}

function productOf(call: PlannedCall | undefined): ProductStep | undefined {
  const [launch] = call?.launches ?? [];
  const step = call?.launches.length === 1 && launch?.kind === 'kernel' ? launch.step : undefined;
  return step?.op === 'product' ? step : undefined;
}

function canConvolve(
  memory: ProgramMemory,
  planned: readonly PlannedCall[],
  { product, convolution }: Fold,
  step: ProductStep,
  index: number,
): boolean {
  if (convolvedFrom(step, convolution) === undefined) return false;
  const at = Math.max(...planned[product]!.members);
  const raw = memory.rangeOf(convolution.x);
  const isOverwritten = memory.accesses
    .slice(at + 1, index)
    .some(({ writes }) => writes.some((write) => overlap(write, raw)));
  const convolved = { at, operand: convolution.x };
  // The tails move on earlier than they did, and all that is read of them is read earlier.
  const { weight, bias, tails, slots, lengths } = convolution;
  const early = [weight, bias, tails, slots, lengths].map((operand) => memory.rangeOf(operand));
  const isMadeBetween = memory.accesses.slice(at + 1, index).some(({ reads, writes }, offset) => {
    if (planned[index]!.members.includes(at + 1 + offset)) return false;
    return (
      writes.some((write) => early.some((range) => overlap(write, range))) ||
      reads.some((read) => overlap(read, memory.rangeOf(tails)))
    );
  });
  return !isOverwritten && !isMadeBetween && isUnneeded(memory, convolved, planned[index]!.members);
}
