import { elementCount, type OpCall, type Operand, type OpName, type ProgramCall } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { joinGrid, joinThreads } from '../../launch/grid.js';
import {
  f32,
  flag,
  i64,
  type Launch,
  type Parameter,
  pointer,
  pointerTo,
  scratchOf,
  u32,
} from '../../launch/launch.js';
import { takesWindows } from '../../launch/windows.js';
import { refusal, unsupported } from '../accept.js';
import { gateStride } from '../composite/norms.js';

const rowsPerBlock = 8;
const mostBlocks = 132 * 2;
/** Shared memory holds a sum for each column and warp. */
const widest = 6144;

/** Of native/norm-gradient.cu: the widest groups of a warp and of a block, and the most columns that a block has sums of. */
const widestOfWarp = 512;
const widestOfBlock = 4096;
const mostColumns = 8192;
const blockThreads = 256;

interface Shape {
  readonly width: number;
  readonly groups: number;
  /** Rows times groups, and elements of a group. */
  readonly rows: number;
  readonly groupWidth: number;
}

function shapeOf(call: OpCall): Shape {
  const { shape } = call.inputs[0]!;
  const width = shape.at(-1)!;
  const groups = (call.attributes.groups as number | undefined) ?? 1;
  return { width, groups, rows: (elementCount(shape) / width) * groups, groupWidth: width / groups };
}

interface Held {
  readonly sharing: 32 | 256;
  readonly held: 2 | 4;
  readonly blocks: number;
  readonly parts: number;
}

/** How groups are held in registers, if they can be. */
function heldOf(call: OpCall): Held | undefined {
  const { width, groups, rows, groupWidth } = shapeOf(call);
  const gate = gateOf(call);
  const places = call.inputs.map(({ offset }) => offset);
  const isAligned = [...places, groupWidth, gate ? gateStride(gate)! : 0].every((each) => each % 4 === 0);
  if (!isAligned || groupWidth > widestOfBlock || width > mostColumns) return undefined;
  const sharing = groupWidth <= widestOfWarp ? 32 : blockThreads;
  const held = groupWidth <= sharing * 8 ? 2 : 4;
  const perBlock = blockThreads / sharing;
  // Whole turns of groups: a worker's group stays the same.
  const most = Math.max(1, Math.min(mostBlocks, Math.ceil(rows / perBlock)));
  const blocks = Math.max(1, Math.floor(most / groups)) * groups;
  return { sharing, held, blocks, parts: sharing === 32 ? blocks : blocks / groups };
}

function gateOf(call: OpCall): OpCall['inputs'][number] | undefined {
  return call.inputs.length === 4 ? call.inputs[1] : undefined;
}

function blocksOf(call: OpCall): number {
  const { width } = shapeOf(call);
  const rows = elementCount(call.inputs[0]!.shape) / Math.max(width, 1);
  return Math.max(1, Math.min(Math.ceil(rows / rowsPerBlock), mostBlocks));
}

/** The gradients of a norm over the last axis: those of its weight are joined by a second launch. */
function normGradientKernel(op: OpName, name: string): CudaKernel {
  return {
    name,
    op,
    supports: (call) => {
      const refused = refusal(call, [['f32']]);
      if (refused) return refused;
      const { width } = shapeOf(call);
      if (elementCount(call.inputs[0]!.shape) === 0) return unsupported(`${op}: no elements`);
      const gate = gateOf(call);
      const hasRows = !gate || gateStride(gate) !== undefined;
      const held = hasRows ? heldOf(call) : undefined;
      if (!held && width > widest) return unsupported(`${op}: rows wider than ${widest}`);
      const inner = gate ? { 1: gate.shape.length - 1 } : {};
      return {
        supported: true,
        acceptsStrided: held !== undefined && takesWindows(call, inner),
        scratchBytes: (held?.parts ?? blocksOf(call)) * width * 4,
      };
    },
    plan: (call) => planNormGradient(call),
  };
}

/** Launches of one gradient; `residual` is added to that of x, which goes to `dx`. */
export function planNormGradient(
  call: ProgramCall,
  around: { readonly residual?: Operand; readonly dx?: Operand } = {},
): readonly Launch[] {
  const gate = gateOf(call) as Operand | undefined;
  const [x, weight, dy] = gate ? [0, 2, 3].map((index) => call.inputs[index]!) : call.inputs;
  const dx = around.dx ?? call.outputs[0]!;
  const dgate = gate && call.outputs[1];
  const { epsilon, normBeforeGate } = call.attributes;
  const { width, groups, rows, groupWidth } = shapeOf(call);
  const held = heldOf(call);
  const parts = scratchOf(call);
  const entry = gate ? 'gated_rms' : 'rms';
  const sizes: readonly Parameter[] = [
    u32(groups),
    f32(epsilon as number),
    flag(normBeforeGate === true),
    u32(0),
  ];
  const join: Launch = {
    kind: 'kernel',
    module: 'training',
    entry: 'join_parts',
    grid: joinGrid(width),
    block: joinThreads,
    parameters: [
      pointerTo(parts),
      pointer(call.outputs.at(-1)),
      u32(width),
      u32(held?.parts ?? blocksOf(call)),
    ],
  };
  if (held) {
    return [
      {
        kind: 'kernel',
        module: 'norm-gradient',
        entry: `${entry}_gradient_${held.sharing}_${held.held}`,
        grid: [held.blocks, 1, 1],
        block: blockThreads,
        sharedBytes: held.sharing === 32 ? width * 4 : 0,
        parameters: [
          ...[x, gate, weight, dy, around.residual, dx, dgate].map(pointer),
          pointerTo(parts),
          u32(rows),
          u32(groupWidth),
          ...sizes,
          i64(gate ? gateStride(gate)! : 0),
        ],
      },
      join,
    ];
  }
  return [
    {
      kind: 'kernel',
      module: 'training',
      entry: `${entry}_norm_gradient`,
      grid: [blocksOf(call), 1, 1],
      block: rowsPerBlock * 32,
      sharedBytes: rowsPerBlock * width * 4,
      parameters: [
        ...[x, gate, weight, dy, dx, dgate].map(pointer),
        pointerTo(parts),
        u32(rows / groups),
        u32(width),
        ...sizes,
      ],
    },
    join,
  ];
}

/** Whether the gradient can add a residual. */
export function addsResidual(call: OpCall): boolean {
  return heldOf(call) !== undefined;
}

/** Gradients of `rmsNorm`. */
export const rmsNormGradientKernel: CudaKernel = normGradientKernel(
  'rmsNormGradient',
  'cuda/rms-norm-gradient',
);

/** Gradients of `gatedRmsNorm`. */
export const gatedRmsNormGradientKernel: CudaKernel = normGradientKernel(
  'gatedRmsNormGradient',
  'cuda/gated-rms-norm-gradient',
);
