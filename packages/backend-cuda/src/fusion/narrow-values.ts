import { type Operand, overlap, type Program, type ProgramCall, ProgramMemory } from '@hybra/spec';
import { elementChain } from './fuse-elements.js';
import { fuseSsd } from './fuse-ssd.js';

/** Kernels that write bfloat16 as well as float32. */
const writers: ReadonlySet<string> = new Set([
  'cuda/rms-norm',
  'cuda/gated-rms-norm',
  'cuda/gelu',
  'cuda/silu',
  'cuda/swiglu',
  'cuda/cross-entropy-gradient',
  'cuda/concat',
  'cuda/mul',
  'cuda/add',
]);

/** Products and scans that round their operands to bfloat16 anyway. */
const rounding = 'cuda/matmul-wgmma-rounded';
const roundingScan = 'cuda/ssd-wgmma-rounded';

/**
 * The program with values stored in bfloat16 where nothing but products that round them reads them: the same numbers,
 * half the bytes, and no pass that rounds.
 */
export function narrowValues(program: Program): Program {
  if (!program.calls.some(({ kernel }) => kernel === rounding)) return program;
  const memory = new ProgramMemory(program);
  const calls: ProgramCall[] = [...program.calls];
  for (const [index, call] of program.calls.entries()) {
    const readers = writers.has(call.kernel)
      ? readersOf(memory, index, isProduct)
      : call.kernel === 'cuda/causal-conv'
        ? scanAfter(memory, index)
        : undefined;
    if (!readers) continue;
    const [y] = call.outputs as [Operand];
    calls[index] = { ...calls[index]!, outputs: [narrow(y, y), ...calls[index]!.outputs.slice(1)] };
    for (const at of readers) {
      const reader = calls[at]!;
      const original = program.calls[at]!;
      const inputs = reader.inputs.map((input, place) =>
        isWithin(memory, original.inputs[place]!, y) ? narrow(input, y) : input,
      );
      calls[at] = { ...reader, inputs };
    }
  }
  return { ...program, calls };
}

const isProduct = ({ kernel }: ProgramCall): boolean => kernel === rounding;

/** The calls that read a call's first output, if they are all of a kind and it is a float32 that can lie narrowed. */
function readersOf(
  memory: ProgramMemory,
  index: number,
  isReader: (call: ProgramCall) => boolean,
): readonly number[] | undefined {
  const { calls } = memory.program;
  const { inputs, outputs } = calls[index]!;
  const [y] = outputs as [Operand];
  const range = memory.rangeOf(y);
  const overlaps = (operand: Operand): boolean => overlap(memory.rangeOf(operand), range);
  const read = elementChain(memory, index)?.inputs ?? inputs;
  if (y.dtype !== 'f32' || memory.isKept(range) || read.some(overlaps)) {
    return undefined;
  }
  const readers: number[] = [];
  for (let at = index + 1; at < calls.length; at++) {
    const call = calls[at]!;
    const read = call.inputs.filter(overlaps);
    if (read.length > 0) {
      if (!isReader(call) || !read.every((each) => isWithin(memory, each, y))) return undefined;
      readers.push(at);
    }
    if (memory.accesses[at]!.writes.some((each) => overlap(each, range))) break;
  }
  return readers.length > 0 ? readers : undefined;
}

/** The scan that rounds what a convolution makes, with the product by the skip that is computed in it. */
function scanAfter(memory: ProgramMemory, index: number): readonly number[] | undefined {
  const { calls } = memory.program;
  const readers = readersOf(memory, index, ({ kernel }) => kernel === roundingScan || kernel === 'cuda/mul');
  const scans = readers?.filter((at) => calls[at]!.kernel === roundingScan);
  if (!readers || scans?.length !== 1) return undefined;
  const [scan] = scans as [number];
  const [x, , , B, C] = calls[scan]!.inputs;
  const words = [x!, B!, C!].flatMap(({ offset, strides }) => [offset, ...strides.slice(0, 2)]);
  const areAligned = [...words, calls[index]!.outputs[0]!.offset].every((each) => each % 8 === 0);
  const fusion = fuseSsd(memory, scan);
  return areAligned && readers.every((at) => at === scan || fusion?.members.includes(at))
    ? readers
    : undefined;
}

function isWithin(memory: ProgramMemory, operand: Operand, made: Operand): boolean {
  const [inner, outer] = [memory.rangeOf(operand), memory.rangeOf(made)];
  return (
    operand.dtype === 'f32' &&
    operand.buffer === made.buffer &&
    inner.space === outer.space &&
    inner.start >= outer.start &&
    inner.end <= outer.end
  );
}

/** An operand of a value whose first byte stays where it was. */
function narrow(operand: Operand, made: Operand): Operand {
  return { ...operand, dtype: 'bf16', offset: operand.offset + made.offset };
}
