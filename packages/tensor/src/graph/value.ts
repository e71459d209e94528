import type { Attributes, Device, DeviceBuffer, HostArray, OpName, TensorType } from '@hybra/spec';
import type { Tensor } from './tensor.js';

/** Memory on a device that a tensor stands on. `state` turns to `donated` when a run updates it in place. */
export interface Storage {
  readonly device: Device;
  readonly buffer: DeviceBuffer;
  state: 'live' | 'donated' | 'disposed';
  /** Set while a run over several devices has not enqueued the work that fills this memory. */
  ready: Promise<void> | undefined;
  /** Set while runs that read this memory are not enqueued yet: it may not be written or freed before. */
  reads: Promise<void> | undefined;
}

/** A value that lives in device memory: a weight, a state, the result of a run. */
export interface StoredValue extends TensorType {
  readonly kind: 'stored';
  readonly storage: Storage;
}

/** A constant known when recording; compile uploads it once per program. */
export interface LiteralValue extends TensorType {
  readonly kind: 'literal';
  readonly data: HostArray;
}

/** A value that is supplied at each run of a program. A `state` is updated in place (donated). */
export interface PlaceholderValue extends TensorType {
  readonly kind: 'placeholder';
  readonly name: string;
  readonly role: 'input' | 'state';
  readonly device: Device;
}

/** One output of a recorded call. */
export interface CallValue extends TensorType {
  readonly kind: 'call';
  readonly node: CallNode;
  readonly index: number;
}

/** A value copied, unchanged, from one device to another. */
export interface TransferValue extends TensorType {
  readonly kind: 'transfer';
  readonly source: Tensor;
  readonly device: Device;
}

/** What a tensor looks at: always contiguous, row-major, from offset 0. */
export type Value = StoredValue | LiteralValue | PlaceholderValue | CallValue | TransferValue;

/** A frozen application of an op. `device` is absent while nothing ties the call to one (`fill`, `iota`). */
export interface CallNode {
  readonly op: OpName;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly TensorType[];
  readonly attributes: Attributes;
  readonly device: Device | undefined;
}

/** The device a value is tied to, if any. */
export function deviceOf(value: Value): Device | undefined {
  switch (value.kind) {
    case 'stored':
      return value.storage.device;
    case 'placeholder':
    case 'transfer':
      return value.device;
    case 'call':
      return value.node.device;
    case 'literal':
      return undefined;
  }
}
