import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { reshape } from '../../graph/views.js';
import { silu } from '../activation/silu.js';
import { requireAttribute, requireSameDType, requireSameShape } from '../checks.js';
import { mul } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { accumulated } from '../tolerances.js';
import { computeDType } from '../widen.js';
import { checkNorm } from './check-norm.js';
import { divideByRootMeanSquare, type NormOptions } from './rms-norm.js';

export const gatedRmsNormDefinition: OpDefinition = {
  name: 'gatedRmsNorm',
  tolerance: accumulated,
  infer: ([x, gate, weight], attributes) => {
    checkNorm('gatedRmsNorm', x!, [['weight', weight!]], attributes);
    requireSameDType('gatedRmsNorm', ['x', x!], ['gate', gate!]);
    requireSameShape('gatedRmsNorm', ['x', x!], ['gate', gate!]);
    const { groups, normBeforeGate } = attributes;
    const width = x!.shape[x!.shape.length - 1]!;
    requireAttribute(
      'gatedRmsNorm',
      attributes,
      'groups',
      `a whole number from 1 that divides the width ${width}`,
      typeof groups === 'number' && Number.isInteger(groups) && groups >= 1 && width % groups === 0,
    );
    const isFlag = typeof normBeforeGate === 'boolean';
    requireAttribute('gatedRmsNorm', attributes, 'normBeforeGate', 'true or false', isFlag);
    return [x!];
  },
  decompose: ([x, gate, weight], { epsilon, groups, normBeforeGate }) => {
    const dtype = computeDType(x!, weight!);
    const activated = silu(cast(gate!, dtype));
    const wide = cast(x!, dtype);
    const input = normBeforeGate ? wide : mul(wide, activated);
    const width = input.shape[input.rank - 1]!;
    const grouped = reshape(input, [
      ...input.shape.slice(0, -1),
      groups as number,
      width / (groups as number),
    ]);
    const normalized = reshape(divideByRootMeanSquare(grouped, epsilon as number), input.shape);
    const weighted = mul(normalized, cast(weight!, dtype));
    return [cast(normBeforeGate ? mul(weighted, activated) : weighted, x!.dtype)];
  },
};

/** Options of {@link gatedRmsNorm}. */
export interface GatedRmsNormOptions extends NormOptions {
  /** The width is normalised in this many equal groups. Default is 1. */
  readonly groups?: number;
  /** norm(x) · silu(gate) instead of norm(x · silu(gate)). Default is `false`. */
  readonly normBeforeGate?: boolean;
}

/**
 * Gated RMSNorm of Mamba-2 (Dao & Gu 2024, §7): norm(x · silu(gate)) · weight, statistics in float32 or wider,
 * per group of the last axis.
 * @param x float[…, W]
 * @param gate as `x`
 * @param weight float[W], of any float dtype
 * @returns as `x`
 * @throws E_SHAPE, E_DTYPE, E_ARGUMENT
 */
export function gatedRmsNorm(
  x: Tensor,
  gate: Tensor,
  weight: Tensor,
  options: GatedRmsNormOptions = {},
): Tensor {
  const { epsilon = 1e-5, groups = 1, normBeforeGate = false } = options;
  return recordOne(gatedRmsNormDefinition, [x, gate, weight], { epsilon, groups, normBeforeGate });
}
