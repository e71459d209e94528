import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { GgufOutputType } from '@hybra/models';
import type { BenchTask } from './cases.js';
import { type Spread, spreadOf } from './statistics.js';
import type { WeightType } from './weight-type.js';

/** Another engine to measure beside ours. */
export interface Peer {
  /** Paths of llama.cpp's `llama-bench`, built in different ways: the fastest counts. */
  readonly binaries: readonly string[];
  /** Path of the same model in its format. */
  readonly model: string;
}

/** How the peer's format calls the types that it has too. */
export const peerTypes: Readonly<Partial<Record<WeightType, GgufOutputType>>> = {
  f32: 'f32',
  f16: 'f16',
  q8: 'q8_0',
  q4: 'q4_0',
};

/** Name of the file that holds a model for the peer. */
export function peerModelName(model: string, dtype: string): string {
  return `${model}-${dtype}.gguf`;
}

/** The peer for a model, where its file is there. */
export function peerOf(
  { binaries, folder }: { readonly binaries: readonly string[]; readonly folder: string },
  model: string,
  dtype: WeightType,
): Peer | undefined {
  const path = join(folder, peerModelName(model, dtype));
  return existsSync(path) ? { binaries, model: path } : undefined;
}

/** Tokens per second of one run of each build, model loading not counted. @throws Error when one fails */
export async function measurePeer(peer: Peer, task: BenchTask, threads: number): Promise<number[]> {
  const [prompt, continuation] = task.kind === 'prefill' ? [task.tokens, 0] : [0, task.tokens];
  const speeds: number[] = [];
  for (const binary of peer.binaries) {
    const { stdout } = await promisify(execFile)(
      binary,
      [
        ...['-m', peer.model, '-t', String(threads), '-r', '1', '-o', 'json'],
        ...['-p', String(prompt), '-n', String(continuation)],
      ],
      { env: { ...process.env, OPENBLAS_NUM_THREADS: String(threads) } },
    );
    const [result] = JSON.parse(stdout) as readonly { readonly avg_ts: number }[];
    if (!(result && result.avg_ts > 0)) throw new Error(`${binary} gave no speed`);
    speeds.push(result.avg_ts);
  }
  return speeds;
}

/** Of several builds the one with the best median; undefined where nothing was measured. */
export function fastest(runs: readonly (readonly number[])[]): Spread | undefined {
  const builds = runs[0]?.map((_, build) => spreadOf(runs.map((run) => run[build]!))) ?? [];
  return builds.toSorted((a, b) => b.median - a.median)[0];
}
