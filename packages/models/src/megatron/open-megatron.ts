import { HybraError } from '@hybra/spec';
import {
  type Directory,
  fileByteSize,
  isKind,
  readTorchArchive,
  type TensorEntry,
  type TorchArchive,
  type TorchTensor,
  type WeightSource,
} from '@hybra/weights';
import { megatronArgs } from './megatron-args.js';
import { nemotronConfig } from './megatron-config.js';
import { mergedTensors } from './megatron-names.js';
import { megatronSizes } from './megatron-sizes.js';
import type { MergedTensor } from './shard-layout.js';

/** A checkpoint of Megatron-LM as transformers would have it. */
export interface MegatronCheckpoint {
  /** What its `config.json` would say: a nemotron_h. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Tensors by the names of transformers, the parts of all ranks together. */
  readonly weights: WeightSource;
}

/** The file of one rank. */
export const megatronFile = 'model_optim_rng.pt';

interface Rank {
  readonly archive: TorchArchive;
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  close(): Promise<void>;
}

/**
 * Opens a checkpoint of Megatron-LM such as the paper's 8B models (arXiv 2406.07887): `model_optim_rng.pt` of every
 * rank of tensor parallelism. Its pickles are read without running anything; of the training state nothing is read.
 * @param ranks the folders `mp_rank_00`, `mp_rank_01`, … in order
 * @throws E_FORMAT, E_CONFIG, E_IO, E_ABORTED
 */
export async function openMegatron(
  ranks: readonly Directory[],
  signal?: AbortSignal,
): Promise<MegatronCheckpoint> {
  const opened: Rank[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((rank) => rank.close()));
  };
  try {
    for (const directory of ranks) opened.push(await openRank(directory, signal));
    return merge(opened, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function openRank(directory: Directory, signal: AbortSignal | undefined): Promise<Rank> {
  const source = await directory.open(megatronFile, signal);
  if (!source) {
    throw new HybraError('E_IO', `${directory.name}: there is no ${megatronFile}.`, {
      directory: directory.name,
    });
  }
  try {
    const archive = await readTorchArchive(source, { inert: true, signal });
    const saved = isKind(archive.value, 'dict') ? archive.value.entries.get('model') : undefined;
    if (!isKind(saved, 'dict')) {
      throw new HybraError('E_FORMAT', `${source.name}: has no model. Expected a checkpoint of Megatron-LM.`);
    }
    const tensors = new Map<string, TorchTensor>();
    for (const [name, value] of saved.entries) {
      // `_extra_state` of Transformer Engine: scales of 8-bit training.
      if (typeof name !== 'string' || name.endsWith('_extra_state') || !isKind(value, 'tensor')) continue;
      tensors.set(name, value);
    }
    return { archive, tensors, close: () => source.close() };
  } catch (error) {
    await source.close();
    throw error;
  }
}

function merge(ranks: readonly Rank[], close: () => Promise<void>): MegatronCheckpoint {
  const [first] = ranks;
  if (!first) throw new HybraError('E_ARGUMENT', 'openMegatron: no ranks given.', {});
  const root = isKind(first.archive.value, 'dict') ? first.archive.value.entries : new Map();
  const args = megatronArgs(root.get('args'));
  const sizes = megatronSizes(args, ranks.length);
  const merged = new Map<string, MergedTensor>();
  const entries = new Map<string, TensorEntry>();
  for (const [name, { shape, storage }] of first.tensors) {
    checkRanks(ranks, name, shape);
    const parts = mergedTensors({ name, shape, ranks: ranks.length }, sizes);
    if (!parts) {
      throw new HybraError(
        'E_FORMAT',
        `megatron checkpoint: there is no place for its tensor ${JSON.stringify(name)}.`,
        { tensor: name },
      );
    }
    checkCovered(name, shape, Object.values(parts));
    for (const [target, tensor] of Object.entries(parts)) {
      merged.set(target, tensor);
      const elements = tensor.shape.reduce((product, extent) => product * extent, 1);
      const byteLength = elements * fileByteSize(storage.dtype);
      entries.set(target, { name: target, dtype: storage.dtype, shape: tensor.shape, byteLength });
    }
  }
  const shapes = new Map(Array.from(merged, ([name, { shape }]) => [name, shape]));
  return {
    config: nemotronConfig({ args, sizes, shapes }),
    weights: {
      entries,
      metadata: Object.freeze({}),
      read: (name, signal) =>
        readMerged(ranks, { name, tensor: merged.get(name), entry: entries.get(name) }, signal),
      close,
    },
  };
}

function checkRanks(ranks: readonly Rank[], name: string, shape: readonly number[]): void {
  for (const [rank, { tensors }] of ranks.entries()) {
    const found = tensors.get(name)?.shape;
    if (found?.join() === shape.join()) continue;
    throw new HybraError(
      'E_FORMAT',
      `megatron checkpoint: ${name} is ${found ? `[${found.join(', ')}]` : 'missing'} on rank ${rank} and [${shape.join(', ')}] on rank 0.`,
      { tensor: name, rank },
    );
  }
}

/** Every element of rank 0's tensor belongs somewhere: else its args are of another model. */
function checkCovered(name: string, shape: readonly number[], parts: readonly MergedTensor[]): void {
  const own = parts.flatMap(({ runs }) => runs.filter(({ rank }) => rank === 0));
  const covered = own.reduce((sum, { count }) => sum + count, 0);
  const elements = shape.reduce((product, extent) => product * extent, 1);
  if (covered === elements) return;
  throw new HybraError(
    'E_FORMAT',
    `megatron checkpoint: ${name} [${shape.join(', ')}] has ${elements} elements, its args speak of ${covered}. Expected the args that the model was trained with.`,
    { tensor: name },
  );
}

async function readMerged(
  ranks: readonly Rank[],
  place: {
    readonly name: string;
    readonly tensor: MergedTensor | undefined;
    readonly entry: TensorEntry | undefined;
  },
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const { name, tensor, entry } = place;
  if (!tensor || !entry) {
    throw new HybraError('E_FORMAT', `megatron checkpoint: there is no tensor ${name}.`, { tensor: name });
  }
  const size = fileByteSize(entry.dtype);
  const bytes = new Uint8Array(entry.byteLength);
  const parts = new Map<number, Uint8Array>();
  let at = 0;
  for (const run of tensor.runs) {
    const { archive, tensors } = ranks[run.rank]!;
    const part = parts.get(run.rank) ?? (await archive.read(tensors.get(run.tensor)!, signal));
    parts.set(run.rank, part);
    bytes.set(part.subarray(run.start * size, (run.start + run.count) * size), at);
    at += run.count * size;
  }
  return bytes;
}
