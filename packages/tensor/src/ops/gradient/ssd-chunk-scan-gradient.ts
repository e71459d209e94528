import {
  type SsdChunkScanInputs,
  type SsdChunkScanOptions,
  ssdChunkScanDefinition,
} from '../sequence/ssd-chunk-scan.js';
import {
  type ArrivingGradients,
  recordScanGradient,
  type ScanGradients,
  scanGradientDefinition,
} from './scan-gradient.js';
import { decomposeSsdGradient } from './ssd-gradient-decomposition.js';

export const ssdChunkScanGradientDefinition = scanGradientDefinition(
  'ssdChunkScanGradient',
  ssdChunkScanDefinition,
  (inputs, { chunkSize }) => decomposeSsdGradient(inputs, chunkSize as number),
);

/**
 * The gradient of `ssdChunkScan`, from those of its outputs.
 * @param inputs as the op's; x, B, C and states all f32 or all f64
 * @param gradients `dy` as `x`; `dstates` as `states`, zeros when absent
 * @throws E_SHAPE, E_DTYPE, E_ARGUMENT
 */
export function ssdChunkScanGradient(
  inputs: SsdChunkScanInputs,
  gradients: ArrivingGradients,
  options: Required<SsdChunkScanOptions>,
): ScanGradients {
  const { chunkSize } = options;
  return recordScanGradient(ssdChunkScanGradientDefinition, inputs, gradients, { chunkSize });
}
