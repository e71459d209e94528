import {
  byteLengthOf,
  contiguousStrides,
  type Device,
  type OpCall,
  type Operand,
  type Program,
  type ProgramBinding,
  type ProgramBuffer,
  type ProgramCall,
  specVersion,
  type TensorType,
} from '@hybra/spec';
import { guardBytes, type LaidOut } from '../cases/lay-out.js';
import type { Offer } from './run-native.js';
import type { Workbench } from './workbench.js';

/** A number in every float dtype, so that no copy of it changes its bits. */
const pattern = 0x5a;
const guardType: TensorType = { dtype: 'f32', shape: [guardBytes / 4] };

/**
 * Runs one call with its outputs in the arena between guards, as planned programs do, and copies all out.
 * @returns what is wrong
 */
export async function checkInArena(
  bench: Workbench,
  call: OpCall,
  inputs: readonly LaidOut[],
  offer: Offer,
  expected: readonly Uint8Array[],
): Promise<string[]> {
  const program = arenaProgram(bench.device, call, inputs, offer);
  const executable = await bench.compile(program);
  const given = [...inputs.map(({ bytes }) => bytes), new Uint8Array(guardBytes).fill(pattern)];
  const taken = program.bindings.slice(given.length).map(({ byteLength }) => new Uint8Array(byteLength));
  const buffers = [...given, ...taken].map((bytes) => bench.upload(bytes));
  executable.run(buffers);
  const read = (index: number, byteLength: number): Promise<Uint8Array> =>
    bench.read(buffers[given.length + index]!, byteLength);
  const problems: string[] = [];
  for (const [index, bytes] of expected.entries()) {
    const got = await read(index, bytes.byteLength);
    if (!got.every((byte, at) => byte === bytes[at])) {
      problems.push(`output ${index} in the arena differs from the one in a binding`);
    }
  }
  for (let index = 0; index <= expected.length; index++) {
    const guard = await read(expected.length + index, guardBytes);
    if (!guard.every((byte) => byte === pattern)) {
      problems.push(`wrote over the arena ${index === 0 ? 'before output 0' : `after output ${index - 1}`}`);
    }
  }
  return problems;
}

function arenaProgram(device: Device, call: OpCall, inputs: readonly LaidOut[], offer: Offer): Program {
  const { alignment } = device.capabilities;
  const align = (bytes: number): number => Math.max(Math.ceil(bytes / alignment), 1) * alignment;
  const bindings: ProgramBinding[] = [];
  const buffers: ProgramBuffer[] = [];
  const calls: ProgramCall[] = [];
  const bind = (name: string, role: 'input' | 'output', byteLength: number): number => {
    bindings.push({ name, role, byteLength: Math.max(byteLength, 1) });
    return buffers.push({ location: { kind: 'binding', index: bindings.length - 1 }, byteLength }) - 1;
  };
  let end = 0;
  const place = (byteLength: number): number => {
    const location = { kind: 'arena', segment: 0, byteOffset: end } as const;
    end += align(byteLength);
    return buffers.push({ location, byteLength }) - 1;
  };
  const copy = (type: TensorType, from: number, to: number): void => {
    const support = device.supports({ op: 'copy', inputs: [plain(type)], outputs: [type], attributes: {} });
    const kernel = support.supported ? support.kernel : 'copy is mandatory';
    calls.push({
      op: 'copy',
      attributes: {},
      kernel,
      inputs: [{ ...plain(type), buffer: from }],
      outputs: [{ ...plain(type), buffer: to }],
    });
  };

  const operands = inputs.map(({ bytes, window }, index): Operand => {
    return { ...window, buffer: bind(`input${index}`, 'input', bytes.byteLength) };
  });
  const source = bind('pattern', 'input', guardBytes);
  const results = call.outputs.map((type, index) => bind(`output${index}`, 'output', byteLengthOf(type)));
  const guardResults = [0, ...call.outputs.keys()].map((_, index) =>
    bind(`guard${index}`, 'output', guardBytes),
  );
  const guards = [place(guardBytes)];
  const outputs = call.outputs.map((type): Operand => {
    const buffer = place(byteLengthOf(type));
    guards.push(place(guardBytes));
    return { ...plain(type), buffer };
  });
  for (const guard of guards) copy(guardType, source, guard);
  const scratchBytes = offer.scratchBytes ?? 0;
  const segments = [end];
  if (scratchBytes > 0) {
    segments.push(align(scratchBytes));
    buffers.push({ location: { kind: 'arena', segment: 1, byteOffset: 0 }, byteLength: scratchBytes });
  }
  calls.push({
    op: call.op,
    attributes: call.attributes,
    kernel: offer.kernel,
    inputs: operands,
    outputs,
    ...(scratchBytes > 0 && { scratch: { buffer: buffers.length - 1, byteLength: scratchBytes } }),
  });
  for (const [index, type] of call.outputs.entries()) copy(type, outputs[index]!.buffer, results[index]!);
  for (const [index, guard] of guards.entries()) copy(guardType, guard, guardResults[index]!);
  return { specVersion, label: `${call.op} in the arena`, bindings, segments, buffers, calls };
}

function plain({ dtype, shape }: TensorType): Omit<Operand, 'buffer'> {
  return { dtype, shape, strides: contiguousStrides(shape), offset: 0 };
}
