import { elementCount, type Operand } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { typed } from '../../launch/dtype-code.js';
import { rowThreads } from '../../launch/grid.js';
import { f32, flag, i64, type Launch, pointer, u32 } from '../../launch/launch.js';
import { takesWindows } from '../../launch/windows.js';
import { floats, isAllF32, refusal } from '../accept.js';

/** x / √(mean(x²) + ε) · weight along the last axis (Zhang & Sennrich 2019). In place. */
export const rmsNormKernel: CudaKernel = {
  name: 'cuda/rms-norm',
  op: 'rmsNorm',
  supports: (call) => refusal(call, [floats]) ?? { supported: true, inPlace: [[0, 0]] },
  plan: ({ inputs, outputs: [y], attributes }) => {
    const [x, weight] = inputs as [Operand, Operand];
    const width = x.shape.at(-1)!;
    const rows = elementCount(x.shape.slice(0, -1));
    if (rows * width === 0) return [];
    const epsilon = attributes.epsilon as number;
    const many = manyRows({ x, weight, y: y!, rows, width, epsilon });
    if (many) return [many];
    return [
      {
        kind: 'kernel',
        module: 'rows',
        entry: isAllF32([...inputs, y!]) ? 'rms_norm_f32' : 'rms_norm_any',
        grid: [rows, 1, 1],
        block: rowThreads(width),
        parameters: [...typed(x), ...typed(weight), ...typed(y!), u32(width), f32(epsilon)],
      },
    ];
  },
};

/**
 * Gated RMSNorm of Mamba-2 (Dao & Gu 2024, §7), each row in equal groups. The gate may be a window whose rows
 * are any one stride apart.
 */
export const gatedRmsNormKernel: CudaKernel = {
  name: 'cuda/gated-rms-norm',
  op: 'gatedRmsNorm',
  supports: (call) => {
    const refused = refusal(call, [floats]);
    if (refused) return refused;
    const acceptsStrided =
      gateStride(call.inputs[1]!) !== undefined && takesWindows(call, { 1: gateAxis(call.inputs[1]!) });
    // Rows for a product of many rows are better stored narrowed, apart (src/fusion/narrow-values.ts).
    const isAlone = elementCount(call.inputs[0]!.shape.slice(0, -1)) >= leastRows;
    return { supported: true, acceptsStrided, inPlace: isAlone ? [] : [[0, 0]] };
  },
  plan: ({ inputs, outputs: [y], attributes }) => {
    const [x, gate, weight] = inputs as [Operand, Operand, Operand];
    const width = x.shape.at(-1)!;
    const rows = elementCount(x.shape.slice(0, -1));
    if (rows * width === 0) return [];
    const groups = (attributes.groups as number | undefined) ?? 1;
    const many = manyRows({
      ...{ x, gate, weight, y: y!, groups, rows: rows * groups, width: width / groups },
      epsilon: attributes.epsilon as number,
      isGatedFirst: attributes.normBeforeGate !== true,
    });
    if (many) return [many];
    return [
      {
        kind: 'kernel',
        module: 'rows',
        entry: isAllF32([...inputs, y!]) ? 'gated_rms_norm_f32' : 'gated_rms_norm_any',
        grid: [rows * groups, 1, 1],
        block: rowThreads(width / groups),
        parameters: [
          ...typed(x),
          ...typed(gate),
          ...typed(weight),
          ...typed(y!),
          u32(width),
          u32(width / groups),
          f32(attributes.epsilon as number),
          flag(attributes.normBeforeGate !== true),
          i64(gateStride(gate)!),
        ],
      },
    ];
  },
};

/** Rows from which on norms are computed by native/norm-rows.cu, and the widest that it holds in registers. */
const leastRows = 64;
const widestOfWarp = 512;
const widestOfBlock = 8192;
const threads = 256;

interface ManyRows {
  readonly x: Operand;
  readonly gate?: Operand;
  readonly weight: Operand;
  readonly y: Operand;
  /** Of groups. */
  readonly rows: number;
  readonly width: number;
  readonly groups?: number;
  readonly epsilon: number;
  readonly isGatedFirst?: boolean;
}

function manyRows(norm: ManyRows): Launch | undefined {
  const { x, gate, weight, y, rows, width, groups = 1, epsilon, isGatedFirst = false } = norm;
  const stride = gate ? gateStride(gate)! : 0;
  const places = [x, weight, y, ...(gate ? [gate] : [])].map(({ offset }) => offset);
  const isAligned = [...places, width, stride].every((each) => each % 4 === 0);
  if (!isAllF32([x, weight, ...(gate ? [gate] : [])]) || !isAligned) return undefined;
  if (rows < leastRows || width > widestOfBlock) return undefined;
  const sharing = width <= widestOfWarp ? 32 : threads;
  const held = (sharing === 32 ? [2, 4] : [1, 2, 3, 5, 8]).find((count) => width <= count * 4 * sharing);
  return {
    kind: 'kernel',
    module: 'norm-rows',
    entry: `${gate ? 'gated_norm_rows' : 'norm_rows'}_${sharing}_${held}`,
    grid: [Math.ceil((rows * sharing) / threads), 1, 1],
    block: threads,
    parameters: [
      ...[x, gate, weight].map(pointer),
      ...typed(y),
      ...[rows, width, groups].map(u32),
      f32(epsilon),
      flag(isGatedFirst),
      u32(0),
      i64(stride),
    ],
  };
}

function gateAxis({ shape }: { readonly shape: readonly number[] }): number {
  return shape.length - 1;
}

/** Elements between rows of a gate `[…, W]` whose leading axes walk in one stride; `undefined` if they do not. */
export function gateStride({ shape, strides }: Pick<Operand, 'shape' | 'strides'>): number | undefined {
  const width = shape.at(-1)!;
  let stride: number | undefined;
  let expected = 0;
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    if (shape[axis] === 1) continue;
    stride ??= strides[axis]!;
    expected ||= stride;
    if (strides[axis] !== expected) return undefined;
    expected *= shape[axis]!;
  }
  return stride ?? width;
}

/** (x − mean) / √(variance + ε) · weight + bias along the last axis (Ba, Kiros & Hinton 2016). In place. */
export const layerNormKernel: CudaKernel = {
  name: 'cuda/layer-norm',
  op: 'layerNorm',
  supports: (call) => refusal(call, [floats]) ?? { supported: true, inPlace: [[0, 0]] },
  plan: ({ inputs, outputs: [y], attributes }) => {
    const [x, weight, bias] = inputs as [Operand, Operand, Operand | undefined];
    const width = x.shape.at(-1)!;
    const rows = elementCount(x.shape.slice(0, -1));
    if (rows * width === 0) return [];
    return [
      {
        kind: 'kernel',
        module: 'rows',
        entry: 'layer_norm',
        grid: [rows, 1, 1],
        block: rowThreads(width),
        parameters: [
          ...typed(x),
          ...typed(weight),
          ...typed(bias ?? weight),
          ...typed(y!),
          u32(width),
          f32(attributes.epsilon as number),
          flag(bias !== undefined),
        ],
      },
    ];
  },
};
