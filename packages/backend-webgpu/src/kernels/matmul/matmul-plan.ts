import { type DType, elementCount, type OpCall, type StridedType } from '@hybra/spec';
import type { DispatchOperand, Parameter, WebGpuSupport } from '../../kernel.js';
import { floats, refusal, unsupported } from '../accept.js';

/** Extents of a product and the steps between neighbours in memory. y[m, n] = Σₖ a[m, k] · b[k, n]. */
export interface MatmulPlan {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly batches: number;
  readonly aM: number;
  readonly aK: number;
  readonly bK: number;
  readonly bN: number;
}

/** Reads a call's extents and steps. */
export function planMatmul(call: OpCall): MatmulPlan {
  const [a, b] = call.inputs as [StridedType, StridedType];
  const rank = a.shape.length;
  const [aRow, aColumn] = call.attributes.transposeA === true ? [rank - 1, rank - 2] : [rank - 2, rank - 1];
  const [bRow, bColumn] = call.attributes.transposeB === true ? [rank - 1, rank - 2] : [rank - 2, rank - 1];
  return {
    M: a.shape[aRow]!,
    K: a.shape[aColumn]!,
    N: b.shape[bColumn]!,
    batches: elementCount(a.shape.slice(0, rank - 2)),
    aM: a.strides[aRow]!,
    aK: a.strides[aColumn]!,
    bK: b.strides[bRow]!,
    bN: b.strides[bColumn]!,
  };
}

/** The plan as what shaders read from `p`. */
export function matmulParameters(plan: MatmulPlan): readonly Parameter[] {
  return (['M', 'N', 'K', 'batches', 'aM', 'aK', 'bK', 'bN'] as const).map((name) => ({
    name,
    type: 'u32',
    value: plan[name],
  }));
}

/** An input as an operand of which `at_NAME(batch)` gives the place of a matrix. */
export function matrixOperand(
  call: OpCall,
  index: 0 | 1,
  view: DispatchOperand['view'] = 'number',
): DispatchOperand {
  const { shape, strides } = call.inputs[index]!;
  return {
    name: index === 0 ? 'a' : 'b',
    place: { kind: 'input', index },
    view,
    window: { shape: shape.slice(0, -2), strides: strides.slice(0, -2) },
  };
}

/** Why the dtypes of a product are none of those that shaders take, or `undefined` if they are. */
export function matmulRefusal(call: OpCall): WebGpuSupport | undefined {
  const refused = refusal(call, [floats], [floats]);
  if (refused) return refused;
  const [a, b] = call.inputs.map(({ dtype }) => dtype) as [DType, DType];
  return a === b || a === 'f32' ? undefined : unsupported(`matmul: no shader for ${a} times ${b}`);
}
