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

/** To the nearest integer, ties to even. */
export function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * Numbers as a 16-bit float keeps them, made of few bits, with their sign.
 * @returns the 16-bit words and the numbers
 */
export function stored(
  values: Float32Array,
  dtype: 'f16' | 'bf16',
): { readonly bytes: Uint16Array; readonly values: Float32Array } {
  const floats = new Float32Array(1);
  const words = new Uint32Array(floats.buffer);
  // Eighths of 1 … 2: the same bits of a mantissa but for where they lie.
  const coarse = values.map((value) => Math.sign(value) * (1 + Math.floor(Math.abs(value) * 8) / 8));
  const bytes = Uint16Array.from(coarse, (value) => {
    floats[0] = value;
    const word = words[0]!;
    if (dtype === 'bf16') return word >>> 16;
    const exponent = ((word >> 23) & 0xff) - 112;
    return ((word >>> 16) & 0x8000) | (exponent << 10) | ((word >> 13) & 0x3ff);
  });
  return { bytes, values: coarse };
}

/** Where the elements of a test's operand lie. */
export interface Layout {
  readonly batch?: number;
  /** Elements between neighbours of the innermost axis. */
  readonly step?: number;
  /** Elements behind each row. */
  readonly gap?: number;
}

/** An operand [batch, rows, columns] of random numbers, perhaps stored transposed and with holes. */
export function scattered(
  { batch = 1, step = 1, gap = 0 }: Layout,
  [rows, columns]: readonly [number, number],
  isTransposed: boolean,
  seed: number,
) {
  const shape = isTransposed ? [batch, columns, rows] : [batch, rows, columns];
  const strides = [(shape[2]! * step + gap) * shape[1]!, shape[2]! * step + gap, step];
  const values = random(batch * strides[0]! + seed, -1, 1).subarray(seed);
  const at = (b: number, row: number, column: number): number =>
    b * strides[0]! +
    (isTransposed ? column : row) * strides[1]! +
    (isTransposed ? row : column) * strides[2]!;
  return { shape, strides, values, at };
}
