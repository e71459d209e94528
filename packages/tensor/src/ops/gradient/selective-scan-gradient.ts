import { type SelectiveScanInputs, selectiveScanDefinition } from '../sequence/selective-scan.js';
import {
  type ArrivingGradients,
  recordScanGradient,
  type ScanGradients,
  scanGradientDefinition,
} from './scan-gradient.js';
import { decomposeSelectiveGradient } from './selective-gradient-decomposition.js';

export const selectiveScanGradientDefinition = scanGradientDefinition(
  'selectiveScanGradient',
  selectiveScanDefinition,
  (inputs) => decomposeSelectiveGradient(inputs),
);

/**
 * The gradient of `selectiveScan`, from those of its outputs.
 * @param inputs as the op's; x, B, C and states all f32 or all f64
 * @param gradients `dy` as `x`; `dstates` as `states`, zeros when absent
 * @throws E_SHAPE, E_DTYPE
 */
export function selectiveScanGradient(
  inputs: SelectiveScanInputs,
  gradients: ArrivingGradients,
): ScanGradients {
  return recordScanGradient(selectiveScanGradientDefinition, inputs, gradients);
}
