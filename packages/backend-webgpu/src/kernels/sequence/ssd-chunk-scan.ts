import type { OpCall, ProgramCall } from '@hybra/spec';
import type { WebGpuKernel } from '../../kernel.js';
import { poolCopy, scanSupport } from './pool.js';
import { chunkOutputs, chunkStates, cumulativeDecays, mapProducts, passStates } from './ssd-dispatches.js';
import { mostPositions, type SsdSizes, ssdScratch } from './ssd-sizes.js';

/**
 * Mamba-2 over a sequence as the chunked algorithm (Dao & Gu 2024, §6, Listing 1), its parts matrix products
 * with tiles in workgroup memory, in five dispatches: cumulative dt·A; C·Bᵀ per group; the state that each
 * chunk adds; the states passed from chunk to chunk; the outputs.
 */
export const ssdChunkScanKernel: WebGpuKernel = {
  name: 'webgpu/ssd-chunks',
  op: 'ssdChunkScan',
  supports: (call) => scanSupport(call, ssdScratch(sizesOf(call)).byteLength),
  build: (call, context) => {
    const sizes = sizesOf(call);
    return [
      ...poolCopy(call, context),
      cumulativeDecays(sizes),
      mapProducts(sizes),
      chunkStates(sizes, call),
      passStates(sizes),
      chunkOutputs(sizes, call),
    ];
  },
};

function sizesOf(call: OpCall | ProgramCall): SsdSizes {
  const [batch, T, H, P] = call.inputs[0]!.shape as [number, number, number, number];
  const [, , G, N] = call.inputs[3]!.shape as [number, number, number, number];
  // Longer chunks only make more work within them; shorter ones would make more states to pass.
  const Q = Math.min(Math.max(call.attributes.chunkSize as number, 1), mostPositions);
  return { batch, T, H, P, G, N, Q, chunks: Math.ceil(T / Q), S: call.inputs[5]!.shape[0]! };
}
