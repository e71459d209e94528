import { HybraError } from '@hybra/spec';
import type { Address } from '../driver/cuda-functions.js';
import { handleOf } from '../driver/driver.js';
import { readFatbin } from '../fatbin-folder.js';
import type { Stream } from './stream.js';

/** CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES */
const maxDynamicShared = 8;
/** Dynamic shared memory that a kernel may use without asking, beside some that it has anyway. */
const ordinaryShared = 40 * 1024;

/** The compiled kernels of one GPU, loaded as they are first needed. */
export class KernelLibrary {
  readonly #stream: Stream;
  readonly #folder: string;
  readonly #modules = new Map<string, Address>();
  readonly #entries = new Map<string, Address>();
  readonly #shared = new Map<Address, number>();

  constructor(stream: Stream, folder: string) {
    this.#stream = stream;
    this.#folder = folder;
  }

  /** The kernel's handle, allowed `sharedBytes` of dynamic shared memory. @throws E_UNSUPPORTED_OP */
  entry(module: string, name: string, sharedBytes: number): Address {
    const key = `${module}/${name}`;
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      const found = new BigUint64Array(1);
      const status = this.#stream.functions.cuModuleGetFunction(found, this.#module(module), name);
      this.#stream.check(status, `find the kernel ${key}`);
      entry = handleOf(found);
      this.#entries.set(key, entry);
    }
    if (sharedBytes > Math.max(this.#shared.get(entry) ?? 0, ordinaryShared)) {
      const status = this.#stream.functions.cuFuncSetAttribute(entry, maxDynamicShared, sharedBytes);
      this.#stream.check(status, `give ${key} ${sharedBytes} bytes of shared memory`);
      this.#shared.set(entry, sharedBytes);
    }
    return entry;
  }

  dispose(): void {
    for (const module of this.#modules.values()) this.#stream.functions.cuModuleUnload(module);
    this.#modules.clear();
    this.#entries.clear();
  }

  #module(name: string): Address {
    const known = this.#modules.get(name);
    if (known !== undefined) return known;
    let image: Uint8Array;
    try {
      image = readFatbin(this.#folder, name);
    } catch (error) {
      throw new HybraError(
        'E_UNSUPPORTED_OP',
        `the kernels ${name} were not built. Run node build.mjs where nvcc is.`,
        { module: name, folder: this.#folder },
        { cause: error },
      );
    }
    const loaded = new BigUint64Array(1);
    this.#stream.check(this.#stream.functions.cuModuleLoadData(loaded, image), `load the kernels ${name}`);
    this.#modules.set(name, handleOf(loaded));
    return handleOf(loaded);
  }
}
