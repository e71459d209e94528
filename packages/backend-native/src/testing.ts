import {
  byteSize,
  contiguousStrides,
  type Device,
  type DType,
  type Program,
  spanOf,
  specVersion,
} from '@hybra/spec';
import { type NativeOptions, native } from './backend.js';

/** An operand of a binding of its own, contiguous unless it has strides. */
export interface Place {
  readonly dtype?: DType;
  readonly shape: readonly number[];
  /** In elements, from 0; of inputs only. */
  readonly strides?: readonly number[];
}

/** A program of one call whose inputs and outputs are bindings. */
export function programOf(
  device: Device,
  op: string,
  attributes: Program['calls'][number]['attributes'],
  inputs: readonly Place[],
  outputs: readonly Place[],
): Program {
  const operand = ({ dtype = 'f32', shape, strides = contiguousStrides(shape) }: Place, buffer: number) => ({
    dtype,
    shape,
    strides,
    offset: 0,
    buffer,
  });
  const places = [...inputs, ...outputs];
  const bytes = places.map(
    ({ dtype = 'f32', shape, strides = contiguousStrides(shape) }) =>
      spanOf({ shape, strides }) * byteSize(dtype),
  );
  const call = {
    op,
    attributes,
    inputs: inputs.map(operand),
    outputs: outputs.map((place, index) => operand(place, inputs.length + index)),
  };
  const support = device.supports(call);
  if (!support.supported) throw new Error(support.reason);
  const scratch = support.scratchBytes ?? 0;
  return {
    specVersion,
    label: op,
    bindings: places.map((_, index) => ({
      name: `${index}`,
      role: index < inputs.length ? 'input' : 'output',
      byteLength: bytes[index]!,
    })),
    segments: [scratch],
    buffers: [
      ...places.map((_, index) => ({
        location: { kind: 'binding' as const, index },
        byteLength: bytes[index]!,
      })),
      { location: { kind: 'arena', segment: 0, byteOffset: 0 }, byteLength: scratch },
    ],
    calls: [{ ...call, kernel: support.kernel, scratch: { buffer: places.length, byteLength: scratch } }],
  };
}

function noise(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => Math.sin(seed + index * 12.9898) * 0.5);
}

/**
 * Runs one call on a device of its own, on `values` or on noise.
 * @returns the bytes of its outputs
 */
export async function outputWith(
  options: NativeOptions,
  ...[op, attributes, inputs, outputs]: [
    string,
    Program['calls'][number]['attributes'],
    readonly (Place & { readonly values?: NodeJS.TypedArray })[],
    readonly Place[],
  ]
): Promise<Uint8Array[]> {
  const device = await native(options).open();
  const program = programOf(device, op, attributes, inputs, outputs);
  const executable = await device.compile(program);
  const buffers = program.bindings.map(({ byteLength }, index) => {
    const buffer = device.allocate(byteLength);
    const values = inputs[index]?.values ?? noise(Math.ceil(byteLength / 4), index);
    if (index < inputs.length)
      device.write(buffer, 0, new Uint8Array(values.buffer, values.byteOffset, byteLength));
    return buffer;
  });
  executable.run(buffers);
  const results = await Promise.all(
    outputs.map((_, index) => {
      const at = inputs.length + index;
      return device.read(buffers[at]!, 0, program.bindings[at]!.byteLength);
    }),
  );
  await device.dispose();
  return results;
}

/** Numbers of 0 … 2^32 − 1 (ANSI C's example of a generator). */
export function randomWords(count: number): Uint32Array {
  let state = 1;
  return Uint32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state;
  });
}

/** Numbers of low … high, the same ones every time. */
export function random(count: number, low: number, high: number): Float32Array {
  return Float32Array.from(randomWords(count), (word) => low + ((high - low) * word) / 2 ** 32);
}
