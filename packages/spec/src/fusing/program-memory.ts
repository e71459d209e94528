import { byteSize } from '../dtype.js';
import type { Operand, Program } from '../program.js';

/** Bytes of one of a program's memories, from `start` to before `end`. */
export interface MemoryRange {
  readonly space: string;
  readonly start: number;
  readonly end: number;
}

/** What one call reads and writes. */
export interface CallAccesses {
  readonly reads: readonly MemoryRange[];
  readonly writes: readonly MemoryRange[];
}

/** Whether two ranges have a byte in common. */
export function overlap(a: MemoryRange, b: MemoryRange): boolean {
  return a.space === b.space && a.start < b.end && b.start < a.end;
}

/** Which bytes the calls of a program read and write. */
export class ProgramMemory {
  readonly program: Program;
  readonly accesses: readonly CallAccesses[];

  constructor(program: Program) {
    this.program = program;
    this.accesses = program.calls.map(({ inputs, outputs, scratch }) => ({
      reads: inputs.map((operand) => this.rangeOf(operand)),
      writes: [
        ...outputs.map((operand) => this.rangeOf(operand)),
        ...(scratch ? [this.#range(scratch.buffer, 0, scratch.byteLength)] : []),
      ],
    }));
  }

  /** From an operand's first byte to its last. */
  rangeOf({ buffer, dtype, shape, strides, offset }: Operand): MemoryRange {
    let last = 0;
    for (const [axis, extent] of shape.entries()) {
      if (extent === 0) return this.#range(buffer, 0, 0);
      last += (extent - 1) * strides[axis]!;
    }
    const size = byteSize(dtype);
    return this.#range(buffer, offset * size, (offset + last + 1) * size);
  }

  /** The call before `index` that made exactly this operand's bytes. */
  producerOf(index: number, operand: Operand): number | undefined {
    const range = this.rangeOf(operand);
    for (let at = index - 1; at >= 0; at--) {
      if (!this.accesses[at]!.writes.some((write) => overlap(write, range))) continue;
      const made = this.rangeOf(this.program.calls[at]!.outputs[0]!);
      return made.space === range.space && made.start === range.start && made.end === range.end
        ? at
        : undefined;
    }
    return undefined;
  }

  /** The first call after `index` that reads any of its first output. */
  readerOf(index: number): number | undefined {
    const range = this.rangeOf(this.program.calls[index]!.outputs[0]!);
    for (let at = index + 1; at < this.accesses.length; at++) {
      const { reads, writes } = this.accesses[at]!;
      if (reads.some((read) => overlap(read, range))) return at;
      if (writes.some((write) => overlap(write, range))) return undefined;
    }
    return undefined;
  }

  /** Whether a range outlives the program. */
  isKept({ space }: MemoryRange): boolean {
    return space.startsWith('binding');
  }

  #range(buffer: number, from: number, to: number): MemoryRange {
    const { location } = this.program.buffers[buffer]!;
    if (location.kind === 'binding') return { space: `binding ${location.index}`, start: from, end: to };
    const { segment, byteOffset } = location;
    return { space: `segment ${segment}`, start: byteOffset + from, end: byteOffset + to };
  }
}
