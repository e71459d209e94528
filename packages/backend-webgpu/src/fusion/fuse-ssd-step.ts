import { canFuse, type FusedAccess, isContiguous, type Operand } from '@hybra/spec';
import type { GemvAround } from '../kernels/matmul/gemv.js';
import {
  largestStepState,
  type Mamba2StepPlan,
  mamba2Step,
  shiftBefore,
  stepBlocks,
} from '../kernels/sequence/mamba2-step.js';
import { type FusableProduct, productOf } from './fusable-product.js';
import { type Addition, additionAfter } from './fuse-product.js';
import { type Fusion, type FusionContext, fusedCall } from './fusion.js';
import { isBindable } from './is-bindable.js';
import { OperandList } from './operands.js';
import { convolutionBefore, type Skip, type StepSizes, skipAfter, stepSizesBefore } from './step-parts.js';

/** What is computed with a step. */
interface Parts {
  readonly convolution?: number | undefined;
  readonly sizes?: StepSizes | undefined;
  readonly skip?: Skip | undefined;
  readonly tail?: Tail | undefined;
}

/** The gated norm and the output projection after a step. */
interface Tail {
  readonly norm: number;
  readonly at: number;
  readonly product: FusableProduct;
  readonly sum: Addition | undefined;
}

/**
 * A step of Mamba-2 with what its layer does around it, from the convolution to the residual addition in two
 * dispatches; where the layer has less, step sizes, step and skip connection in one.
 */
export function fuseSsdStep(context: FusionContext, index: number): Fusion | undefined {
  const { memory } = context;
  const step = memory.program.calls[index]!;
  if (step.kernel !== 'webgpu/ssd-step' || step.inputs.slice(0, 6).some(({ dtype }) => dtype !== 'f32')) {
    return undefined;
  }
  const N = step.inputs[3]!.shape[2]!;
  if (N % 4 !== 0 || N > largestStepState || step.outputs[1]!.buffer !== step.inputs[5]!.buffer) {
    return undefined;
  }
  const sizes = stepSizesBefore(memory, index);
  const skip = skipAfter(memory, index);
  const convolution = convolutionBefore(memory, index);
  const tail = skip ? tailAfter(context, skip.members[1]) : undefined;
  const attempts: readonly Parts[] = [
    ...(tail
      ? [
          { convolution, sizes, skip, tail },
          { sizes, skip, tail },
        ]
      : []),
    { sizes, skip },
    { sizes },
    { skip },
  ];
  for (const parts of attempts) {
    if (!parts.sizes && !parts.skip) continue;
    const fusion = fuse(context, index, parts);
    if (fusion) return fusion;
  }
  return undefined;
}

/** The gated norm of what the call at `made` gives, and the product after it, where both are its alone. */
function tailAfter({ memory, facts, isTaken }: FusionContext, made: number): Tail | undefined {
  const { calls } = memory.program;
  const norm = memory.readerOf(made);
  const call = norm === undefined ? undefined : calls[norm]!;
  if (norm === undefined || call?.kernel !== 'webgpu/gated-rms-norm') return undefined;
  const [y, gate, weight] = call.inputs as [Operand, Operand, Operand];
  const groups = (call.attributes.groups as number | undefined) ?? 1;
  const heads = calls[made]!.outputs[0]!.shape.at(-2)!;
  const width = y.shape.at(-1)!;
  const isFit =
    call.attributes.normBeforeGate !== true &&
    [y, gate, weight].every(({ dtype }) => dtype === 'f32') &&
    isContiguous(y) &&
    y.buffer === calls[made]!.outputs[0]!.buffer &&
    isContiguous(weight) &&
    weight.offset % 4 === 0 &&
    heads % groups === 0 &&
    (width / groups) % 4 === 0;
  const at = memory.readerOf(norm);
  if (!isFit || at === undefined || isTaken(at)) return undefined;
  const product = productOf(calls[at]!, facts);
  const x = calls[at]!.inputs[0]!;
  const isIts =
    x.buffer === call.outputs[0]!.buffer && isContiguous(x) && x.offset === 0 && x.shape.at(-1) === width;
  return product && isIts ? { norm, at, product, sum: additionAfter(memory, at) } : undefined;
}

function fuse(context: FusionContext, index: number, parts: Parts): Fusion | undefined {
  const { memory, facts } = context;
  const { calls } = memory.program;
  const step = calls[index]!;
  const { convolution, sizes, skip, tail } = parts;
  const inputs = new OperandList();
  const conv = convolution === undefined ? undefined : calls[convolution]!;

  // The product's inputs come first: its dispatch counts on that. Its x is what the step leaves.
  const y = skip ? calls[skip.members[1]]!.outputs[0]! : step.outputs[0]!;
  const productInputs = tail ? tail.product.call.inputs.slice(1) : [];
  const own: FusedAccess[] = tail ? [{ at: tail.at, operand: tail.product.call.inputs[0]! }] : [];
  const shift = own.length + productInputs.length;
  const place = (at: number, operand: Operand): number => inputs.place(at, operand) + shift;

  const plan: Omit<Mamba2StepPlan, 'outputs'> = {
    sizes: {
      batch: step.inputs[0]!.shape[0]!,
      H: step.inputs[0]!.shape[1]!,
      P: step.inputs[0]!.shape[2]!,
      G: step.inputs[3]!.shape[1]!,
      N: step.inputs[3]!.shape[2]!,
      S: step.inputs[5]!.shape[0]!,
    },
    A: place(index, step.inputs[2]!),
    slots: place(index, step.inputs[6]!),
    source:
      conv && convolution !== undefined
        ? {
            kind: 'convolution',
            mixed: place(convolution, conv.inputs[0]!),
            weight: place(convolution, conv.inputs[1]!),
            bias: place(convolution, conv.inputs[2]!),
            tails: place(convolution, conv.inputs[3]!),
            taps: conv.inputs[1]!.shape[1]!,
            isSilu: conv.attributes.activation === 'silu',
          }
        : {
            kind: 'given',
            x: place(index, step.inputs[0]!),
            B: place(index, step.inputs[3]!),
            C: place(index, step.inputs[4]!),
          },
    step: sizes
      ? {
          kind: 'raw',
          raw: place(sizes.members[0], sizes.raw),
          bias: place(sizes.members[0], sizes.bias),
          valid: place(sizes.members[2], sizes.valid),
          otherwise: place(sizes.members[2], sizes.otherwise),
        }
      : { kind: 'given', dt: place(index, step.inputs[1]!) },
    skip: skip && place(skip.members[0], skip.skip),
    gate: tail && place(tail.norm, calls[tail.norm]!.inputs[1]!),
  };
  const lengths = conv && convolution !== undefined ? place(convolution, conv.inputs[5]!) : undefined;
  const convolutionSlots =
    conv && convolution !== undefined ? place(convolution, conv.inputs[4]!) : undefined;
  const normWeight = tail && place(tail.norm, calls[tail.norm]!.inputs[2]!);
  const residual = tail?.sum && place(tail.sum.at, tail.sum.residual);

  // The sums of squares lie where x · skip would have been.
  const spare = skip ? { at: skip.members[0], operand: calls[skip.members[0]]!.outputs[0]! } : undefined;
  const result = tail ? (tail.sum ?? { at: tail.at, output: tail.product.call.outputs[0]! }) : undefined;
  const state = { at: index, operand: step.outputs[1]!, over: step.inputs[5]! };
  const stepOutput = { at: skip ? skip.members[1] : index, operand: y };
  const writes = [
    ...(result ? [{ at: result.at, operand: result.output, over: tail!.sum?.residual }] : []),
    stepOutput,
    state,
    ...(tail && spare ? [spare] : []),
    ...(conv && convolution !== undefined
      ? [{ at: convolution, operand: conv.outputs[1]!, over: conv.inputs[3]! }]
      : []),
  ];
  const members = [
    ...(convolution === undefined ? [] : [convolution]),
    ...(sizes?.members ?? []),
    index,
    ...(skip?.members ?? []),
    ...(tail ? [tail.norm, tail.at, ...(tail.sum ? [tail.sum.at] : [])] : []),
  ];
  const isFusable = canFuse(memory, {
    members,
    reads: [
      ...productInputs.map((operand) => ({ at: tail!.at, operand })),
      ...inputs.accesses,
      { at: index, operand: step.inputs[5]! },
    ],
    writes,
    dropped: [
      ...(conv && convolution !== undefined ? [{ at: convolution, operand: conv.outputs[0]! }] : []),
      ...(sizes?.members ?? []).map((at) => ({ at, operand: calls[at]!.outputs[0]! })),
      ...(skip && !isSameMemory(step.outputs[0]!, y) ? [{ at: index, operand: step.outputs[0]! }] : []),
      ...(skip ? [{ at: skip.members[0], operand: calls[skip.members[0]]!.outputs[0]! }] : []),
      ...(tail
        ? [
            { at: skip!.members[1], operand: y },
            { at: tail.norm, operand: calls[tail.norm]!.outputs[0]! },
          ]
        : []),
      ...(tail?.sum ? [{ at: tail.at, operand: tail.product.call.outputs[0]! }] : []),
    ],
  });
  if (!isFusable) return undefined;

  const outputs = writes.map(({ operand }) => operand);
  const first = tail ? 1 : 0;
  const label = tail ? 'mamba2-layer-step' : 'mamba2-step';
  const call = fusedCall(
    label,
    // The product's x is what the step has just written.
    [
      ...(tail ? [{ ...tail.product.call.inputs[0]!, ...placeOf(y) }] : []),
      ...productInputs,
      ...inputs.operands,
    ],
    outputs,
  );
  const dispatches = [
    mamba2Step({
      ...plan,
      outputs: { y: first, pool: first + 1, squares: tail ? first + 2 : undefined },
    }),
  ];
  if (tail && normWeight !== undefined) {
    const norm = calls[tail.norm]!;
    const around: GemvAround = {
      norm: {
        squares: 'given',
        groups: (norm.attributes.groups as number | undefined) ?? 1,
        weight: normWeight,
        epsilon: norm.attributes.epsilon as number,
        parts: { output: first + 2, count: plan.sizes.H * stepBlocks(plan.sizes.P) },
      },
      before:
        conv && plan.source.kind === 'convolution'
          ? shiftBefore({
              batch: plan.sizes.batch,
              channels: conv.inputs[0]!.shape[2]!,
              slots: conv.inputs[3]!.shape[0]!,
              taps: plan.source.taps,
              mixed: plan.source.mixed,
              slotIds: convolutionSlots!,
              lengths: lengths!,
              pool: first + 3,
            })
          : undefined,
    };
    dispatches.push(tail.product.build(residual, around));
  }
  return isBindable(memory.program, facts, call, dispatches) ? { members, call, dispatches } : undefined;
}

function isSameMemory(a: Operand, b: Operand): boolean {
  return a.buffer === b.buffer && a.offset === b.offset;
}

function placeOf({ buffer, offset }: Operand): { readonly buffer: number; readonly offset: number } {
  return { buffer, offset };
}
