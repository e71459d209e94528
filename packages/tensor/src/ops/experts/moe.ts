import { formatType, HybraError, type TensorType } from '@hybra/spec';
import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { unsqueeze } from '../../graph/views.js';
import { gelu } from '../activation/gelu.js';
import { silu } from '../activation/silu.js';
import { iota } from '../array/iota.js';
import { matmul } from '../array/matmul.js';
import { sum } from '../array/reduce.js';
import { expandTo } from '../broadcast.js';
import { floats, requireAttribute, requireDType } from '../checks.js';
import { equal, mul } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { greater, relu, square } from '../elementwise/derived.js';
import { select } from '../elementwise/select.js';
import { matchShapes } from '../match-shapes.js';
import { accumulated } from '../tolerances.js';
import { computeDType } from '../widen.js';

/** Activations between the matrices of an expert. */
export type ExpertActivation = 'silu' | 'gelu' | 'geluTanh' | 'relu' | 'relu2';

const activations: Readonly<Record<ExpertActivation, (x: Tensor) => Tensor>> = {
  silu,
  gelu: (x) => gelu(x, { approximate: 'none' }),
  geluTanh: (x) => gelu(x, { approximate: 'tanh' }),
  relu,
  relu2: (x) => square(relu(x)),
};

export const moeDefinition: OpDefinition = {
  name: 'moe',
  tolerance: accumulated,
  infer: (inputs, attributes) => {
    const [x, ids, weights, up, down, gate] = inputs;
    if (inputs.length !== 5 && inputs.length !== 6) {
      throw new HybraError('E_ARGUMENT', `moe: ${inputs.length} inputs, expected 5 or 6.`, { op: 'moe' });
    }
    requireDType('moe', 'x', x!, floats);
    requireDType('moe', 'ids', ids!, ['i32']);
    requireDType('moe', 'weights', weights!, ['f32']);
    const matrices: [string, TensorType][] = [
      ['up', up!],
      ['down', down!],
    ];
    if (gate) matrices.push(['gate', gate]);
    for (const [name, type] of matrices) requireWeight(name, type, x!);
    matchShapes('moe', [
      ['x', x!, 'R D'],
      ['ids', ids!, 'R K'],
      ['weights', weights!, 'R K'],
      ['up', up!, 'E F D'],
      ['down', down!, 'E D F'],
      ...(gate ? ([['gate', gate, 'E F D']] as const) : []),
    ]);
    const isKnown = Object.hasOwn(activations, String(attributes.activation));
    requireAttribute(
      'moe',
      attributes,
      'activation',
      `one of ${Object.keys(activations).join(', ')}`,
      isKnown,
    );
    return [x!];
  },
  // Every expert for every row, and zero for those that a row did not choose. Each chooses few: a kernel that
  // sorts rows by expert does a fraction of this work.
  decompose: (inputs, { activation }) => {
    const [x, ids, weights, up, down, gate] = inputs as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor | undefined,
    ];
    const dtype = computeDType(x);
    const [rows, width] = x.shape as [number, number];
    const experts = up.shape[0]!;
    const everywhere = expandTo(unsqueeze(cast(x, dtype), 0), [experts, rows, width]);
    const act = activations[activation as ExpertActivation];
    const raised = matmul(everywhere, up, { transposeB: true }); // [E, R, F]
    const inner = gate ? mul(act(matmul(everywhere, gate, { transposeB: true })), raised) : act(raised);
    const outputs = matmul(inner, down, { transposeB: true }); // [E, R, D]

    const isChosen = equal(unsqueeze(ids, 0), iota([experts, 1, 1], 0)); // [E, R, K]
    const shares = sum(select(isChosen, unsqueeze(cast(weights, dtype), 0), 0), [-1]); // [E, R]
    // Not multiplied by 0: what a row did not choose may be infinite.
    const chosen = greater(sum(cast(isChosen, 'f32'), [-1]), 0);
    const parts = select(unsqueeze(chosen, -1), mul(outputs, unsqueeze(shares, -1)), 0);
    return [cast(sum(parts, [0]), x.dtype)];
  },
};

/** Inputs of {@link moe}. */
export interface MoeInputs {
  /** float[R, D] */
  readonly x: Tensor;
  /** i32[R, K], experts of each row; one outside 0 … E − 1 adds nothing. */
  readonly ids: Tensor;
  /** f32[R, K] */
  readonly weights: Tensor;
  /** float[E, F, D]; may be f16 or bf16 beside an f32 x. */
  readonly up: Tensor;
  /** float[E, D, F], likewise. */
  readonly down: Tensor;
  /** float[E, F, D], likewise; absent: the experts have no gate. */
  readonly gate?: Tensor | undefined;
}

/**
 * A mixture of experts (Shazeer et al. 2017): y = Σₖ weights[k] · down[id](act(up[id] x)), or
 * down[id](act(gate[id] x) · up[id] x) with a gate. Every row gets all of its experts.
 * @returns as `x`
 * @throws E_SHAPE, E_DTYPE, E_ARGUMENT
 */
export function moe(inputs: MoeInputs, options: { readonly activation: ExpertActivation }): Tensor {
  const { x, ids, weights, up, down, gate } = inputs;
  const operands = [x, ids, weights, up, down, ...(gate ? [gate] : [])];
  return recordOne(moeDefinition, operands, { activation: options.activation });
}

function requireWeight(name: string, type: TensorType, x: TensorType): void {
  const isNarrow = x.dtype === 'f32' && (type.dtype === 'f16' || type.dtype === 'bf16');
  if (isNarrow || type.dtype === x.dtype) return;
  throw new HybraError(
    'E_DTYPE',
    `moe: ${name} is ${formatType(type)}, expected ${x.dtype} as x${x.dtype === 'f32' ? ', f16 or bf16' : ''}.`,
    { op: 'moe', argument: name, dtype: type.dtype },
  );
}
