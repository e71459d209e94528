import type { Address } from '../driver/cuda-functions.js';
import { type EncodedParameters, encodeParameters } from '../launch/encode-parameters.js';
import type { Launch, Place } from '../launch/launch.js';
import {
  type EncodedTensorMap,
  encodeTensorMap,
  everyElement,
  tensorMapBytes,
  tensorMapCodes,
} from '../launch/tensor-map.js';
import type { KernelLibrary } from './kernel-library.js';
import type { PinnedMemory, Stream } from './stream.js';

/** A launch with its kernel found and its parameters laid out. */
export type ReadyLaunch =
  | {
      readonly kind: 'kernel';
      readonly name: string;
      readonly entry: Address;
      readonly grid: readonly [number, number, number];
      readonly block: number;
      readonly sharedBytes: number;
      readonly parameters: EncodedParameters;
      readonly maps: readonly EncodedTensorMap[];
      /** Whether it may start before the launch before it has ended. */
      readonly isOverlapping: boolean;
    }
  | Extract<Launch, { kind: 'copy' }>;

/** CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION */
const programmaticSerialization = 6;
/** CU_LAUNCH_PARAM_END, …_BUFFER_POINTER, …_BUFFER_SIZE */
const extraKeys = { end: 0, pointer: 1, size: 2 } as const;
/** Where things lie in the room: pointers for the driver, a CUlaunchConfig, its attribute, the parameters. */
const extraBytes = 256;
const configAt = 64;
const attributeAt = 128;
const addressesAt = 192;
/** Maps lie behind parameters of kernels that have them, which are few. */
const mapsAt = 1024;
const parameterBytes = 32_764;

/** Puts launches on the stream. The driver copies parameters as it is called, so one room serves them all. */
export class Launcher {
  readonly #stream: Stream;
  readonly #library: KernelLibrary;
  readonly #room: PinnedMemory;
  readonly #words: Uint32Array;

  constructor(stream: Stream, library: KernelLibrary) {
    this.#stream = stream;
    this.#library = library;
    this.#room = stream.pinned(extraBytes + parameterBytes);
    this.#words = new Uint32Array(this.#room.bytes.buffer);
    const { address } = this.#room;
    // Five pointers for the driver (key, value, key, value, end), then the size that the second value points at.
    this.#writeAddress(0, extraKeys.pointer);
    this.#writeAddress(8, address + extraBytes);
    this.#writeAddress(16, extraKeys.size);
    this.#writeAddress(24, address + 40);
    this.#writeAddress(32, extraKeys.end);
    this.#writeAddress(configAt + 32, stream.handle);
    this.#writeAddress(configAt + 40, address + attributeAt);
    this.#words[(configAt + 48) / 4] = 1; // attributes
    this.#words[attributeAt / 4] = programmaticSerialization;
    this.#words[(attributeAt + 8) / 4] = 1;
  }

  /**
   * Finds the kernel and lays its parameters out.
   * @param isOverlapping whether it may start before the launch before it has ended
   * @throws E_UNSUPPORTED_OP
   */
  prepare(launch: Launch, isOverlapping: boolean): ReadyLaunch {
    if (launch.kind === 'copy') return launch;
    const { module, entry, grid, block, sharedBytes = 0 } = launch;
    return {
      kind: 'kernel',
      name: entry,
      entry: this.#library.entry(module, entry, sharedBytes),
      grid,
      block,
      sharedBytes,
      parameters: encodeParameters(launch.parameters, launch.parameterBytes),
      maps: (launch.maps ?? []).map(encodeTensorMap),
      isOverlapping,
    };
  }

  /** Enqueues one launch. @param addressOf where a place of the program lies at present */
  launch(launch: ReadyLaunch, addressOf: (place: Place) => Address): void {
    const { functions } = this.#stream.driver; // the caller has made the context current
    const { handle } = this.#stream;
    if (launch.kind === 'copy') {
      const { from, to, byteLength } = launch;
      const status = functions.cuMemcpyDtoDAsync_v2(addressOf(to), addressOf(from), byteLength, handle);
      this.#stream.check(status, `copy ${byteLength} bytes`);
      return;
    }
    const { bytes, pointers } = launch.parameters;
    this.#room.bytes.set(bytes, extraBytes);
    for (const { at, place } of pointers) this.#writeAddress(extraBytes + at, addressOf(place));
    this.#writeAddress(40, bytes.byteLength);
    const [x, y, z] = launch.grid;
    const hasMaps = launch.maps.length > 0;
    if (hasMaps) this.#writeMaps(launch.maps, addressOf);
    if (launch.isOverlapping) {
      this.#words.set([x, y, z, launch.block, 1, 1, launch.sharedBytes], configAt / 4);
      const config = this.#room.address + configAt;
      const status = functions.cuLaunchKernelEx(config, launch.entry, 0, this.#room.address);
      if (status !== 0) this.#stream.check(status, `launch ${launch.name}`);
      return;
    }
    const status = functions.cuLaunchKernel(
      launch.entry,
      x,
      y,
      z,
      launch.block,
      1,
      1,
      launch.sharedBytes,
      handle,
      hasMaps ? this.#room.address + addressesAt : 0,
      hasMaps ? 0 : this.#room.address,
    );
    if (status !== 0) this.#stream.check(status, `launch ${launch.name}`);
  }

  dispose(): void {
    this.#stream.unpin(this.#room);
  }

  /** Maps, and where each parameter lies: the driver aligns maps by itself. */
  #writeMaps(maps: readonly EncodedTensorMap[], addressOf: (place: Place) => Address): void {
    const { bf16, swizzle, promotion } = tensorMapCodes;
    for (const [index, { place, extents, strides, box }] of maps.entries()) {
      const at = this.#room.address + mapsAt + index * tensorMapBytes;
      this.#stream.check(
        this.#stream.driver.functions.cuTensorMapEncodeTiled(
          at,
          bf16,
          extents.length,
          addressOf(place),
          extents,
          strides,
          box,
          everyElement,
          0,
          swizzle,
          promotion,
          0,
        ),
        'describe a matrix to the copy engine',
      );
      this.#writeAddress(addressesAt + index * 8, at);
    }
    this.#writeAddress(addressesAt + maps.length * 8, this.#room.address + extraBytes);
  }

  #writeAddress(at: number, address: number): void {
    this.#words[at / 4] = address % 2 ** 32;
    this.#words[at / 4 + 1] = Math.floor(address / 2 ** 32);
  }
}
