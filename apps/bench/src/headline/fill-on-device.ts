import type { Device, DeviceBuffer } from '@hybra/spec';

/**
 * Fills a buffer with a pattern by copies that double, all on the device: 64 GiB take some twenty copies.
 * @param byteLength of the part to fill, from the buffer's start
 */
export function fillOnDevice(
  device: Device,
  buffer: DeviceBuffer,
  byteLength: number,
  pattern: DeviceBuffer,
): void {
  let filled = Math.min(pattern.byteLength, byteLength);
  device.copy(pattern, 0, buffer, 0, filled);
  while (filled < byteLength) {
    const count = Math.min(filled, byteLength - filled);
    device.copy(buffer, 0, buffer, filled, count);
    filled += count;
  }
}

/** Uniform numbers in (−bound, bound) as `f32` or `bf16` in device memory, to fill larger buffers with. */
export function randomPattern(device: Device, dtype: 'f32' | 'bf16', bound: number): DeviceBuffer {
  const values = new Float32Array(patternElements);
  let state = 1;
  for (let index = 0; index < values.length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0; // Numerical Recipes' generator
    values[index] = (state / 2 ** 31 - 1) * bound;
  }
  const bits = new Uint32Array(values.buffer);
  const bytes = new Uint8Array(
    dtype === 'f32' ? bits.buffer : Uint16Array.from(bits, (word) => word >>> 16).buffer,
  );
  const buffer = device.allocate(bytes.byteLength, 'random pattern');
  device.write(buffer, 0, bytes);
  return buffer;
}

/** A multiple of 16 bytes, as copies like it, and of no power of two beyond: rows of a matrix differ. */
const patternElements = 262_136;
