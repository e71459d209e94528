import { formatType, HybraError } from '@hybra/spec';
import type { OpDefinition, Tolerance } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { reshape, slice, unsqueeze } from '../../graph/views.js';
import { concat } from '../array/concat.js';
import { floats, requireAttribute, requireDType } from '../checks.js';
import { add, mul, sub } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { cos, sin } from '../elementwise/unary.js';
import { matchShapes } from '../match-shapes.js';
import { rounded } from '../tolerances.js';
import { widen } from '../widen.js';

/** The two products of a rotation cancel, and hardware's sine errs absolutely: 1e-5 of the pair's size. */
const tolerance: Tolerance = {
  f64: { relative: 1e-6, absolute: 1e-6 },
  f32: { relative: 1e-5, absolute: 2e-5 },
  f16: { relative: 2e-3, absolute: 1e-4 },
  bf16: { ...rounded.bf16!, absolute: 1e-3 },
};

export const ropeDefinition: OpDefinition = {
  name: 'rope',
  tolerance,
  infer: ([x, positions, inverseFrequencies], attributes) => {
    requireDType('rope', 'x', x!, floats);
    requireDType('rope', 'positions', positions!, ['i32']);
    requireDType('rope', 'inverseFrequencies', inverseFrequencies!, ['f32']);
    const { D, pairs } = matchShapes('rope', [
      ['x', x!, 'B T H D'],
      ['positions', positions!, 'B T'],
      ['inverseFrequencies', inverseFrequencies!, 'pairs'],
    ]);
    if (2 * pairs! > D!) {
      throw new HybraError(
        'E_SHAPE',
        `rope: ${formatType(inverseFrequencies!)} frequencies rotate ${2 * pairs!} dimensions, x ${formatType(x!)} has ${D} per head.`,
        { op: 'rope', shape: inverseFrequencies!.shape, dimensions: D },
      );
    }
    const { interleaved } = attributes;
    requireAttribute('rope', attributes, 'interleaved', 'true or false', typeof interleaved === 'boolean');
    return [x!];
  },
  decompose: ([x, positions, inverseFrequencies], { interleaved }) => {
    const [batch, length, heads, size] = x!.shape as [number, number, number, number];
    const pairs = inverseFrequencies!.shape[0]!;
    const angles = mul(cast(unsqueeze(positions!, -1), 'f32'), inverseFrequencies!);
    const wide = widen(x!);
    const spread = (y: Tensor): Tensor => cast(unsqueeze(y, 2), wide.dtype); // [B, T, 1, R/2]
    const cosines = spread(cos(angles));
    const sines = spread(sin(angles));

    const rotating = slice(wide, -1, 0, 2 * pairs);
    const [first, second] = interleaved
      ? [slice(rotating, -1, 0, undefined, 2), slice(rotating, -1, Math.min(1, 2 * pairs), undefined, 2)]
      : [slice(rotating, -1, 0, pairs), slice(rotating, -1, pairs)];
    const turned = [
      sub(mul(first!, cosines), mul(second!, sines)),
      add(mul(second!, cosines), mul(first!, sines)),
    ];
    const rotated = interleaved
      ? reshape(
          concat(
            turned.map((half) => unsqueeze(half, -1)),
            -1,
          ),
          [batch, length, heads, 2 * pairs],
        )
      : concat(turned, -1);
    const rest = slice(wide, -1, 2 * pairs, size);
    return [cast(concat([rotated, rest], -1), x!.dtype)];
  },
};

/** Options of {@link rope}. */
export interface RopeOptions {
  /** Pairs are (0, 1), (2, 3), … instead of (i, i + R/2). Default is `false`. */
  readonly interleaved?: boolean;
}

/**
 * Rotary position embedding: turns the pairs among the first R dimensions of each head by
 * position · frequency, in float32 or wider; the rest passes (Su et al. 2021).
 * @param x float[B, T, H, D]
 * @param positions i32[B, T]
 * @param inverseFrequencies f32[R / 2] in radians per position, R ≤ D
 * @returns as `x`
 * @throws E_SHAPE, E_DTYPE
 */
export function rope(
  x: Tensor,
  positions: Tensor,
  inverseFrequencies: Tensor,
  options: RopeOptions = {},
): Tensor {
  const attributes = { interleaved: options.interleaved ?? false };
  return recordOne(ropeDefinition, [x, positions, inverseFrequencies], attributes);
}
