import type { OpDefinition } from '../../graph/op-definition.js';
import { record } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import {
  type SelectiveScanInputs,
  scanTolerance,
  selectiveScanDefinition,
} from '../sequence/selective-scan.js';
import { requireGradientOf, requireWide } from './check-gradient.js';
import { decomposeSelectiveGradient } from './selective-gradient-decomposition.js';
import type { SsdChunkScanGradients } from './ssd-chunk-scan-gradient.js';

const op = 'selectiveScanGradient';

export const selectiveScanGradientDefinition: OpDefinition = {
  name: op,
  tolerance: scanTolerance,
  infer: (inputs, attributes) => {
    const [x, dt, A, B, C, states, , dy, dstates] = inputs;
    requireWide(
      op,
      ['x', x!],
      [
        ['B', B!],
        ['C', C!],
        ['states', states!],
      ],
    );
    selectiveScanDefinition.infer(inputs.slice(0, 7), attributes, undefined);
    requireGradientOf(op, ['x', x!], ['dy', dy!]);
    if (dstates) requireGradientOf(op, ['states', states!], ['dstates', dstates]);
    return [x!, dt!, A!, B!, C!, states!];
  },
  decompose: (inputs) => decomposeSelectiveGradient(inputs),
};

/**
 * The gradient of `selectiveScan`, from those of its outputs.
 * @param inputs as the op's; x, B, C and states all f32 or all f64
 * @param gradients `dy` as `x`; `dstates` as `states`, zeros when absent
 * @throws E_SHAPE, E_DTYPE
 */
export function selectiveScanGradient(
  inputs: SelectiveScanInputs,
  gradients: { readonly dy: Tensor; readonly dstates?: Tensor | undefined },
): SsdChunkScanGradients {
  const { x, dt, A, B, C, states, slots } = inputs;
  const arriving = gradients.dstates ? [gradients.dy, gradients.dstates] : [gradients.dy];
  const outputs = record(selectiveScanGradientDefinition, [x, dt, A, B, C, states, slots, ...arriving]);
  const [dx, ddt, dA, dB, dC, dstates] = outputs;
  return { dx: dx!, ddt: ddt!, dA: dA!, dB: dB!, dC: dC!, dstates: dstates! };
}
