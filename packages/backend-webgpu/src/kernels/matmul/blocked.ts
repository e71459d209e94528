import { byteSize, isContiguous, type OpCall, type Operand, type StridedType } from '@hybra/spec';
import type { DeviceFacts, Dispatch, WebGpuSupport } from '../../kernel.js';
import { unsupported } from '../accept.js';
import { numbers } from '../composite/row-dispatch.js';
import { counts } from '../sequence/pool.js';
import { block, blockedCode, elementsPerLoad, splitSumCode } from './blocked-code.js';
import { chunkedOperand, type GemvSizes } from './gemv.js';
import type { WeightFormat } from './gemv-weights.js';
import { boundPart, type WeightPart, weightParts } from './weight-parts.js';

/** Workgroups that a large GPU takes four times over; with fewer the terms are split among several. */
const enoughGroups = 1056;
const mostScratchBytes = 2 ** 26;

/** Rows and columns of y that a workgroup makes, and terms in workgroup memory at once. */
export interface Block {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
}

/** How a product is cut. */
interface Cut {
  readonly groups: number;
  readonly splits: number;
  /** Terms per split. */
  readonly perSplit: number;
}

function cutOf({ M, N, K }: GemvSizes, { rows, columns, depth }: Block, isInParts: boolean): Cut {
  const tiles = Math.ceil(M / rows) * Math.ceil(N / columns);
  const wanted = Math.min(Math.floor(enoughGroups / tiles), Math.floor(K / (depth * 8)), 8);
  const splits = !isInParts && wanted > 1 && M * N * wanted * 4 <= mostScratchBytes ? wanted : 1;
  const perSplit = Math.ceil(K / splits / depth) * depth;
  return { groups: tiles * splits, splits, perSplit };
}

/** The answer about a product of many rows. Output rows are whole fours. */
export function blockedSupport(
  call: OpCall,
  format: WeightFormat,
  sizes: GemvSizes,
  steps: { readonly aK: number; readonly bK: number },
  facts: DeviceFacts,
  tile: Block = block,
): WebGpuSupport {
  const { M, N, K, aM, bN, batches } = sizes;
  const [x, weight] = call.inputs as [StridedType, StridedType];
  const perLoad = elementsPerLoad(format);
  const perByte = format.kind === 'codes' && format.bits === 4 ? 2 : 1;
  const isFit =
    x.dtype === 'f32' &&
    call.outputs[0]!.dtype === 'f32' &&
    batches === 1 &&
    steps.aK === 1 &&
    steps.bK === 1 &&
    M > 4 &&
    N % 4 === 0 &&
    N >= 4 &&
    K > 0 &&
    K % block.depth === 0 &&
    [x.offset, aM].every((step) => step % 4 === 0) &&
    [bN, weight.offset * perByte].every((step) => step % perLoad === 0) &&
    (format.kind === 'dense' ||
      (format.blockSize % perLoad === 0 && bN === K && call.inputs.slice(2).every(isContiguous)));
  if (!isFit) return unsupported(`${call.op}: rows that no blocks of ${block.depth} terms fit`);
  const parts = blockedParts(format, sizes, weight, facts);
  if (parts.length === 0) return unsupported(`${call.op}: rows of the weight that no binding covers`);
  const { splits } = cutOf(sizes, tile, parts.length > 1);
  return {
    supported: true,
    acceptsStrided: true,
    ...(splits > 1 && { scratchBytes: splits * M * N * 4 }),
  };
}

/** How the weight is bound: in runs of whole blocks of columns. */
function blockedParts(
  format: WeightFormat,
  { N, bN }: GemvSizes,
  { dtype, offset }: Pick<Operand, 'dtype' | 'offset'>,
  facts: DeviceFacts,
): readonly (WeightPart | undefined)[] {
  const bits = format.kind === 'codes' ? format.bits : 8 * byteSize(dtype);
  const rows = { count: N, bytes: (bN * bits) / 8, byteOffset: offset * byteSize(dtype) };
  return weightParts(rows, block.columns, facts);
}

/** The dispatches of a supported product. @param matrixUnits other code for the same blocks */
export function blockedDispatches(
  [x, weight, ...more]: readonly Operand[],
  format: WeightFormat,
  sizes: GemvSizes,
  facts: DeviceFacts,
  matrixUnits?: Block & { readonly code: (isSplit: boolean) => string },
): readonly Dispatch[] {
  const { M, N, K, aM, bN } = sizes;
  const parts = blockedParts(format, sizes, weight!, facts);
  const tile: Block = matrixUnits ?? block;
  const { groups, splits, perSplit } = cutOf(sizes, tile, parts.length > 1);
  const lines = Math.ceil(M / tile.rows);
  const isSplit = splits > 1;
  const view =
    format.kind === 'codes' && format.bits === 4
      ? 'vec2<u32>'
      : format.kind === 'dense' && format.dtype === 'f32'
        ? 'vec4<f32>'
        : 'vec4<u32>';
  const whole = chunkedOperand('weight', 1, weight!, view);
  const products = parts.map((part): Dispatch => {
    const firstGroup = part ? (part.from / tile.columns) * lines : 0;
    const end = part ? Math.ceil(part.end / tile.columns) * lines : groups;
    return {
      operands: [
        chunkedOperand('x', 0, x!, 'vec4<f32>'),
        boundPart(whole, part),
        ...(more.length > 0 ? [numbers('scales', 2)] : []),
        ...(more.length > 1 ? [numbers('zeros', 3)] : []),
        {
          name: 'y',
          place: isSplit ? { kind: 'scratch' } : { kind: 'output', index: 0 },
          view: matrixUnits ? 'f32' : 'vec4<f32>',
          isWritten: true,
        },
      ],
      parameters: counts({
        M,
        N,
        K,
        aM,
        bN,
        firstGroup,
        groups: end,
        perSplit,
        ...(format.kind === 'codes' && { blockSize: format.blockSize }),
      }),
      code: matrixUnits ? matrixUnits.code(isSplit) : blockedCode({ format, isSplit }),
      workgroups: [end - firstGroup, 1, 1],
      ...(matrixUnits && { usesSubgroups: true, usesMatrixUnits: true }),
    };
  });
  if (!isSplit) return products;
  const fours = (M * N) / 4;
  return [
    ...products,
    {
      operands: [
        { name: 'parts', place: { kind: 'scratch' }, view: 'vec4<f32>', isWritten: true },
        { name: 'y', place: { kind: 'output', index: 0 }, view: 'vec4<f32>', isWritten: true },
      ],
      parameters: counts({ fours, splits }),
      code: splitSumCode,
      workgroups: [Math.ceil(fours / 256), 1, 1],
    },
  ];
}
