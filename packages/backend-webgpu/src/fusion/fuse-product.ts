import { canFuse, type FusedAccess, isContiguous, type Operand, type ProgramMemory } from '@hybra/spec';
import type { GemvAround } from '../kernels/matmul/gemv.js';
import { productOf } from './fusable-product.js';
import { type Fusion, type FusionContext, fusedCall } from './fusion.js';
import { isBindable } from './is-bindable.js';

/** A product of few rows with the RMSNorm of its input and the addition of its output, where both are its alone. */
export function fuseProduct(context: FusionContext, index: number): Fusion | undefined {
  const { memory, facts } = context;
  const product = productOf(memory.program.calls[index]!, facts);
  if (!product) return undefined;
  const norm = normBefore(memory, index);
  const sum = additionAfter(memory, index);
  for (const [before, after] of [
    [norm, sum],
    [norm, undefined],
    [undefined, sum],
  ] as const) {
    if (!before && !after) continue;
    const reads: FusedAccess[] = [
      { at: before?.at ?? index, operand: before?.x ?? product.call.inputs[0]! },
      ...product.call.inputs.slice(1).map((operand) => ({ at: index, operand })),
      ...(before ? [{ at: before.at, operand: before.weight }] : []),
      ...(after ? [{ at: after.at, operand: after.residual }] : []),
    ];
    const output = after
      ? { at: after.at, operand: after.output, over: after.residual }
      : { at: index, operand: product.call.outputs[0]! };
    const members = [...(before ? [before.at] : []), index, ...(after ? [after.at] : [])];
    const isFusable = canFuse(memory, {
      members,
      reads,
      writes: [output],
      dropped: [
        ...(before ? [{ at: before.at, operand: memory.program.calls[before.at]!.outputs[0]! }] : []),
        ...(after ? [{ at: index, operand: product.call.outputs[0]! }] : []),
      ],
    });
    if (!isFusable) continue;
    const call = fusedCall(
      product.call.kernel.replace('webgpu/', ''),
      reads.map(({ operand }) => operand),
      [output.operand],
    );
    const weights = product.call.inputs.length;
    const around: GemvAround = before
      ? { norm: { squares: 'own', groups: 1, weight: weights, epsilon: before.epsilon } }
      : {};
    const residual = after ? reads.length - 1 : undefined;
    const dispatches = [product.build(residual, around)];
    if (isBindable(memory.program, facts, call, dispatches)) return { members, call, dispatches };
  }
  return undefined;
}

interface Norm {
  readonly at: number;
  readonly x: Operand;
  readonly weight: Operand;
  readonly epsilon: number;
}

function normBefore(memory: ProgramMemory, index: number): Norm | undefined {
  const [a] = memory.program.calls[index]!.inputs as [Operand];
  const at = isContiguous(a) ? memory.producerOf(index, a) : undefined;
  const call = at === undefined ? undefined : memory.program.calls[at]!;
  if (at === undefined || call?.kernel !== 'webgpu/rms-norm') return undefined;
  const [x, weight] = call.inputs as [Operand, Operand];
  const isFit =
    call.outputs[0]!.shape.at(-1) === a.shape.at(-1) &&
    [x, weight].every(
      (operand) => operand.dtype === 'f32' && isContiguous(operand) && operand.offset % 4 === 0,
    );
  return isFit
    ? {
        at,
        x: { ...a, buffer: x.buffer, offset: x.offset },
        weight,
        epsilon: call.attributes.epsilon as number,
      }
    : undefined;
}

/** An addition of something to what a call made. */
export interface Addition {
  readonly at: number;
  readonly residual: Operand;
  readonly output: Operand;
}

/** The addition that alone reads what the call at `index` made, element by element. */
export function additionAfter(memory: ProgramMemory, index: number): Addition | undefined {
  const at = memory.readerOf(index);
  const call = at === undefined ? undefined : memory.program.calls[at]!;
  if (at === undefined || call?.kernel !== 'webgpu/add') return undefined;
  if (!call.inputs.every((operand) => operand.dtype === 'f32' && isContiguous(operand))) return undefined;
  const made = memory.program.calls[index]!.outputs[0]!;
  const isMade = ({ buffer, offset }: Operand): boolean => buffer === made.buffer && offset === made.offset;
  const [a, b] = call.inputs as [Operand, Operand];
  if (isMade(a) === isMade(b)) return undefined;
  return { at, residual: isMade(a) ? b : a, output: call.outputs[0]! };
}
