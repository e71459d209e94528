import {
  byteSize,
  type DType,
  elementCount,
  type HostArray,
  isContiguous,
  isHalf,
  type OpCall,
  spanOf,
  type TensorType,
} from '@hybra/spec';
import type { CpuKernel, KernelRun, Scratch } from '../kernel.js';
import { halfRuns } from '../numbers/half-runs.js';
import { scratchPart } from './scratch-part.js';

/** Operands that the kernel takes as they are, halves included. */
interface Raw {
  readonly inputs?: readonly number[];
  readonly outputs?: readonly number[];
}

/** A half operand, kept as float32 in scratch while the kernel runs. */
interface Widened {
  readonly index: number;
  readonly dtype: 'f16' | 'bf16';
  readonly count: number;
  readonly byteOffset: number;
}

/**
 * Lets a float32 kernel take f16 and bf16: half inputs are widened into scratch, the kernel runs in float32,
 * and half outputs are rounded once, to nearest even. Since every half input is read before any half output
 * is written, the pairs that may share memory stay the same.
 */
export function withHalves(kernel: CpuKernel, raw: Raw = {}): CpuKernel {
  return {
    name: kernel.name,
    op: kernel.op,
    supports: (call) => {
      const support = kernel.supports(widenedCall(call, raw));
      if (!support.supported) return support;
      const plan = planWidening(call, raw, support);
      return plan.scratchBytes === 0 ? support : { ...support, scratchBytes: plan.scratchBytes };
    },
    build: (call) => {
      const wide = widenedCall(call, raw);
      const run = kernel.build(wide);
      const support = kernel.supports(wide);
      const plan = planWidening(call, raw, support.supported ? support : {});
      return plan.inputs.length + plan.outputs.length === 0 ? run : widening(run, plan);
    },
  };
}

function widenedCall(call: OpCall, raw: Raw): OpCall {
  const widen = <T extends TensorType>(type: T, index: number, kept: readonly number[] | undefined): T =>
    isHalf(type.dtype) && !kept?.includes(index) ? { ...type, dtype: 'f32' } : type;
  return {
    ...call,
    inputs: call.inputs.map((type, index) => widen(type, index, raw.inputs)),
    outputs: call.outputs.map((type, index) => widen(type, index, raw.outputs)),
  };
}

interface WideningPlan {
  readonly ownBytes: number;
  readonly inputs: readonly Widened[];
  readonly outputs: readonly Widened[];
  readonly scratchBytes: number;
}

function planWidening(
  call: OpCall,
  raw: Raw,
  support: { readonly scratchBytes?: number; readonly acceptsStrided?: boolean },
): WideningPlan {
  const ownBytes = Math.ceil((support.scratchBytes ?? 0) / 8) * 8;
  let scratchBytes = ownBytes;
  const place = (index: number, dtype: DType, count: number): Widened => {
    const byteOffset = scratchBytes;
    scratchBytes += Math.ceil(count / 2) * 2 * byteSize('f32');
    return { index, dtype: dtype as 'f16' | 'bf16', count, byteOffset };
  };
  const inputs = call.inputs.flatMap((type, index) => {
    if (!isHalf(type.dtype) || raw.inputs?.includes(index)) return [];
    // A strided operand that the kernel does not take arrives as a contiguous copy.
    const isStrided = support.acceptsStrided === true && !isContiguous(type);
    return [place(index, type.dtype, isStrided ? spanOf(type) : elementCount(type.shape))];
  });
  const outputs = call.outputs.flatMap((type, index) =>
    isHalf(type.dtype) && !raw.outputs?.includes(index)
      ? [place(index, type.dtype, elementCount(type.shape))]
      : [],
  );
  return { ownBytes, inputs, outputs, scratchBytes };
}

function widening(run: KernelRun, plan: WideningPlan): KernelRun {
  const wideInputs: HostArray[] = [];
  const wideOutputs: HostArray[] = [];
  let prepared: Scratch | undefined;
  let own: Scratch;
  let parts = new Map<Widened, Scratch>();

  return (inputs, outputs, scratch) => {
    if (prepared !== scratch) {
      prepared = scratch;
      own = scratchPart(scratch, 0, plan.ownBytes);
      parts = new Map(
        [...plan.inputs, ...plan.outputs].map((operand) => [
          operand,
          scratchPart(scratch, operand.byteOffset, operand.count * 4),
        ]),
      );
    }
    inputs.forEach((input, index) => {
      wideInputs[index] = input;
    });
    outputs.forEach((output, index) => {
      wideOutputs[index] = output;
    });
    for (const operand of plan.inputs) {
      const part = parts.get(operand)!;
      const source = inputs[operand.index] as Uint16Array;
      halfRuns[operand.dtype].decode(source, 0, part.words, 0, operand.count);
      wideInputs[operand.index] = part.floats;
    }
    for (const operand of plan.outputs) wideOutputs[operand.index] = parts.get(operand)!.floats;
    run(wideInputs, wideOutputs, own);
    for (const operand of plan.outputs) {
      const target = outputs[operand.index] as Uint16Array;
      halfRuns[operand.dtype].encode(parts.get(operand)!.words, 0, target, 0, operand.count);
    }
  };
}
