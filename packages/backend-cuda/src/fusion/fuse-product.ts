import {
  canFuse,
  type FusedAccess,
  type FusedCalls,
  isContiguous,
  type Operand,
  type ProgramCall,
  type ProgramMemory,
} from '@hybra/spec';
import { isAllF32 } from '../kernels/accept.js';
import { gateStride } from '../kernels/composite/norms.js';
import { planGemv } from '../kernels/matmul/gemv.js';
import type { Prologue } from '../kernels/matmul/product-step.js';
import { planQuantizedGemv } from '../kernels/matmul/quantized-gemv.js';
import { planTensorMatmul } from '../kernels/matmul/tensor-matmul.js';
import { planWgmmaMatmul } from '../kernels/matmul/wgmma-matmul.js';
import type { Launch } from '../launch/launch.js';
import type { Fusion } from './fusion.js';

/** Products in which the norm before and the residual addition after are computed. */
const products: ReadonlySet<string> = new Set([
  'cuda/gemv',
  'cuda/quantized-gemv',
  'cuda/matmul-tensor',
  'cuda/matmul-tensor-rounded',
  'cuda/matmul-wgmma',
  'cuda/matmul-wgmma-rounded',
]);

/** Those of them whose blocks compute the norm by themselves. */
const fewRows: ReadonlySet<string> = new Set(['cuda/gemv', 'cuda/quantized-gemv']);

/** A product with the norm of its input (few rows only) and the addition of its output, where both are its alone. */
export function fuseProduct(memory: ProgramMemory, index: number): Fusion | undefined {
  const { calls } = memory.program;
  const product = calls[index]!;
  if (!products.has(product.kernel) || product.outputs[0]!.dtype !== 'f32') return undefined;
  if (fewRows.has(product.kernel) && product.inputs[0]!.dtype !== 'f32') return undefined;
  const norm = fewRows.has(product.kernel) ? normBefore(memory, index) : undefined;
  const sum = additionAfter(memory, index);
  for (const [before, after] of [
    [norm, sum],
    [norm, undefined],
    [undefined, sum],
  ] as const) {
    if (!before && !after) continue;
    const group = groupOf(product, index, before, after);
    if (!canFuse(memory, group)) continue;
    return { members: group.members, launches: launchesOf(product, before, after) };
  }
  return undefined;
}

interface Norm {
  readonly at: number;
  readonly call: ProgramCall;
  readonly prologue: Prologue;
}

interface Addition {
  readonly at: number;
  readonly residual: Operand;
  readonly output: Operand;
}

function normBefore(memory: ProgramMemory, index: number): Norm | undefined {
  const [a] = memory.program.calls[index]!.inputs;
  if (!isContiguous(a!)) return undefined;
  const at = memory.producerOf(index, a!);
  const call = at === undefined ? undefined : memory.program.calls[at]!;
  if (at === undefined || !call || !isAllF32(call.inputs)) return undefined;
  const K = a!.shape.at(-1)!;
  if (call.outputs[0]!.shape.at(-1) !== K) return undefined;
  const epsilon = call.attributes.epsilon as number;
  if (call.kernel === 'cuda/rms-norm') {
    return { at, call, prologue: { kind: 'rms', weight: call.inputs[1]!, epsilon } };
  }
  if (call.kernel !== 'cuda/gated-rms-norm') return undefined;
  const [, gate, weight] = call.inputs as [Operand, Operand, Operand];
  const { groups, normBeforeGate } = call.attributes;
  return {
    at,
    call,
    prologue: {
      kind: 'gated',
      weight,
      epsilon,
      gate,
      gateStride: gateStride(gate)!,
      groups: (groups as number | undefined) ?? 1,
      isGatedFirst: normBeforeGate !== true,
    },
  };
}

function additionAfter(memory: ProgramMemory, index: number): Addition | undefined {
  const at = memory.readerOf(index);
  const call = at === undefined ? undefined : memory.program.calls[at]!;
  if (at === undefined || call?.kernel !== 'cuda/add' || !isAllF32(call.inputs)) return undefined;
  if (!call.inputs.every(isContiguous)) return undefined;
  const made = memory.program.calls[index]!.outputs[0]!;
  const isMade = ({ buffer, offset }: Operand): boolean => buffer === made.buffer && offset === made.offset;
  const [a, b] = call.inputs as [Operand, Operand];
  if (isMade(a) === isMade(b)) return undefined;
  return { at, residual: isMade(a) ? b : a, output: call.outputs[0]! };
}

function groupOf(
  product: ProgramCall,
  index: number,
  norm: Norm | undefined,
  sum: Addition | undefined,
): FusedCalls {
  const reads: FusedAccess[] = [
    ...(norm
      ? norm.call.inputs.map((operand) => ({ at: norm.at, operand }))
      : [{ at: index, operand: product.inputs[0]! }]),
    ...product.inputs.slice(1).map((operand) => ({ at: index, operand })),
    ...(sum ? [{ at: sum.at, operand: sum.residual }] : []),
  ];
  return {
    members: [...(norm ? [norm.at] : []), index, ...(sum ? [sum.at] : [])],
    reads,
    writes: [
      sum
        ? { at: sum.at, operand: sum.output, over: sum.residual }
        : { at: index, operand: product.outputs[0]! },
      ...scratchAccess(product, index),
    ],
    dropped: [
      ...(norm ? [{ at: norm.at, operand: norm.call.outputs[0]! }] : []),
      ...(sum ? [{ at: index, operand: product.outputs[0]! }] : []),
    ],
  };
}

/** Scratch moves with the launch, to where other values may lie by then. */
function scratchAccess({ scratch }: ProgramCall, at: number): readonly FusedAccess[] {
  if (!scratch) return [];
  const { buffer, byteLength } = scratch;
  return [{ at, operand: { dtype: 'u8', shape: [byteLength], strides: [1], offset: 0, buffer } }];
}

function launchesOf(
  product: ProgramCall,
  norm: Norm | undefined,
  sum: Addition | undefined,
): readonly Launch[] {
  const around = sum ? { residual: sum.residual, y: sum.output } : {};
  if (!fewRows.has(product.kernel)) {
    const pieces = product.kernel.endsWith('-rounded') ? 1 : 3;
    const plan = product.kernel.startsWith('cuda/matmul-wgmma') ? planWgmmaMatmul : planTensorMatmul;
    return plan(product, pieces, around);
  }
  const xStride = product.inputs[0]!.shape.at(-1)!;
  const plan = product.kernel === 'cuda/gemv' ? planGemv : planQuantizedGemv;
  return plan(product, {
    ...around,
    ...(norm && { x: norm.call.inputs[0]!, xStride, prologue: norm.prologue }),
  });
}
