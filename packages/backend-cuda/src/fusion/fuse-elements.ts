import {
  canFuse,
  elementCount,
  type FusedAccess,
  isContiguous,
  type Operand,
  type ProgramMemory,
} from '@hybra/spec';
import { typed } from '../launch/dtype-code.js';
import { elementGrid, elementThreads } from '../launch/grid.js';
import { pointer, u32 } from '../launch/launch.js';
import type { Fusion } from './fusion.js';

/**
 * Chains of elementwise calls that one kernel of native/fused-elements.cu computes, by the calls in order: `d` are whole
 * inputs, `s` single numbers, `%` results of earlier calls of the chain.
 */
const chains: Readonly<
  Record<string, { readonly entry: string; readonly dense: number; readonly scalars: number }>
> = {
  // The derivative of x Φ(x), times what arrives (autograd's rule for gelu).
  'mul d0 s0;mul d1 %0;mul d0 s1;mul %2 %2;neg %3;exp %4;mul %5 s2;mul %1 %6;mul %7 s1;erf %2;add %9 s3;mul d1 %10;mul %11 s0;add %8 %12':
    { entry: 'gelu_gradient', dense: 2, scalars: 4 },
};
const longest = 16;
const ends: ReadonlySet<string> = new Set(['cuda/add']);
const links: ReadonlySet<string> = new Set(
  ['add', 'sub', 'mul', 'neg', 'exp', 'erf'].map((op) => `cuda/${op}`),
);

/** A chain that ends with one call. */
export interface ElementChain {
  readonly members: readonly number[];
  readonly entry: string;
  readonly reads: readonly FusedAccess[];
  readonly inputs: readonly Operand[];
}

/** The chain that ends with call `index`, if a kernel computes it. */
export function elementChain(memory: ProgramMemory, index: number): ElementChain | undefined {
  const { calls } = memory.program;
  if (!ends.has(calls[index]!.kernel)) return undefined;
  const count = elementCount(calls[index]!.outputs[0]!.shape);
  const members = new Set([index]);
  // From the last call to the first: a call belongs to the chain if nothing but the chain reads what it makes.
  for (let at = index - 1; at >= 0 && at > index - 2 * longest && members.size < longest; at--) {
    const call = calls[at]!;
    if (!links.has(call.kernel) || elementCount(call.outputs[0]!.shape) !== count) continue;
    const readers = readersOf(memory, at);
    if (readers.length > 0 && readers.every((reader) => members.has(reader))) members.add(at);
  }
  if (members.size < 3) return undefined;
  const order = [...members].sort((a, b) => a - b);
  const dense = new Map<string, FusedAccess>();
  const scalars = new Map<string, FusedAccess>();
  const words: string[] = [];
  for (const at of order) {
    const { op, inputs, outputs } = calls[at]!;
    if (outputs[0]!.dtype !== 'f32' && at !== index) return undefined;
    const names: string[] = [];
    for (const operand of inputs) {
      if (operand.dtype !== 'f32') return undefined;
      const made = memory.producerOf(at, operand);
      const isScalar = operand.strides.every((stride, axis) => stride === 0 || operand.shape[axis] === 1);
      if (made !== undefined && members.has(made) && isContiguous(operand)) {
        names.push(`%${order.indexOf(made)}`);
      } else if (isScalar || isContiguous(operand)) {
        const leaves = isScalar ? scalars : dense;
        const key = `${operand.buffer} ${operand.offset} ${made}`;
        if (!leaves.has(key)) leaves.set(key, { at, operand });
        names.push(`${isScalar ? 's' : 'd'}${[...leaves.keys()].indexOf(key)}`);
      } else {
        return undefined;
      }
    }
    words.push([op, ...names].join(' '));
  }
  const known = chains[words.join(';')];
  if (known?.dense !== dense.size || known.scalars !== scalars.size) return undefined;
  const reads = [...dense.values(), ...scalars.values()];
  return { members: order, entry: known.entry, reads, inputs: reads.map(({ operand }) => operand) };
}

/** Chains of elementwise calls as one launch. */
export function fuseElements(memory: ProgramMemory, index: number): Fusion | undefined {
  const chain = elementChain(memory, index);
  if (!chain) return undefined;
  const { calls } = memory.program;
  const y = calls[index]!.outputs[0]!;
  const isSound = canFuse(memory, {
    members: chain.members,
    reads: chain.reads,
    writes: [{ at: index, operand: y }],
    dropped: chain.members
      .filter((at) => at !== index)
      .map((at) => ({ at, operand: calls[at]!.outputs[0]! })),
  });
  if (!isSound) return undefined;
  const count = elementCount(y.shape);
  const isAligned =
    count % 4 === 0 && [...chain.inputs.slice(0, 2), y].every(({ offset }) => offset % 4 === 0);
  if (!isAligned) return undefined;
  return {
    members: chain.members,
    launches: [
      {
        kind: 'kernel',
        module: 'fused-elements',
        entry: chain.entry,
        grid: elementGrid(count / 4),
        block: elementThreads,
        parameters: [...chain.inputs.map(pointer), ...typed(y), u32(count / 4)],
      },
    ],
  };
}

/** The calls that read a call's first output before it is written over. */
function readersOf(memory: ProgramMemory, index: number): readonly number[] {
  const { calls } = memory.program;
  const range = memory.rangeOf(calls[index]!.outputs[0]!);
  if (memory.isKept(range)) return [calls.length];
  const readers: number[] = [];
  for (let at = index + 1; at < calls.length; at++) {
    const { reads, writes } = memory.accesses[at]!;
    const touches = (other: typeof range): boolean =>
      other.space === range.space && other.start < range.end && range.start < other.end;
    if (reads.some(touches)) readers.push(at);
    if (writes.some(touches)) break;
  }
  return readers;
}
