import { canFuse, isContiguous, type ProgramMemory } from '@hybra/spec';
import { isAllF32 } from '../kernels/accept.js';
import { addsResidual, planNormGradient } from '../kernels/gradient/norm-gradients.js';
import type { Fusion } from './fusion.js';
import { runsEarly } from './runs-early.js';

/**
 * The gradient of a norm with the addition of what arrives past its block. It runs in the place of the gradient, whose
 * second output is read before the addition.
 */
export function fuseNormGradient(memory: ProgramMemory, index: number): Fusion | undefined {
  const { calls } = memory.program;
  const call = calls[index]!;
  if (call.kernel !== 'cuda/rms-norm-gradient' || !addsResidual(call)) return undefined;
  const at = memory.readerOf(index);
  const sum = at === undefined ? undefined : calls[at]!;
  if (at === undefined || sum?.kernel !== 'cuda/add' || !isAllF32([...sum.inputs, ...sum.outputs]))
    return undefined;
  const [made] = call.outputs;
  const [a, b] = sum.inputs;
  const isMade = [a!, b!].map(({ buffer, offset }) => buffer === made!.buffer && offset === made!.offset);
  if (isMade[0] === isMade[1] || !sum.inputs.every(isContiguous)) return undefined;
  const residual = isMade[0] ? b! : a!;
  const [y] = sum.outputs;
  if ([residual, y!].some(({ offset }) => offset % 4 !== 0)) return undefined;
  const isSound = canFuse(memory, {
    members: [index, at],
    reads: [...call.inputs.map((operand) => ({ at: index, operand })), { at, operand: residual }],
    writes: [{ at, operand: y!, over: residual }],
    dropped: [{ at: index, operand: made! }],
  });
  if (!isSound || !runsEarly(memory, index, at, { read: residual, written: y!, members: [] }))
    return undefined;
  return {
    members: [index, at],
    at: index,
    launches: planNormGradient(call, { residual, dx: y! }),
  };
}
