import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import { parseHubName } from '../src/hub/hub-name.js';
import { hubSettings } from '../src/hub/hub-settings.js';
import { type LocalSnapshot, localSnapshot } from '../src/hub/local-snapshot.js';
import { type Answer, type HubServer, type ServedFile, startHub } from './hub-server.js';

/** Any small file. */
export const config: ServedFile = { content: Buffer.from('{"model_type":"mamba2"}') };
/** A large one. */
export const weights: ServedFile = {
  content: Uint8Array.from({ length: 200_000 }, (_, i) => (i * 7919) >> 3),
  isLarge: true,
};
/** What a model needs. */
export const tiny = { 'config.json': config, 'model.safetensors': weights };

let cache: string;
/** Gives every test a cache of its own, and no server. */
export function isolate(): void {
  beforeEach(async () => {
    cache = await mkdtemp(join(tmpdir(), 'hybra-hub-'));
    vi.stubEnv('HF_HUB_CACHE', cache);
    vi.stubEnv('HF_TOKEN', '');
    vi.stubEnv('HF_HUB_OFFLINE', '');
    // Nothing listens on port 1: a test that forgets its server fails here, not elsewhere.
    vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:1');
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(cache, { recursive: true, force: true });
  });
}

/** Starts a server and names it the hub. */
export async function hubWith(
  files: Readonly<Record<string, ServedFile>>,
  answer?: Answer,
  pageSize?: number,
): Promise<HubServer> {
  const hub = await startHub(files, pageSize);
  if (answer) hub.answer = answer;
  vi.stubEnv('HF_ENDPOINT', hub.address);
  return hub;
}

/** `localSnapshot` with retries that do not wait. */
export function snapshot(
  name = 'owner/tiny',
  options: { signal?: AbortSignal; onProgress?: (done: number, total: number) => void } = {},
): Promise<LocalSnapshot> {
  return localSnapshot(parseHubName(name)!, {
    settings: { ...hubSettings(), retryMilliseconds: 1 },
    signal: new AbortController().signal,
    ...options,
  });
}

/** The folder of the model in the cache. */
export const repository = (): string => join(cache, 'models--owner--tiny');
/** Where a blob is. */
export const blob = (hex: string): string => join(repository(), 'blobs', hex);
/** Hexadecimal digits. */
export const sha256 = async (content: Uint8Array): Promise<string> =>
  Buffer.from(await crypto.subtle.digest('SHA-256', content as Uint8Array<ArrayBuffer>)).toString('hex');
/** Where the unfinished weights are. */
export const partial = async (): Promise<string> => `${blob(await sha256(weights.content))}.incomplete`;

/** Not `toEqual`, which looks at 200,000 numbers one by one. */
export async function expectWeights(folder: string): Promise<void> {
  expect((await readFile(join(folder, 'model.safetensors'))).equals(weights.content)).toBe(true);
}
