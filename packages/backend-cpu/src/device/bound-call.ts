import {
  byteSize,
  type HostArray,
  hostArray,
  hostView,
  type Operand,
  type ProgramCall,
  spanOf,
} from '@hybra/spec';
import type { KernelRun, Scratch } from '../kernel.js';
import { scratchOver } from '../kernels/scratch-part.js';

/** Memory that a program's buffer index stands for at present; `undefined` while it stands for none. */
export type BufferBytes = (buffer: number) => Uint8Array | undefined;

/** A call with its kernel built and views of its memory kept from run to run. */
export class BoundCall {
  readonly #call: ProgramCall;
  readonly #run: KernelRun;
  readonly #inputs: HostArray[] = [];
  readonly #outputs: HostArray[] = [];
  #scratch: Scratch = noScratch();

  constructor(call: ProgramCall, run: KernelRun) {
    this.#call = call;
    this.#run = run;
  }

  /** Renews the views of operands and scratch in the buffers that `isStale` names. */
  bind(bytesOf: BufferBytes, isStale: (buffer: number) => boolean): void {
    const { inputs, outputs, scratch } = this.#call;
    inputs.forEach((operand, index) => {
      if (isStale(operand.buffer)) this.#inputs[index] = viewOf(operand, bytesOf(operand.buffer));
    });
    outputs.forEach((operand, index) => {
      if (isStale(operand.buffer)) this.#outputs[index] = viewOf(operand, bytesOf(operand.buffer));
    });
    if (scratch && isStale(scratch.buffer)) {
      const bytes = bytesOf(scratch.buffer);
      this.#scratch = bytes ? scratchOver(bytes.buffer, bytes.byteOffset, scratch.byteLength) : noScratch();
    }
  }

  run(): void {
    this.#run(this.#inputs, this.#outputs, this.#scratch);
  }

  /** Whether an operand lies in this buffer of the program. */
  uses(buffer: number): boolean {
    const { inputs, outputs, scratch } = this.#call;
    return (
      inputs.some((operand) => operand.buffer === buffer) ||
      outputs.some((operand) => operand.buffer === buffer) ||
      scratch?.buffer === buffer
    );
  }
}

function noScratch(): Scratch {
  return scratchOver(new ArrayBuffer(0), 0, 0);
}

function viewOf(operand: Operand, bytes: Uint8Array | undefined): HostArray {
  const count = spanOf(operand);
  // An empty operand may lie past the end of its buffer: any empty view does.
  if (!bytes || count === 0) return hostArray(operand.dtype, 0);
  const byteOffset = bytes.byteOffset + operand.offset * byteSize(operand.dtype);
  return hostView(operand.dtype, bytes.buffer, byteOffset, count);
}
