import type { Backend, Device, OpCall, Program, StridedType } from '@hybra/spec';
import { contiguousStrides, HybraError, specVersion } from '@hybra/spec';

/** What a device check works with. */
export interface DeviceContext {
  readonly backend: Backend;
  readonly device: Device;
}

/** One thing that every device does. Throws, or rejects, if this one does not. */
export interface DeviceCheck {
  readonly name: string;
  run(context: DeviceContext): Promise<void> | void;
}

/** @throws Error with `message` unless `holds` */
export function ensure(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Error(message);
}

/** @throws Error unless the bytes are equal */
export function ensureBytes(got: Uint8Array, expected: ArrayLike<number>, what: string): void {
  const isEqual = got.length === expected.length && got.every((byte, index) => byte === expected[index]);
  ensure(isEqual, `${what}: got [${got.slice(0, 16)}], expected [${Array.from(expected).slice(0, 16)}]`);
}

/**
 * Expects a HybraError from `act`, at once or at the next wait.
 * @param codes the codes that fit; any when absent
 */
export async function ensureRefused(
  device: Device,
  act: () => unknown,
  what: string,
  codes?: readonly string[],
): Promise<void> {
  let failure: unknown;
  try {
    await act();
    await device.synchronize();
  } catch (error) {
    failure = error;
  }
  ensure(failure !== undefined, `${what}: nothing was refused, neither at once nor at the next wait`);
  ensure(HybraError.isInstance(failure), `${what}: ${String(failure)} is no HybraError`);
  ensure(!codes || codes.includes(failure.code), `${what}: refused with ${failure.code}, expected ${codes}`);
}

/** `f32[count]`, side by side. */
export function vector(count: number): StridedType {
  return { dtype: 'f32', shape: [count], strides: contiguousStrides([count]), offset: 0 };
}

/** A program of one `add`: binding 2 = binding 0 + binding 1. */
export function addProgram(device: Device, count: number): Program {
  const type = vector(count);
  const call: OpCall = { op: 'add', inputs: [type, type], outputs: [type], attributes: {} };
  const support = device.supports(call);
  ensure(support.supported, `add on f32[${count}] is mandatory`);
  const byteLength = count * 4;
  return {
    specVersion,
    label: 'add',
    bindings: [
      { name: 'a', role: 'input', byteLength },
      { name: 'b', role: 'input', byteLength },
      { name: 'y', role: 'output', byteLength },
    ],
    segments: [],
    buffers: [0, 1, 2].map((index) => ({ location: { kind: 'binding', index }, byteLength })),
    calls: [
      {
        ...call,
        kernel: support.kernel,
        inputs: [
          { ...type, buffer: 0 },
          { ...type, buffer: 1 },
        ],
        outputs: [{ ...type, buffer: 2 }],
      },
    ],
  };
}

/** The bytes of float32 numbers. */
export function floatBytes(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}
