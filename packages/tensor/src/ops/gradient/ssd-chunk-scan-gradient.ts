import type { OpDefinition } from '../../graph/op-definition.js';
import { record } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { scanTolerance } from '../sequence/selective-scan.js';
import {
  type SsdChunkScanInputs,
  type SsdChunkScanOptions,
  ssdChunkScanDefinition,
} from '../sequence/ssd-chunk-scan.js';
import { requireGradientOf, requireWide } from './check-gradient.js';
import { decomposeSsdGradient } from './ssd-gradient-decomposition.js';

const op = 'ssdChunkScanGradient';

export const ssdChunkScanGradientDefinition: OpDefinition = {
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
    ssdChunkScanDefinition.infer(inputs.slice(0, 7), attributes, undefined);
    requireGradientOf(op, ['x', x!], ['dy', dy!]);
    if (dstates) requireGradientOf(op, ['states', states!], ['dstates', dstates]);
    return [x!, dt!, A!, B!, C!, states!];
  },
  decompose: (inputs, { chunkSize }) => decomposeSsdGradient(inputs, chunkSize as number),
};

/** Gradients of {@link ssdChunkScanGradient}, each of the type of its input. */
export interface SsdChunkScanGradients {
  readonly dx: Tensor;
  readonly ddt: Tensor;
  readonly dA: Tensor;
  readonly dB: Tensor;
  readonly dC: Tensor;
  readonly dstates: Tensor;
}

/**
 * The gradient of `ssdChunkScan`, from those of its outputs.
 * @param inputs as the op's; x, B, C and states all f32 or all f64
 * @param gradients `dy` as `x`; `dstates` as `states`, zeros when absent
 * @throws E_SHAPE, E_DTYPE, E_ARGUMENT
 */
export function ssdChunkScanGradient(
  inputs: SsdChunkScanInputs,
  gradients: { readonly dy: Tensor; readonly dstates?: Tensor | undefined },
  options: Required<SsdChunkScanOptions>,
): SsdChunkScanGradients {
  const { x, dt, A, B, C, states, slots } = inputs;
  const arriving = gradients.dstates ? [gradients.dy, gradients.dstates] : [gradients.dy];
  const [dx, ddt, dA, dB, dC, dstates] = record(
    ssdChunkScanGradientDefinition,
    [x, dt, A, B, C, states, slots, ...arriving],
    { chunkSize: options.chunkSize },
  );
  return { dx: dx!, ddt: ddt!, dA: dA!, dB: dB!, dC: dC!, dstates: dstates! };
}
