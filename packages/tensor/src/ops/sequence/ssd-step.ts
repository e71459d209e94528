import type { OpDefinition } from '../../graph/op-definition.js';
import { record } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { reshape, unsqueeze } from '../../graph/views.js';
import { gatherRows } from '../array/gather-rows.js';
import { matmul } from '../array/matmul.js';
import { writeRows } from '../array/scatter-rows.js';
import { add, mul } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { exp } from '../elementwise/unary.js';
import { matchShapes } from '../match-shapes.js';
import { accumulated } from '../tolerances.js';
import { computeDType } from '../widen.js';
import { checkSelectiveTypes } from './selective-scan.js';
import { maskInactive } from './slots.js';
import { requireGroups, type SsdChunkScanInputs } from './ssd-chunk-scan.js';

export const ssdStepDefinition: OpDefinition = {
  name: 'ssdStep',
  tolerance: accumulated,
  infer: (inputs) => {
    checkSelectiveTypes('ssdStep', inputs);
    const [x, dt, A, B, C, states, slots] = inputs;
    const { H, G } = matchShapes('ssdStep', [
      ['x', x!, 'B H P'],
      ['dt', dt!, 'B H'],
      ['A', A!, 'H'],
      ['B', B!, 'B G N'],
      ['C', C!, 'B G N'],
      ['states', states!, 'S H P N'],
      ['slots', slots!, 'B'],
    ]);
    requireGroups('ssdStep', B!, H!, G!);
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
    const [batch, heads, size] = x.shape as [number, number, number];
    const [groups, width] = B.shape.slice(1) as [number, number];
    const shared = heads / groups; // heads per group, R

    const previous = cast(gatherRows(states, slots), dtype); // [B, H, P, N]
    const kept = mul(previous, reshape(exp(mul(dt, A)), [batch, heads, 1, 1]));
    const input = mul(reshape(mul(x, unsqueeze(dt, -1)), [batch, groups, shared * size, 1]), unsqueeze(B, 2)); // [B, G, R·P, N]
    const h = add(reshape(kept, [batch, groups, shared * size, width]), input);
    const y = reshape(matmul(h, unsqueeze(C, -1)), [batch, heads, size]);
    return [
      maskInactive(y, slots, states.shape[0]!, inputs[0]!.dtype),
      writeRows(states, slots, cast(reshape(h, [batch, heads, size, width]), states.dtype)),
    ];
  },
};

/**
 * One step of `ssdChunkScan`: its inputs without the axis T.
 * @returns y as `x` [B, H, P]; the pool with the new states written
 * @throws E_SHAPE, E_DTYPE
 */
export function ssdStep(inputs: SsdChunkScanInputs): { y: Tensor; states: Tensor } {
  const { x, dt, A, B, C, states, slots } = inputs;
  const outputs = record(ssdStepDefinition, [x, dt, A, B, C, states, slots]);
  return { y: outputs[0]!, states: outputs[1]! };
}
