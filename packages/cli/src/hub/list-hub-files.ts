import { listFiles, modelInfo } from '@huggingface/hub';
import { HybraError } from '@hybra/spec';
import { codeOf, refused, unreachable, wrongAnswer } from './hub-errors.js';
import type { HubFetch } from './hub-fetch.js';
import type { HubName } from './hub-name.js';

/** A file at the top of a repository. */
export interface HubFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Of the content, as `sha256`, or as the id of a git blob. It is the name of the blob in the cache, too. */
  readonly hash: { readonly kind: 'sha256' | 'git'; readonly hex: string };
}

/** What a revision holds. */
export interface HubListing {
  /** 40 hexadecimal digits. */
  readonly commit: string;
  readonly files: ReadonlyMap<string, HubFile>;
}

const isPlainName = /^\w[\w.+=-]{0,199}$/;

/** Asks the hub for the commit of a revision, and for the files at its top. @throws E_IO, E_FORMAT, E_ABORTED */
export async function listHubFiles(
  { repository, revision }: HubName,
  hubUrl: string,
  fetch: HubFetch,
): Promise<HubListing> {
  const what = `${repository}@${revision}`;
  try {
    const { sha } = await modelInfo({ name: repository, revision, additionalFields: ['sha'], hubUrl, fetch });
    const commit = hexOf(sha, 40);
    if (commit === undefined) throw wrongAnswer(what, 'the hub names no commit', '40 hexadecimal digits');
    const files = new Map<string, HubFile>();
    for await (const entry of listFiles({ repo: repository, revision: commit, hubUrl, fetch })) {
      // Names become paths below the cache: one that leads elsewhere is nothing that commands read.
      if (entry.type !== 'file' || !isPlainName.test(entry.path)) continue;
      files.set(entry.path, readEntry(entry, what));
    }
    return { commit, files };
  } catch (error) {
    if (HybraError.isInstance(error)) throw error;
    const status = (error as { statusCode?: unknown }).statusCode;
    if (typeof status === 'number') throw refused(what, status, error);
    if (codeOf(error) !== undefined) throw unreachable(what, hubUrl, error);
    throw wrongAnswer(what, 'the answer cannot be read', 'a listing of its files', error);
  }
}

function readEntry(
  entry: { path: string; size: number; oid?: string; lfs?: { oid: string; size: number } },
  what: string,
): HubFile {
  const { path: name, size } = entry;
  const hex = entry.lfs ? hexOf(entry.lfs.oid, 64) : hexOf(entry.oid, 40);
  if (!Number.isSafeInteger(size) || size < 0 || hex === undefined) {
    throw wrongAnswer(what, `${name} is listed without size or hash`, 'both');
  }
  return { name, size, hash: { kind: entry.lfs ? 'sha256' : 'git', hex } };
}

function hexOf(value: unknown, digits: number): string | undefined {
  return typeof value === 'string' && value.length === digits && /^[0-9a-f]+$/.test(value)
    ? value
    : undefined;
}
