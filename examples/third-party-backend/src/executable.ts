import { type DeviceBuffer, type Executable, HybraError, type Operand, type Program } from '@hybra/spec';
import type { PlainBuffer } from './buffer.js';
import { Elements, positionsOf } from './elements.js';
import { kernels } from './kernels/index.js';

/** A program with its arena: runs one call after the other. */
export class PlainExecutable implements Executable {
  readonly arenaBytes: number;
  readonly #positions = new Map<Operand, Int32Array | undefined>();
  #isDisposed = false;

  constructor(
    readonly program: Program,
    readonly segments: readonly PlainBuffer[],
    readonly own: (buffer: DeviceBuffer) => PlainBuffer,
  ) {
    this.arenaBytes = program.segments.reduce((sum, bytes) => sum + bytes, 0);
    for (const { inputs, outputs } of program.calls) {
      for (const operand of [...inputs, ...outputs]) this.#positions.set(operand, positionsOf(operand));
    }
  }

  run(bindings: readonly DeviceBuffer[]): void {
    const { program } = this;
    if (this.#isDisposed) throw new HybraError('E_DISPOSED', `${program.label} was disposed of.`);
    if (bindings.length !== program.bindings.length) {
      throw new HybraError(
        'E_ARGUMENT',
        `${program.label} takes ${program.bindings.length} buffers, got ${bindings.length}.`,
      );
    }
    const bound = bindings.map((buffer) => this.own(buffer));
    const memory = program.buffers.map(({ location, byteLength }) =>
      location.kind === 'binding'
        ? bound[location.index]!.range(0, byteLength)
        : this.segments[location.segment]!.range(location.byteOffset, byteLength),
    );
    const view = (operand: Operand): Elements =>
      new Elements(operand, memory[operand.buffer]!, this.#positions.get(operand));
    for (const call of program.calls) {
      kernels.get(call.op)!.run(call.inputs.map(view), call.outputs.map(view), call.attributes);
    }
  }

  dispose(): void {
    this.#isDisposed = true;
    for (const segment of this.segments) segment.dispose();
  }
}
