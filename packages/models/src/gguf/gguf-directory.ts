import { type ByteSource, bytesSource, type Directory, type GgufFile, openGguf } from '@hybra/weights';
import { quantizationConfig } from '../quantization/quantization-config.js';
import { architectureNamed } from './architectures.js';
import type { GgufArchitecture } from './gguf-architecture.js';
import { GgufMetadata } from './gguf-metadata.js';
import { hubSchemes, hubTensors, hubWeights } from './hub-weights.js';
import { tokenizerFiles } from './tokenizer/tokenizer-files.js';

/** What the header of a GGUF file amounts to. */
interface GgufCheckpoint {
  readonly architecture: GgufArchitecture;
  readonly metadata: GgufMetadata;
  /** Files of a checkpoint of transformers, by name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * A GGUF file as the folder of a checkpoint: `config.json`, tokenizer files and weights in the layout of
 * transformers, made from what is in it. Everything that takes a folder takes it. Matrices in blocks stay in blocks.
 * @param open opens the file anew; sources are closed by whoever gets them
 * @throws (by its methods) E_FORMAT, E_DTYPE, E_CONFIG for an architecture that is not read, E_IO, E_ABORTED
 * @example
 * const model = await loadModel(ggufDirectory('m.gguf', () => fileSource('m.gguf')), { device });
 */
export function ggufDirectory(name: string, open: () => Promise<ByteSource>): Directory {
  let checkpoint: Promise<GgufCheckpoint> | undefined;
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
      const { architecture, metadata } = await whole(signal);
      const file = await openGguf(await open(), signal);
      return hubWeights(file, architecture, architecture.sizes(metadata));
    },
  };
}

async function readCheckpoint(
  open: () => Promise<ByteSource>,
  signal: AbortSignal | undefined,
): Promise<GgufCheckpoint> {
  const file = await openGguf(await open(), signal);
  try {
    const metadata = new GgufMetadata(file.metadata, file.name);
    const architecture = architectureNamed(metadata.architecture);
    const config = readConfig(file, architecture, metadata);
    const tokenizer = tokenizerFiles(metadata);
    const files = new Map<string, Uint8Array>(Object.entries(tokenizer.binary));
    for (const [fileName, value] of Object.entries({ 'config.json': config, ...tokenizer.json })) {
      files.set(fileName, new TextEncoder().encode(JSON.stringify(value, infinityTagged)));
    }
    return { architecture, metadata, files };
  } finally {
    await file.close();
  }
}

function readConfig(
  file: GgufFile,
  architecture: GgufArchitecture,
  metadata: GgufMetadata,
): Record<string, unknown> {
  const embedding = file.tensors.get('token_embd.weight');
  if (embedding?.shape.length !== 2)
    throw metadata.wrong('general.architecture', 'a file with token_embd.weight');
  const config = architecture.readConfig(metadata, {
    has: (tensor) => file.tensors.has(tensor),
    vocabularySize: embedding.shape[0]!,
  });
  const schemes = hubSchemes(hubTensors(file.tensors, architecture));
  return {
    ...config,
    ...(schemes.length > 0 && { quantization_config: quantizationConfig('gguf', schemes) }),
  };
}

function infinityTagged(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? { __float__: String(value) } : value;
}
