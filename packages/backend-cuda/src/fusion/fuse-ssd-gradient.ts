import { canFuse, isContiguous, type Operand, type ProgramMemory } from '@hybra/spec';
import { isAllF32 } from '../kernels/accept.js';
import { planRoundedSsdGradient } from '../kernels/gradient/rounded-ssd-gradient.js';
import type { Fusion } from './fusion.js';
import { runsEarly } from './runs-early.js';

/** The gradient of a scan with that of the skip beside it: dx + skip · dy. */
export function fuseSsdGradient(memory: ProgramMemory, index: number): Fusion | undefined {
  const { calls } = memory.program;
  const call = calls[index]!;
  if (call.kernel !== 'cuda/ssd-gradient-rounded') return undefined;
  const at = memory.readerOf(index);
  const sum = at === undefined ? undefined : calls[at]!;
  if (at === undefined || sum?.kernel !== 'cuda/add') return undefined;
  const [dx] = call.outputs as [Operand];
  const isOf = (operand: Operand, other: Operand): boolean =>
    operand.buffer === other.buffer && operand.offset === other.offset;
  const other = sum.inputs.find((operand) => !isOf(operand, dx));
  const [y] = sum.outputs as [Operand];
  const product = other && memory.producerOf(at, other);
  const scaled = product === undefined ? undefined : calls[product]!;
  if (!other || product === undefined || product < index || scaled?.kernel !== 'cuda/mul') return undefined;
  const [dy, skip] = scaled.inputs as [Operand, Operand];
  const arriving = call.inputs[7]!;
  const isSkip =
    isAllF32([dy, skip, other, y]) &&
    isOf(dy, arriving) &&
    isContiguous(dy) &&
    isContiguous(arriving) &&
    isContiguous(other) &&
    skip.shape.length === 4 &&
    skip.shape.every((extent, axis) => extent === 1 || skip.strides[axis] === [0, 0, 1, 0][axis]);
  if (!isSkip || y.offset % 4 !== 0) return undefined;
  const members = [index, product, at];
  const isSound = canFuse(memory, {
    members,
    reads: [...call.inputs.map((operand) => ({ at: index, operand })), { at: product, operand: skip }],
    writes: [{ at, operand: y, over: arriving }],
    dropped: [
      { at: index, operand: dx },
      { at: product, operand: scaled.outputs[0]! },
    ],
  });
  if (!isSound || !runsEarly(memory, index, at, { read: skip, written: y, members })) return undefined;
  return { members, at: index, launches: planRoundedSsdGradient(call, { skip, dx: y }) };
}
