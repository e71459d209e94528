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
import { planSsdChunks, planSsdScan, planSsdStep, type SsdAround } from '../kernels/sequence/ssd.js';
import { planWgmmaSsd } from '../kernels/sequence/wgmma-ssd.js';
import { collapse } from '../launch/collapse.js';
import type { Launch } from '../launch/launch.js';
import { convolutionBefore } from './convolution-before.js';
import type { Fusion } from './fusion.js';

const plans: Readonly<Record<string, typeof planSsdStep>> = {
  'cuda/ssd-step': planSsdStep,
  'cuda/ssd-scan': planSsdScan,
  'cuda/ssd-chunks': planSsdChunks,
  'cuda/ssd-wgmma': (call, around, y) => planWgmmaSsd(call, 3, around, y),
  'cuda/ssd-wgmma-rounded': (call, around, y) => planWgmmaSsd(call, 1, around, y),
};

/**
 * A Mamba-2 recurrence with what its layer does around it:
 * dt = select(valid, softplus(dt + bias), 0) before, and y + skip · x after.
 */
export function fuseSsd(memory: ProgramMemory, index: number): Fusion | undefined {
  const { calls } = memory.program;
  const scan = calls[index]!;
  const plan = plans[scan.kernel];
  // The step reads states of any float.
  const needsF32 = scan.inputs.slice(0, scan.kernel === 'cuda/ssd-step' ? 5 : 6);
  // What the scan rounds may be rounded already (src/fusion/narrow-values.ts).
  const rounded = scan.kernel === 'cuda/ssd-wgmma-rounded' ? [0, 3, 4] : [];
  if (!plan || !isAllF32(needsF32.filter((_, place) => !rounded.includes(place)))) return undefined;
  const before = stepSizes(memory, index);
  const after = skipAfter(memory, index);
  for (const [dt, skip] of [
    [before, after],
    [before, undefined],
    [undefined, after],
  ] as const) {
    if (!dt && !skip) continue;
    const members = [...(dt?.members ?? []), index, ...(skip?.members ?? [])];
    const [states] = [scan.inputs[5]!];
    const reads: FusedAccess[] = [
      ...scan.inputs.flatMap((operand, at) => (at === 1 && dt ? [] : [{ at: index, operand }])),
      ...(dt?.reads ?? []),
      ...(skip?.reads ?? []),
    ];
    const y = skip ? skip.output : scan.outputs[0]!;
    const group: FusedCalls = {
      members,
      reads,
      writes: [
        { at: skip ? skip.at : index, operand: y },
        { at: index, operand: scan.outputs[1]!, over: states },
      ],
      dropped: [
        ...(dt?.dropped ?? []),
        ...(skip ? [{ at: index, operand: scan.outputs[0]! }, ...skip.dropped] : []),
      ],
    };
    if (!canFuse(memory, group)) continue;
    const call: ProgramCall = dt
      ? { ...scan, inputs: scan.inputs.map((operand, at) => (at === 1 ? dt.raw : operand)) }
      : scan;
    const launches = plan(call, { ...dt?.around, ...skip?.around }, y);
    return withConvolution(memory, index, group, call, launches) ?? { members, launches };
  }
  return undefined;
}

/** The same with the convolution before it, as steps of the persistent kernel and as a launch of its own. */
function withConvolution(
  memory: ProgramMemory,
  index: number,
  group: FusedCalls,
  { inputs }: ProgramCall,
  launches: readonly Launch[],
): Fusion | undefined {
  const [launch] = launches;
  if (launches.length !== 1 || launch?.kind !== 'kernel' || launch.step?.op !== 'ssd') return undefined;
  const [x, , , B, C] = inputs as readonly Operand[];
  const convolution = convolutionBefore(memory, index, { x: x!, B: B!, C: C! });
  if (!convolution) return undefined;
  const members = [convolution.at, ...group.members];
  const isOfConvolution = ({ operand }: FusedAccess): boolean =>
    operand.buffer === convolution.dropped.operand.buffer;
  const isFusable = canFuse(memory, {
    members,
    reads: [...convolution.reads, ...group.reads.filter((read) => !isOfConvolution(read))],
    writes: [...convolution.writes, ...group.writes],
    dropped: [...group.dropped, convolution.dropped],
  });
  if (!isFusable) return undefined;
  const step = { ...launch.step, convolution: convolution.step };
  return { members, launches: [convolution.launch, { ...launch, step }] };
}

interface StepSizes {
  readonly members: readonly number[];
  readonly reads: readonly FusedAccess[];
  readonly dropped: readonly FusedAccess[];
  /** The step sizes before bias and softplus, in the shape of the scan's dt. */
  readonly raw: Operand;
  readonly around: SsdAround;
}

function stepSizes(memory: ProgramMemory, index: number): StepSizes | undefined {
  const { calls } = memory.program;
  const dt = calls[index]!.inputs[1]!;
  const select = madeBy(memory, index, dt, 'cuda/select');
  if (select === undefined) return undefined;
  const [valid, chosen, otherwise] = calls[select]!.inputs as [Operand, Operand, Operand];
  const softplus = madeBy(memory, select, chosen, 'cuda/softplus');
  if (softplus === undefined) return undefined;
  const sum = madeBy(memory, softplus, calls[softplus]!.inputs[0]!, 'cuda/add');
  if (sum === undefined || !isAllF32(calls[sum]!.inputs)) return undefined;
  const [raw, bias] = calls[sum]!.inputs as [Operand, Operand];
  const [B, T, H] = raw.shape as [number, number, number];
  const isInOrder =
    raw.shape.length === 3 &&
    (H === 1 || raw.strides[2] === 1) &&
    repeats(bias, [0, 0, 1]) &&
    repeats(otherwise, [0, 0, 0]) &&
    walks(valid, [B, T, H], [T, 1, 0]);
  if (!isInOrder) return undefined;
  const isStep = dt.shape.length === 2;
  const strides = isStep ? [raw.strides[0]!, 1] : raw.strides;
  return {
    members: [sum, softplus, select],
    reads: [
      { at: sum, operand: raw },
      { at: sum, operand: bias },
      { at: select, operand: valid },
      { at: select, operand: otherwise },
    ],
    dropped: [sum, softplus, select].map((at) => ({ at, operand: calls[at]!.outputs[0]! })),
    raw: { ...raw, shape: dt.shape, strides },
    around: { bias, valid, otherwise },
  };
}

interface Skip {
  readonly at: number;
  readonly members: readonly number[];
  readonly reads: readonly FusedAccess[];
  readonly dropped: readonly FusedAccess[];
  readonly output: Operand;
  readonly around: SsdAround;
}

function skipAfter(memory: ProgramMemory, index: number): Skip | undefined {
  const { calls } = memory.program;
  const scan = calls[index]!;
  const at = memory.readerOf(index);
  if (at === undefined || calls[at]!.kernel !== 'cuda/add' || !calls[at]!.inputs.every(isContiguous)) {
    return undefined;
  }
  const [y] = scan.outputs as [Operand];
  const isScanned = ({ buffer, offset }: Operand): boolean => buffer === y.buffer && offset === y.offset;
  const [a, b] = calls[at]!.inputs as [Operand, Operand];
  if (isScanned(a) === isScanned(b)) return undefined;
  const product = madeBy(memory, at, isScanned(a) ? b : a, 'cuda/mul');
  if (product === undefined) return undefined;
  const [x, skip] = calls[product]!.inputs as [Operand, Operand];
  const isSkip =
    isSameWindow(x, scan.inputs[0]!) &&
    x.dtype === scan.inputs[0]!.dtype &&
    isAllF32([skip]) &&
    skip.shape.length === 4 &&
    repeats(skip, [0, 0, 1, 0]);
  if (!isSkip) return undefined;
  return {
    at,
    members: [product, at],
    reads: [
      { at: product, operand: x },
      { at: product, operand: skip },
    ],
    dropped: [{ at: product, operand: calls[product]!.outputs[0]! }],
    output: calls[at]!.outputs[0]!,
    around: { skip },
  };
}

function madeBy(memory: ProgramMemory, index: number, operand: Operand, kernel: string): number | undefined {
  const at = memory.producerOf(index, operand);
  return at !== undefined && memory.program.calls[at]!.kernel === kernel && isContiguous(operand)
    ? at
    : undefined;
}

/** Whether an operand steps by these strides along every axis that has more than one element. */
function repeats({ shape, strides }: Operand, expected: readonly number[]): boolean {
  return shape.every((extent, axis) => extent === 1 || strides[axis] === expected[axis]);
}

function walks(operand: Operand, shape: readonly number[], strides: readonly number[]): boolean {
  return operand.shape.join() === shape.join() && repeats(operand, strides);
}

function isSameWindow(a: Operand, b: Operand): boolean {
  if (a.buffer !== b.buffer || a.offset !== b.offset) return false;
  const [p, q] = [a, b].map(({ shape, strides }) => collapse(shape, [strides]));
  return JSON.stringify(p) === JSON.stringify(q);
}
