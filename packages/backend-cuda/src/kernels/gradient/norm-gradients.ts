import { elementCount, type OpCall, type OpName, type ProgramCall } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { joinGrid, joinThreads } from '../../launch/grid.js';
import { f32, flag, type Launch, pointer, pointerTo, scratchOf, u32 } from '../../launch/launch.js';
import { refusal, unsupported } from '../accept.js';

const rowsPerBlock = 8;
const mostBlocks = 132 * 2;
/** Shared memory holds a sum for each column and warp. */
const widest = 6144;

function blocksOf(call: OpCall): number {
  const width = call.inputs[0]!.shape.at(-1)!;
  const rows = elementCount(call.inputs[0]!.shape) / Math.max(width, 1);
  return Math.max(1, Math.min(Math.ceil(rows / rowsPerBlock), mostBlocks));
}

/** The gradients of a norm over the last axis: those of its weight are joined by a second launch. */
function normGradientKernel(op: OpName, name: string, entry: string): CudaKernel {
  return {
    name,
    op,
    supports: (call) => {
      const refused = refusal(call, [['f32']]);
      if (refused) return refused;
      const width = call.inputs[0]!.shape.at(-1)!;
      if (width > widest) return unsupported(`${op}: rows wider than ${widest}`);
      if (elementCount(call.inputs[0]!.shape) === 0) return unsupported(`${op}: no elements`);
      return { supported: true, scratchBytes: blocksOf(call) * width * 4 };
    },
    plan: (call) => planNormGradient(call, entry),
  };
}

function planNormGradient(call: ProgramCall, entry: string): readonly Launch[] {
  const isGated = call.inputs.length === 4;
  const [x, gate, weight, dy] = isGated ? call.inputs : [call.inputs[0], undefined, ...call.inputs.slice(1)];
  const [dx, dgate] = isGated ? call.outputs : [call.outputs[0], undefined];
  const { epsilon, groups = 1, normBeforeGate } = call.attributes;
  const width = x!.shape.at(-1)!;
  const parts = scratchOf(call);
  const blocks = blocksOf(call);
  return [
    {
      kind: 'kernel',
      module: 'training',
      entry,
      grid: [blocks, 1, 1],
      block: rowsPerBlock * 32,
      sharedBytes: rowsPerBlock * width * 4,
      parameters: [
        ...[x, gate, weight, dy, dx, dgate].map(pointer),
        pointerTo(parts),
        u32(elementCount(x!.shape) / width),
        u32(width),
        u32(groups as number),
        f32(epsilon as number),
        flag(normBeforeGate === true),
        u32(0),
      ],
    },
    {
      kind: 'kernel',
      module: 'training',
      entry: 'join_parts',
      grid: joinGrid(width),
      block: joinThreads,
      parameters: [pointerTo(parts), pointer(call.outputs.at(-1)), u32(width), u32(blocks)],
    },
  ];
}

/** Gradients of `rmsNorm`. */
export const rmsNormGradientKernel: CudaKernel = normGradientKernel(
  'rmsNormGradient',
  'cuda/rms-norm-gradient',
  'rms_norm_gradient',
);

/** Gradients of `gatedRmsNorm`. */
export const gatedRmsNormGradientKernel: CudaKernel = normGradientKernel(
  'gatedRmsNormGradient',
  'cuda/gated-rms-norm-gradient',
  'gated_rms_norm_gradient',
);
