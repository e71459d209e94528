import { byteSize, type Operand } from '@hybra/spec';
import type { DeviceFacts, Dispatch, DispatchOperand, Parameter } from '../../kernel.js';
import { type GemvNorm, type GemvShape, gemvCode } from './gemv-code.js';
import { chunkView, elementsPerChunk, type WeightFormat } from './gemv-weights.js';
import { boundPart, type WeightPart, weightParts } from './weight-parts.js';

/** Most rows of x that are multiplied at once. */
export const mostGemvRows = 4;

/** Extents of a product and steps of its operands, in elements. */
export interface GemvSizes {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly batches: number;
  /** From row to row of x. */
  readonly aM: number;
  /** From column to column of y in the weight. */
  readonly bN: number;
}

/** Where the parts of a product lie among a call's inputs. */
export interface GemvInputs {
  readonly x: DispatchOperand;
  readonly weight: DispatchOperand;
  readonly scales?: number | undefined;
  readonly zeros?: number | undefined;
  /** Whether those are float16; else they are float32. */
  readonly hasHalfScales?: boolean | undefined;
  readonly residual?: number | undefined;
}

/** A norm of x: where its weight lies, and the sums of squares if others found them. */
export interface GemvNormInputs extends GemvNorm {
  readonly weight: number;
  readonly epsilon: number;
  /** An output that holds them, `count` a row. */
  readonly parts?: { readonly output: number; readonly count: number } | undefined;
}

/** What surrounds the product in its dispatch. */
export interface GemvAround {
  readonly norm?: GemvNormInputs | undefined;
  readonly before?:
    | {
        readonly operands: readonly DispatchOperand[];
        readonly parameters: readonly Parameter[];
        readonly code: string;
      }
    | undefined;
}

/** Whether every chunk of 16 bytes of the weight, and every four of x that it meets, is aligned. */
export function isChunked(format: WeightFormat, sizes: GemvSizes, x: Operand, weight: Operand): boolean {
  const perChunk = elementsPerChunk(format);
  const perByte = format.kind === 'codes' && format.bits === 4 ? 2 : 1;
  const batchSteps = (operand: Operand): readonly number[] => operand.strides.slice(0, -2);
  return (
    x.dtype === 'f32' &&
    sizes.K > 0 &&
    [sizes.K, sizes.bN, weight.offset * perByte, ...batchSteps(weight)].every(
      (step) => step % perChunk === 0,
    ) &&
    [x.offset, ...batchSteps(x), sizes.M > 1 ? sizes.aM : 0].every((step) => step % 4 === 0)
  );
}

/** The dispatches of a product of few rows, one unless the weight passes the largest binding. Output 0 is y. */
export function gemvDispatches(
  format: WeightFormat,
  sizes: GemvSizes,
  facts: DeviceFacts,
  inputs: GemvInputs,
  weight: Operand,
): readonly Dispatch[] {
  return gemvParts(format, sizes, facts, weight).map((part) =>
    gemvDispatch(format, sizes, facts, inputs, {}, part),
  );
}

/** How the weight is bound. Weights of batches are bound at once. */
export function gemvParts(
  format: WeightFormat,
  sizes: GemvSizes,
  facts: DeviceFacts,
  weight: Operand,
): readonly (WeightPart | undefined)[] {
  const bits = format.kind === 'codes' ? format.bits : 8 * byteSize(format.dtype);
  const rows = {
    count: sizes.N,
    bytes: (sizes.bN * bits) / 8,
    byteOffset: weight.offset * byteSize(weight.dtype),
  };
  return sizes.batches === 1
    ? weightParts(rows, columnsPerGroup(gemvShape(format, sizes, facts)), facts)
    : [undefined];
}

const columnsPerGroup = ({ size, lanes, columns }: GemvShape): number => (size / lanes) * columns;

/** The dispatch of a product of few rows, or of a part of its columns. Output 0 of the call is y. */
export function gemvDispatch(
  format: WeightFormat,
  sizes: GemvSizes,
  facts: DeviceFacts,
  inputs: GemvInputs,
  { norm, before }: GemvAround = {},
  part?: WeightPart,
): Dispatch {
  const shape = gemvShape(format, sizes, facts);
  const perGroup = columnsPerGroup(shape);
  const end = part ? part.end : sizes.N;
  const firstGroup = part ? part.from / perGroup : 0;
  const groups = Math.ceil(end / perGroup) * sizes.batches;
  const workgroups = groups - firstGroup;
  const input = (name: string, index: number, view: DispatchOperand['view']): DispatchOperand => ({
    name,
    place: { kind: 'input', index },
    view,
  });
  const { scales, zeros, residual, hasHalfScales = false } = inputs;
  return {
    operands: [
      inputs.x,
      boundPart(inputs.weight, part),
      ...(scales === undefined ? [] : [input('scales', scales, hasHalfScales ? 'u32' : 'number')]),
      ...(zeros === undefined ? [] : [input('zeros', zeros, hasHalfScales ? 'u32' : 'number')]),
      ...(norm ? [input('norm_weight', norm.weight, 'vec4<f32>')] : []),
      ...(norm?.parts
        ? [{ name: 'parts', place: { kind: 'output', index: norm.parts.output }, view: 'f32' } as const]
        : []),
      ...(residual === undefined ? [] : [input('residual', residual, 'number')]),
      ...(before?.operands ?? []),
      { name: 'y', place: { kind: 'output', index: 0 }, view: 'f32', isWritten: true },
    ],
    parameters: [
      ...(['N', 'K', 'aM', 'bN'] as const).map((name) => ({
        name,
        type: 'u32' as const,
        value: sizes[name],
      })),
      { name: 'firstGroup', type: 'u32', value: firstGroup },
      { name: 'groups', type: 'u32', value: groups },
      ...(norm ? [{ name: 'epsilon', type: 'f32' as const, value: norm.epsilon }] : []),
      ...(norm?.parts ? [{ name: 'parts', type: 'u32' as const, value: norm.parts.count }] : []),
      ...(before
        ? [
            { name: 'invocations', type: 'u32' as const, value: workgroups * shape.size },
            ...before.parameters,
          ]
        : []),
    ],
    code: gemvCode({
      M: sizes.M,
      format,
      shape,
      norm,
      hasResidual: residual !== undefined,
      hasHalfScales,
      before: before?.code,
    }),
    workgroups: [workgroups, 1, 1],
    usesSubgroups: shape.subgroupSize > 0,
  };
}

/** A matrix as an operand read by chunks, of which `at_NAME(batch)` gives the place in elements. */
export function chunkedOperand(
  name: 'x' | 'weight',
  index: number,
  { shape, strides }: Operand,
  view: DispatchOperand['view'],
): DispatchOperand {
  return {
    name,
    place: { kind: 'input', index },
    view,
    window: { shape: shape.slice(0, -2), strides: strides.slice(0, -2) },
  };
}

/** The weight's view. */
export { chunkView };

/**
 * How to share the work, by what an H100 was fastest with. Dense weights: the whole workgroup on two columns. Codes
 * meet eight times as much of x per byte, so that more columns share what is brought to workgroup memory.
 */
function gemvShape(format: WeightFormat, { M, N, K }: GemvSizes, facts: DeviceFacts): GemvShape {
  const perChunk = elementsPerChunk(format);
  const chunks = Math.ceil(K / perChunk);
  const subgroupSize = (lanes: number): number => {
    const { subgroupSize: size = 0 } = facts;
    return size > 1 && lanes % size === 0 ? size : 0;
  };
  if (format.kind === 'dense') {
    const lanes = chunks >= 48 ? 128 : 32;
    const columns = 2;
    // More workgroups than a large GPU runs at once hide each other's waiting.
    const isAhead = N / columns <= 2048;
    return { size: lanes, lanes, columns, stagedChunks: 0, isAhead, subgroupSize: subgroupSize(lanes) };
  }
  const lanes = 32;
  // Half of the workgroup memory for x.
  const most = Math.floor(facts.workgroupBytes / 2 / (perChunk * 4 * M));
  const stagedChunks = Math.max(Math.min(chunks, most), 1);
  const columns = N >= 6144 ? 4 : 2;
  return { size: 256, lanes, columns, stagedChunks, isAhead: true, subgroupSize: subgroupSize(lanes) };
}
