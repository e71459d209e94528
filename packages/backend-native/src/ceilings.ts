import { type NativeOptions, native } from './backend.js';
import type { NativeDevice } from './device/native-device.js';

/** What the machine allows a kernel, measured. */
export interface Ceilings {
  /** Multiply-adds in registers, float32, counted as two operations each, on all threads together. */
  readonly operationsPerSecond: number;
  /** Reading memory once, in order, on all threads together. */
  readonly readBytesPerSecond: number;
}

/** Measures {@link Ceilings}; each call takes some tens of milliseconds and the best of them counts. */
export interface CeilingMeter extends AsyncDisposable {
  /** Blocks the thread while it measures. */
  measure(): Ceilings;
}

/**
 * Opens a meter with memory of its own.
 * @param workingSetBytes how much memory is read: what lies in a cache is read faster. Default is 256 MiB.
 * @throws E_BACKEND_UNAVAILABLE, E_OUT_OF_MEMORY
 */
export async function ceilingMeter(
  options: NativeOptions = {},
  workingSetBytes: number = 2 ** 28,
): Promise<CeilingMeter> {
  const device = (await native(options).open()) as NativeDevice;
  const buffer = device.allocate(workingSetBytes, 'ceilings');
  // Fresh pages all show one page of zeros until they are written.
  const ones = new Uint8Array(2 ** 20).fill(1);
  for (let at = 0; at + ones.length <= workingSetBytes; at += ones.length) device.write(buffer, at, ones);
  await device.synchronize();
  return {
    measure: () => device.measureCeilings(buffer),
    [Symbol.asyncDispose]: () => device.dispose(),
  };
}
