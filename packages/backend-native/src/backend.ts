import { cpus } from 'node:os';
import { type Backend, HybraError, type Probe, specVersion, throwIfAborted } from '@hybra/spec';
import type { Addon } from './addon/addon.js';
import { type LoadedAddon, loadAddon } from './addon/load-addon.js';
import { NativeDevice } from './device/native-device.js';
import {
  type HalfProducts,
  halfProducts,
  type Products,
  products,
  type QuantizedProducts,
  quantizedProducts,
} from './kernels/products.js';

/** Options of {@link native}. */
export interface NativeOptions {
  /** Threads that kernels may use, from 1. Default is what the process may use: affinity and quota included. */
  readonly threads?: number;
  /**
   * What products of more than 8 rows multiply. `bfloat16` rounds both operands to bfloat16 (an error of at most 2⁻⁷ · Σ |a| |b|,
   * sums in float32), at twice the speed where the processor has AVX512_BF16: mixed precision for training. Default is
   * the environment variable `HYBRA_NATIVE_PRODUCTS`, else `float32`.
   */
  readonly products?: Products;
  /**
   * Instruction set: `avx512`, `avx2` or `baseline`; `neon` on ARM. Default is the environment variable
   * `HYBRA_NATIVE_ISA`, else the fastest that this processor has.
   */
  readonly isa?: string;
  /**
   * What products of more than 8 rows with weights of 16-bit floats multiply, in linear maps. `int14` rounds activations and
   * weights to 14 bits, 32 columns at a time, an error of at most max |x| / 16,382 for each of them: finer than float16 for
   * all but the small ones of a block, and 1.6 times as fast as `float32`, which rounds sums only. Default is the
   * environment variable `HYBRA_NATIVE_HALF_PRODUCTS`, else `int14`.
   */
  readonly halfProducts?: HalfProducts;
  /**
   * What products with quantised weights multiply. `int8` rounds activations to 8 bits, 32 columns at a time: an error
   * of at most max |x| / 254 for each of them, and several times the speed of `float32`, which rounds sums only.
   * Default is the environment variable `HYBRA_NATIVE_QUANTIZED_PRODUCTS`, else `int8`.
   */
  readonly quantizedProducts?: QuantizedProducts;
  /** Bytes that buffers and arenas of one device may take together. Default is no limit but the system's. */
  readonly memoryLimitBytes?: number;
  /** Finds the native addon. Default is the installed platform package, else a local build. */
  readonly load?: () => LoadedAddon;
}

const name = 'native';
const deviceId = '0';

/**
 * The fast CPU: vector kernels and threads in C++. Where there is no binary for the platform, `probe` says why
 * and what to do, and another backend takes over.
 * @example
 * const device = await createRegistry([native(), cpu()]).open();
 * @throws E_ARGUMENT for a negative memory limit, a number of threads that is not a whole number from 1, or products
 * that there are not
 */
export function native(options: NativeOptions = {}): Backend {
  const { threads, memoryLimitBytes = Number.POSITIVE_INFINITY, load = loadAddon } = options;
  if (!(memoryLimitBytes >= 0)) {
    throw new HybraError(
      'E_ARGUMENT',
      `native: memoryLimitBytes is ${memoryLimitBytes}, expected 0 or more.`,
      { memoryLimitBytes },
    );
  }
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= 1024)) {
    throw new HybraError('E_ARGUMENT', `native: threads is ${threads}, expected 1 … 1024.`, { threads });
  }
  const kinds = {
    products: chosen(
      'products',
      options.products ?? (process.env.HYBRA_NATIVE_PRODUCTS || 'float32'),
      products,
    ),
    halfProducts: chosen(
      'halfProducts',
      options.halfProducts ?? (process.env.HYBRA_NATIVE_HALF_PRODUCTS || 'int14'),
      halfProducts,
    ),
    quantizedProducts: chosen(
      'quantizedProducts',
      options.quantizedProducts ?? (process.env.HYBRA_NATIVE_QUANTIZED_PRODUCTS || 'int8'),
      quantizedProducts,
    ),
  };
  return {
    name,
    specVersion,
    probe: async () => probed(load(), options),
    open: async ({ id = deviceId, signal } = {}) => {
      throwIfAborted(signal, `open ${name}`);
      const loaded = load();
      const found = probed(loaded, options);
      if (!found.available) throw unavailable(`${found.reason}. ${found.remedy ?? ''}`.trimEnd());
      if (id !== deviceId) throw unavailable(`there is no device ${id}; the only one is ${deviceId}.`);
      const addon = loaded.addon!;
      return new NativeDevice({
        backend: name,
        name: found.devices[0]!.name,
        addon,
        isa: addon.isas().indexOf(chosenIsa(addon, options)),
        threads: threads ?? addon.cpus(),
        memoryLimitBytes,
        ...kinds,
      });
    },
  };
}

function unavailable(reason: string): HybraError {
  return new HybraError('E_BACKEND_UNAVAILABLE', `${name}: ${reason}`, { backend: name });
}

function chosenIsa(addon: Addon, { isa }: NativeOptions): string {
  return isa ?? (process.env.HYBRA_NATIVE_ISA || addon.isas()[0]!);
}

/** @throws E_ARGUMENT for a word that names none */
function chosen<Word extends string>(option: string, word: string, words: readonly Word[]): Word {
  const found = words.find((each) => each === word);
  if (found) return found;
  throw new HybraError('E_ARGUMENT', `native: ${option} is ${word}, expected ${words.join(' or ')}.`, {
    [option]: word,
  });
}

function probed(loaded: LoadedAddon, options: NativeOptions): Probe {
  const { addon } = loaded;
  if (!addon) return { available: false, reason: loaded.reason, remedy: loaded.remedy };
  const isa = chosenIsa(addon, options);
  if (!addon.isas().includes(isa)) {
    return {
      available: false,
      reason: `this processor or build has no instruction set ${isa}`,
      remedy: `Choose one of ${addon.isas().join(', ')} in \`isa\` or HYBRA_NATIVE_ISA.`,
    };
  }
  const threads = options.threads ?? addon.cpus();
  const named = cpus()[0]?.model.trim();
  const model = named && named !== 'unknown' ? named : `CPU (${process.arch})`;
  return {
    available: true,
    devices: [
      { id: deviceId, name: `${model} (${isa}, ${threads} ${threads === 1 ? 'thread' : 'threads'})` },
    ],
  };
}
