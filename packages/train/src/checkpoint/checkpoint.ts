/*
 * Checkpoints of a training: `step-00000100.safetensors` with variables and moments, and beside it
 * `step-00000100.json`, which is written after it and holds its hash. Both replace their file as a whole, so that
 * a checkpoint exists when its JSON does; whatever happens while one is written, the one before stays.
 */
import { HybraError } from '@hybra/spec';
import {
  fileSource,
  folderDirectory,
  openSafetensors,
  readJson,
  sha256OfSource,
  type TensorToWrite,
  writeFileAtomic,
  writeSafetensors,
} from '@hybra/weights';
import { nodeModule } from '../platform/node-module.js';
import { sha256 } from '../platform/sha256.js';

const formatVersion = 1;

/** What a checkpoint says about the training it belongs to. */
export interface CheckpointFacts {
  readonly step: number;
  /** Tells this training from others: configuration, data, seed, sizes. */
  readonly training: string;
  /** Best validation loss so far and the step it was at. */
  readonly best?: { readonly loss: number; readonly step: number };
  readonly tokens: number;
}

interface Sidecar extends CheckpointFacts {
  readonly formatVersion: number;
  readonly sha256: string;
  readonly byteLength: number;
}

/** A checkpoint whose hash was found right. */
export interface OpenCheckpoint {
  readonly facts: CheckpointFacts;
  read(name: string, shape: readonly number[]): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Writes a checkpoint and then removes all but the newest `keep`.
 * @returns the path of its safetensors file
 * @throws E_IO (a full disk), E_ABORTED: earlier checkpoints stay
 */
export async function saveCheckpoint(
  folder: string,
  tensors: readonly TensorToWrite[],
  facts: CheckpointFacts,
  keep = 2,
): Promise<string> {
  const { join } = path();
  await files().mkdir(folder, { recursive: true });
  const name = nameOf(facts.step);
  const file = join(folder, `${name}.safetensors`);
  await writeSafetensors(file, tensors, { metadata: { format: 'hybra-training', step: `${facts.step}` } });
  const source = await fileSource(file);
  try {
    const sidecar: Sidecar = {
      ...facts,
      formatVersion,
      sha256: await sha256OfSource(source),
      byteLength: source.size,
    };
    await writeFileAtomic(
      join(folder, `${name}.json`),
      new TextEncoder().encode(`${JSON.stringify(sidecar)}\n`),
    );
  } finally {
    await source.close();
  }
  for (const old of (await stepsIn(folder)).slice(keep)) await remove(folder, old);
  return file;
}

/**
 * Opens the newest checkpoint that is whole: one that is truncated, changed or unfinished is passed over.
 * @param onDamaged told of each that is passed over, and why
 * @returns undefined when there is none at all
 * @throws E_FORMAT when there are checkpoints and none is whole; E_CONFIG when it is of another training
 */
export async function openLatestCheckpoint(
  folder: string,
  training: string,
  onDamaged: (message: string) => void = () => {},
): Promise<OpenCheckpoint | undefined> {
  const steps = await stepsIn(folder);
  for (const step of steps) {
    const opened = await tryOpen(folder, step, onDamaged);
    if (!opened) continue;
    if (opened.facts.training !== training) {
      await opened.close();
      throw new HybraError(
        'E_CONFIG',
        `${folder}: the checkpoint of step ${step} belongs to another training: model, data, seed, batch or mode differ. Give the options it was started with, or another --out.`,
        { folder, step },
      );
    }
    return opened;
  }
  if (steps.length === 0) return undefined;
  throw new HybraError(
    'E_FORMAT',
    `${folder}: none of ${steps.length} checkpoints is whole. Start again with another --out.`,
    { folder, steps },
  );
}

/** Removes what an interrupted write left behind, and files without their JSON. Call it when nobody else writes. */
export async function removeLeftovers(folder: string): Promise<void> {
  const names = await namesIn(folder);
  for (const name of names) {
    const match = /^(step-\d{8})\.safetensors$/.exec(name);
    const isOrphan = match !== null && !names.includes(`${match[1]}.json`);
    if (isOrphan || /^\.step-\d{8}\..*\.temporary$/.test(name)) {
      await files().rm(path().join(folder, name), { force: true });
    }
  }
}

/** A short hash of facts that must agree for a training to be resumed. */
export function trainingFingerprint(facts: unknown): string {
  const text = JSON.stringify(facts, (_, value: unknown) =>
    value === Number.POSITIVE_INFINITY ? '∞' : value,
  );
  return sha256(new TextEncoder().encode(text)).slice(0, 32);
}

async function tryOpen(
  folder: string,
  step: number,
  onDamaged: (message: string) => void,
): Promise<OpenCheckpoint | undefined> {
  const name = nameOf(step);
  try {
    const sidecar = (await readJson(folderDirectory(folder), `${name}.json`)) as Sidecar;
    if (sidecar.formatVersion !== formatVersion) {
      throw new HybraError('E_FORMAT', `its format is ${sidecar.formatVersion}, expected ${formatVersion}`);
    }
    const source = await fileSource(path().join(folder, `${name}.safetensors`));
    try {
      if (source.size !== sidecar.byteLength || (await sha256OfSource(source)) !== sidecar.sha256) {
        throw new HybraError('E_FORMAT', 'its bytes are not those that were written');
      }
      const weights = await openSafetensors(source);
      return {
        facts: sidecar,
        close: () => source.close(),
        async read(tensor, shape) {
          const entry = weights.entries.get(tensor);
          if (entry?.dtype !== 'f32' || entry.shape.join() !== shape.join()) {
            throw new HybraError('E_FORMAT', `${name}: ${tensor} of [${shape.join(', ')}] is not in it.`, {
              tensor,
            });
          }
          return weights.read(tensor);
        },
      };
    } catch (error) {
      await source.close();
      throw error;
    }
  } catch (error) {
    onDamaged(
      `${name} is damaged and passed over: ${error instanceof Error ? error.message : String(error)}`,
    );
    return undefined;
  }
}

function nameOf(step: number): string {
  return `step-${String(step).padStart(8, '0')}`;
}

/** Steps that have a JSON file, newest first. */
async function stepsIn(folder: string): Promise<number[]> {
  return (await namesIn(folder))
    .flatMap((name) => /^step-(\d{8})\.json$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await files().readdir(folder);
  } catch {
    return []; // no folder yet: no checkpoints
  }
}

/** The JSON first: without it the rest counts as not there. */
async function remove(folder: string, step: number): Promise<void> {
  for (const ending of ['json', 'safetensors']) {
    await files().rm(path().join(folder, `${nameOf(step)}.${ending}`), { force: true });
  }
}

function files() {
  return nodeModule('node:fs/promises', 'a checkpoint');
}

function path() {
  return nodeModule('node:path', 'a checkpoint');
}
