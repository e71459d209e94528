import type { Attributes } from '@hybra/spec';
import type { OpDefinition } from '../../graph/op-definition.js';
import { record } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { type SelectiveScanInputs, scanTolerance } from '../sequence/selective-scan.js';
import { requireGradientOf, requireWide } from './check-gradient.js';

/** Gradients of the inputs of a scan, each of the type of its input. */
export interface ScanGradients {
  readonly dx: Tensor;
  readonly ddt: Tensor;
  readonly dA: Tensor;
  readonly dB: Tensor;
  readonly dC: Tensor;
  readonly dstates: Tensor;
}

/** Gradients of the outputs of a scan: `dy` as its y; `dstates` as its states, zeros when absent. */
export interface ArrivingGradients {
  readonly dy: Tensor;
  readonly dstates?: Tensor | undefined;
}

/**
 * The gradient of a scan over x, dt, A, B, C, states and slots as an op: those inputs, then dy and, where it arrives,
 * dstates; gradients of the first six.
 * @param scan the op that it is the gradient of: its inputs and attributes are checked as there
 */
export function scanGradientDefinition(
  name: OpDefinition['name'],
  scan: OpDefinition,
  decompose: NonNullable<OpDefinition['decompose']>,
): OpDefinition {
  return {
    name,
    tolerance: scanTolerance,
    infer: (inputs, attributes) => {
      const [x, dt, A, B, C, states, , dy, dstates] = inputs;
      requireWide(
        name,
        ['x', x!],
        [
          ['B', B!],
          ['C', C!],
          ['states', states!],
        ],
      );
      scan.infer(inputs.slice(0, 7), attributes, undefined);
      requireGradientOf(name, ['x', x!], ['dy', dy!]);
      if (dstates) requireGradientOf(name, ['states', states!], ['dstates', dstates]);
      return [x!, dt!, A!, B!, C!, states!];
    },
    decompose,
  };
}

/** Records the gradient of a scan. @throws E_SHAPE, E_DTYPE, and as the scan for its attributes */
export function recordScanGradient(
  definition: OpDefinition,
  { x, dt, A, B, C, states, slots }: SelectiveScanInputs,
  { dy, dstates: arriving }: ArrivingGradients,
  attributes?: Attributes,
): ScanGradients {
  const inputs = [x, dt, A, B, C, states, slots, dy, ...(arriving ? [arriving] : [])];
  const [dx, ddt, dA, dB, dC, dstates] = record(definition, inputs, attributes);
  return { dx: dx!, ddt: ddt!, dA: dA!, dB: dB!, dC: dC!, dstates: dstates! };
}
