import {
  byteLengthOf,
  type DeviceBuffer,
  formatType,
  type HostArray,
  HybraError,
  hostArray,
  type TensorType,
} from '@hybra/spec';
import type { Tensors } from '../compile/compile.js';
import { storedValueOf } from '../graph/storage.js';
import type { Tensor } from '../graph/tensor.js';
import type { Storage } from '../graph/value.js';

/** Which program and binding a check is about. */
export interface BindingName {
  readonly label: string;
  readonly role: 'input' | 'state';
  readonly name: string;
}

/** @throws E_ARGUMENT unless exactly the declared names are given */
export function checkNames(
  label: string,
  role: string,
  given: Readonly<Record<string, unknown>>,
  declared: Tensors,
): void {
  const missing = Object.keys(declared).filter((name) => !Object.hasOwn(given, name));
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(declared, name));
  if (missing.length + unknown.length === 0) return;
  throw new HybraError(
    'E_ARGUMENT',
    `${label}: ${missing.length > 0 ? `${role} ${missing.join(', ')} is missing` : `${role} ${unknown.join(', ')} is unknown`}; the program takes ${Object.keys(declared).join(', ') || 'none'}.`,
    { role, missing, unknown },
  );
}

/** @throws E_SHAPE, E_DTYPE unless `given` holds the declared number and type of elements */
export function checkHostValues({ label, name }: BindingName, declared: TensorType, given: HostArray): void {
  const expected = byteLengthOf(declared);
  if (given.byteLength === expected && given.constructor === hostArray(declared.dtype, 0).constructor) return;
  throw new HybraError(
    given.byteLength === expected ? 'E_DTYPE' : 'E_SHAPE',
    `${label}: input ${name} is a ${given.constructor.name} of ${given.length}, expected ${formatType(declared)}.`,
    { name, expected: formatType(declared) },
  );
}

/**
 * The memory of a tensor that is bound.
 * @throws E_SHAPE, E_DTYPE unless it is whole and of the declared type; E_ARGUMENT on another device; E_DISPOSED
 */
export function checkTensor({ label, role, name }: BindingName, declared: Tensor, tensor: Tensor): Storage {
  const { storage } = storedValueOf(tensor, `${label}: ${role} ${name}`);
  const isOfType = isSameType(tensor, declared) && tensor.isWhole;
  if (isOfType && storage.device === declared.device) return storage;
  const code = isOfType ? 'E_ARGUMENT' : tensor.dtype === declared.dtype ? 'E_SHAPE' : 'E_DTYPE';
  throw new HybraError(
    code,
    `${label}: ${role} ${name} is ${formatType(tensor)}${tensor.isWhole ? '' : ' (a window)'} on ${storage.device.name}, expected a whole ${formatType(declared)} on ${isOfType ? 'another device, ' : ''}${declared.device!.name}.`,
    { role, name, got: formatType(tensor), expected: formatType(declared) },
  );
}

function isSameType(a: TensorType, b: TensorType): boolean {
  return (
    a.dtype === b.dtype &&
    a.shape.length === b.shape.length &&
    a.shape.every((extent, axis) => extent === b.shape[axis])
  );
}

/** Buffers of a run, by what they are for. */
export interface RunBuffers {
  readonly inputs: ReadonlyMap<string, DeviceBuffer>;
  readonly states: ReadonlyMap<string, DeviceBuffer>;
  readonly outputs: ReadonlyMap<string, DeviceBuffer>;
  readonly captured: ReadonlySet<DeviceBuffer>;
}

/** @throws E_ARGUMENT where memory that the run writes is also given to it for something else */
export function checkSharing(label: string, { inputs, states, outputs, captured }: RunBuffers): void {
  const written = new Map<DeviceBuffer, string>();
  for (const [name, buffer] of outputs) written.set(buffer, `output ${name}`);
  for (const [name, buffer] of states) {
    refuse(label, `state ${name}`, captured.has(buffer) ? 'a captured tensor' : written.get(buffer));
    written.set(buffer, `state ${name}`);
  }
  for (const [name, buffer] of inputs) refuse(label, `input ${name}`, written.get(buffer));
}

function refuse(label: string, what: string, other: string | undefined): void {
  if (other === undefined) return;
  throw new HybraError(
    'E_ARGUMENT',
    `${label}: ${what} and ${other} share one buffer, which the run writes. Give a copy: evaluate([copy(tensor)]).`,
    { what, other },
  );
}
