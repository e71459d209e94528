import type { OpDefinition } from '../../graph/op-definition.js';
import { record } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { reshape } from '../../graph/views.js';
import { silu } from '../activation/silu.js';
import { sum } from '../array/reduce.js';
import { add, mul, sub } from '../elementwise/binary.js';
import { sigmoid } from '../elementwise/derived.js';
import { type GatedRmsNormOptions, gatedRmsNormDefinition } from '../norm/gated-rms-norm.js';
import { accumulated } from '../tolerances.js';
import { requireGradientOf, requireWide } from './check-gradient.js';
import { leadingAxes, throughRootMeanSquare } from './rms-norm-gradient.js';

export const gatedRmsNormGradientDefinition: OpDefinition = {
  name: 'gatedRmsNormGradient',
  tolerance: accumulated,
  infer: ([x, gate, weight, dy], attributes) => {
    requireWide(
      'gatedRmsNormGradient',
      ['x', x!],
      [
        ['gate', gate!],
        ['weight', weight!],
      ],
    );
    gatedRmsNormDefinition.infer([x!, gate!, weight!], attributes, undefined);
    requireGradientOf('gatedRmsNormGradient', ['x', x!], ['dy', dy!]);
    return [x!, gate!, weight!];
  },
  decompose: ([x, gate, weight, dy], { epsilon, groups, normBeforeGate }) => {
    const width = x!.shape[x!.rank - 1]!;
    const grouped = (each: Tensor): Tensor =>
      reshape(each, [...x!.shape.slice(0, -1), groups as number, width / (groups as number)]);
    const activated = silu(gate!);
    const weighted = mul(dy!, weight!);
    const through = (input: Tensor, arriving: Tensor) => {
      const { dx, normalized } = throughRootMeanSquare(grouped(input), grouped(arriving), epsilon as number);
      return { dinput: reshape(dx, x!.shape), normalized: reshape(normalized, x!.shape) };
    };
    if (normBeforeGate) {
      const { dinput, normalized } = through(x!, mul(weighted, activated));
      const dgate = throughSilu(gate!, mul(weighted, normalized));
      return [dinput, dgate, sum(mul(mul(dy!, activated), normalized), leadingAxes(x!))];
    }
    const { dinput, normalized } = through(mul(x!, activated), weighted);
    const dgate = throughSilu(gate!, mul(dinput, x!));
    return [mul(dinput, activated), dgate, sum(mul(dy!, normalized), leadingAxes(x!))];
  },
};

/** The gradient of x for `gradient` arriving at silu(x): σ (1 + x (1 − σ)) times it. */
export function throughSilu(x: Tensor, gradient: Tensor): Tensor {
  const opened = sigmoid(x);
  return mul(gradient, mul(opened, add(mul(x, sub(1, opened)), 1)));
}

/** Inputs of {@link gatedRmsNormGradient}. */
export interface GatedRmsNormGradientInputs {
  /** f32 or f64[…, D] */
  readonly x: Tensor;
  /** As `x`. */
  readonly gate: Tensor;
  /** Dtype of `x`[D]. */
  readonly weight: Tensor;
  /** As `x`, what arrives at the output. */
  readonly dy: Tensor;
}

/**
 * The gradient of `gatedRmsNorm`.
 * @throws E_SHAPE, E_DTYPE, E_ARGUMENT
 */
export function gatedRmsNormGradient(
  { x, gate, weight, dy }: GatedRmsNormGradientInputs,
  { epsilon, groups, normBeforeGate }: Required<GatedRmsNormOptions>,
): { dx: Tensor; dgate: Tensor; dweight: Tensor } {
  const attributes = { epsilon, groups, normBeforeGate };
  const [dx, dgate, dweight] = record(gatedRmsNormGradientDefinition, [x, gate, weight, dy], attributes);
  return { dx: dx!, dgate: dgate!, dweight: dweight! };
}
