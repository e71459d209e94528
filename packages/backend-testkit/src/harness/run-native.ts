import {
  byteLengthOf,
  byteSize,
  contiguousStrides,
  type OpCall,
  type Operand,
  type Program,
  type ProgramBinding,
  type ProgramBuffer,
  type Support,
  specVersion,
} from '@hybra/spec';
import { guardBytes, type LaidOut, poison } from '../cases/lay-out.js';
import type { Workbench } from './workbench.js';

/** A kernel that a device offers. */
export type Offer = Extract<Support, { supported: true }>;

/** What one call left behind. */
export interface NativeRun {
  readonly outputs: readonly Uint8Array[];
  /** What it did that a kernel may not do. */
  readonly problems: readonly string[];
}

/**
 * Runs one call by a program of its own, with poison around every operand: inputs and guards must be as
 * before afterwards, and a second run must leave the same bytes.
 * @param inPlace `[output, input]` that share a buffer
 */
export async function runNative(
  bench: Workbench,
  call: OpCall,
  inputs: readonly LaidOut[],
  offer: Offer,
  inPlace?: readonly [output: number, input: number],
): Promise<NativeRun> {
  const outputBytes = call.outputs.map(
    (type) => new Uint8Array(Math.max(byteLengthOf(type), byteSize(type.dtype)) + guardBytes),
  );
  for (const bytes of outputBytes) bytes.fill(poison);
  const executable = await bench.compile(
    nativeProgram(call, inputs, outputBytes, offer, inPlace, bench.device.capabilities.alignment),
  );
  const inputBuffers = inputs.map(({ bytes }) => bench.upload(bytes));
  const outputBuffers = outputBytes.map((bytes) => bench.upload(bytes));
  const bindings = [...inputBuffers, ...outputBuffers];

  const once = async (): Promise<Uint8Array[]> => {
    for (const [index, { bytes }] of inputs.entries()) bench.device.write(inputBuffers[index]!, 0, bytes);
    for (const [index, bytes] of outputBytes.entries()) bench.device.write(outputBuffers[index]!, 0, bytes);
    executable.run(bindings);
    const after: Uint8Array[] = [];
    for (const [index, { bytes }] of inputs.entries()) {
      after.push(await bench.read(inputBuffers[index]!, bytes.byteLength));
    }
    for (const [index, bytes] of outputBytes.entries()) {
      after.push(await bench.read(outputBuffers[index]!, bytes.byteLength));
    }
    return after;
  };
  const first = await once();
  const second = await once();
  const problems: string[] = [];
  for (const [index, { bytes, window }] of inputs.entries()) {
    const from = inPlace?.[1] === index ? byteLengthOf(window) : 0;
    if (firstDifference(bytes, first[index]!, from) !== undefined) {
      problems.push(`wrote over input ${index} or the memory around it`);
    }
  }
  const outputs = call.outputs.map((type, index) => {
    const taken = inPlace?.[0] === index ? inPlace[1] : inputs.length + index;
    const bytes = first[taken]!;
    const end = byteLengthOf(type);
    const guardAt = taken < inputs.length ? undefined : firstDifference(outputBytes[index]!, bytes, end);
    if (guardAt !== undefined) problems.push(`wrote ${guardAt - end} bytes past output ${index}`);
    const again = firstDifference(bytes, second[taken]!, 0);
    if (again !== undefined) problems.push(`output ${index} differs between two runs, at byte ${again}`);
    return bytes.subarray(0, end);
  });
  return { outputs, problems };
}

function nativeProgram(
  call: OpCall,
  inputs: readonly LaidOut[],
  outputBytes: readonly Uint8Array[],
  offer: Offer,
  inPlace: readonly [number, number] | undefined,
  alignment: number,
): Program {
  const bindings: ProgramBinding[] = [
    ...inputs.map(({ bytes }, index) => ({
      name: `input${index}`,
      role: inPlace?.[1] === index ? ('state' as const) : ('input' as const),
      byteLength: Math.max(bytes.byteLength, 1),
    })),
    ...outputBytes.map(({ byteLength }, index) => ({
      name: `output${index}`,
      role: 'output' as const,
      byteLength,
    })),
  ];
  const buffers: ProgramBuffer[] = bindings.map(({ byteLength }, index) => ({
    location: { kind: 'binding', index },
    byteLength,
  }));
  const scratchBytes = offer.scratchBytes ?? 0;
  if (scratchBytes > 0) {
    buffers.push({ location: { kind: 'arena', segment: 0, byteOffset: 0 }, byteLength: scratchBytes });
  }
  const outputs = call.outputs.map(
    ({ dtype, shape }, index): Operand => ({
      dtype,
      shape,
      strides: contiguousStrides(shape),
      offset: 0,
      buffer: inPlace?.[0] === index ? inPlace[1] : inputs.length + index,
    }),
  );
  return {
    specVersion,
    label: `${call.op} alone`,
    bindings,
    segments: scratchBytes > 0 ? [Math.ceil(scratchBytes / alignment) * alignment] : [],
    buffers,
    calls: [
      {
        op: call.op,
        attributes: call.attributes,
        kernel: offer.kernel,
        inputs: inputs.map(({ window }, buffer) => ({ ...window, buffer })),
        outputs,
        ...(scratchBytes > 0 && { scratch: { buffer: buffers.length - 1, byteLength: scratchBytes } }),
      },
    ],
  };
}

/** Index of the first byte from `from` on in which two arrays of one length differ. */
function firstDifference(a: Uint8Array, b: Uint8Array, from: number): number | undefined {
  for (let index = from; index < a.length; index++) if (a[index] !== b[index]) return index;
  return undefined;
}
