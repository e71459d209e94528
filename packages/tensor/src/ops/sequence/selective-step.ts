import type { OpDefinition } from '../../graph/op-definition.js';
import { record } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { squeeze, unsqueeze } from '../../graph/views.js';
import { gatherRows } from '../array/gather-rows.js';
import { matmul } from '../array/matmul.js';
import { writeRows } from '../array/scatter-rows.js';
import { add, mul } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { exp } from '../elementwise/unary.js';
import { matchShapes } from '../match-shapes.js';
import { accumulated } from '../tolerances.js';
import { computeDType } from '../widen.js';
import { checkSelectiveTypes, type SelectiveScanInputs } from './selective-scan.js';
import { maskInactive } from './slots.js';

export const selectiveStepDefinition: OpDefinition = {
  name: 'selectiveStep',
  tolerance: accumulated,
  infer: (inputs) => {
    checkSelectiveTypes('selectiveStep', inputs);
    const [x, dt, A, B, C, states, slots] = inputs;
    matchShapes('selectiveStep', [
      ['x', x!, 'B D'],
      ['dt', dt!, 'B D'],
      ['A', A!, 'D N'],
      ['B', B!, 'B N'],
      ['C', C!, 'B N'],
      ['states', states!, 'S D N'],
      ['slots', slots!, 'B'],
    ]);
    return [x!, states!];
  },
  decompose: (inputs) => {
    const dtype = computeDType(...inputs);
    const [x, dt, A, B, C] = inputs.slice(0, 5).map((input) => cast(input, dtype)) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const [states, slots] = inputs.slice(5) as [Tensor, Tensor];
    const previous = cast(gatherRows(states, slots), dtype); // [B, D, N]
    const decay = exp(mul(unsqueeze(dt, -1), A));
    const input = mul(unsqueeze(mul(dt, x), -1), unsqueeze(B, 1));
    const h = add(mul(decay, previous), input);
    const y = squeeze(matmul(h, unsqueeze(C, -1)), -1); // [B, D]
    return [
      maskInactive(y, slots, states.shape[0]!, inputs[0]!.dtype),
      writeRows(states, slots, cast(h, states.dtype)),
    ];
  },
};

/**
 * One step of `selectiveScan`: its inputs without the axis T.
 * @returns y as `x` [B, D]; the pool with the new states written
 * @throws E_SHAPE, E_DTYPE
 */
export function selectiveStep(inputs: SelectiveScanInputs): { y: Tensor; states: Tensor } {
  const { x, dt, A, B, C, states, slots } = inputs;
  const outputs = record(selectiveStepDefinition, [x, dt, A, B, C, states, slots]);
  return { y: outputs[0]!, states: outputs[1]! };
}
