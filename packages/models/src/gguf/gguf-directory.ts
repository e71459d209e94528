import {
  type ByteSource,
  bytesSource,
  type Directory,
  type GgufFile,
  openGguf,
  openGgufParts,
} from '@hybra/weights';
import type { HybridConfig } from '../config/hybrid-config.js';
import { familyOf } from '../families/families.js';
import type { Family } from '../families/family.js';
import { quantizationConfig } from '../quantization/quantization-config.js';
import { architectureNamed } from './architectures.js';
import { blockCount } from './fields/block-fields.js';
import { ropeDivisorsName } from './fields/rope-fields.js';
import type { GgufArchitecture } from './gguf-architecture.js';
import { GgufMetadata } from './gguf-metadata.js';
import { type HubPlan, hubPlan, planSchemes } from './read/hub-plan.js';
import { hubWeights } from './read/hub-weights.js';
import { readRopeDivisors } from './read/read-rope-divisors.js';
import { tokenizerFiles } from './tokenizer/tokenizer-files.js';

/** What the header of a GGUF file amounts to. */
interface GgufCheckpoint {
  /** What its weights are in. */
  readonly plan: (file: GgufFile) => HubPlan;
  /** Files of a checkpoint of transformers, by name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * A GGUF file as the folder of a checkpoint: `config.json`, tokenizer files and weights in the layout of
 * transformers, made from what is in it. Everything that takes a folder takes it. Matrices in blocks stay in blocks,
 * experts become float32.
 * @param file opens the file anew (sources are closed by whoever gets them); or the folder that it lies in, under the
 * last part of `name`, where a split file has its other parts
 * @throws (by its methods) E_FORMAT, E_DTYPE, E_SHAPE, E_CONFIG for an architecture that is not read, E_IO, E_ABORTED
 * @example
 * const model = await loadModel(ggufDirectory('m.gguf', () => fileSource('m.gguf')), { device });
 */
export function ggufDirectory(name: string, file: (() => Promise<ByteSource>) | Directory): Directory {
  let checkpoint: Promise<GgufCheckpoint> | undefined;
  const open = async (signal?: AbortSignal): Promise<GgufFile> =>
    typeof file === 'function'
      ? openGguf(await file(), signal)
      : openGgufParts(file, name.split(/[/\\]/).at(-1)!, signal);
  const whole = (signal?: AbortSignal): Promise<GgufCheckpoint> => {
    checkpoint ??= readCheckpoint(open, signal);
    checkpoint.catch(() => {
      checkpoint = undefined;
    });
    return checkpoint;
  };
  return {
    name,
    async open(fileName, signal) {
      const bytes = (await whole(signal)).files.get(fileName);
      return bytes && bytesSource(bytes, `${name}/${fileName}`);
    },
    async openWeights(signal) {
      const { plan } = await whole(signal);
      const opened = await open(signal);
      try {
        return hubWeights(opened, plan(opened));
      } catch (error) {
        await opened.close();
        throw error;
      }
    },
  };
}

async function readCheckpoint(
  open: (signal?: AbortSignal) => Promise<GgufFile>,
  signal: AbortSignal | undefined,
): Promise<GgufCheckpoint> {
  const file = await open(signal);
  try {
    const metadata = new GgufMetadata(file.metadata, file.name);
    const architecture = architectureNamed(metadata.architecture);
    const json = await readConfig(file, { architecture, metadata }, signal);
    const family = familyOf(json);
    const config = family.parseConfig(json);
    const plan = (opened: GgufFile): HubPlan => planOf(opened, { architecture, metadata, family, config });
    const schemes = planSchemes(plan(file));
    const tokenizer = tokenizerFiles(metadata);
    const files = new Map<string, Uint8Array>(Object.entries(tokenizer.binary));
    const whole = {
      ...json,
      ...(schemes.length > 0 && { quantization_config: quantizationConfig('gguf', schemes) }),
    };
    for (const [fileName, value] of Object.entries({ 'config.json': whole, ...tokenizer.json })) {
      files.set(fileName, new TextEncoder().encode(JSON.stringify(value, infinityTagged)));
    }
    return { plan, files };
  } finally {
    await file.close();
  }
}

async function readConfig(
  file: GgufFile,
  header: { readonly architecture: GgufArchitecture; readonly metadata: GgufMetadata },
  signal: AbortSignal | undefined,
): Promise<Record<string, unknown>> {
  const { architecture, metadata } = header;
  const embedding = file.tensors.get('token_embd.weight');
  if (embedding?.shape.length !== 2)
    throw metadata.wrong('general.architecture', 'a file with token_embd.weight');
  return architecture.readConfig(metadata, {
    has: (tensor) => file.tensors.has(tensor),
    vocabularySize: embedding.shape[0]!,
    ropeDivisors: await readRopeDivisors(file, signal),
  });
}

function planOf(
  file: GgufFile,
  read: {
    readonly architecture: GgufArchitecture;
    readonly metadata: GgufMetadata;
    readonly family: Family;
    readonly config: HybridConfig;
  },
): HubPlan {
  const { architecture, metadata, family, config } = read;
  const { layout, layoutOf = () => layout } = architecture;
  const plan = hubPlan(file.tensors, { layout: layoutOf(metadata), family, config });
  const blocks = blockCount(metadata);
  const hasMore = blocks < metadata.size('{arch}.block_count');
  const isLeftOut = (name: string): boolean =>
    // Its numbers are in the configuration.
    name === ropeDivisorsName || (hasMore && Number(/^blk\.(\d+)\./.exec(name)?.[1] ?? -1) >= blocks);
  return { ...plan, unused: plan.unused.filter(({ name }) => !isLeftOut(name)) };
}

function infinityTagged(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? { __float__: String(value) } : value;
}
