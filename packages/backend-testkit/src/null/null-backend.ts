import {
  type Backend,
  type Capabilities,
  type Device,
  type OpCall,
  type Support,
  specVersion,
} from '@hybra/spec';
import { NullDevice } from './null-device.js';
import type { NullRecord } from './null-record.js';

/** Options of {@link nullBackend}. */
export interface NullBackendOptions {
  /** Default is `null`. */
  readonly name?: string;
  /** What differs from a device that stores and computes everything, aligned to 16 bytes, without limits. */
  readonly capabilities?: Partial<Capabilities>;
  /** The answer about one call, or `undefined` for the default: supported by `NAME/OP`, without promises. */
  readonly supports?: (call: OpCall) => Support | undefined;
}

/** A backend whose devices remember what was asked of them. */
export interface NullBackend extends Backend {
  open(): Promise<Device & { readonly record: NullRecord }>;
}

/**
 * A backend that executes nothing: it counts bytes, keeps what it was asked for, and reads zeros. For tests of
 * whatever plans and schedules work.
 * @example
 * const device = await nullBackend({ capabilities: { largestBinding: 1024 } }).open();
 * await compile({ label: 'test', device, build });
 * device.record.programs[0].segments; // each at most 1024
 */
export function nullBackend(options: NullBackendOptions = {}): NullBackend {
  const name = options.name ?? 'null';
  return {
    name,
    specVersion,
    probe: async () => ({ available: true, devices: [{ id: '0', name: 'Executes nothing' }] }),
    open: async () => new NullDevice(name, options),
  };
}
