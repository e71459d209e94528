import type { Device } from './device.js';

/** A device that a backend could open. */
export interface DeviceDescription {
  /** Passed to `open`, such as `0`. */
  readonly id: string;
  readonly name: string;
  readonly memoryBytes?: number;
}

/** What `probe` found: devices, or the reason why there are none and the way out. */
export type Probe =
  | { readonly available: true; readonly devices: readonly DeviceDescription[] }
  | { readonly available: false; readonly reason: string; readonly remedy?: string };

/** Options of {@link Backend.open}. */
export interface OpenOptions {
  /** Which device of `probe()`; the first when absent. */
  readonly id?: string;
  readonly signal?: AbortSignal;
}

/**
 * An implementation of the mandatory ops on some hardware, and of any optional ones it has kernels for.
 * It imports this package and nothing else of hybra. A backend is a value: nothing is registered on import.
 * @example
 * const registry = createRegistry([cpu(), myBackend()]);
 */
export interface Backend {
  /** Lower-case word, used in `--device NAME`. */
  readonly name: string;
  /** The `specVersion` it was written for; checked when it is registered. */
  readonly specVersion: number;
  /** Looks for hardware. Never throws: an absent driver is an answer. */
  probe(): Promise<Probe>;
  /** @throws E_BACKEND_UNAVAILABLE with the probe's reason */
  open(options?: OpenOptions): Promise<Device>;
}
