import type { Device, DeviceBuffer, Executable, Program } from '@hybra/spec';

/** Buffers and executables of one check, freed together. */
export class Workbench {
  readonly #owned: { dispose(): void }[] = [];

  constructor(readonly device: Device) {}

  /** A buffer with these bytes. */
  upload(bytes: Uint8Array): DeviceBuffer {
    const buffer = this.device.allocate(Math.max(bytes.byteLength, 1), 'conformance');
    this.#owned.push(buffer);
    if (bytes.byteLength > 0) this.device.write(buffer, 0, bytes);
    return buffer;
  }

  async compile(program: Program): Promise<Executable> {
    const executable = await this.device.compile(program);
    this.#owned.push(executable);
    return executable;
  }

  /** All bytes of a buffer made by {@link upload} from `byteLength` bytes. */
  async read(buffer: DeviceBuffer, byteLength: number): Promise<Uint8Array> {
    return byteLength === 0 ? new Uint8Array(0) : this.device.read(buffer, 0, byteLength);
  }

  dispose(): void {
    for (const thing of this.#owned.splice(0)) thing.dispose();
  }
}
