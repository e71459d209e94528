import type {
  Attributes,
  Device,
  HostArray,
  KernelTraits,
  OpName,
  StridedType,
  TensorType,
} from '@hybra/spec';
import type { PlaceholderValue, StoredValue } from '../graph/value.js';

/** A contiguous value of a lowered graph, on one device. */
export interface LoweredValue extends TensorType {
  readonly id: number;
  readonly device: Device;
  readonly origin:
    | { readonly kind: 'stored'; readonly value: StoredValue }
    | { readonly kind: 'literal'; readonly data: HostArray }
    | { readonly kind: 'placeholder'; readonly value: PlaceholderValue }
    | { readonly kind: 'call' }
    | { readonly kind: 'transfer'; readonly source: LoweredValue };
}

/** A strided window on a lowered value. */
export interface LoweredOperand extends StridedType {
  readonly value: LoweredValue;
}

/** A call for which a device has named a kernel. */
export interface LoweredCall {
  readonly op: OpName;
  readonly attributes: Attributes;
  readonly device: Device;
  readonly inputs: readonly LoweredOperand[];
  readonly outputs: readonly LoweredValue[];
  readonly traits: KernelTraits;
  /** The ops whose decompositions led here, outermost first. */
  readonly via: readonly string[];
}

/** Calls and transfers between devices, in an order in which they can run. */
export interface LoweredGraph {
  readonly calls: readonly LoweredCall[];
  readonly values: readonly LoweredValue[];
  /** One whole value per root, in the order of the roots. */
  readonly roots: readonly LoweredValue[];
}
