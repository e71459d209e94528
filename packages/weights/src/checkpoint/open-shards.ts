import { HybraError } from '@hybra/spec';
import { quoteName } from '../platform/quote-name.js';
import { formatError } from '../safetensors/format-error.js';
import { missingTensor } from '../safetensors/missing-tensor.js';
import type { TensorEntry, WeightSource } from '../safetensors/weight-source.js';
import type { Directory } from './directory.js';
import { openWeights } from './open-weights.js';

/** Shards opened at the same time: hides a server's latency without a flood of requests. */
const opensAtOnce = 8;

/** Where the shards are and what the index says of them. */
export interface ShardedCheckpoint {
  readonly directory: Directory;
  readonly shards: ReadonlyMap<string, ReadonlySet<string>>;
  /** Names the index in messages. */
  readonly what: string;
}

/**
 * Opens every shard of a checkpoint (headers only: dtypes and shapes stand nowhere else) and holds each against the
 * index, both ways.
 * @throws E_IO naming a missing shard; E_FORMAT naming a tensor that its shard lacks, or that the index lacks
 */
export async function openShards(checkpoint: ShardedCheckpoint, signal?: AbortSignal): Promise<WeightSource> {
  const opened = new Map<string, WeightSource>();
  const closeAll = async (): Promise<void> => {
    await Promise.all(Array.from(opened.values(), (shard) => shard.close()));
  };
  try {
    const files = [...checkpoint.shards.keys()].sort();
    for (let first = 0; first < files.length; first += opensAtOnce) {
      const batch = files.slice(first, first + opensAtOnce);
      const results = await Promise.allSettled(
        batch.map(async (file) => {
          opened.set(file, await openShard(checkpoint, file, signal));
        }),
      );
      const failure = results.find((result) => result.status === 'rejected');
      if (failure) throw failure.reason;
    }
    const indexed = new Set([...checkpoint.shards.values()].flatMap((names) => [...names]));
    for (const [file, shard] of opened) checkShard({ checkpoint, file, shard, indexed });
    return joinShards(checkpoint, opened, closeAll);
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function openShard(
  { directory, what }: ShardedCheckpoint,
  file: string,
  signal: AbortSignal | undefined,
): Promise<WeightSource> {
  const source = await directory.open(file, signal);
  if (source) return openWeights(source, signal);
  throw new HybraError(
    'E_IO',
    `${what}: the shard ${quoteName(file)} is not there. Expected it beside the index: download it.`,
    { what, file },
  );
}

function checkShard(check: {
  readonly checkpoint: ShardedCheckpoint;
  readonly file: string;
  readonly shard: WeightSource;
  readonly indexed: ReadonlySet<string>;
}): void {
  const { checkpoint, file, shard, indexed } = check;
  for (const name of checkpoint.shards.get(file)!) {
    if (!shard.entries.has(name))
      throw missingTensor(name, shard.entries.keys(), `${checkpoint.directory.name}/${file}`);
  }
  for (const name of shard.entries.keys()) {
    // A tensor that the index finds in another shard may lie here as well: a copy nobody reads.
    if (indexed.has(name)) continue;
    throw formatError(
      checkpoint.what,
      `tensor ${quoteName(name)} of ${quoteName(file)} is not in weight_map`,
      'every tensor of every shard: index and shards belong to different checkpoints',
      { tensor: name, file },
    );
  }
}

function joinShards(
  checkpoint: ShardedCheckpoint,
  opened: ReadonlyMap<string, WeightSource>,
  close: () => Promise<void>,
): WeightSource {
  const entries = new Map<string, TensorEntry>();
  const holders = new Map<string, WeightSource>();
  for (const [file, names] of checkpoint.shards) {
    const shard = opened.get(file)!;
    for (const [name, entry] of shard.entries) {
      if (!names.has(name)) continue;
      entries.set(name, entry);
      holders.set(name, shard);
    }
  }
  return {
    entries,
    metadata: commonMetadata([...opened.values()]),
    async read(name, signal) {
      const shard = holders.get(name);
      if (!shard) throw missingTensor(name, entries.keys(), checkpoint.directory.name);
      return shard.read(name, signal);
    },
    close,
  };
}

function commonMetadata(shards: readonly WeightSource[]): Readonly<Record<string, string>> {
  const [first, ...others] = shards.map((shard) => shard.metadata);
  const common = Object.entries(first ?? {}).filter(([key, value]) =>
    others.every((metadata) => Object.hasOwn(metadata, key) && metadata[key] === value),
  );
  return Object.freeze(Object.fromEntries(common));
}
