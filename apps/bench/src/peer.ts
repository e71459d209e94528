import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { BenchTask } from './cases.js';

/** Another engine to measure beside ours. */
export interface Peer {
  /** Path of llama.cpp's `llama-bench`. */
  readonly binary: string;
  /** Path of the same model in its format. */
  readonly model: string;
}

/** Tokens per second of one run of the peer, model loading not counted. @throws Error when it fails */
export async function measurePeer(peer: Peer, task: BenchTask, threads: number): Promise<number> {
  const [prompt, continuation] = task.kind === 'prefill' ? [task.tokens, 0] : [0, task.tokens];
  const { stdout } = await promisify(execFile)(peer.binary, [
    ...['-m', peer.model, '-t', String(threads), '-r', '1', '-o', 'json'],
    ...['-p', String(prompt), '-n', String(continuation)],
  ]);
  const [result] = JSON.parse(stdout) as readonly { readonly avg_ts: number }[];
  if (!(result && result.avg_ts > 0)) throw new Error(`${peer.binary} gave no speed`);
  return result.avg_ts;
}
